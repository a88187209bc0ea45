"""Any number of rows in batches of a few fixed sizes.

A GPU does not like new shapes: TensorRT builds an engine anew for one outside of its profile, and CUDA chooses its
convolutions again and takes more memory from the device. So a batch is padded with zeros to the next of the sizes that
the bundle names, and the padding is cut off what comes out; rows do not depend on each other. A CPU gains nothing by
fixed shapes, and would compute the padding.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Protocol, Sequence, Tuple

import numpy as np

from edge.runtime.faults import first_line, is_memory


class RunsSizes(Protocol):
    """Something that runs a graph with a fixed number of rows."""

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray], size: int) -> List[np.ndarray]:
        """The named outputs for at most `size` rows, run as `size` rows, and cut to as many as there are."""

    def forget(self, above: int) -> None:
        """Give back what is kept for sizes of more than `above` rows."""


class Batches:
    """Runs any number of rows, in the sizes that the device has shown to have memory for."""

    def __init__(self, device: RunsSizes, sizes: Sequence[int], say: Callable[[str], None]) -> None:
        """`sizes` ascend; `say` receives one line when the device has too little memory for the largest of them."""
        self._device = device
        self._sizes = list(sizes)
        self._say = say
        self._said = False

    @property
    def sizes(self) -> Tuple[int, ...]:
        """The sizes in use, ascending."""
        return tuple(self._sizes)

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """The named outputs for as many rows as the inputs have, at least one.

        What the device has too little memory for is run again in batches of half of the rows or less, down to the
        smallest size. Whatever else it raises, and that in the end, goes on to the caller.
        """
        rows = len(next(iter(inputs.values())))
        done: List[List[np.ndarray]] = []
        start = 0
        while start < rows:
            taken, size = self.fit(rows - start)
            part = {name: values[start : start + taken] for name, values in inputs.items()}
            try:
                done.append(self._device.run(outputs, part, size))
            except Exception as error:  # onnxruntime's own exceptions share no public base
                if not is_memory(error) or not self._shrink(size, error):
                    raise
                continue
            start += taken
        return done[0] if len(done) == 1 else [np.concatenate(parts) for parts in zip(*done)]

    def fit(self, rows: int) -> Tuple[int, int]:
        """How many of the rows to run next, and the size to run them as."""
        largest = self._sizes[-1]
        if rows >= largest:
            return largest, largest
        return rows, next(size for size in self._sizes if size >= rows)

    def _shrink(self, failed: int, error: Exception) -> bool:
        """Whether there are sizes of at most half of the one that failed; the larger ones are given up."""
        smaller = [size for size in self._sizes if size <= failed // 2]
        if not smaller:
            return False
        self._sizes = smaller
        self._device.forget(smaller[-1])
        if not self._said:
            self._said = True
            self._say(
                f"the GPU has too little memory for {failed:,} rows at once ({first_line(error)}): "
                f"going on with {smaller[-1]:,}, or fewer if need be"
            )
        return True
