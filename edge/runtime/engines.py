"""Where a TensorRT session's options and its prepared engines come from; who keeps engines implements it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import ContextManager, Dict, Iterator, Mapping, Optional, Protocol


class EngineSource(Protocol):
    """A cache of engines, as a session sees it.

    `model`, where it is not None while `prepared` is entered, is loaded instead of the bundle's own: the same graph as
    an engine that was built by other means.
    """

    @property
    def model(self) -> Optional[bytes]:
        """See above."""

    def prepared(self) -> ContextManager[Mapping[str, str]]:
        """Options of the TensorRT provider, for one session; entered before it is created.

        The context is left without an exception when the session is there and has run every batch size once, so that
        what was built is whole and can be kept. It is left with one when anything failed, also when onnxruntime took
        another provider: then nothing is kept, and the exception goes on. It may be entered again after that.

        Raises:
            ProviderError: TensorRT cannot be used here.
        """


class FixedOptions:
    """An `EngineSource` that keeps nothing."""

    def __init__(self, options: Dict[str, str]) -> None:
        self._options = options
        self.model: Optional[bytes] = None

    @contextmanager
    def prepared(self) -> Iterator[Mapping[str, str]]:
        """The options as they were given."""
        yield self._options
