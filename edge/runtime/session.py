"""A loaded model on the provider that was asked for, or a plain error; with ``auto``, it goes on when a GPU is lost."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from edge.errors import ProviderError
from edge.runtime.choices import DEFAULT_BATCH_ROWS, PROVIDER_CHOICES, PROVIDERS
from edge.runtime.engines import EngineSource
from edge.runtime.faults import first_line, is_memory, kind_of
from edge.runtime.opening import Opener, OpenSession
from edge.runtime.providers import candidates, import_onnxruntime

__all__ = ["DEFAULT_BATCH_ROWS", "PROVIDERS", "PROVIDER_CHOICES", "Session", "import_onnxruntime"]


class Session:
    """A loaded model. `provider` is the short name of the one in use; it changes when a GPU is lost."""

    def __init__(
        self,
        model: bytes,
        *,
        provider: str = "auto",
        threads: int = 0,
        say: Callable[[str], None] = lambda _: None,
        batch_sizes: Sequence[int] = (),
        engines: Optional[EngineSource] = None,
        may_fall_back: bool = False,
    ) -> None:
        """Load the model and run it once.

        `threads` is onnxruntime's intra-op thread count, 0 for one per core. `say` receives one line when ``auto``
        has to fall back, here or later. A GPU runs batches of the `batch_sizes` (ascending), with inputs and outputs
        bound, or as they come when there are none. `engines` has what TensorRT needs. A GPU that is lost is given up
        for the CPU with ``auto``, and where it `may_fall_back`.

        Raises:
            ProviderError: the provider is unknown, is not in this build of onnxruntime, or was not really used.
        """
        runtime = import_onnxruntime()
        wanted = candidates(provider, runtime.get_available_providers())
        self._opener = Opener(runtime, model, threads=threads, batch_sizes=batch_sizes, engines=engines, say=say)
        self._may_fall_back = may_fall_back or provider == "auto"
        self._say = say
        failures: List[ProviderError] = []
        told: List[str] = []
        for name in wanted:
            try:
                self._open = self._opener.open(name)
                break
            except ProviderError as error:
                failures.append(error)
                told.append(f"{name}: {error.what}")
        else:
            # The last one is what everything could have run on; of a provider that was asked for it is the only one.
            last = failures[-1] if failures else ProviderError("")
            raise ProviderError(
                f"no session could be created ({'; '.join(told)})",
                mend=last.mend or "run oddline doctor to see what works here",
                kind=last.kind,
                said=last.said,
            )
        if told:
            say(f"running on {self.provider}, since {'; '.join(told)}")

    @property
    def provider(self) -> str:
        """The short name of the provider in use."""
        return self._open.provider

    @property
    def on_gpu(self) -> bool:
        """Whether the model runs beside the CPU and not on it."""
        return self.provider != "cpu"

    @property
    def batch_sizes(self) -> Tuple[int, ...]:
        """The sizes that batches run in, ascending, without those given up; empty where rows run as they come."""
        return self._open.batch_sizes

    @property
    def input_names(self) -> List[str]:
        """The graph's inputs, in its order."""
        return self._open.input_names

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """The named outputs of one inference.

        When it fails on a GPU that the user did not name, it is run on the CPU, as are all that follow; `say` is told.

        Raises:
            ProviderError: the inference failed.
        """
        try:
            return self._open.run(outputs, inputs)
        except Exception as error:  # onnxruntime's own exceptions share no public base
            failed = self._failed(error)
            if not (self._may_fall_back and self.on_gpu):
                raise failed from error
            self._leave_gpu(error, failed)
        try:
            return self._open.run(outputs, inputs)
        except Exception as error:  # as above
            raise self._failed(error) from error

    def _leave_gpu(self, error: Exception, failed: ProviderError) -> None:
        """Go on on the CPU.

        Raises:
            ProviderError: that does not work either.
        """
        try:
            cpu: OpenSession = self._opener.open("cpu")
        except ProviderError as other:
            raise ProviderError(f"{failed.what}, and so does the CPU ({other.what})", mend=other.mend) from error
        what = "the GPU has too little memory" if is_memory(error) else "the GPU was lost"
        self._say(f"{what} ({self.provider}: {first_line(error)}): this batch and all that follow run on the CPU")
        self._open = cpu

    def _failed(self, error: Exception) -> ProviderError:
        mend = "run oddline doctor to see what works here, or use --provider cpu"
        if is_memory(error):
            mend = "try a smaller --batch-size, or --provider cpu"
        elif not self.on_gpu:
            mend = "run oddline verify to see whether the bundle is whole"
        what = f"an inference on {self.provider} failed ({first_line(error)})"
        return ProviderError(what, mend=mend, kind=kind_of(str(error)), said=str(error))
