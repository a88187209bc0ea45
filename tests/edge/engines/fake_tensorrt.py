"""An ONNX Runtime with TensorRT, as far as its engine cache goes.

It refuses options that its version does not know, names its files as the real one does, loads an engine that it finds,
and builds one that it does not find.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Set

from edge.bundle.wire import Message
from edge.engines.source import CachedEngines
from edge.errors import ProviderError

# The names in the Python bindings of the released packages, by what each version added.
_ADDED: Dict[str, str] = {
    "1.15": """
        device_id has_user_compute_stream user_compute_stream
        trt_auxiliary_streams trt_build_heuristics_enable trt_builder_optimization_level
        trt_context_memory_sharing_enable trt_detailed_build_log trt_dla_core trt_dla_enable trt_dump_subgraphs
        trt_engine_cache_enable trt_engine_cache_path trt_engine_decryption_enable trt_engine_decryption_lib_path
        trt_extra_plugin_lib_paths trt_force_sequential_engine_build trt_force_timing_cache trt_fp16_enable
        trt_int8_calibration_table_name trt_int8_enable trt_int8_use_native_calibration_table
        trt_layer_norm_fp32_fallback trt_max_partition_iterations trt_max_workspace_size trt_min_subgraph_size
        trt_profile_max_shapes trt_profile_min_shapes trt_profile_opt_shapes trt_sparsity_enable trt_tactic_sources
        trt_timing_cache_enable""",
    "1.16": "trt_cuda_graph_enable",
    "1.17": """
        trt_dump_ep_context_model trt_engine_cache_prefix trt_ep_context_embed_mode trt_ep_context_file_path
        trt_timing_cache_path""",
    "1.18": "trt_engine_hw_compatible trt_onnx_model_folder_path trt_weight_stripped_engine_enable",
    "1.19": "trt_onnx_bytestream trt_onnx_bytestream_size",
    "1.23": "trt_bf16_enable trt_op_types_to_exclude trt_preview_features",
}
_SWITCHES = ("_enable", "_fp32_fallback")
ENGINE = "TensorrtExecutionProvider_TRTKernel_graph_main_graph_5363895278113254389_0_0"


def known_options(version: str) -> Set[str]:
    """What the Python bindings of a version take."""
    numbers = [tuple(map(int, name.split("."))) for name in _ADDED]
    release = tuple(map(int, version.split(".")[:2]))
    return {
        option for number, options in zip(numbers, _ADDED.values()) if number <= release for option in options.split()
    }


class FakeTensorrt:
    """`load` stands for a session that is created and run; `built` counts the engines that it had to build.

    `during` is called in the middle of a build. `makes` is what an engine's file holds.
    """

    def __init__(
        self,
        version: str = "1.16.3",
        *,
        capability: str = "72",
        during: Callable[[Path], object] = lambda _: None,
        writes_engine: bool = True,
        takes_context: bool = True,
        name: str = ENGINE,
    ) -> None:
        self.version = version
        self.built = 0
        self.loaded: List[str] = []
        self.given: List[Dict[str, str]] = []
        self.broken: Optional[str] = None
        self._capability = capability
        self._during = during
        self._writes_engine = writes_engine
        self._takes_context = takes_context
        self._name = name

    def load(self, model: bytes, source: Any) -> object:
        with source.prepared() as options:
            self._session(getattr(source, "model", None) or model, options)
        return self

    def _session(self, model: bytes, options: Mapping[str, str]) -> None:
        self.given.append(dict(options))
        self._check(options)
        if self.broken is not None:
            raise ProviderError(self.broken)
        if b"EPContext" in model:
            if not self._takes_context:
                raise ProviderError("TensorRT EP could not deserialize engine from binary data")
            self.loaded.append("context")
            return
        if options["trt_engine_cache_enable"] != "True":
            self.built += 1
            self._during(Path("nowhere"))
            return
        folder = Path(options["trt_engine_cache_path"])
        if self.version >= "1.17":
            assert options["trt_timing_cache_path"] == str(folder)
        precision = "_fp16" if options["trt_fp16_enable"] == "True" else ""
        precision = "_int8" if options["trt_int8_enable"] == "True" else precision
        stem = f"{self._name}{precision}_sm{self._capability}"
        engine, profile = folder / f"{stem}.engine", folder / f"{stem}.profile"
        timings = folder / f"TensorrtExecutionProvider_cache_sm{self._capability}.timing"
        if engine.exists() and profile.read_text() == options["trt_profile_max_shapes"]:
            if engine.read_bytes() != self._content(model):
                raise ProviderError(f"TensorRT EP could not deserialize engine from cache: {engine}")
            self.loaded.append(engine.name)
            return
        self.built += 1
        known = timings.read_bytes() if timings.exists() else b""
        self._during(folder)
        if self._writes_engine:
            profile.write_text(options["trt_profile_max_shapes"])
            engine.write_bytes(self._content(model))
        timings.write_bytes(known + b"timings")

    def _check(self, options: Mapping[str, str]) -> None:
        unknown = set(options) - known_options(self.version)
        if unknown:
            raise ProviderError(f"Invalid TensorRT EP option: {sorted(unknown)[0]}")
        for name, value in options.items():
            assert isinstance(value, str)
            if name.endswith(_SWITCHES):
                assert value in ("True", "False"), "the bindings take no 1 and 0"

    def _content(self, model: bytes) -> bytes:
        return b"ptrt" + self._capability.encode() + len(model).to_bytes(4, "little") + model[-64:]


def embedded_engine(model: bytes) -> bytes:
    """The engine in a model with a single EPContext node."""
    (graph,) = Message(model, 0, len(model)).pick(7).messages(7)
    (node,) = graph.pick(1).messages(1)
    for attribute in node.pick(5).messages(5):
        picked = attribute.pick(1, 4)
        if picked.text(1) == "ep_cache_context":
            field = picked.one(4)
            assert field is not None
            return model[field.start : field.end]
    raise AssertionError("it has no engine")


def load(source: CachedEngines, tensorrt: FakeTensorrt) -> None:
    tensorrt.load(source.bundle.model, source)


def kept(source: CachedEngines) -> Path:
    """Where the engine is; there must be one."""
    assert source.outcome is not None
    assert source.outcome.entry is not None
    return source.outcome.folder
