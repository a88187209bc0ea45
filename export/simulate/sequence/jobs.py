"""How the jobs of a small job system go, step by step, and how they go wrong."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

# What each step writes; its place here is its event id, from 1. `{n}` is a number, `{h}` a host, `{u}` a user.
STEPS = {
    "submitted": "scheduler: job={job} submitted by {u} to queue batch",
    "queued": "scheduler: job={job} waiting, {n} jobs ahead",
    "placed": "scheduler: job={job} placed on {h}",
    "unpack": "worker[{n}]: job={job} unpacked {n} input files",
    "cached": "worker[{n}]: job={job} input found in cache",
    "start": "worker[{n}]: job={job} started with {n} MB",
    "task": "worker[{n}]: job={job} task finished in {n} ms",
    "slow": "worker[{n}]: job={job} task is slow, {n} ms so far",
    "retry": "worker[{n}]: job={job} task failed, trying again",
    "upload": "worker[{n}]: job={job} uploaded {n} bytes to {h}",
    "verify": "worker[{n}]: job={job} checksum of the output agrees",
    "release": "scheduler: job={job} released {h}",
    "done": "scheduler: job={job} done after {n} ms",
    "oom": "worker[{n}]: job={job} killed: out of memory at {n} MB",
    "lost": "scheduler: job={job} lost contact with {h}",
    "mismatch": "worker[{n}]: job={job} checksum of the output does not agree",
}
EVENT_IDS = {step: number for number, step in enumerate(STEPS, 1)}
_RARE = ("oom", "lost", "mismatch")
_HOSTS = ("node-a", "node-b", "node-c", "node-d")
_USERS = ("build", "reports", "import")


def normal_job(rng: Random) -> list[str]:
    """The steps of a job that goes well."""
    steps = ["submitted"]
    if rng.random() < 0.6:
        steps += ["queued"] * rng.randint(1, 3)
    steps += ["placed", "cached" if rng.random() < 0.3 else "unpack", "start"]
    for _ in range(rng.choice((2, 3, 3, 4, 6))):
        if rng.random() < 0.08:
            steps.append("slow")
        if rng.random() < 0.03:
            steps.append("retry")
        steps.append("task")
    steps += ["upload", "verify"]
    return [*steps, "release", "done"]


def missing_step(rng: Random, steps: list[str]) -> list[str]:
    """Without one of the steps that no job goes without."""
    gone = rng.choice(("placed", "start", "upload", "verify", "release"))
    return [step for step in steps if step != gone]


def cut_short(rng: Random, steps: list[str]) -> list[str]:
    """Ends in the middle."""
    return steps[: rng.randint(2, steps.index("upload"))]


def wrong_order(rng: Random, steps: list[str]) -> list[str]:
    """The output is uploaded or released before the work is done."""
    moved = rng.choice(("upload", "release"))
    rest = [step for step in steps if step != moved]
    place = rest.index("start")
    return [*rest[:place], moved, *rest[place:]]


def rare_event(rng: Random, steps: list[str]) -> list[str]:
    """Something happens that happens to no other job."""
    place = rng.randint(steps.index("start") + 1, len(steps) - 1)
    return [*steps[:place], rng.choice(_RARE), *steps[place:]]


KINDS: dict[str, Callable[[Random, list[str]], list[str]]] = {
    "missing step": missing_step,
    "cut short": cut_short,
    "wrong order": wrong_order,
    "rare event": rare_event,
}


def line_of(rng: Random, step: str, job: str) -> str:
    """What a step of a job writes."""
    text = STEPS[step].replace("{job}", job).replace("{h}", rng.choice(_HOSTS)).replace("{u}", rng.choice(_USERS))
    while "{n}" in text:
        text = text.replace("{n}", str(rng.randint(1, 9999)), 1)
    return text
