"""The demo from its command line, on a short log and with little training."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any, Callable, List

import pytest

from edge.bundle.folder import load_bundle
from edge.runtime.records import Record
from edge.text.masks import Masker
from export.line.presets import DEFAULT

STEPS = ("simulate", "train", "export", "verify", "score", "evaluate", "bench")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo"


@pytest.fixture(scope="module")
def ended(tensorflow: None, folder: Path) -> Any:
    from workstation import run_oddline

    from export.demo import steps

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "DAYS", 4)
        patch.setattr(steps, "BENCH_SECONDS", 0.1)
        patch.setattr(steps, "TrainOptions", partial(steps.TrainOptions, epochs=1))
        return run_oddline("demo", "-o", folder)


def test_every_step_is_said_with_the_command_that_does_it(ended: Any, folder: Path) -> None:
    assert ended.status == 0
    said = re.findall(r"^oddline: \[(\d)/7\] oddline (\w+) (.*)$", ended.err, re.MULTILINE)
    assert [(int(number), command) for number, command, _ in said] == list(enumerate(STEPS, 1))
    assert all(str(folder) in arguments for _, _, arguments in said)


def test_everything_that_was_made_stands_in_the_folder(ended: Any, folder: Path) -> None:
    assert load_bundle(folder / "bundle").manifest.name == "demo"
    records = [json.loads(line) for line in (folder / "alerts.jsonl").read_text().splitlines()]
    assert records
    assert all(record["anomalous"] for record in records)
    report = json.loads((folder / "eval.json").read_text())
    assert [row["name"] for row in report["rows"][1:]] == [
        "exact match",
        "unseen template",
        "unseen words",
        "token trigrams",
    ]
    bench = json.loads((folder / "bench.json").read_text())
    assert [bool(bench[name]) for name in ("single_stream", "end_to_end", "offline")] == [True, True, False]


def test_the_page_says_what_the_files_say(ended: Any, folder: Path) -> None:
    report = json.loads((folder / "eval.json").read_text())
    first = report["rows"][0]["lines"]
    bench = json.loads((folder / "bench.json").read_text())
    alerts = (folder / "alerts.jsonl").read_text().splitlines()
    assert f"{round(first['tpr'] * first['anomalous']):,} of {first['anomalous']:,} odd lines" in ended.out
    assert f"({len(alerts):,} were flagged" in ended.out
    assert f"{bench['end_to_end']['lines_per_second']:,.0f} lines/s" in ended.out
    assert f"{bench['single_stream']['latency']['p50_ms']:.2f} ms median" in ended.out
    for row in report["rows"][1:]:
        assert re.search(
            rf"{row['name']} +{row['lines']['auroc']:.4f} +{row['lines']['tpr_at_max_fpr']:.1%}", ended.out
        )
    assert "«" in ended.out, "odd parts are marked"
    assert ended.out.rstrip().endswith("oddline train line YOUR.log -o runs/mine")


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


def test_one_line_of_each_program_is_shown_the_oddest_first(record: Callable[[str, float], Record]) -> None:
    from export.demo.summary import pick_oddest

    records: List[Record] = [
        record("Mar  1 10:00:00 host sshd[1]: a", 2.0),
        record("Mar  1 10:00:00 host sshd[22]: b", 5.0),
        record("Mar  1 10:00:00 host kernel: c", 3.0),
        record("no syslog", 4.0),
    ]
    masker = Masker(DEFAULT.masks)
    assert [one.score for one in pick_oddest(records, masker, 5)] == [5.0, 4.0, 3.0]
    assert [one.score for one in pick_oddest(records, masker, 2)] == [5.0, 4.0]
