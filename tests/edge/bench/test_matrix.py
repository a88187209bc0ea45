from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
import pytest
from fake_gpu import CPU, CUDA, NO_MEMORY, TENSORRT, FakeGpu, install
from fake_instruments import FakeMeter, conditions, instruments
from small_bundle import LINES

from edge.bench.conditions import Observed
from edge.bench.matrix import ROUNDS, Cell, Grid, Measured, best, measure, providers_asked, thread_counts
from edge.bench.providers_report import providers_sections
from edge.bench.reading import Reading
from edge.bench.recommend import recommend
from edge.bench.sample import Sample, as_file
from edge.bundle.folder import load_bundle
from edge.doctor.machine import read_machine
from edge.errors import InputError, OutputError, ProviderError
from edge.recommendation import recorded, setup_of
from edge.runtime.detector import Detector

ENCODED = [line.encode() for line in LINES]
MILLISECOND = 1_000_000


class Bench:
    """A clock that goes on by what each inference and each look costs, and detectors that know their provider."""

    def __init__(self, bundle: Path, cost: Callable[[str, int, int], int]) -> None:
        self.now = 0
        self.opened: List[Tuple[str, int, int]] = []
        self._bundle = load_bundle(bundle)
        self._cost = cost

    def clock(self) -> int:
        self.now += 1000
        return self.now

    def open(self, provider: str, threads: int, rows: int) -> Detector:
        if provider == "tensorrt":
            raise ProviderError("libnvinfer.so.8 is missing")
        self.opened.append((provider, threads, rows))
        detector = Detector(self._bundle, provider="cpu", threads=1, batch_rows=rows, cache_texts=0)
        run = detector.session.run

        def slow(outputs: Any, inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
            self.now += self._cost(provider, threads, rows)
            return run(outputs, inputs)

        detector.session.run = slow  # type: ignore[method-assign]
        return detector

    def measure(self, grid: Grid, lines: List[bytes] = ENCODED, seconds: float = 0.3) -> Measured:
        sample = Sample(lines, ["x"], golden=True, complete=True)
        with as_file(sample) as file:
            reading = Reading(self._bundle, sample, file.source)
            return measure(
                self.open,
                reading,
                sample,
                grid,
                seconds=seconds,
                clock=self.clock,
                observe=lambda: Observed(FakeMeter(), lambda: 0),
                say=lambda _: None,
            )


def test_each_provider_batch_size_and_thread_is_measured(small_bundle: Path) -> None:
    def cost(provider: str, threads: int, rows: int) -> int:
        return 4 * MILLISECOND if provider == "cuda" else 2 * MILLISECOND // threads

    bench = Bench(small_bundle, cost)
    found = bench.measure(Grid(["cuda", "cpu"], [1, 8], [1, 2]))
    assert [(cell.provider, cell.threads, cell.batch_size) for cell in found.cells] == [
        ("cuda", 0, 1),
        ("cuda", 0, 8),
        ("cpu", 1, 1),
        ("cpu", 1, 8),
        ("cpu", 2, 1),
        ("cpu", 2, 8),
    ]
    rates = {(cell.provider, cell.threads, cell.batch_size): cell.records_per_second for cell in found.cells}
    assert rates["cpu", 2, 8] == pytest.approx(2 * rates["cpu", 1, 8], rel=0.05)
    assert rates["cpu", 1, 8] > 4 * rates["cpu", 1, 1], "a batch is one inference"
    for cell in found.cells:
        assert len(cell.rounds) == ROUNDS
        assert min(cell.rounds) <= cell.records_per_second <= max(cell.rounds)
    latency = {(cell.provider, cell.threads): cell.single_stream_p50_ms for cell in found.cells}
    assert latency["cpu", 1] == pytest.approx(2.0, rel=0.1)
    assert latency["cpu", 2] == pytest.approx(1.0, rel=0.1)
    assert found.failures == []


def test_a_provider_that_does_not_work_is_listed_with_the_reason(small_bundle: Path) -> None:
    bench = Bench(small_bundle, lambda *_: MILLISECOND)
    found = bench.measure(Grid(["tensorrt", "cpu"], [1, 8], [1]))
    assert {cell.provider for cell in found.cells} == {"cpu"}
    assert [(one.provider, one.batch_size, one.why) for one in found.failures] == [
        ("tensorrt", None, "libnvinfer.so.8 is missing")
    ]


def test_a_batch_that_does_not_fit_is_left_out(small_bundle: Path) -> None:
    def cost(provider: str, threads: int, rows: int) -> int:
        if provider == "cuda" and rows == 8:
            raise ProviderError("out of memory")
        return MILLISECOND

    found = Bench(small_bundle, cost).measure(Grid(["cuda"], [1, 8], [1]))
    assert [cell.batch_size for cell in found.cells] == [1]
    assert [(one.batch_size, one.why) for one in found.failures] == [(8, "out of memory")]


def test_a_provider_that_fails_at_its_first_line_is_listed(small_bundle: Path) -> None:
    def cost(provider: str, threads: int, rows: int) -> int:
        if provider == "cuda":
            raise ProviderError("the GPU was lost")
        return MILLISECOND

    found = Bench(small_bundle, cost).measure(Grid(["cuda", "cpu"], [1], [1]))
    assert [one.provider for one in found.failures] == ["cuda"]
    assert [cell.provider for cell in found.cells] == ["cpu"]


def test_a_gpu_that_is_lost_in_a_round_costs_its_own_cells_only(small_bundle: Path) -> None:
    left = [12]

    def cost(provider: str, threads: int, rows: int) -> int:
        left[0] -= (provider, rows) == ("cuda", 8)
        if left[0] < 0 and provider == "cuda":
            raise ProviderError("the GPU was lost")
        return MILLISECOND

    bench = Bench(small_bundle, cost)
    found = bench.measure(Grid(["cuda", "cpu"], [1, 8], [1]))
    assert [(cell.provider, cell.batch_size) for cell in found.cells] == [("cpu", 1), ("cpu", 8)]
    assert {(one.provider, one.batch_size, one.why) for one in found.failures} == {
        ("cuda", 1, "the GPU was lost"),
        ("cuda", 8, "the GPU was lost"),
    }


def many() -> List[bytes]:
    """Lines that are all different."""
    return [b"Jun 14 15:16:01 combo sshd[17]: session x%xg opened for user" % number for number in range(200)]


def test_a_size_that_the_device_gave_up_is_no_cell(small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(provider: str, rows: int) -> Optional[Exception]:
        return RuntimeError(NO_MEMORY) if rows > 8 else None

    install(monkeypatch, FakeGpu([CPU, CUDA], failing=failing))
    bundle = load_bundle(small_bundle)
    bench = Bench(small_bundle, lambda *_: MILLISECOND)
    bench.open = lambda provider, threads, rows: Detector(  # type: ignore[method-assign]
        bundle, provider=provider, batch_rows=rows, cache_texts=0
    )
    found = bench.measure(Grid(["cuda"], [1, 8, 32], [1]), many(), seconds=0.0001)
    assert [cell.batch_size for cell in found.cells] == [1, 8]
    assert [(one.batch_size, one.why) for one in found.failures] == [
        (32, "it has too little memory for so many rows at once, and ran 8")
    ]


LONG = b"Jun 14 15:16:01 combo sshd[17]: " + b" ".join(b"word%x" % number for number in range(60))


def test_lines_of_several_rows_are_answered_with_each_batch_size(small_bundle: Path) -> None:
    bench = Bench(small_bundle, lambda *_: 2 * MILLISECOND)
    one, eight = bench.measure(Grid(["cpu"], [1, 8], [1]), [LONG]).cells
    assert one.single_stream_p50_ms > 1.9 * eight.single_stream_p50_ms, "its rows are one inference"
    one, eight = bench.measure(Grid(["cpu"], [1, 8], [1]), ENCODED[:1]).cells
    assert one.single_stream_p50_ms == eight.single_stream_p50_ms


def test_not_one_that_works_is_an_error(small_bundle: Path) -> None:
    bench = Bench(small_bundle, lambda *_: MILLISECOND)
    with pytest.raises(ProviderError, match=r"no provider works \(tensorrt: libnvinfer.so.8 is missing\); run oddline"):
        bench.measure(Grid(["tensorrt"], [1], [1]))


def cell(provider: str, threads: int, batch: int, rate: float) -> Cell:
    return Cell(provider, threads, batch, 100, rate, [rate], 1.0, 2.0, 100)


def test_the_frugal_one_of_equals_is_recommended() -> None:
    cells = [
        cell("tensorrt", 0, 128, 1000.0),
        cell("cuda", 0, 512, 990.0),
        cell("cuda", 0, 32, 955.0),
        cell("cpu", 8, 32, 960.0),
        cell("cpu", 4, 128, 951.0),
        cell("cpu", 4, 32, 952.0),
        cell("cpu", 1, 32, 949.0),
    ]
    assert best(cells) is cells[5]
    assert best(cells[:3]) is cells[2]
    assert best([cell("cpu", 8, 32, 940.0), cells[0]]).provider == "tensorrt", "six per cent are worth a GPU"


@pytest.mark.parametrize(
    ("cores", "counts"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])]
)
def test_threads_are_powers_of_two_and_all(cores: int, counts: List[int]) -> None:
    assert thread_counts(cores) == counts


def test_names_of_providers() -> None:
    assert providers_asked(["all"]) == ["tensorrt", "cuda", "cpu"]
    assert providers_asked(["cpu", "cuda", "cpu"]) == ["cuda", "cpu"]


def recommended(bench: Bench, tmp_path: Path, lines: List[bytes] = ENCODED) -> Any:
    ticks = count(0, 100_000)
    return recommend(
        bench._bundle,
        Sample(lines, ["x"], golden=True, complete=True),
        ["tensorrt", "cpu"],
        seconds=0.05,
        machine=read_machine(),
        gpus=["Xavier"],
        libraries={"CUDA": "11.4.315"},
        instruments=instruments([conditions(load_average=1000.0)]),
        say=lambda _: None,
        clock=lambda: next(ticks) + bench.now,
        cache=tmp_path,
        opener=bench.open,
    )


def test_the_recommendation_is_recorded_and_shown(small_bundle: Path, tmp_path: Path) -> None:
    bench = Bench(small_bundle, lambda *_: MILLISECOND)
    report = recommended(bench, tmp_path)
    chosen = report.recommended
    found, why = recorded(setup_of(load_bundle(small_bundle).model_sha256, read_machine(), ["Xavier"], None), tmp_path)
    assert why is None
    assert found is not None
    assert (found.provider, found.batch_size, found.threads) == (chosen.provider, chosen.batch_size, chosen.threads)
    assert chosen.provider == "cpu"
    shown = "\n".join(" ".join(row) for _, rows, _ in providers_sections(report, unicode=True) for row in rows)
    assert "tensorrt  libnvinfer.so.8 is missing" in shown
    assert "the machine was busy before" in shown
    assert f"{tmp_path}" in shown
    assert sum(row[0] == ">" for _, rows, _ in providers_sections(report, unicode=True) for row in rows) == 1


def test_a_cache_that_cannot_be_written_to_is_found_out_before_anything_is_measured(
    small_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "recommendations").write_text("a file in the way")
    bench = Bench(small_bundle, lambda *_: MILLISECOND)
    with pytest.raises(OutputError, match="the recommendation cannot be written"):
        recommended(bench, tmp_path)
    assert bench.opened == []


def test_each_detector_gets_its_threads_and_the_engines(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = install(monkeypatch, FakeGpu([CPU, TENSORRT]))
    monkeypatch.setenv("ODDLINE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("edge.bench.recommend.thread_counts", lambda _: [1, 2])
    recommend(
        load_bundle(small_bundle),
        Sample(ENCODED, ["x"], golden=True, complete=True),
        ["tensorrt", "cpu"],
        seconds=0.02,
        machine=read_machine(),
        gpus=[],
        libraries={},
        instruments=instruments(),
        say=lambda _: None,
    )
    tensorrt = [given[TENSORRT] for given in runtime.options if TENSORRT in given]
    assert tensorrt
    assert all("ids:32x" in given["trt_profile_max_shapes"] for given in tensorrt)
    asked = zip(runtime.asked, runtime.session_options)
    threads = [options.intra_op_num_threads for names, options in asked if names == [CPU]]
    assert threads == [1, 1, 1, 2, 2, 2]


def test_a_sample_without_a_record_is_refused(tmp_path: Path) -> None:
    from table_bundle import HEADER, make_table_bundle

    bench = Bench(make_table_bundle(tmp_path / "table"), lambda *_: MILLISECOND)
    with pytest.raises(InputError, match="there is no record in its 1 lines"):
        recommended(bench, tmp_path, [HEADER.encode()])
