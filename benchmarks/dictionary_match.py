"""The device's matcher of the log dictionary beside drain3's own match, on the same masked lines of real logs.

    python benchmarks/dictionary_match.py --data DATA --json OUT

DATA is a folder of real logs, which the project does not carry. Of each log the first 60 % of the lines are mined, with
the masks of the detector `line`, and all of them are matched: by drain3 as it mined them (`Drain.match` with its
fastest strategy), and by `edge.dictionary`'s matcher with the same templates.

Printed are lines per second of process CPU time on one core, both taking turns and each one's best round counting: as
both are (ours with its memory of recent texts, which begins empty; drain3 has none); both without a memory; both with
one (drain3 gets a dict); and both without one on the distinct lines alone. Every round has new copies of the texts, as
lines that were just read are. A ratio below 3 is marked. Answers are compared with those of drain3's strategy
``fallback``, which misses no template.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from edge import __version__
from edge.dictionary.matcher import Matcher
from edge.dictionary.spec import WILDCARD
from edge.errors import OddlineError
from edge.files.atomic import AtomicFile
from edge.text.masks import Masker
from export.dataset import read_log
from export.dictionary.miner import SIMILARITY, mine
from export.line.presets import DEFAULT_MASKS

SCHEMA_VERSION = 1
MINED_SHARE = 0.6
WANTED_RATIO = 3.0
YEAR = 2020  # of logs without one; no matter here
BLOCK_LINES = 4096
# In loghub's own layouts; None is found by looking.
LOGS: dict[str, str | None] = {
    "linux_messages_full/Linux.log.gz": None,
    "auth_elastic/auth.log.gz": None,
    "journald_json/journal.log.gz": None,
    "access_elastic/apache_logs.gz": None,
    "loghub_2k/Android_2k.log": "<Date> <Time>  <Pid>  <Tid> <Level> <Component>: <Content>",
    "loghub_2k/Apache_2k.log": r"\[<Time>\] \[<Level>\] <Content>",
    "loghub_2k/BGL_2k.log": (
        "<Label> <Timestamp> <Date> <Node> <Time> <NodeRepeat> <Type> <Component> <Level> <Content>"
    ),
    "loghub_2k/HDFS_2k.log": "<Date> <Time> <Pid> <Level> <Component>: <Content>",
    "loghub_2k/HPC_2k.log": "<LogId> <Node> <Component> <State> <Time> <Flag> <Content>",
    "loghub_2k/Linux_2k.log": None,
    "loghub_2k/Mac_2k.log": None,
    "loghub_2k/Proxifier_2k.log": r"\[<Time>\] <Program> - <Content>",
    "loghub_2k/Spark_2k.log": "<Date> <Time> <Level> <Component>: <Content>",
    "loghub_2k/Zookeeper_2k.log": r"<Date> <Time> - <Level>  \[<Node>:<Component>@<Id>\] - <Content>",
}


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """Lines per second of process CPU time, and how many times drain3's ours are."""

    ours: float
    drain3: float
    ratio: float


class LogResult(msgspec.Struct, frozen=True, kw_only=True):
    """One log. `other_answers` counts lines that one of both finds a template for and the other does not;
    `other_templates` those for which they differ in which of several fitting ones it is.
    """

    log: str
    lines: int
    distinct_lines: int
    templates: int
    matched_lines: int
    other_answers: int
    other_templates: int
    as_they_are: Speed
    every_line: Speed
    every_line_with_memory: Speed
    distinct_lines_only: Speed


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    schema_version: int
    environment: dict[str, str]
    rounds: int
    wanted_ratio: float
    logs: list[LogResult]


def main() -> int:
    """Run the benchmark; the exit status."""
    parser = argparse.ArgumentParser(description="The matcher of the log dictionary beside drain3's.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of real logs")
    parser.add_argument("--rounds", type=int, default=7, help="how often each takes its turn (default 7)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures here")
    options = parser.parse_args()
    try:
        logs = [measure(options.data, name, layout, options.rounds) for name, layout in LOGS.items()]
    except OddlineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    result = Result(
        schema_version=SCHEMA_VERSION,
        environment={
            "oddline": __version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "drain3": metadata.version("drain3"),
        },
        rounds=options.rounds,
        wanted_ratio=WANTED_RATIO,
        logs=logs,
    )
    show(result)
    if options.json is not None:
        with AtomicFile(options.json) as file:
            file.write(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    return 0


def measure(data: Path, name: str, layout: str | None, rounds: int) -> LogResult:
    """One log."""
    log = read_log(
        [str(data / name)],
        asked=None if layout is None else "layout",
        layout=layout,
        say=lambda _: None,
        year=YEAR,
    )
    texts = Masker(DEFAULT_MASKS).apply(log.contents)
    mined = Counter(texts[: int(MINED_SHARE * len(texts))])
    templates = mine(mined).templates
    drain = _drain(list(mined))
    ours = Matcher(templates, memo=0).match(texts)
    theirs = [drain.match(text, full_search_strategy="fallback") for text in texts]
    distinct = list(dict.fromkeys(texts))
    plain = _speed(texts, lambda: Matcher(templates, memo=0), lambda: drain.match, rounds)
    remembering = _speed(texts, lambda: Matcher(templates), lambda: _with_memory(drain), rounds)
    return LogResult(
        log=name,
        lines=len(texts),
        distinct_lines=len(distinct),
        templates=len(templates),
        matched_lines=len(ours) - ours.count(None),
        other_answers=sum((a is None) != (b is None) for a, b in zip(ours, theirs, strict=True)),
        other_templates=sum(
            a is not None and b is not None and a != b.cluster_id for a, b in zip(ours, theirs, strict=True)
        ),
        as_they_are=Speed(ours=remembering.ours, drain3=plain.drain3, ratio=remembering.ours / plain.drain3),
        every_line=plain,
        every_line_with_memory=remembering,
        distinct_lines_only=_speed(distinct, lambda: Matcher(templates, memo=0), lambda: drain.match, rounds),
    )


def _drain(texts: Sequence[str]) -> Any:
    from drain3.drain import Drain

    drain = Drain(depth=4, sim_th=SIMILARITY, max_children=100, param_str=WILDCARD)
    for text in texts:
        drain.add_log_message(text)
    return drain


def _with_memory(drain: Any) -> Callable[[str], Any]:
    memory: dict[str, Any] = {}

    def match(text: str) -> Any:
        if text in memory:
            return memory[text]
        found = memory[text] = drain.match(text)
        return found

    return match


def _speed(
    texts: Sequence[str], ours: Callable[[], Matcher], theirs: Callable[[], Callable[[str], Any]], rounds: int
) -> Speed:
    """Both take turns, each with a fresh memory where it has one; making it does not count."""
    # Short logs are matched several times in a round, for the clock's sake.
    repeats = max(1, 20_000 // len(texts))
    best_ours = best_theirs = float("inf")
    for _ in range(rounds):
        ours_with_texts = [(ours(), _copies(texts)) for _ in range(repeats)]
        begun = time.process_time()
        for matcher, copies in ours_with_texts:
            for start in range(0, len(copies), BLOCK_LINES):
                matcher.match(copies[start : start + BLOCK_LINES])
        best_ours = min(best_ours, time.process_time() - begun)
        theirs_with_texts = [(theirs(), _copies(texts)) for _ in range(repeats)]
        begun = time.process_time()
        for match, copies in theirs_with_texts:
            for text in copies:
                match(text)
        best_theirs = min(best_theirs, time.process_time() - begun)
    lines = repeats * len(texts)
    return Speed(ours=lines / best_ours, drain3=lines / best_theirs, ratio=best_theirs / best_ours)


def _copies(texts: Sequence[str]) -> list[str]:
    """The same texts, whose hashes Python has not computed yet."""
    return [f"{text} "[:-1] for text in texts]


def show(result: Result) -> None:
    """Print a table."""
    heads = ("as they are", "both without memory", "both with memory", "distinct, no memory")
    print(" " * 50 + "".join(f"{head:>29}" for head in heads))
    head = f"{'ours':>11}{'drain3':>11}{'ratio':>6} "
    print(f"{'log':32}{'lines':>8}{'templates':>10}" + head * len(heads))
    for log in result.logs:
        speeds = (log.as_they_are, log.every_line, log.every_line_with_memory, log.distinct_lines_only)
        shown = "".join(
            f"{one.ours:>11,.0f}{one.drain3:>11,.0f}{one.ratio:>6.1f}{'*' if one.ratio < result.wanted_ratio else ' '}"
            for one in speeds
        )
        print(f"{log.log:32}{log.lines:>8,}{log.templates:>10,}{shown}")
    print(f"* below {result.wanted_ratio:g}")
    answers = sum(log.other_answers for log in result.logs)
    others = sum(log.other_templates for log in result.logs)
    print(f"of {sum(log.lines for log in result.logs):,} lines, {answers:,} matched by one alone, {others:,} otherwise")


if __name__ == "__main__":
    sys.exit(main())
