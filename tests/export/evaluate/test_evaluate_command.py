"""The command `oddline evaluate` on its command line."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest
import typer
from evaluate_samples import FakeScorer, finds_sudo, make_run, normal_lines, odd_lines, write_log
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")
pytest.importorskip("drain3", reason="drain3 belongs to the extra `export`")

from edge.errors import OutputError
from export.cli import register
from export.commands import evaluate
from export.evaluate.report import read_report


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.setattr(evaluate, "require_extra", lambda: None)
    monkeypatch.setattr("export.trained.load_scorer", lambda run: FakeScorer(finds_sudo))
    app = typer.Typer(pretty_exceptions_enable=False)
    register(app)
    return app


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    make_run(tmp_path / "run")
    write_log(tmp_path / "a.log", normal_lines(60))
    write_log(tmp_path / "b.log", normal_lines(60))
    write_log(tmp_path / "odd.log", odd_lines(10))
    return tmp_path


def run(app: typer.Typer, folder: Path, line: str) -> tuple[int, str]:
    arguments = [part.replace("@", f"{folder}/") for part in line.split()]
    result = CliRunner().invoke(app, ["evaluate", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize(
    "line",
    [
        "@run --normal @a.log @b.log --anomalous @odd.log --json @eval.json",
        "@run --normal @a.log --normal @b.log --anomalous @odd.log --json @eval.json",
        "--normal @a.log --normal @b.log --anomalous @odd.log --json @eval.json @run",
        "@run --anomalous=@odd.log --json @eval.json --normal=@a.log @b.log",
    ],
)
def test_several_paths_in_every_form(app: typer.Typer, logs: Path, line: str) -> None:
    code, output = run(app, logs, line)
    assert code == 0, output
    report = read_report(logs / "eval.json")
    assert [Path(source.name).name for source in report.sources] == ["a.log", "b.log", "odd.log"]
    assert [kind.name for kind in report.rows[0].kinds] == ["odd.log"]
    assert "120 normal records (3 distinct) and 10 anomalous records (1 distinct)" in output
    assert "token trigrams" in output


def test_plots_only_when_asked(app: typer.Typer, logs: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib belongs to the extra `export`")
    line = "@run --normal @a.log @b.log --anomalous @odd.log"
    before = sorted(logs.iterdir())
    assert run(app, logs, line)[0] == 0
    assert sorted(logs.iterdir()) == before
    code, output = run(app, logs, line + " --plots @plots --output @out --base-rate 0.01")
    assert code == 0, output
    names = ["confusion.png", "precision_recall.png", "roc.png", "scores.png"]
    assert sorted(path.name for path in (logs / "plots").iterdir()) == names
    assert sorted(path.name for path in (logs / "out").iterdir()) == sorted([*names, "metrics.json", "report.html"])
    assert read_report(logs / "out" / "metrics.json").base_rate == 0.01
    assert output.splitlines()[-1] == f"report: {logs}/out/report.html"


def test_labelled_logs(app: typer.Typer, logs: Path) -> None:
    lines = [*(f"- {line}" for line in normal_lines(110)), *(f"ALERT {line}" for line in odd_lines(4)), "x"]
    write_log(logs / "mixed.log", lines)
    line = "@run --labelled @mixed.log --label-column Label --map -=0,A*=1 --json @eval.json --log-format"
    arguments = [part.replace("@", f"{logs}/") for part in line.split()]
    layout = r"<Label> <Month> +<Day> <Time> box <Content>"
    result = CliRunner().invoke(app, ["evaluate", *arguments, layout], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    report = read_report(logs / "eval.json")
    assert (report.origin, report.unlabelled) == ("labelled", 1)
    assert [(kind.name, kind.records, kind.recall) for kind in report.rows[0].kinds] == [("ALERT", 4, 1)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--labelled @a.log --normal @a.log --anomalous @b.log --labels @x", "take the place"),
        ("--normal @a.log", "both are needed"),
        ("--labelled @a.log", "give either --label-column or --labels"),
        ("--labelled @a.log --labels @x --label-column y", "give either --label-column or --labels"),
        ("--normal @a.log --anomalous @b.log --labels @x", "belongs to --labelled"),
        ("--labelled @a.log --labels @x --map a=1", "belongs to --label-column"),
        ("--base-rate 1", "a share is between 0 and 1"),
    ],
)
def test_options_that_do_not_go_together(app: typer.Typer, logs: Path, line: str, words: str) -> None:
    code, output = run(app, logs, f"@run {line}")
    assert code == 2
    assert words in " ".join(output.replace("│", " ").split())


def test_a_place_that_cannot_be_written_is_told_before_the_work(app: typer.Typer, logs: Path) -> None:
    with pytest.raises(OutputError, match=r"the target folder does not exist.*mkdir"):
        run(app, logs, "@missing --normal @a.log --anomalous @odd.log --json @no/eval.json")


def test_a_layout_needs_its_format(app: typer.Typer, logs: Path) -> None:
    code, output = run(app, logs, "@run --normal @a.log --anomalous @odd.log --format syslog --log-format <Content>")
    assert code == 2
    assert "--log-format" in output


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("run --normal a b c", "run --normal a --normal b --normal c"),
        ("run --normal a b --seed 3 --anomalous c -", "run --normal a --normal b --seed 3 --anomalous c --anomalous -"),
        ("run --normal - a", "run --normal - --normal a"),
        ("run --normal=a b", "run --normal=a --normal b"),
        ("run --seed 3 --json x", "run --seed 3 --json x"),
        ("run --normal a -- b", "run --normal a -- b"),
        ("--normal a run", "--normal a run"),
        ("", ""),
    ],
)
def test_repeat_options(given: str, expected: str) -> None:
    assert evaluate.repeat_options(given.split(), evaluate.SEVERAL) == expected.split()


@given(st.lists(st.sampled_from(["--normal", "--anomalous", "--seed", "a", "b", "-", "--", "--normal=c"]), max_size=8))
def test_nothing_is_lost_and_repeating_twice_changes_nothing(arguments: List[str]) -> None:
    once = evaluate.repeat_options(["run", *arguments], evaluate.SEVERAL)
    added = iter(once)
    assert all(argument in added for argument in ["run", *arguments])
    assert evaluate.repeat_options(once, evaluate.SEVERAL) == once
