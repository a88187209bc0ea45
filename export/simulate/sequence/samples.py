"""What `oddline simulate sequence` writes and says."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec

from edge.files.atomic import AtomicFile, output_error
from export.simulate.sequence.jobs import EVENT_IDS, KINDS, line_of, normal_job

DEFAULT_LINES_PER_DAY = 4000
ANOMALOUS_SHARE = 0.1
TRAIN_SHARE = 0.75
SESSION_KEY = r"job=(\w+)"
_START = datetime(2025, 3, 1)
_LINES_A_JOB = 12.5


class Job(NamedTuple):
    """A job: its name, its steps, and which kind of anomaly it is, empty for none."""

    name: str
    steps: list[str]
    kind: str


def write(folder: Path, *, seed: int, days: int, per_day: int | None) -> list[str]:
    """Write the log of a job system, whose lines name their job, and the same sessions as event ids.

    ``train.log`` and ``train.events`` are the first three quarters, all normal; ``test.log`` and ``test.csv`` the rest,
    in which one job in ten is anomalous; ``normal.events`` and ``anomalous.events`` are that part by class.
    ``test.csv`` says which, in a column ``Label``, and ``test.jsonl`` which lines of ``test.log`` are theirs. Each file
    is written aside, synced and renamed. The result depends on the arguments alone.

    Raises:
        OutputError: the folder cannot be written.
    """
    rng = Random(seed)  # noqa: S311 - a simulation has to be repeatable
    total = max(20, round(days * (per_day or DEFAULT_LINES_PER_DAY) / _LINES_A_JOB))
    learnt = round(total * TRAIN_SHARE)
    jobs = [_job(rng, number, odd=number >= learnt) for number in range(total)]
    train, test = jobs[:learnt], jobs[learnt:]
    second = days * 86400 / total
    train_log, _ = _log(rng, train, _START, second)
    test_log, owners = _log(rng, test, _START + timedelta(seconds=second * learnt), second)
    files = {
        "train.log": train_log,
        "test.log": test_log,
        "test.jsonl": _labels(test_log, [test[owner].kind for owner in owners]),
        "train.events": _events(train),
        "normal.events": _events([job for job in test if not job.kind]),
        "anomalous.events": _events([job for job in test if job.kind]),
        "test.csv": ["Job,Sequence,Label", *(f"{job.name},{_ids(job)},{job.kind or 'normal'}" for job in test)],
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, folder) from error
    for name, lines in files.items():
        with AtomicFile(folder / name) as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
    return [
        f"wrote {folder / 'train.log'} ({len(train):,} jobs) and {folder / 'test.log'} ({len(test):,}), the same "
        f"sessions as event ids, and in {folder / 'test.csv'} and {folder / 'test.jsonl'} which of them are odd",
        f"to evaluate: {folder / 'normal.events'} and {folder / 'anomalous.events'}",
        f"next: oddline train sequence {folder / 'train.events'} -o runs/jobs",
        f"or from lines: oddline train sequence {folder / 'train.log'} --session-key '{SESSION_KEY}' -o runs/jobs",
    ]


def _job(rng: Random, number: int, *, odd: bool) -> Job:
    steps = normal_job(rng)
    kind = rng.choice(tuple(KINDS)) if odd and rng.random() < ANOMALOUS_SHARE else ""
    return Job(f"j{number:06d}", KINDS[kind](rng, steps) if kind else steps, kind)


def _log(rng: Random, jobs: list[Job], start: datetime, second: float) -> tuple[list[str], list[int]]:
    """The jobs' lines in order of time, and the place of the job that each is of.

    A job begins every `second` seconds or so, and jobs overlap.
    """
    moments = []
    for number, job in enumerate(jobs):
        when = start + timedelta(seconds=second * (number + rng.random()))
        for place, step in enumerate(job.steps):
            moments.append((when, number, place, line_of(rng, step, job.name)))
            when += timedelta(seconds=rng.expovariate(1 / (second / 4)))
    moments.sort()
    lines = [f"{when:%Y-%m-%dT%H:%M:%S}+00:00 jobhost {line}" for when, _, _, line in moments]
    return lines, [number for _, number, _, _ in moments]


def _labels(lines: list[str], kinds: list[str]) -> list[str]:
    """The rows of a labels file: a header, and the lines that are of an anomalous job."""
    whole = "".join(f"{line}\n" for line in lines).encode()
    header = {"schema_version": 1, "lines": len(lines), "sha256": hashlib.sha256(whole).hexdigest()}
    odd = [{"line": number, "kind": kind} for number, kind in enumerate(kinds, 1) if kind]
    return [msgspec.json.encode(row).decode() for row in (header, *odd)]


def _events(jobs: list[Job]) -> list[str]:
    return [f"{job.name},{_ids(job)}" for job in jobs]


def _ids(job: Job) -> str:
    return " ".join(str(EVENT_IDS[step]) for step in job.steps)
