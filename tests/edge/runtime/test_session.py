"""Sessions: the provider that was asked for, or a plain error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Type

import numpy as np
import pytest
from engine_notes import Engines
from fake_gpu import CPU, CUDA, LOST, NO_MEMORY, TENSORRT, FakeGpu, install
from small_bundle import LENGTH, WEIGHTS

from edge.errors import OutputError, ProviderError
from edge.runtime.session import Session, import_onnxruntime

SIZES = [1, 8, 32]


@pytest.fixture(scope="module")
def model(small_bundle: Path) -> bytes:
    return (small_bundle / "model.onnx").read_bytes()


def rows_of(count: int) -> Dict[str, np.ndarray]:
    return {"ids": (np.arange(count * LENGTH, dtype=np.int32) % len(WEIGHTS)).reshape(count, LENGTH)}


def scores_of(count: int) -> List[float]:
    return np.asarray(WEIGHTS, np.float32)[rows_of(count)["ids"]].max(axis=1).tolist()


def fake(monkeypatch: pytest.MonkeyPatch, *available: str, **behaviour: Any) -> FakeGpu:
    return install(monkeypatch, FakeGpu(available, **behaviour))


def test_a_real_model_runs(model: bytes) -> None:
    said: List[str] = []
    session = Session(model, provider="cpu", threads=1, say=said.append)
    assert (session.provider, session.on_gpu, session.input_names, said) == ("cpu", False, ["ids"], [])
    ids = np.array([[1, 2, 3, 4, 5, 6, 7, 8]], np.int32)
    scores, tokens = session.run(["score", "token_scores"], {"ids": ids})
    assert tokens.tolist() == [WEIGHTS[1 : 1 + LENGTH]]
    assert scores.tolist() == [9.5]


def test_auto_takes_the_best_there_is(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    runtime = fake(monkeypatch, CPU, CUDA, TENSORRT)
    said: List[str] = []
    session = Session(model, threads=3, say=said.append)
    assert (session.provider, session.on_gpu) == ("tensorrt", True)
    assert runtime.asked == [[TENSORRT, CUDA, CPU]], "what TensorRT cannot run goes to CUDA, and then to the CPU"
    assert [options.intra_op_num_threads for options in runtime.session_options] == [3]
    assert said == []


def test_auto_on_a_machine_without_gpu(model: bytes) -> None:
    said: List[str] = []
    if {TENSORRT, CUDA} & set(import_onnxruntime().get_available_providers()):
        pytest.skip("this onnxruntime was built for a GPU")
    assert Session(model, say=said.append).provider == "cpu"
    assert said == [], "nothing was tried and failed, so there is nothing to say"


def test_auto_falls_back_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, model: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    ep_error = (
        "EP Error provider_bridge_ort.cc:1193 Failed to load library libonnxruntime_providers_tensorrt.so with error: "
        "libnvinfer.so.8: cannot open shared object file: No such file or directory\n when using ['Tensorrt']"
    )
    runtime = fake(monkeypatch, TENSORRT, CUDA, CPU, unused={TENSORRT: ep_error, CUDA: ""})
    said: List[str] = []
    assert Session(model, say=said.append).provider == "cpu"
    assert runtime.asked == [[TENSORRT, CUDA, CPU], [CUDA, CPU], [CPU]]
    reason = f"onnxruntime fell back to {CPU} and not {CUDA}"
    assert said == [f"running on cpu, since tensorrt: libnvinfer.so.8 is missing; cuda: {reason}"]
    assert capsys.readouterr().out == "", "the standard output is for results"
    assert runtime.severities == [4, 3, 4, 3], "the C++ side is quiet while a GPU is tried, and only then"


def test_auto_goes_on_when_a_provider_raises(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    runtime = fake(monkeypatch, CUDA, CPU, broken={CUDA: "CUDA failure 35: CUDA driver version is insufficient for"})
    said: List[str] = []
    assert Session(model, say=said.append).provider == "cpu"
    older = "the NVIDIA driver is older than the CUDA that this onnxruntime was built for"
    assert said == [f"running on cpu, since cuda: {older}"]
    assert runtime.severities == [4, 3]


@pytest.mark.parametrize("how", ["created", "used", "run"])
def test_what_was_asked_for_by_name_never_falls_back(monkeypatch: pytest.MonkeyPatch, model: bytes, how: str) -> None:
    """A session that cannot be created, one that took another provider, and one that cannot compute."""
    why = {
        "created": "no room on the bus",
        "used": f"onnxruntime fell back to {CPU} and not {CUDA}",
        "run": "a first inference failed (this onnxruntime has no code for this GPU's compute capability)",
    }[how]
    no_code = RuntimeError("CUDA error 209: no kernel image is available for execution on the device")
    runtime = fake(
        monkeypatch,
        CUDA,
        CPU,
        broken={CUDA: why} if how == "created" else {},
        unused={CUDA: ""} if how == "used" else {},
        failing=lambda provider, rows: no_code if how == "run" else None,
    )
    with pytest.raises(ProviderError) as caught:
        Session(model, provider="cuda")
    assert caught.value.what == f"no session could be created (cuda: {why})"
    mend = "built for this GPU" if how == "run" else "run oddline doctor to see what works here"
    assert mend in str(caught.value.mend)
    assert len(runtime.asked) == 1


def test_when_nothing_works_every_reason_is_told(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    fake(monkeypatch, CUDA, CPU, broken={CUDA: "no device", CPU: "bad model"})
    with pytest.raises(ProviderError, match=r"created \(cuda: no device; cpu: bad model\)"):
        Session(model)


@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
def test_a_provider_that_the_build_lacks(monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    runtime = fake(monkeypatch, CPU)
    full = {"cuda": CUDA, "tensorrt": TENSORRT}[provider]
    with pytest.raises(ProviderError) as caught:
        Session(b"", provider=provider)
    assert str(caught.value) == (
        f"this onnxruntime was built without {full}; install an onnxruntime that has it, or use --provider auto"
    )
    assert runtime.asked == []


def test_cuda_on_this_cpu_build(model: bytes) -> None:
    if CUDA in import_onnxruntime().get_available_providers():
        pytest.skip("this onnxruntime was built for a GPU")
    with pytest.raises(ProviderError, match="built without CUDAExecutionProvider"):
        Session(model, provider="cuda")


def test_an_unknown_provider(model: bytes) -> None:
    with pytest.raises(ProviderError, match=r"^provider 'gpu' is unknown; choose one of auto, tensorrt, cuda, cpu$"):
        Session(model, provider="gpu")


def test_a_model_that_onnxruntime_cannot_load() -> None:
    with pytest.raises(ProviderError, match=r"no session could be created \(cpu: .+\); run oddline doctor") as caught:
        Session(b"no model", provider="cpu")
    assert "\n" not in str(caught.value)


def test_without_onnxruntime(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ProviderError, match=r"cannot be imported \(.*\); install one: pip install 'oddline\[cpu\]'"):
        Session(model)


@pytest.mark.parametrize(("name", "full"), [("cuda", CUDA), ("tensorrt", TENSORRT)])
def test_a_gpu_runs_padded_batches(monkeypatch: pytest.MonkeyPatch, model: bytes, name: str, full: str) -> None:
    runtime = fake(monkeypatch, TENSORRT, CUDA, CPU)
    session = Session(model, provider=name, batch_sizes=SIZES)
    assert runtime.rows_run(full) == (SIZES if name == "tensorrt" else [1]), "all sizes, or a first inference"
    runtime.runs.clear()
    for count in (1, 2, 8, 9, 32, 33, 75):
        (scores,) = session.run(["score"], rows_of(count))
        assert scores.tolist() == scores_of(count)
    assert runtime.rows_run(full) == [1, 8, 8, 32, 32, 32, 1, 32, 32, 32]


def test_the_cpu_runs_batches_as_they_come(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    runtime = fake(monkeypatch, CPU)
    session = Session(model, provider="cpu", batch_sizes=SIZES)
    for count in (1, 5, 75):
        assert session.run(["score"], rows_of(count))[0].tolist() == scores_of(count)
    assert runtime.rows_run(CPU) == [1, 1, 5, 75]


def test_engines_are_kept_when_every_size_has_run(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    runtime = fake(monkeypatch, TENSORRT, CUDA, CPU)
    engines = Engines()
    runtime.failing = lambda provider, rows: engines.notes.append(f"run {rows}")
    Session(model, provider="tensorrt", batch_sizes=SIZES, engines=engines)
    assert engines.notes == ["entered", "run 1", "run 8", "run 32", "kept"]
    assert runtime.options[0][TENSORRT] == {"trt_fp16_enable": "1"}
    assert CPU not in runtime.options[0]


def test_an_engine_s_own_model_is_loaded_instead(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    fake(monkeypatch, TENSORRT, CPU)
    engines = Engines()
    engines.model = model
    assert Session(b"not this one", engines=engines).provider == "tensorrt"


@pytest.mark.parametrize("how", ["created", "used", "run"])
def test_no_engine_is_kept_of_a_session_that_failed(monkeypatch: pytest.MonkeyPatch, model: bytes, how: str) -> None:
    runtime = fake(
        monkeypatch,
        TENSORRT,
        CUDA,
        CPU,
        broken={TENSORRT: "no"} if how == "created" else {},
        unused={TENSORRT: ""} if how == "used" else {},
        failing=lambda provider, rows: RuntimeError("no") if provider == TENSORRT and rows == 8 else None,
    )
    engines = Engines()
    assert Session(model, batch_sizes=SIZES, engines=engines).provider == "cuda"
    assert engines.notes == ["entered", "dropped: ProviderError"]
    assert [names[0] for names in runtime.asked] == [TENSORRT, CUDA]


@pytest.mark.parametrize("kind", [ProviderError, OutputError])
def test_engines_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch, model: bytes, kind: Type[ProviderError]) -> None:
    fake(monkeypatch, TENSORRT, CUDA, CPU)
    said: List[str] = []
    engines = Engines(refuses=kind("no GPU of that name"))
    if kind is ProviderError:
        assert Session(model, engines=engines, say=said.append).provider == "cuda"
        assert said == ["running on cuda, since tensorrt: no GPU of that name"]
    else:
        with pytest.raises(kind, match="no GPU of that name"):
            Session(model, engines=engines, say=said.append)
    assert engines.notes == []


@pytest.mark.parametrize(("name", "full"), [("cuda", CUDA), ("tensorrt", TENSORRT)])
def test_a_lost_gpu_does_not_stop_auto(monkeypatch: pytest.MonkeyPatch, model: bytes, name: str, full: str) -> None:
    """It is lost in the second part of a batch of three; what is asked for afterwards runs on the CPU, too."""
    runtime = fake(monkeypatch, CPU, full)
    said: List[str] = []
    session = Session(model, batch_sizes=SIZES, say=said.append)
    runtime.runs.clear()
    runtime.failing = lambda provider, rows: RuntimeError(LOST) if provider == full and len(runtime.runs) >= 2 else None
    for count in (75, 3):
        scores, tokens = session.run(["score", "token_scores"], rows_of(count))
        assert scores.tolist() == scores_of(count)
        assert tokens.shape == (count, LENGTH)
    assert runtime.rows_run(full) == [32, 32]
    assert runtime.rows_run(CPU) == [1, 75, 3], "a first inference, the whole batch, and the next one"
    assert (session.provider, session.on_gpu) == ("cpu", False)
    lost = "CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=xavier"
    assert said == [f"the GPU was lost ({name}: {lost}): this batch and all that follow run on the CPU"]


def test_a_lost_gpu_that_was_asked_for_is_an_error(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    runtime = fake(monkeypatch, CPU, CUDA)
    session = Session(model, provider="cuda", batch_sizes=SIZES)
    runtime.failing = lambda provider, rows: RuntimeError(LOST)
    with pytest.raises(ProviderError) as caught:
        session.run(["score"], rows_of(3))
    assert str(caught.value) == (
        "an inference on cuda failed (CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=xavier); "
        "run oddline doctor to see what works here, or use --provider cpu"
    )
    assert len(runtime.asked) == 1


def test_a_lost_gpu_and_no_cpu(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    runtime = fake(monkeypatch, CPU, CUDA, broken={CPU: "no memory"})
    session = Session(model, batch_sizes=SIZES)
    runtime.failing = lambda provider, rows: RuntimeError(LOST)
    with pytest.raises(ProviderError, match=r"on cuda failed \(.*\), and so does the CPU \(no memory\)"):
        session.run(["score"], rows_of(3))


def test_a_graph_that_cannot_be_bound_is_not_run_on_a_gpu(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    runtime = fake(monkeypatch, CPU, CUDA)
    said: List[str] = []
    monkeypatch.setattr("edge.runtime.binding._DTYPES", {})
    assert Session(model, batch_sizes=SIZES, say=said.append).provider == "cpu"
    assert said == [
        "running on cpu, since cuda: a first inference failed "
        f"('ids' is tensor(int32) ['batch', {LENGTH}], which cannot be bound)"
    ]
    assert runtime.rows_run(CUDA) == []


def test_a_wrong_input_is_no_lost_gpu_for_ever(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    """What fails on the CPU as well is an error with ``auto``, too."""
    fake(monkeypatch, CPU, CUDA)
    session = Session(model, batch_sizes=SIZES)
    with pytest.raises(ProviderError, match="an inference on cpu failed"):
        session.run(["score"], {"ids": np.zeros((2, LENGTH), np.float32)})


@pytest.mark.parametrize("provider", ["auto", "cuda"])
def test_a_batch_beyond_the_gpu_s_memory_is_halved(
    monkeypatch: pytest.MonkeyPatch, model: bytes, provider: str
) -> None:
    runtime = fake(monkeypatch, CPU, CUDA)
    said: List[str] = []
    session = Session(model, provider=provider, batch_sizes=[1, 2, 4, 8, 32], say=said.append)
    runtime.runs.clear()
    runtime.failing = lambda provider, rows: RuntimeError(NO_MEMORY) if rows > 4 else None
    assert session.run(["score"], rows_of(34))[0].tolist() == scores_of(34)
    assert session.run(["score"], rows_of(34))[0].tolist() == scores_of(34)
    assert runtime.rows_run(CUDA) == [32, 8, *[4] * 8, 2, *[4] * 8, 2]
    assert session.provider == "cuda"
    assert len(said) == 1
    assert said[0].startswith("the GPU has too little memory for 32 rows at once ([ONNXRuntimeError]")
    assert said[0].endswith("going on with 8, or fewer if need be")


def test_a_model_beyond_the_gpu_s_memory(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    """Also the smallest batch is too large: then the GPU counts as lost."""
    runtime = fake(monkeypatch, CPU, CUDA)
    said: List[str] = []
    session = Session(model, batch_sizes=SIZES, say=said.append)
    runtime.failing = lambda provider, rows: RuntimeError(NO_MEMORY) if provider == CUDA else None
    assert session.run(["score"], rows_of(9))[0].tolist() == scores_of(9)
    assert len(said) == 2
    assert said[1].startswith("the GPU has too little memory (cuda: ")
    assert said[1].endswith("this batch and all that follow run on the CPU")
    named = Session(model, provider="cpu")
    assert named.provider == "cpu"
    runtime.failing = lambda provider, rows: RuntimeError(NO_MEMORY) if provider == CUDA else None
    with pytest.raises(ProviderError, match="its memory is too small for this model"):
        Session(model, provider="cuda", batch_sizes=SIZES)


def test_too_little_memory_for_the_largest_engine(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    """Sizes that do not fit are given up while TensorRT is prepared, and the rest is kept."""
    runtime = fake(
        monkeypatch,
        CPU,
        TENSORRT,
        failing=lambda provider, rows: RuntimeError("Cuda Runtime (out of memory)") if rows > 8 else None,
    )
    said: List[str] = []
    engines = Engines()
    session = Session(model, provider="tensorrt", batch_sizes=[1, 8, 32, 128], engines=engines, say=said.append)
    assert runtime.rows_run(TENSORRT) == [1, 8, 32, 8, 8, 8, 8]
    assert engines.notes == ["entered", "kept"]
    assert len(said) == 1
    assert session.run(["score"], rows_of(9))[0].tolist() == scores_of(9)


def test_the_runtime_s_telemetry_is_off_before_it_is_loaded() -> None:
    """onnxruntime 1.32 looks up a host of its maker some seconds after it was loaded, unless it is told not to."""
    code = (
        "import sys, os; import edge.cli; from edge.runtime.session import import_onnxruntime; "
        "assert 'onnxruntime' not in sys.modules; import_onnxruntime(); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
