"""A real Linux log with lines that do not belong there: foreign ones, and six kinds of odd ones.

``linux_messages_full/Linux.log.gz`` is loghub's complete Linux log: a run learns from the first 60 % of its lines and
sets its threshold on the next 20 %. The last 20 % are the normal lines. Two things are asked of every run and baseline:

- foreign lines: 500 of each foreign log (a seeded sample), as `FOREIGN_NAMES` has them;
- six kinds of odd lines, after those of the published notebook, as this host would write them: the share of the last
  20 % that scores strictly below each, and whether that is more than 99 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from common import raw_lines, say

from edge.errors import TooLittleDataError
from edge.files.paths import Source
from export.evaluate.metrics import percentile
from export.evaluate.reading import Files, LogFile, Reading
from export.evaluate.report import Row
from export.evaluate.scorers import Subject, score_all
from export.evaluate.study import Scored, Study, StudyOptions, evaluate
from export.evaluate.terminal import table

LINUX_NAME = "linux_messages_full/Linux.log.gz"
FOREIGN_NAMES = tuple(f"loghub_2k/{name}_2k.log" for name in ("Zookeeper", "HDFS", "Mac", "Proxifier"))
NORMAL_SHARE = 0.2
FOREIGN_LINES = 500
SAMPLE_SEED = 0
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


class Foreign(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of one seed, those of the runs before those of the baselines."""

    seed: int
    log: str
    lines: int
    normal_from_line: int
    foreign_lines_each: int
    rows: list[Row]
    kinds: list[OddKind]


def find_foreign(data: Path, subjects: Sequence[Subject], seed: int) -> Foreign:
    """The figures of the runs, and of the baselines of the first one.

    Raises:
        OddlineError: a log cannot be used.
    """
    linux = read_file(data, LINUX_NAME)
    first = round(len(linux.lines) * (1 - NORMAL_SHARE))
    linux.keep = np.arange(first, len(linux.lines))
    foreign = [sample(read_file(data, name)) for name in FOREIGN_NAMES]
    for file in foreign:
        file.label = file.name
    study = evaluate(subjects, Files([linux, *foreign]), StudyOptions(seed=seed), say=say)
    return Foreign(
        seed=seed,
        log=LINUX_NAME,
        lines=len(linux.lines),
        normal_from_line=first + 1,
        foreign_lines_each=FOREIGN_LINES,
        rows=study.report.rows,
        kinds=score_kinds(study, linux),
    )


def read_file(data: Path, name: str) -> LogFile:
    """All raw lines of a file of the data, which reports call by its name there.

    Raises:
        InputError: it cannot be read.
    """
    return LogFile(Source(data / name, name), raw_lines(data / name))


def sample(file: LogFile) -> LogFile:
    """The file with only a seeded sample of its lines counting, in their own order.

    Raises:
        TooLittleDataError: it has too few.
    """
    if len(file) < FOREIGN_LINES:
        raise TooLittleDataError(f"{len(file):,} lines are fewer than {FOREIGN_LINES}", where=file.name)
    picked = np.random.default_rng(SAMPLE_SEED).choice(len(file.lines), FOREIGN_LINES, replace=False)
    file.keep = np.sort(picked)
    return file


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


def render_foreign(found: Foreign) -> list[str]:
    """How well foreign lines are told, and two tables with a column for each kind of odd line."""
    heads = ["", "AUROC", "95 % interval", "AUROC distinct", "recall at 1 %", "false alarms"]
    rows = [
        [
            row.name,
            f"{row.records.auroc:.4f}",
            f"{row.records.auroc_low:.4f}-{row.records.auroc_high:.4f}",
            f"{row.distinct.auroc:.4f}",
            f"{row.records.tpr_at_max_fpr:.2%}",
            f"{row.records.fpr:.2%}",
        ]
        for row in found.rows
    ]
    first = found.rows[0].records
    title = f"{found.log}: {first.anomalous:,} foreign lines among {first.normal:,} normal ones, seed {found.seed}"
    return [title, *table(heads, rows), "", *_render_kinds(found)]


def _render_kinds(found: Foreign) -> list[str]:
    of = {(kind.kind, kind.scorer): kind for kind in found.kinds}
    heads = ["", *(kind.partition(":")[0] for kind in ODD_LINES), "above 99 %"]
    lines: list[str] = []
    for title, pick in (("the notebook's line", _first), ("the lowest of its variants", _lowest)):
        rows = []
        for row in found.rows:
            ranks = [pick(of[kind, row.name]) for kind in ODD_LINES]
            above = sum(rank > WANTED_PERCENTILE for rank in ranks)
            rows.append([row.name, *(f"{rank:.2%}" for rank in ranks), f"{above} of {len(ranks)}"])
        lines += [f"Share of the normal lines that score below each kind of odd line: {title}", *table(heads, rows), ""]
    return lines[:-1]


def _first(kind: OddKind) -> float:
    return kind.lines[0].percentile


def _lowest(kind: OddKind) -> float:
    return kind.lowest
