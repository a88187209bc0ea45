"""How fast each of the four detectors is on this machine, in every scenario of `oddline bench`.

    python benchmarks/detectors.py --data DATA --json OUT
    python benchmarks/detectors.py --json OUT                    (simulated logs instead of real ones)
    python benchmarks/detectors.py --bundles DIR --json OUT      (DIR/line, DIR/flow and so on are ready bundles)

Each detector is trained on a log with its preset `default` (`flow` for fewer epochs), exported and measured with
`oddline bench` on that log, in processes of their own. How fast a model is depends on its shape, not on what it has
learnt. What does depend on that is how many records are flagged, and those are explained and written; the table says
how many.

Printed are markdown tables, and written the whole reports of `oddline bench` (docs/benchmark.md).
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge.bench.report import Report, read_report
from edge.errors import OddlineError
from edge.files.atomic import AtomicFile

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Plan:
    """Files below the folder of data sets, and below that of a simulated log; `options` are of `oddline train`."""

    real: tuple[str, ...]
    simulated: str
    measured: str
    measured_simulated: str
    options: tuple[str, ...] = ()


_FLOWS = "cicids2017_improved"
PLANS = {
    "line": Plan(
        ("linux_messages_full/Linux.log.gz",),
        "train.log",
        "linux_messages_full/Linux.log.gz",
        "syslog.log",
    ),
    "sequence": Plan(
        ("hdfs_deeplog/hdfs_train.gz",),
        "train.events",
        "hdfs_deeplog/hdfs_train.gz",
        "train.events",
    ),
    "access": Plan(
        ("access_elastic/apache_logs.gz",),
        "train.log",
        "access_elastic/apache_logs.gz",
        "access.log",
    ),
    "flow": Plan(
        (f"{_FLOWS}/BENIGN.csv.gz", f"{_FLOWS}/DDoS.csv.gz", f"{_FLOWS}/DoS_Hulk.csv.gz"),
        "train.csv",
        f"{_FLOWS}/BENIGN.csv.gz",
        "train.csv",
        ("--label-column", "Label", "--epochs", "20"),
    ),
}


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """The commands that were run, and the report of each detector."""

    schema_version: int
    commands: list[str]
    reports: dict[str, Report]


def main() -> int:
    """Run the benchmark; the exit status."""
    parser = argparse.ArgumentParser(description="All detectors in all scenarios of oddline bench.")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of real data sets")
    parser.add_argument("--bundles", type=Path, metavar="DIR", help="folder of ready bundles, instead of trainings")
    parser.add_argument("--work", type=Path, metavar="DIR", help="keep runs and bundles here")
    parser.add_argument("--only", default=",".join(PLANS), metavar="NAME,...", help="these detectors")
    parser.add_argument("--seconds", default="10", help="for each scenario (default 10)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the reports here")
    options = parser.parse_args()
    commands: list[str] = []
    reports: dict[str, Report] = {}
    try:
        with tempfile.TemporaryDirectory(prefix="oddline-detectors-") as folder:
            work = options.work or Path(folder)
            work.mkdir(parents=True, exist_ok=True)
            for name in options.only.split(","):
                files = _Files(options.data, work / name)
                bundle = options.bundles / name if options.bundles else _made(name, files, commands)
                target = work / f"{name}.json"
                measured = files.measured(name)
                _run(commands, "bench", bundle, measured, "--seconds", options.seconds, "--json", target)
                reports[name] = _without_place(read_report(target), measured)
    except (OddlineError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    results = Results(schema_version=SCHEMA_VERSION, commands=commands, reports=reports)
    print("\n".join(markdown(results)))
    if options.json is not None:
        with AtomicFile(options.json) as file:
            file.write(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    return 0


@dataclass(frozen=True)
class _Files:
    data: Path | None
    work: Path

    def training(self, name: str) -> list[Path]:
        plan = PLANS[name]
        return [self.work / "logs" / plan.simulated] if self.data is None else [self.data / one for one in plan.real]

    def measured(self, name: str) -> Path:
        plan = PLANS[name]
        return self.work / "logs" / plan.measured_simulated if self.data is None else self.data / plan.measured


def _made(name: str, files: _Files, commands: list[str]) -> Path:
    bundle = files.work / "bundle"
    files.work.mkdir(parents=True, exist_ok=True)
    if files.data is None:
        _run(commands, "simulate", name, "-o", files.work / "logs")
    _run(commands, "train", name, *files.training(name), *PLANS[name].options, "-o", files.work / "run")
    _run(commands, "export", files.work / "run", "-o", bundle, "--name", name)
    return bundle


def _run(commands: list[str], *arguments: object) -> None:
    words = [str(one) for one in arguments]
    # Places of this machine are nobody else's: a command is kept with the names of files alone.
    commands.append("oddline " + shlex.join(Path(one).name if os.sep in one else one for one in words))
    print(commands[-1], file=sys.stderr)
    program = [sys.executable, "-c", "from edge.cli import main; main()"]
    subprocess.run([*program, *words], check=True, stdout=subprocess.DEVNULL)


def _without_place(report: Report, measured: Path) -> Report:
    return msgspec.structs.replace(report, input=msgspec.structs.replace(report.input, names=[measured.name]))


def markdown(results: Results) -> Iterator[str]:
    """The tables of `benchmarks/README.md`."""
    yield from _machine(next(iter(results.reports.values())))
    yield "| detector | measured with | p50 | p90 | p99 | p99.9 | multi-stream p99 | offline | end-to-end | |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name, report in results.reports.items():
        single, multi, alone, whole = report.single_stream, report.multi_stream, report.offline, report.end_to_end
        if single is None or multi is None or alone is None or whole is None:
            continue
        latency = single.latency
        values = (latency.p50_ms, latency.p90_ms, latency.p99_ms, latency.p99_9_ms, multi.latency.p99_ms)
        cells = [f"{value:.2f} ms" for value in values]
        cells += [f"{alone.records_per_second:,.0f} records/s", f"{whole.records_per_second:,.0f} records/s"]
        cells.append(f"{whole.megabytes_per_second:.2f} MB/s")
        log = f"{', '.join(report.input.names)}, {report.input.lines:,} lines"
        yield f"| `{name}` | {log} | {' | '.join(cells)} |"
    yield ""
    yield "| end-to-end | read | parse | encode | infer | write | other | not computed again | written |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, report in results.reports.items():
        if report.end_to_end is None:
            continue
        whole = report.end_to_end
        shares = [f"{seconds / whole.seconds:.1%}" for seconds in whole.stage_seconds.values()]
        known, written = (f"{part / whole.records:.1%}" for part in (whole.known_records, whole.written_records))
        yield f"| `{name}` | {' | '.join(shares)} | {known} | {written} |"


def _machine(report: Report) -> Iterator[str]:
    machine, settings = report.machine, report.settings
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items() if version)
    threads = settings.threads or "one for each core"
    load = "" if report.before.load_average is None else f"; load before {report.before.load_average:.2f}"
    yield f"{machine.cpu}, {machine.usable_cores} cores, {machine.system}, Python {machine.python}, {packages}; "
    yield f"provider {settings.provider}, threads: {threads}, batch size {settings.batch_size}{load}."
    yield ""


if __name__ == "__main__":
    sys.exit(main())
