from __future__ import annotations

from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Callable, List

import pytest
from fake_instruments import FakeMeter
from small_bundle import LINES

from edge.bench.conditions import Observed
from edge.bench.end_to_end import EndToEnd, Passes, end_to_end
from edge.bench.sample import Sample, as_file
from edge.bench.stopwatch import PARTS, STAGES, Stopwatch
from edge.bundle.folder import load_bundle
from edge.bundle.preprocessing import FormatSpec
from edge.errors import OutputError
from edge.files.atomic import AtomicFile
from edge.formats import Reader
from edge.reading import make_reader
from edge.runtime.detector import Detector
from edge.runtime.pipeline import FormatChoice, make_records, score_source
from edge.sinks.render import JsonlRenderer

ENCODED = [line.encode() for line in LINES]
MILLISECOND = 1_000_000


def ticking() -> Callable[[], int]:
    """A clock that goes on by a millisecond each time one looks."""
    ticks = count(0, MILLISECOND)
    return lambda: next(ticks)


def new_reader(_: List[str]) -> Reader:
    spec = FormatSpec(name="syslog", layout=None, fields=None, header=None, skip_characters=0)
    return make_reader(spec, reference=datetime(2024, 1, 1))


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch(ticking())


@pytest.fixture
def detector(small_bundle: Path, watch: Stopwatch) -> Detector:
    return Detector(load_bundle(small_bundle), provider="cpu", threads=1, batch_rows=4, watch=watch)


def run(detector: Detector, watch: Stopwatch, lines: List[bytes], seconds: float, **more: Any) -> EndToEnd:
    with as_file(Sample(lines, ["x"], golden=False, complete=True)) as file:
        passes = Passes(detector, watch, file.source, new_reader, file.folder / "records.jsonl", **more)
        found = end_to_end(
            passes, watch, seconds=seconds, clock=ticking(), observe=lambda: Observed(FakeMeter(), ticking())
        )
        assert [path.name for path in file.folder.iterdir()] == ["sample.log"], "what was written goes away"
    return found


def test_as_many_lines_are_read_at_once_as_it_is_told(detector: Detector, watch: Stopwatch) -> None:
    found = run(detector, watch, ENCODED * 100, 0, at_once=300)
    assert (found.warm_up_lines, found.lines) == (300, 300)


def test_it_finds_and_writes_what_score_does(small_bundle: Path, detector: Detector, watch: Stopwatch) -> None:
    lines = ENCODED * 3000
    found = run(detector, watch, lines, 0)
    usual = Detector(load_bundle(small_bundle), provider="cpu")
    choice = FormatChoice(load_bundle(small_bundle).manifest.preprocessing.format)
    with as_file(Sample(lines, ["x"], golden=False, complete=True)) as file:
        blocks = list(score_source(file.source, usual, choice, say=lambda _: None))
    # No time at all: the first pass ends with its first block.
    assert (found.passes, found.lines) == (1, len(blocks[0].scores))
    assert found.lines == found.records < len(lines)
    assert found.anomalous_records == int(blocks[0].anomalous.sum())
    assert found.unparsed_records == int(blocks[0].batch.records.unparsed.sum())
    assert blocks[0].lines is not None
    assert found.bytes == sum(len(line) + 1 for line in blocks[0].lines.lines)
    assert found.computed_records + found.known_records == found.records
    assert found.computed_records == 7, "equal lines are computed once, and what the warm-up saw is forgotten"
    records = make_records(blocks[0], usual, everything=False)
    assert found.written_records == len(records) == found.anomalous_records > 0
    assert found.written_bytes == len(JsonlRenderer().render(records))
    assert found.blocks == {}, "a part of one pass tells nothing of the noise"


def test_all_of_its_time_is_split(detector: Detector, watch: Stopwatch) -> None:
    found = run(detector, watch, ENCODED * 2, 0.1)
    assert found.passes > 2
    assert found.lines == found.passes * 14, "a pass that has begun is finished"
    assert found.computed_records == found.passes * 7, "each pass begins with an empty memory"
    assert found.warm_up_lines == 14
    assert tuple(found.stage_seconds) == ("read", "parse", "encode", "infer", "write", "other") == tuple(STAGES)
    assert tuple(found.part_seconds) == PARTS
    assert all(seconds > 0 for seconds in found.part_seconds.values())
    for stage, parts in STAGES.items():
        assert found.stage_seconds[stage] == pytest.approx(sum(found.part_seconds[part] for part in parts))
    assert sum(found.stage_seconds.values()) == pytest.approx(found.seconds)
    assert found.records_per_second == pytest.approx(found.records / found.seconds)
    assert found.lines_per_second == pytest.approx(found.lines / found.seconds)
    assert found.megabytes_per_second == pytest.approx(found.bytes / found.seconds / 1e6)
    assert len(found.blocks["records_per_second"]) == min(found.passes, 10)
    # A pass looks at the clock once, the first one at each block too, and is 14 records.
    assert found.blocks["records_per_second"][0] < 14_000.0
    assert set(found.blocks["records_per_second"][1:]) == {14_000.0}


def test_a_log_without_anomalies_writes_nothing(detector: Detector, watch: Stopwatch) -> None:
    found = run(detector, watch, ENCODED[:3], 0)
    assert (found.anomalous_records, found.written_records, found.written_bytes) == (0, 0, 0)
    assert found.part_seconds["output"] == 0


def test_a_full_disk_is_said(detector: Detector, watch: Stopwatch, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: AtomicFile) -> None:
        raise OutputError("no room is left on the disk", where=str(self.path))

    monkeypatch.setattr(AtomicFile, "flush", full)
    with pytest.raises(OutputError, match="no room is left"):
        run(detector, watch, ENCODED, 0)
