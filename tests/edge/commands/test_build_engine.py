"""`oddline build-engine`, with an onnxruntime whose TensorRT is made up and whose results are real."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from fake_gpu import CPU, CUDA, TENSORRT, FakeGpu
from fake_tensorrt import FakeTensorrt
from machines import XAVIER
from recorded_trtexec import FAILED_8_5, PASSED_8_5

from edge.engines.facts import Facts
from edge.runtime.session import import_onnxruntime

Oddline = Callable[..., Any]


class Runtime(FakeGpu):
    """Its sessions on TensorRT keep engines as the real ones do; a model with an engine in it runs as the bundle's."""

    def __init__(self, version: str, model: bytes, available: List[str]) -> None:
        super().__init__(available)
        self.__version__ = version
        self.tensorrt = FakeTensorrt(version)
        self._bundle_model = model

    def InferenceSession(self, model: bytes, options: Any, providers: List[Any]) -> Any:  # noqa: N802
        given: Dict[str, Dict[str, str]] = {one[0]: one[1] for one in providers if not isinstance(one, str)}
        if TENSORRT in given:
            try:
                self.tensorrt._session(model, {"trt_engine_cache_enable": "False", **given[TENSORRT]})
            except Exception as error:
                raise RuntimeError(str(error)) from error
        return super().InferenceSession(
            self._bundle_model if b"EPContext" in model else model, options, providers=providers
        )


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ODDLINE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "engines"


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, small_bundle: Path, cache: Path) -> Callable[..., Runtime]:
    real = import_onnxruntime()

    def runtime(version: str = "1.16.3", facts: Facts = XAVIER, available: Any = (TENSORRT, CUDA, CPU)) -> Runtime:
        monkeypatch.setitem(sys.modules, "onnxruntime", real)
        made = Runtime(version, (small_bundle / "model.onnx").read_bytes(), list(available))
        monkeypatch.setitem(sys.modules, "onnxruntime", made)
        monkeypatch.setattr("edge.engines.source.read_facts", lambda device: facts)
        return made

    return runtime


@pytest.fixture
def trtexec(tmp_path: Path) -> Path:
    (tmp_path / "said").write_text(PASSED_8_5)
    program = tmp_path / "trtexec"
    program.write_text(
        '#!/bin/sh\nfor option in "$@"; do case $option in\n'
        '--saveEngine=*) printf ptrt > "${option#*=}";;\n'
        f"esac; done\ncat {tmp_path}/said\n"
    )
    program.chmod(0o755)
    return program


def test_it_builds_once_and_then_says_what_is_kept(
    oddline: Oddline, install: Callable[..., Runtime], small_bundle: Path, cache: Path
) -> None:
    runtime = install()
    ended = oddline("build-engine", small_bundle)
    assert (ended.status, ended.err) == (0, "")
    engine, size, folder = ended.out.splitlines()
    assert engine == "engine  built by onnxruntime in 0 s"
    assert folder.startswith(f"folder  {cache}/small-fp32-xavier-sm72-trt8.5.2-")
    place = Path(folder.split(maxsplit=1)[1])
    total = sum(path.stat().st_size for path in place.iterdir() if path.name != "entry.json")
    assert size == f"size    {total:,} bytes"
    assert runtime.rows_run(TENSORRT) == [1, 8, 32], "each batch size ran before the engine was kept"
    again = oddline("build-engine", small_bundle)
    assert again.out.splitlines()[0].startswith("engine  kept since 20")
    assert again.out.splitlines()[1:] == [size, folder]
    assert runtime.tensorrt.built == 1
    assert oddline("build-engine", small_bundle, "--rebuild").status == 0
    assert runtime.tensorrt.built == 2


def test_score_and_verify_use_what_was_built(
    oddline: Oddline, install: Callable[..., Runtime], small_bundle: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_text("Jun 14 15:16:01 combo sshd[19939]: session opened for user ubuntu\n")
    runtime = install()
    oddline("build-engine", small_bundle)
    scored = oddline("score", small_bundle, log, "--provider", "tensorrt", "--all")
    assert (scored.status, len(scored.out.splitlines())) == (0, 1)
    assert "provider  tensorrt" in oddline("verify", small_bundle, "--provider", "tensorrt").out
    assert len(runtime.tensorrt.loaded) == 2
    assert runtime.tensorrt.built == 1


def test_score_keeps_what_it_builds(
    oddline: Oddline, install: Callable[..., Runtime], small_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("Jun 14 15:16:01 combo sshd[19939]: session opened for user ubuntu\n")
    runtime = install()
    for _ in range(2):
        assert oddline("score", small_bundle, tmp_path / "log", "--quiet").err == ""
    assert runtime.tensorrt.built == 1


def test_through_trtexec(oddline: Oddline, install: Callable[..., Runtime], small_bundle: Path, trtexec: Path) -> None:
    runtime = install("1.17.1")
    ended = oddline("build-engine", small_bundle, "--via", "trtexec", "--trtexec", trtexec)
    assert ended.status == 0
    assert ended.out.startswith("engine  built by trtexec in 0 s\n")
    assert ended.err == "oddline: trtexec measured 10.7972 ms for 32 rows, with copies to and from the GPU\n"
    assert oddline("build-engine", small_bundle).out.startswith("engine  kept since ")
    assert runtime.tensorrt.loaded == ["context", "context"]
    assert runtime.tensorrt.built == 0


def test_trtexec_that_fails(
    oddline: Oddline, install: Callable[..., Runtime], small_bundle: Path, trtexec: Path, cache: Path
) -> None:
    install()
    trtexec.with_name("said").write_text(FAILED_8_5)
    ended = oddline("build-engine", small_bundle, "--via", "trtexec", "--trtexec", trtexec)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith(f"oddline: error: {trtexec}: trtexec failed with status 0 (Error[9]: Error Code 9")
    assert len(ended.err.splitlines()) == 1
    assert list(cache.glob("*/engine")) == []


def test_without_trtexec(oddline: Oddline, install: Callable[..., Runtime], small_bundle: Path, tmp_path: Path) -> None:
    install()
    ended = oddline("build-engine", small_bundle, "--via", "trtexec", "--trtexec", tmp_path / "none")
    assert ended.status == 1
    assert "trtexec cannot be run" in ended.err


@pytest.mark.parametrize("via", ["onnxruntime", "trtexec"])
def test_without_tensorrt(oddline: Oddline, install: Callable[..., Runtime], small_bundle: Path, via: str) -> None:
    install(available=(CUDA, CPU))
    ended = oddline("build-engine", small_bundle, "--via", via)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == (
        "oddline: error: this onnxruntime (1.16.3) was built without TensorRT; install an onnxruntime-gpu that has it "
        "(on a Jetson, NVIDIA's own wheel for its JetPack)\n"
    )


def test_a_wheel_for_another_compute_capability(
    oddline: Oddline, install: Callable[..., Runtime], small_bundle: Path, cache: Path
) -> None:
    install().broken[TENSORRT] = (
        "CUDA failure 209: no kernel image is available for execution on the device ; GPU=0 ; hostname=xavier"
    )
    ended = oddline("build-engine", small_bundle)
    assert ended.status == 1
    assert "this onnxruntime has no code for this GPU's compute capability" in ended.err
    assert "NVIDIA's own wheel" in ended.err
    assert list(cache.glob("*/engine")) == []


def test_a_cache_that_cannot_be_written_to(
    oddline: Oddline, install: Callable[..., Runtime], small_bundle: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    install()
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("ODDLINE_CACHE_DIR", str(tmp_path / "file"))
    ended = oddline("build-engine", small_bundle)
    assert (ended.status, ended.out) == (1, "")
    why, error = ended.err.splitlines()
    assert "the TensorRT engine is not kept, and will be built again each time: " in why
    assert "set ODDLINE_CACHE_DIR to a folder" in why
    assert error == f"oddline: error: {tmp_path}/file/engines: no engine is kept; mend what is said above"


def test_list_and_prune(oddline: Oddline, install: Callable[..., Runtime], small_bundle: Path, cache: Path) -> None:
    empty = oddline("build-engine", "--list")
    assert (empty.status, empty.out, empty.err) == (0, "", f"oddline: no engines are kept in {cache}\n")
    install(facts=XAVIER._replace(tensorrt="8.4.1"))
    old = oddline("build-engine", small_bundle).out.splitlines()[2].split(maxsplit=1)[1]
    install()
    new = oddline("build-engine", small_bundle).out.splitlines()[2].split(maxsplit=1)[1]
    broken = cache / "broken" / "engine"
    broken.mkdir(parents=True)
    listed = oddline("build-engine", "--list").out
    head, *rows = [line.split() for line in listed.splitlines()]
    assert head == ["bundle", "precision", "GPU", "TensorRT", "onnxruntime", "bytes", "built", "folder"]
    assert sorted((row[:5], row[-1]) for row in rows[:2]) == [
        (["small", "fp32", "Xavier", "8.4.1", "1.16.3"], old),
        (["small", "fp32", "Xavier", "8.5.2", "1.16.3"], new),
    ]
    assert f"unusable: {broken} (its entry.json cannot be read" in listed
    pruned = oddline("build-engine", small_bundle, "--prune").out.splitlines()
    assert sorted(pruned[3:]) == sorted([f"removed {old}", f"removed {broken}"])
    assert new in oddline("build-engine", "--list").out
    assert not Path(old).exists()


def test_an_engine_for_another_tensorrt_is_told(
    oddline: Oddline, install: Callable[..., Runtime], small_bundle: Path
) -> None:
    install(facts=XAVIER._replace(tensorrt="8.4.1"))
    oddline("build-engine", small_bundle)
    install()
    assert oddline("build-engine", small_bundle).err == (
        "oddline: the TensorRT engine that is kept is for TensorRT 8.4.1 and not 8.5.2; another one is built\n"
    )


def test_usage(oddline: Oddline, small_bundle: Path) -> None:
    assert oddline("build-engine").status == 2
    assert oddline("build-engine", small_bundle, "--via", "cuda").status == 2
    for ignored in (small_bundle, "--rebuild", "--prune"):
        ended = oddline("build-engine", "--list", ignored)
        assert (ended.status, "does not go with --list" in ended.err) == (2, True)


def test_a_bundle_that_is_none(oddline: Oddline, tmp_path: Path) -> None:
    ended = oddline("build-engine", tmp_path / "none")
    assert ended.status == 1
    assert "no such folder" in ended.err


def test_a_damaged_bundle(oddline: Oddline, small_bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(small_bundle, tmp_path / "bundle")
    (tmp_path / "bundle" / "model.onnx").write_bytes(b"x")
    assert oddline("build-engine", tmp_path / "bundle").status == 1
