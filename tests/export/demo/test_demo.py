"""The demo from its command line, on a short log and with little training."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, List

import pytest
import typer

from edge import cli
from edge.bundle.folder import load_bundle
from edge.runtime.records import Record
from export.demo.plans import PLANS

STEPS = ("simulate", "train", "export", "verify", "score", "evaluate", "bench")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo"


@pytest.fixture(scope="module")
def ended(tensorflow: None, folder: Path) -> Any:
    from workstation import run_oddline

    from export.demo import steps

    short = {name: replace(plan, days=min(plan.days, 4), epochs=1) for name, plan in PLANS.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("export.commands.demo.PLANS", short)
        patch.setattr(steps, "BENCH_SECONDS", 0.1)
        return run_oddline("demo", "-o", folder)


def test_every_step_is_said_with_the_command_that_does_it(ended: Any, folder: Path) -> None:
    assert ended.status == 0
    said = re.findall(r"^oddline: \[(\d+)/28\] oddline (\w+) (.*)$", ended.err, re.MULTILINE)
    assert [(int(number), command) for number, command, _ in said] == list(enumerate(STEPS * 4, 1))
    for detector, first in zip(PLANS, range(0, 28, 7)):
        assert all(str(folder / detector) in arguments for _, _, arguments in said[first : first + 7])


def test_the_commands_are_those_that_a_user_types(ended: Any) -> None:
    """Each can be parsed; whether they do the same is for the tests of the commands."""
    group: Any = typer.main.get_command(cli.app)
    for line in re.findall(r"^oddline: \[\d+/28\] oddline (.*)$", ended.err, re.MULTILINE):
        name, *arguments = shlex.split(line)
        assert group.commands[name].make_context(name, arguments).params


@pytest.mark.parametrize("detector", PLANS)
def test_everything_that_was_made_stands_in_the_folder(ended: Any, folder: Path, detector: str) -> None:
    assert load_bundle(folder / detector / "bundle").manifest.detector == detector
    records = [json.loads(line) for line in (folder / detector / "alerts.jsonl").read_text().splitlines()]
    assert all(record["anomalous"] or record["unscored"] for record in records)
    report = json.loads((folder / detector / "report" / "metrics.json").read_text())
    assert len(report["rows"]) > 2
    assert "<html" in (folder / detector / "report" / "report.html").read_text()
    bench = json.loads((folder / detector / "bench.json").read_text())
    assert [bool(bench[name]) for name in ("single_stream", "end_to_end", "offline")] == [True, True, False]


@pytest.mark.parametrize("detector", PLANS)
def test_the_page_says_what_the_files_say(ended: Any, folder: Path, detector: str) -> None:
    report = json.loads((folder / detector / "report" / "metrics.json").read_text())
    first = report["rows"][0]["records"]
    bench = json.loads((folder / detector / "bench.json").read_text())
    alerts = [
        line for line in (folder / detector / "alerts.jsonl").read_text().splitlines() if json.loads(line)["anomalous"]
    ]
    assert f"{round(first['tpr'] * first['anomalous']):,} of {first['anomalous']:,} odd records" in ended.out
    assert f"of {len(alerts):,} that were flagged; all are in {folder / detector / 'alerts.jsonl'}" in ended.out
    assert re.search(rf"^  {detector} +{bench['end_to_end']['lines_per_second']:,.0f} ", ended.out, re.MULTILINE)
    assert re.search(rf"^  {detector} +{first['auroc']:.4f} +{first['tpr_at_max_fpr']:.1%} ", ended.out, re.MULTILINE)
    assert f"  oddline train {detector} " in ended.out


def test_one_detector_alone() -> None:
    from workstation import run_oddline

    ended = run_oddline("demo", "--detector", "oracle")
    assert ended.status == 2
    assert "'oracle' is not one of flow, line, sequence, access" in ended.err


@pytest.fixture
def record() -> Callable[[str, float], Record]:
    def make(text: str, score: float) -> Record:
        return Record(
            source="s",
            line=1,
            offset=0,
            timestamp=None,
            score=score,
            p_value=0.1,
            threshold=1.0,
            anomalous=True,
            unscored=None,
            found_by=[],
            template_id=None,
            new_template=None,
            reasons=[],
            text=text,
        )

    return make


def test_the_oddest_are_shown_and_no_two_that_are_alike(record: Callable[[str, float], Record]) -> None:
    from export.demo.summary import pick_oddest

    records: List[Record] = [
        record("sshd[1]: a", 2.0),
        record("sshd[22]: a", 5.0),
        record("kernel: c", 3.0),
        record("no syslog", 4.0),
    ]
    assert [one.score for one in pick_oddest(records, 5)] == [5.0, 4.0, 3.0]
    assert [one.score for one in pick_oddest(records, 2)] == [5.0, 4.0]
