"""The options of ONNX Runtime's TensorRT execution provider, by its version.

Names are those that the Python bindings of the released packages accept (`onnxruntime_pybind_state.cc` of 1.15.1,
1.16.3, 1.17.1, 1.18.1, 1.19.2 and 1.23.2; see also "TensorRT Execution Provider" in ONNX Runtime's documentation). They
refuse a key that they do not know, and then run on another provider; a switch is ``True`` or ``False``, not 1 or 0.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Optional, Sequence, Tuple

from edge.bundle.manifest import TensorSpec
from edge.engines.profile import shape_profile
from edge.errors import ProviderError

OLDEST = (1, 15)
PRECISIONS = ("fp32", "fp16", "int8")
WORKSPACE_BYTES = 1 << 30
"""What a tactic may use as scratch memory; ONNX Runtime's own default up to 1.18, said so that it stays."""

RECIPE = 1
"""To be raised when other options than before make the engine another one; it is part of the key of an engine."""

# The option, and the version of ONNX Runtime that brought it.
_SINCE: Dict[str, Tuple[int, int]] = {
    "device_id": OLDEST,
    "trt_max_workspace_size": OLDEST,
    "trt_fp16_enable": OLDEST,
    "trt_int8_enable": OLDEST,
    "trt_layer_norm_fp32_fallback": OLDEST,
    "trt_engine_cache_enable": OLDEST,
    "trt_engine_cache_path": OLDEST,
    "trt_timing_cache_enable": OLDEST,
    "trt_timing_cache_path": (1, 17),  # before, timings lie beside the engines
    "trt_profile_min_shapes": OLDEST,
    "trt_profile_opt_shapes": OLDEST,
    "trt_profile_max_shapes": OLDEST,
}


def release(version: str) -> Tuple[int, int]:
    """Major and minor number of an ONNX Runtime version such as ``1.16.3`` or ``1.18.0+cu118``.

    Raises:
        ProviderError: it is no version, or older than `OLDEST`, from which on shapes can be set.
    """
    match = re.match(r"(\d{1,4})\.(\d{1,4})(?!\d)", version)
    if match is None:
        raise ProviderError(f"the version {version!r} of onnxruntime cannot be read", mend="install a released one")
    found = int(match[1]), int(match[2])
    if found < OLDEST:
        raise ProviderError(
            f"onnxruntime {version} is too old for TensorRT engines with fixed shapes",
            mend="install 1.15 or later (on JetPack 5, NVIDIA's wheel of onnxruntime-gpu 1.16 or 1.17)",
        )
    return found


def tensorrt_options(
    version: str,
    *,
    precision: str,
    batch_sizes: Sequence[int],
    inputs: Sequence[TensorSpec],
    folder: Optional[Path],
    device: int = 0,
) -> Dict[str, str]:
    """The options for ONNX Runtime `version`, to be given with the provider's name.

    The engine takes every number of rows from the first to the last of `batch_sizes`, and is tuned for the last.
    Engines and timings are kept in `folder`, and nowhere when it is None. `device` is the number of the GPU.

    int8 is read from the graph's own QuantizeLinear and DequantizeLinear nodes: without a calibration table's name no
    other is asked for. fp16 keeps a square that is summed in float32: half precision ends at 65,504.

    Raises:
        ProviderError: the version is too old, the precision unknown, or the inputs have other dynamic axes than rows.
    """
    known = release(version)
    if precision not in PRECISIONS:
        raise ProviderError(f"the precision {precision!r} is unknown", mend=f"it is one of {', '.join(PRECISIONS)}")
    profile = shape_profile(batch_sizes, inputs)
    wanted = {
        "device_id": str(device),
        "trt_max_workspace_size": str(WORKSPACE_BYTES),
        "trt_fp16_enable": str(precision == "fp16"),
        "trt_int8_enable": str(precision == "int8"),
        "trt_layer_norm_fp32_fallback": str(precision == "fp16"),
        "trt_engine_cache_enable": str(folder is not None),
        "trt_timing_cache_enable": str(folder is not None),
        "trt_profile_min_shapes": profile.smallest,
        "trt_profile_opt_shapes": profile.tuned,
        "trt_profile_max_shapes": profile.largest,
    }
    if folder is not None:
        wanted["trt_engine_cache_path"] = wanted["trt_timing_cache_path"] = str(folder)
    return {name: value for name, value in wanted.items() if known >= _SINCE[name]}


def timing_name(compute_capability: str) -> str:
    """ONNX Runtime's name for the file of its timings, see `GetTimingCachePath` in tensorrt_execution_provider_utils.h.

    `compute_capability` is like ``7.2``.
    """
    return f"TensorrtExecutionProvider_cache_sm{compute_capability.replace('.', '')}.timing"
