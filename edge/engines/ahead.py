"""Engines built ahead of the first score."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Optional

from edge.bundle.manifest import MODEL_NAME
from edge.engines import trtexec
from edge.engines.context import SINCE, context_model
from edge.engines.entry import CONTEXT_NAME
from edge.engines.key import EngineKey
from edge.engines.options import release, timing_name
from edge.engines.profile import shape_profile
from edge.engines.source import BUILDING, CachedEngines, Outcome
from edge.engines.store import Building
from edge.errors import ProviderError
from edge.files.atomic import output_error
from edge.runtime.choices import PROVIDERS
from edge.runtime.engines import EngineSource, FixedOptions

_ENGINE_NAME = "trtexec.engine"

Load = Callable[[bytes, EngineSource], object]
"""Loads a model in a session on TensorRT with this source, and runs it once for each batch size.

Raises a ProviderError when that fails, or when the session is not on TensorRT.
"""


def require_tensorrt(runtime: Any) -> None:
    """Refuse an onnxruntime that cannot use an engine, before one is built for it.

    Raises:
        ProviderError: it was built without TensorRT.
    """
    if PROVIDERS["tensorrt"] not in runtime.get_available_providers():
        raise ProviderError(
            f"this onnxruntime ({runtime.__version__}) was built without TensorRT",
            mend="install an onnxruntime-gpu that has it (on a Jetson, NVIDIA's own wheel for its JetPack)",
        )


def build_with_onnxruntime(source: CachedEngines, load: Load) -> Optional[Outcome]:
    """Have a session build the engine, unless one is kept; None when none could be kept.

    Raises:
        ProviderError: no session could be created on TensorRT.
    """
    load(source.bundle.model, source)
    return source.outcome


def build_with_trtexec(
    source: CachedEngines,
    load: Load,
    *,
    program: Path,
    execute: Optional[trtexec.Execute] = None,
    clock: Callable[[], float] = time.monotonic,
) -> Optional[Outcome]:
    """Have trtexec build the engine, unless one is kept; None when none could be kept.

    ONNX Runtime from 1.17 on takes its engine as it is, and is tried with it before it is kept. An older one, or one
    that does not take it, builds an engine of its own from the timings that trtexec has measured, which is quick.

    Raises:
        ProviderError: trtexec failed, or no session could be created on TensorRT.
    """
    key = source.key()
    if key is None:
        raise ProviderError(f"no engine can be kept here: {source.unknown} cannot be told", mend="run oddline doctor")
    with ExitStack() as stack:
        entry, building = source.begin(key, stack)
        if entry is not None:
            return Outcome(entry, source.store.place(source.bundle.manifest.name, key), False)
        if building is None:
            return None
        start = clock()
        try:
            _run_trtexec(source, key, building, program, execute)
            via = _take(source, key, building, load)
        except OSError as error:
            building.discard()
            raise output_error(error, building.place) from error
        except BaseException:
            building.discard()
            raise
        source.keep(key, building, via=via, seconds=clock() - start)
    return source.outcome


def _run_trtexec(
    source: CachedEngines, key: EngineKey, building: Building, program: Path, execute: Optional[trtexec.Execute]
) -> None:
    bundle, engine, model = source.bundle, building.path / _ENGINE_NAME, building.path / MODEL_NAME
    model.write_bytes(bundle.model)
    command = trtexec.command_line(
        program,
        model=model,
        engine=engine,
        timings=building.path / timing_name(key.compute_capability),
        precision=key.precision,
        profile=shape_profile(key.batch_sizes, key.inputs),
        device=source.device,
    )
    with source.alive("trtexec is building the engine"):
        report = trtexec.run(command, engine, execute)
    model.unlink()
    if report.latency_ms is not None:
        rows = key.batch_sizes[-1]
        source.say(f"trtexec measured {report.latency_ms:g} ms for {rows} rows, with copies to and from the GPU")


def _take(source: CachedEngines, key: EngineKey, building: Building, load: Load) -> str:
    """Make of trtexec's engine what ONNX Runtime can use; who built what is kept."""
    bundle, engine = source.bundle, building.path / _ENGINE_NAME
    content = engine.read_bytes()
    engine.unlink()
    if release(source.version) >= SINCE:
        model = context_model(bundle.manifest.graph, content, key.compute_capability)
        try:
            load(model, FixedOptions({"device_id": str(source.device)}))
        except ProviderError as error:
            why = f"it did not work ({error.what})"
        else:
            (building.path / CONTEXT_NAME).write_bytes(model)
            return "trtexec"
    else:
        why = f"it takes one from {'.'.join(map(str, SINCE))} on"
    source.say(
        f"onnxruntime {source.version} cannot use the engine of trtexec: {why}; it builds its own with the same timings"
    )
    with source.alive(BUILDING):
        load(bundle.model, FixedOptions(source.options(building.path)))
    source.require_engine(building)
    return "onnxruntime"
