"""A bundle's engines, also for a user who has nowhere to keep them."""

from __future__ import annotations

from typing import Callable, ContextManager, Mapping, Optional

from edge.bundle.folder import Bundle
from edge.engines.alive import Alive, silent
from edge.engines.source import engine_source
from edge.errors import OutputError, ProviderError
from edge.runtime.engines import EngineSource


def engines_of(bundle: Bundle, *, say: Callable[[str], None], alive: Alive = silent) -> EngineSource:
    """`engine_source`; where there is no cache folder, one that has TensorRT refused, and leaves all else alone.

    Raises:
        ProviderError: onnxruntime is not installed, or does not load.
    """
    try:
        return engine_source(bundle, say=say, alive=alive)
    except OutputError as error:
        return _Nowhere(error)


class _Nowhere:
    """An `EngineSource` without a folder; who asks for TensorRT learns of it, and nobody else."""

    model: Optional[bytes] = None

    def __init__(self, why: OutputError) -> None:
        self._why = why

    def prepared(self) -> ContextManager[Mapping[str, str]]:
        raise ProviderError(f"its engines have no folder: {self._why.what}", mend=self._why.mend) from self._why
