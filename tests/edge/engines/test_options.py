"""The options of the TensorRT provider, by ONNX Runtime's version."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Union

import pytest
from fake_tensorrt import known_options

from edge.bundle.folder import Bundle
from edge.bundle.manifest import TensorSpec
from edge.engines.options import tensorrt_options
from edge.errors import ProviderError
from edge.runtime.session import PROVIDERS, import_onnxruntime

VERSIONS = ["1.15.0", "1.15.1", "1.16.3", "1.17.0", "1.17.1", "1.18.1", "1.19.2", "1.23.2", "1.32.0", "2.0.0"]


def spec(name: str, *shape: Union[int, str]) -> TensorSpec:
    return TensorSpec(name=name, dtype="int32", shape=list(shape))


IDS = [spec("ids", "batch", 32)]


def given(version: str = "1.16.3", folder: Any = Path("/cache/it"), **changes: Any) -> Dict[str, str]:
    arguments: Dict[str, Any] = {"precision": "fp32", "batch_sizes": [1, 8, 32], "inputs": IDS, **changes}
    return tensorrt_options(version, folder=folder, **arguments)


@pytest.mark.parametrize("version", VERSIONS)
def test_no_version_is_given_an_option_that_it_refuses(version: str) -> None:
    for folder in (Path("/cache"), None):
        assert set(given(version, folder)) <= known_options(version)


def test_everything_that_1_16_takes() -> None:
    assert given() == {
        "device_id": "0",
        "trt_max_workspace_size": "1073741824",
        "trt_fp16_enable": "False",
        "trt_int8_enable": "False",
        "trt_layer_norm_fp32_fallback": "False",
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": "/cache/it",
        "trt_timing_cache_enable": "True",
        "trt_profile_min_shapes": "ids:1x32",
        "trt_profile_opt_shapes": "ids:32x32",
        "trt_profile_max_shapes": "ids:32x32",
    }


@pytest.mark.parametrize(("version", "own"), [("1.15.1", False), ("1.16.3", False), ("1.17.0", True), ("1.19.2", True)])
def test_timings_have_a_path_of_their_own_from_1_17_on(version: str, own: bool) -> None:
    assert given(version).get("trt_timing_cache_path") == ("/cache/it" if own else None)


@pytest.mark.parametrize("version", VERSIONS)
def test_without_a_folder_nothing_is_kept(version: str) -> None:
    options = given(version, None)
    assert options["trt_engine_cache_enable"] == options["trt_timing_cache_enable"] == "False"
    assert not any(name.endswith("_path") for name in options)


def test_precisions_have_their_flags() -> None:
    flags = ("trt_fp16_enable", "trt_int8_enable", "trt_layer_norm_fp32_fallback")
    told = {precision: [given(precision=precision)[flag] for flag in flags] for precision in ("fp32", "fp16", "int8")}
    assert told == {
        "fp32": ["False", "False", "False"],
        "fp16": ["True", "False", "True"],
        "int8": ["False", "True", "False"],
    }
    assert "trt_int8_calibration_table_name" not in given(precision="int8"), "the graph has its scales"


def test_all_inputs_are_in_the_profile_and_only_rows_vary() -> None:
    inputs = [spec("steps", "batch", 100, 3), spec("length", "batch")]
    options = given(inputs=inputs, batch_sizes=[1, 64])
    assert options["trt_profile_min_shapes"] == "steps:1x100x3,length:1"
    assert options["trt_profile_max_shapes"] == options["trt_profile_opt_shapes"] == "steps:64x100x3,length:64"


def test_another_gpu() -> None:
    assert given(device=1)["device_id"] == "1"


@pytest.mark.parametrize("version", ["1.18.0+cu118", "1.17.0.dev20240101", "1.16.0.post1", "1.15"])
def test_versions_of_other_builds(version: str) -> None:
    assert given(version)["trt_engine_cache_enable"] == "True"


@pytest.mark.parametrize("version", ["1.14.1", "1.4.0", "0.9"])
def test_too_old_a_version_is_refused(version: str) -> None:
    with pytest.raises(ProviderError, match=rf"onnxruntime {version} is too old .*; install 1\.15 or later"):
        given(version)


@pytest.mark.parametrize("version", ["", "unknown", "1", "1.x", "99999.1"])
def test_what_is_no_version(version: str) -> None:
    with pytest.raises(ProviderError, match="cannot be read"):
        given(version)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"precision": "fp8"}, "the precision 'fp8' is unknown; it is one of fp32, fp16, int8"),
        ({"inputs": [spec("ids", "batch", "length")]}, "the input 'ids' has a shape that no engine can be built for"),
        ({"inputs": [spec("ids")]}, "the input 'ids' has a shape"),
        ({"inputs": [spec("ids:0", "batch", 4)]}, "the input 'ids:0' has a name"),
        ({"inputs": []}, "an engine needs a batch size and an input"),
        ({"batch_sizes": []}, "an engine needs a batch size and an input"),
    ],
)
def test_what_no_engine_can_be_built_for(changes: Dict[str, Any], message: str) -> None:
    with pytest.raises(ProviderError) as caught:
        given(**changes)
    assert message in str(caught.value)


def test_this_onnxruntime_takes_the_options(bundle: Bundle, capfd: pytest.CaptureFixture[str]) -> None:
    """It says which option it does not know also where there is no GPU (up to 1.16: later ones look for that first)."""
    runtime = import_onnxruntime()
    if PROVIDERS["tensorrt"] not in runtime.get_available_providers():
        pytest.skip("this onnxruntime was built without TensorRT")
    manifest = bundle.manifest
    for precision in ("fp32", "fp16", "int8"):
        options = given(runtime.__version__, precision=precision, inputs=manifest.graph.inputs)
        runtime.InferenceSession(bundle.model, providers=[(PROVIDERS["tensorrt"], options), PROVIDERS["cpu"]])
    said = "".join(capfd.readouterr())
    assert "EP option" not in said
    assert "should be" not in said


def test_a_fixed_first_axis_stays() -> None:
    shapes: List[TensorSpec] = [spec("ids", 4, 32)]
    assert given(inputs=shapes)["trt_profile_max_shapes"] == "ids:4x32"
