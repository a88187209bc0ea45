"""What the detector `line` finds in a real Linux log, beside the trivial baselines.

    python benchmarks/detection_linux.py --data DATA --runs RUN... --json OUT

DATA is a folder of real logs, which the project does not carry: ``linux_messages_full/Linux.log.gz`` (loghub's complete
Linux log) and ``loghub_2k/NAME_2k.log`` for Zookeeper, HDFS, Mac and Proxifier. Each RUN is a folder that
``oddline train line DATA/linux_messages_full/Linux.log.gz -o RUN`` wrote: trained on the first 60 % of the lines, its
threshold set on the next 20 %. The baselines are those of the first run.

The last 20 % are the normal lines. Two things are asked of every run and baseline:

- foreign lines: 500 of each foreign log (a seeded sample), AUROC for each and for all;
- six kinds of odd lines, after those of the published notebook, as this host would write them: the share of the last
  20 % that scores strictly below each, and whether that is more than 99 %.
"""

from __future__ import annotations

import argparse
import platform
import sys
from importlib import metadata
from pathlib import Path

import msgspec
import numpy as np

from edge.bundle.preprocessing import FormatSpec
from edge.errors import OddlineError, TooLittleDataError
from edge.files.atomic import AtomicFile
from edge.files.lines import read_blocks
from edge.files.paths import Source, expand_paths
from edge.text.clean import decode_block
from export.dataset import LogData
from export.evaluate.metrics import percentile
from export.evaluate.reading import Files, LogFile, Reading
from export.evaluate.report import Report
from export.evaluate.scorers import Subject, score_all
from export.evaluate.study import Scored, Study, StudyOptions, evaluate, open_subjects
from export.evaluate.terminal import render, table
from export.extra import require_extra

SCHEMA_VERSION = 2
LINUX_NAME = "linux_messages_full/Linux.log.gz"
FOREIGN_NAMES = tuple(f"loghub_2k/{name}_2k.log" for name in ("Zookeeper", "HDFS", "Mac", "Proxifier"))
SHARES = (0.6, 0.2, 0.2)
FOREIGN_LINES = 500
SEED = 0
WANTED_PERCENTILE = 0.99

# Kind, then lines as this host's daemons would write them; the first of each kind is the closest to the notebook's. The
# users and the host are the log's own, except where the kind is about a user or a host that is not. What this log holds
# itself is left out: "passwd(pam_unix)[PID]: password changed for test" stands four times in its first part.
ODD_LINES: dict[str, tuple[str, ...]] = {
    "sshd: failed logon by an unknown user": (
        "Feb 28 05:02:11 combo sshd[6812]: Failed password for invalid user tomcat from 61.53.154.93 port 34512 ssh2",
        "Feb 28 05:02:15 combo sshd[6815]: Failed password for illegal user oracle from 218.22.3.51 port 51021 ssh2",
        "Feb 28 05:02:19 combo sshd[6818]: Invalid user webmaster from 61.53.154.93",
        "Feb 28 05:02:22 combo sshd[6821]: Failed none for invalid user admin from 202.30.198.2 port 40114 ssh2",
    ),
    "kernel: unknown operand, from another host": (
        "Feb 28 05:10:43 quad kernel: unknown operand",
        "Feb 28 05:10:43 combo kernel: unknown operand",
        "Feb 28 05:10:44 quad kernel: invalid operand: 0000 [#1]",
        "Feb 28 05:10:46 quad kernel: traps: unknown operand in rule at position 3, ignored",
    ),
    "kernel: disk full": (
        "Feb 28 05:21:07 combo kernel: disk full",
        "Feb 28 05:21:09 combo kernel: EXT3-fs error (device hda2): ext3_new_block: No space left on device",
        "Feb 28 05:21:12 combo kernel: hda2: write failed, filesystem full",
        "Feb 28 05:21:15 combo kernel: uid 23 on /var: file system full",
    ),
    "sudo: COMMAND=/usr/sbin/adduser": (
        "Feb 28 05:31:26 combo sudo:     test : TTY=pts/0 ; PWD=/home/test ; USER=root ; COMMAND=/usr/sbin/adduser joe",
        "Feb 28 05:31:40 combo sudo:     news : TTY=unknown ; PWD=/var/news ; USER=root ; COMMAND=/usr/sbin/adduser",
        "Feb 28 05:31:52 combo sudo: test : TTY=pts/1 ; PWD=/tmp ; USER=root ; COMMAND=/usr/sbin/adduser -u 0 -o sysop",
    ),
    "groupadd: a group is added": (
        "Feb 28 05:31:26 combo groupadd[6903]: new group: name=joe, gid=510",
        "Feb 28 05:31:27 combo groupadd[6904]: group added to /etc/group: name=joe, GID=510",
        "Feb 28 05:31:53 combo groupadd[6917]: new group: name=sysop, gid=0",
    ),
    "passwd: a password is changed": (
        "Feb 28 05:31:58 combo passwd[6921]: password for 'joe' changed by 'root'",
        "Feb 28 05:32:03 combo passwd[6922]: pam_unix(passwd:chauthtok): password changed for joe",
        "Feb 28 05:32:10 combo passwd[6930]: password for 'root' changed by 'test'",
        "Feb 28 05:32:16 combo passwd: password changed for cyrus by (uid=0)",
    ),
}


class OddLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a kind: its score, and the share of normal lines that score strictly below it."""

    text: str
    score: float
    percentile: float
    above_99: bool


class OddKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind for one scorer; `lowest` is the lowest percentile of its lines, `above_99` whether all are above."""

    kind: str
    scorer: str
    lines: list[OddLine]
    lowest: float
    above_99: bool


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The whole experiment; `trained_on_first_part` says of each run whether it saw exactly the first 60 %."""

    schema_version: int
    environment: dict[str, str]
    log: str
    lines: int
    normal_from_line: int
    foreign_lines_each: int
    seed: int
    trained_on_first_part: dict[str, bool | None]
    detection: Report
    kinds: list[OddKind]


def main(arguments: list[str] | None = None) -> int:
    """Run the experiment; the exit status."""
    parser = argparse.ArgumentParser(description="Detection on loghub's Linux log, beside trivial baselines.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of real logs")
    parser.add_argument("--runs", type=Path, nargs="+", required=True, metavar="RUN", help="runs or bundles")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every figure here")
    options = parser.parse_args(arguments)
    try:
        require_extra()
        result = experiment(options.data, options.runs)
        if options.json is not None:
            with AtomicFile(options.json) as file:
                file.write(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    except OddlineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(render(result.detection))
    print()
    print("\n".join(render_kinds(result)))
    return 0


def experiment(data: Path, runs: list[Path]) -> Result:
    """Every figure, for the data in the folder and the given runs.

    Raises:
        OddlineError: a log or a run cannot be used.
    """
    subjects = open_subjects(runs, say=say)
    linux = read_file(data, LINUX_NAME)
    first, last = round(len(linux.lines) * SHARES[0]), round(len(linux.lines) * (SHARES[0] + SHARES[1]))
    linux.keep = np.arange(last, len(linux.lines))
    foreign = [sample(read_file(data, name)) for name in FOREIGN_NAMES]
    for file in foreign:
        file.label = file.name
    material = Files([linux, *foreign])
    study = evaluate(subjects, material, StudyOptions(seed=SEED), say=say)
    return Result(
        schema_version=SCHEMA_VERSION,
        environment=environment(),
        log=LINUX_NAME,
        lines=len(linux.lines),
        normal_from_line=last + 1,
        foreign_lines_each=FOREIGN_LINES,
        seed=SEED,
        trained_on_first_part=check_training(subjects, linux, first),
        detection=study.report,
        kinds=score_kinds(study, linux),
    )


def read_file(data: Path, name: str) -> LogFile:
    """All raw lines of a file of the data, which reports call by its name there.

    Raises:
        InputError: it cannot be read.
    """
    (source,) = expand_paths([str(data / name)], warn=say)
    return LogFile(Source(source.path, name), [line for block in read_blocks(source) for line in block.lines])


def sample(file: LogFile) -> LogFile:
    """The file with only a seeded sample of its lines counting, in their own order.

    Raises:
        TooLittleDataError: it has too few.
    """
    if len(file) < FOREIGN_LINES:
        raise TooLittleDataError(f"{len(file):,} lines are fewer than {FOREIGN_LINES}", where=file.name)
    picked = np.random.default_rng(SEED).choice(len(file.lines), FOREIGN_LINES, replace=False)
    file.keep = np.sort(picked)
    return file


def check_training(subjects: list[Subject], linux: LogFile, first: int) -> dict[str, bool | None]:
    """For each run, whether its training slice is the first part of this log; None for a bundle. Says where not."""
    plain = FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=0)
    fingerprint = LogData(plain, decode_block(linux.lines[:first])).fingerprint()
    found: dict[str, bool | None] = {}
    for subject in subjects:
        same = None if subject.run is None else subject.run.spec.training.fingerprint == fingerprint
        found[str(subject.folder)] = same
        if same is False:
            say(f"{subject.folder}: not trained on the first {SHARES[0]:.0%} of {LINUX_NAME}; its figures mislead")
    return found


def score_kinds(study: Study, linux: LogFile) -> list[OddKind]:
    """Every odd line, scored by every scorer of the study as a line of the same log."""
    return [odd_kind(kind, lines, scored, linux) for kind, lines in ODD_LINES.items() for scored in study.scored]


def odd_kind(kind: str, lines: tuple[str, ...], scored: Scored, linux: LogFile) -> OddKind:
    """One kind, scored by one scorer."""
    scorer = scored.scorer
    file = LogFile(linux.source, [line.encode() for line in lines])
    scores = score_all(scorer, file.samples(Reading(scorer.preprocessing), lambda _: None).contents)
    ranks = percentile(scored.normal, scores).tolist()
    return OddKind(
        kind=kind,
        scorer=scorer.name,
        lines=[
            OddLine(text=text, score=score, percentile=rank, above_99=rank > WANTED_PERCENTILE)
            for text, score, rank in zip(lines, scores.tolist(), ranks, strict=True)
        ],
        lowest=min(ranks),
        above_99=min(ranks) > WANTED_PERCENTILE,
    )


def render_kinds(result: Result) -> list[str]:
    """Two tables with a column for each kind: the percentile of its first line, and the lowest of all its lines."""
    found = {(kind.kind, kind.scorer): kind for kind in result.kinds}
    heads = ["", *(kind.partition(":")[0] for kind in ODD_LINES), "above 99 %"]
    lines: list[str] = []
    for title, pick in (("the notebook's line", _first), ("the lowest of its variants", _lowest)):
        rows = []
        for row in result.detection.rows:
            ranks = [pick(found[kind, row.name]) for kind in ODD_LINES]
            above = sum(rank > WANTED_PERCENTILE for rank in ranks)
            rows.append([row.name, *(f"{rank:.2%}" for rank in ranks), f"{above} of {len(ranks)}"])
        lines += [f"Share of the normal lines that score below each kind of odd line: {title}", *table(heads, rows), ""]
    return lines[:-1]


def _first(kind: OddKind) -> float:
    return kind.lines[0].percentile


def _lowest(kind: OddKind) -> float:
    return kind.lowest


def environment() -> dict[str, str]:
    """What the figures were made with."""
    packages = ("tensorflow", "numpy", "scikit-learn", "drain3", "tokenizers")
    versions = {name: metadata.version(name) for name in packages}
    return {"python": platform.python_version(), "machine": platform.machine(), **versions}


def say(message: str) -> None:
    """One line on stderr."""
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
