"""Engines that are built ahead, through ONNX Runtime and through trtexec."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, List

import pytest
from fake_tensorrt import FakeTensorrt, embedded_engine
from machines import XAVIER
from recorded_trtexec import FAILED_8_5, PASSED_8_5

from edge.engines.ahead import build_with_onnxruntime, build_with_trtexec
from edge.engines.entry import CONTEXT_NAME, ENTRY_NAME
from edge.engines.source import CachedEngines
from edge.engines.store import Store
from edge.errors import ProviderError

Make = Callable[..., CachedEngines]
TIMINGS = "TensorrtExecutionProvider_cache_sm72.timing"
MEASURED = "trtexec measured 10.7972 ms for 32 rows, with copies to and from the GPU"


@pytest.fixture
def trtexec(tmp_path: Path) -> Path:
    """A trtexec that writes an engine and timings, and says what a real one did."""
    (tmp_path / "said").write_text(PASSED_8_5)
    program = tmp_path / "trtexec"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {tmp_path}/called\n'
        'for option in "$@"; do case $option in\n'
        '--onnx=*) test -s "${option#*=}" || exit 3;;\n'
        '--saveEngine=*) printf ptrt-of-trtexec > "${option#*=}";;\n'
        '--timingCacheFile=*) printf measured > "${option#*=}";;\n'
        f"esac; done\ncat {tmp_path}/said\n"
    )
    program.chmod(0o755)
    return program


def calls(trtexec: Path) -> List[str]:
    called = trtexec.with_name("called")
    return called.read_text().splitlines() if called.exists() else []


def test_through_onnxruntime(make: Make, said: List[str]) -> None:
    tensorrt = FakeTensorrt()
    first = build_with_onnxruntime(make(), tensorrt.load)
    again = build_with_onnxruntime(make(), tensorrt.load)
    assert first is not None
    assert again == first._replace(built=False)
    assert tensorrt.built == 1
    assert said == []


def test_onnxruntime_1_17_takes_trtexec_s_engine(make: Make, said: List[str], trtexec: Path) -> None:
    tensorrt, source = FakeTensorrt("1.17.1"), make(onnxruntime_version="1.17.1")
    outcome = build_with_trtexec(source, tensorrt.load, program=trtexec)
    assert outcome is not None
    assert outcome.entry is not None
    assert (outcome.built, outcome.entry.via, outcome.entry.has_context) == (True, "trtexec", True)
    assert sorted(path.name for path in outcome.folder.iterdir()) == sorted([CONTEXT_NAME, ENTRY_NAME, TIMINGS])
    assert embedded_engine((outcome.folder / CONTEXT_NAME).read_bytes()) == b"ptrt-of-trtexec"
    assert tensorrt.built == 0
    assert tensorrt.loaded == ["context"], "it was tried before it was kept"
    assert said == [MEASURED]
    (call,) = calls(trtexec)
    assert "--minShapes=ids:1x8 --optShapes=ids:32x8 --maxShapes=ids:32x8" in call


def test_later_sessions_load_it(make: Make, said: List[str], trtexec: Path) -> None:
    tensorrt = FakeTensorrt("1.17.1")
    build_with_trtexec(make(onnxruntime_version="1.17.1"), tensorrt.load, program=trtexec)
    said.clear()
    source = make(onnxruntime_version="1.17.1")
    tensorrt.load(source.bundle.model, source)
    assert tensorrt.loaded == ["context", "context"]
    assert tensorrt.built == 0
    assert source.model is None, "only while a session is made"
    assert said == []


def test_a_session_that_loads_only_the_bundle_s_model_builds_its_own_once(
    make: Make, said: List[str], trtexec: Path
) -> None:
    tensorrt = FakeTensorrt("1.17.1")
    build_with_trtexec(make(onnxruntime_version="1.17.1"), tensorrt.load, program=trtexec)
    said.clear()
    for _ in range(2):
        source = make(onnxruntime_version="1.17.1")
        with source.prepared() as options:
            tensorrt._session(source.bundle.model, options)
    assert tensorrt.built == 1
    assert len(said) == 1


def test_an_onnxruntime_that_writes_no_engine_of_its_own_keeps_none(
    make: Make, said: List[str], store: Store, trtexec: Path
) -> None:
    with pytest.raises(ProviderError, match="TensorRT took no part of the model"):
        build_with_trtexec(make(), FakeTensorrt(writes_engine=False).load, program=trtexec)
    assert store.entries() == []


def test_onnxruntime_1_16_builds_its_own_with_trtexec_s_timings(make: Make, said: List[str], trtexec: Path) -> None:
    found: List[bytes] = []

    def during(folder: Path) -> None:
        found.append((folder / TIMINGS).read_bytes())

    tensorrt, source = FakeTensorrt(during=during), make()
    outcome = build_with_trtexec(source, tensorrt.load, program=trtexec)
    assert outcome is not None
    assert outcome.entry is not None
    assert (outcome.entry.via, outcome.entry.has_context) == ("onnxruntime", False)
    assert not (outcome.folder / "trtexec.engine").exists()
    assert not (outcome.folder / "model.onnx").exists()
    assert found == [b"measured"]
    assert said == [
        MEASURED,
        "onnxruntime 1.16.3 cannot use the engine of trtexec: it takes one from 1.17 on; "
        "it builds its own with the same timings",
    ]
    tensorrt.load(source.bundle.model, make())
    assert tensorrt.built == 1


def test_an_engine_that_onnxruntime_does_not_take(make: Make, said: List[str], trtexec: Path) -> None:
    tensorrt, source = FakeTensorrt("1.17.1", takes_context=False), make(onnxruntime_version="1.17.1")
    outcome = build_with_trtexec(source, tensorrt.load, program=trtexec)
    assert outcome is not None
    assert outcome.entry is not None
    assert outcome.entry.via == "onnxruntime"
    assert tensorrt.built == 1
    assert "it did not work (TensorRT EP could not deserialize engine from binary data)" in said[1]


def test_an_engine_that_is_kept_is_not_built_again(make: Make, said: List[str], trtexec: Path) -> None:
    tensorrt = FakeTensorrt()
    first = build_with_onnxruntime(make(), tensorrt.load)
    assert first is not None
    assert build_with_trtexec(make(), tensorrt.load, program=trtexec) == first._replace(built=False)
    assert calls(trtexec) == []
    build_with_trtexec(make(rebuild=True), tensorrt.load, program=trtexec)
    assert len(calls(trtexec)) == 1


@pytest.mark.parametrize("content", [FAILED_8_5, "nothing of use"])
def test_a_failed_trtexec_leaves_nothing(make: Make, store: Store, trtexec: Path, content: str) -> None:
    trtexec.with_name("said").write_text(content)
    with pytest.raises(ProviderError, match="trtexec failed with status 0"):
        build_with_trtexec(make(), FakeTensorrt().load, program=trtexec)
    assert [path.name for path in store.root.rglob("*") if path.is_file()] == ["lock"]


def test_a_failing_session_after_trtexec_leaves_nothing(make: Make, store: Store, trtexec: Path) -> None:
    tensorrt = FakeTensorrt()
    tensorrt.broken = "this onnxruntime has no code for this GPU's compute capability"
    with pytest.raises(ProviderError, match="compute capability"):
        build_with_trtexec(make(), tensorrt.load, program=trtexec)
    assert store.entries() == []


def test_no_room_for_trtexec(make: Make, said: List[str], tmp_path: Path, trtexec: Path) -> None:
    source = make(store=Store(tmp_path / "engines", free=lambda _: 0))
    assert build_with_trtexec(source, FakeTensorrt().load, program=trtexec) is None
    assert calls(trtexec) == []
    assert len(said) == 1


def test_on_a_machine_that_is_not_known(make: Make, trtexec: Path) -> None:
    source = make(facts=XAVIER._replace(gpu=None))
    with pytest.raises(ProviderError, match="no engine can be kept here: the GPU cannot be told"):
        build_with_trtexec(source, FakeTensorrt().load, program=trtexec)
