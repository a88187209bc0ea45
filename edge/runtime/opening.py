"""A session on one provider, and the proof that it computes there.

A list of providers says how the package was built. What counts here is a session that was created, the provider that it
took, and an inference that ran: a library for another CUDA, another driver or another GPU shows at one of the three.
"""

from __future__ import annotations

import io
from contextlib import contextmanager, redirect_stdout
from typing import Any, Callable, Dict, Iterator, List, Optional, Protocol, Sequence, Tuple

import numpy as np

from edge.errors import ProviderError
from edge.runtime.batching import Batches
from edge.runtime.binding import Binder
from edge.runtime.choices import PROVIDERS
from edge.runtime.engines import EngineSource
from edge.runtime.faults import fault_of, is_memory, not_used
from edge.runtime.providers import chain_of

_NUMPY_TYPES: Dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}
_ERRORS, _FATAL = 3, 4
_PROFILE = "trt_profile_"


class RunsRows(Protocol):
    """Something that runs a graph with any number of rows."""

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """The named outputs."""


class Opener:
    """Opens sessions for one model."""

    def __init__(
        self,
        runtime: Any,
        model: bytes,
        *,
        threads: int,
        batch_sizes: Sequence[int],
        engines: Optional[EngineSource],
        say: Callable[[str], None],
    ) -> None:
        self._runtime = runtime
        self._model = model
        self._threads = threads
        self._sizes = list(batch_sizes)
        self._engines = engines
        self._say = say

    def open(self, name: str) -> OpenSession:
        """A session that has computed on the provider `name`.

        Raises:
            ProviderError: there is none; `what` says why, in a few words.
        """
        if name != "tensorrt" or self._engines is None:
            return self._opened(name, self._model, {})
        with self._engines.prepared() as options:
            model, given = self._engines.model or self._model, dict(options)
            without = {option: value for option, value in given.items() if not option.startswith(_PROFILE)}
            try:
                return self._opened(name, model, given)
            except ProviderError as error:
                if error.kind != "profile" or without == given:
                    raise
            # Where it takes only parts of the graph, it wants shapes for what goes between them, or for nothing at all:
            # then it learns them from the batches of the warm-up, and builds anew for each that is larger.
            self._say("TensorRT takes only parts of the model: the rest runs on CUDA, and building takes longer")
            return self._opened(name, model, without)

    def _opened(self, name: str, model: bytes, provider_options: Dict[str, str]) -> OpenSession:
        runtime = self._runtime
        chain = chain_of(name, runtime.get_available_providers(), provider_options)
        printed = io.StringIO()
        with _quiet(runtime, name, printed):
            try:
                session = runtime.InferenceSession(model, self._options(name), providers=chain)
            except Exception as error:  # onnxruntime's own exceptions share no public base
                raise fault_of(str(error)).error() from error
            used = session.get_providers()
            if used[:1] != [PROVIDERS[name]]:
                raise not_used(runtime, name, used, printed.getvalue()).error()
            # Its Python side goes on with the next provider when an inference fails, and says so among the results.
            session.disable_fallback()
            try:
                opened = OpenSession(runtime, name, session, self._sizes, self._say)
                opened.warm_up()
            except Exception as error:  # as above
                what = "its memory is too small for this model" if is_memory(error) else "a first inference failed"
                fault = fault_of(str(error))
                raise fault.error(f"{what} ({fault.why})") from error
        return opened

    def _options(self, name: str) -> Any:
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = self._threads
        # What goes wrong on a GPU comes as an exception with the same text.
        options.log_severity_level = _ERRORS if name == "cpu" else _FATAL
        # What was checked is read as what it was checked as: onnxruntime has a format of its own, told by a magic word.
        options.add_session_config_entry("session.load_model_format", "ONNX")
        return options


class OpenSession:
    """A session of onnxruntime's on a provider, ready to run any number of rows."""

    def __init__(self, runtime: Any, name: str, session: Any, sizes: Sequence[int], say: Callable[[str], None]) -> None:
        """Raise ValueError where a GPU's inputs or outputs cannot be bound."""
        self.provider = name
        self.input_names = [item.name for item in session.get_inputs()]
        self._session = session
        self._warm_sizes = list(sizes) if name == "tensorrt" and sizes else list(sizes[:1]) or [1]
        self._rows: RunsRows = session
        self._batches: Optional[Batches] = None
        if name != "cpu" and sizes:
            self._batches = Batches(Binder(runtime, session, "cuda"), sizes, say)
            self._rows = self._batches

    @property
    def batch_sizes(self) -> Tuple[int, ...]:
        """See `edge.runtime.session.Session.batch_sizes`."""
        return () if self._batches is None else self._batches.sizes

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """The named outputs; raises what onnxruntime raises."""
        return self._rows.run(list(outputs), inputs)

    def warm_up(self) -> None:
        """Run zeros: on TensorRT every batch size, smallest first, so that no engine is built later; else the smallest.

        Raises what onnxruntime raises.
        """
        outputs = [item.name for item in self._session.get_outputs()]
        for size in self._warm_sizes:
            if self._batches is not None and size > self._batches.sizes[-1]:
                return
            self.run(outputs, {item.name: _zeros(item, size) for item in self._session.get_inputs()})


def _zeros(item: Any, size: int) -> np.ndarray:
    """An input of `size` rows, where the graph leaves their number open; other open axes get the length 1."""
    shape = [axis if isinstance(axis, int) else 1 for axis in item.shape]
    if item.shape and not isinstance(item.shape[0], int):
        shape[0] = size
    return np.zeros(shape, _NUMPY_TYPES[item.type])


@contextmanager
def _quiet(runtime: Any, name: str, printed: io.StringIO) -> Iterator[None]:
    """Keep onnxruntime from writing of a GPU that fails: its C++ side to stderr, its Python side among the results."""
    if name == "cpu":
        yield
        return
    runtime.set_default_logger_severity(_FATAL)
    try:
        with redirect_stdout(printed):
            yield
    finally:
        runtime.set_default_logger_severity(_ERRORS)
