"""Inputs and outputs that stay on the device, bound once for each batch size.

Without binding, onnxruntime allocates and copies each input and output anew at every run. Here a batch is one copy to
the device, into memory that is kept, and one back of the outputs that were asked for.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}


class _Tensor(NamedTuple):
    """`shape` is that of one row."""

    dtype: Any
    shape: Tuple[int, ...]


class Binder:
    """Runs a session with bound inputs and outputs; for use from one thread at a time, which it sees to."""

    def __init__(self, runtime: Any, session: Any, device: str, device_id: int = 0) -> None:
        """`device` is onnxruntime's name of the memory: ``cuda``, or ``cpu``, where it works as well.

        Raises:
            ValueError: an input or output has another dynamic axis than the first, or a dtype that no bundle has.
        """
        self._runtime = runtime
        self._session = session
        self._place = (device, device_id)
        self._inputs = {item.name: _tensor(item) for item in session.get_inputs()}
        self._outputs = {item.name: _tensor(item) for item in session.get_outputs()}
        self._slots: Dict[int, _Slot] = {}
        self._lock = Lock()

    @property
    def sizes(self) -> List[int]:
        """The sizes that memory is kept for, in the order of their first use."""
        return list(self._slots)

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray], size: int) -> List[np.ndarray]:
        """The named outputs of one inference of `size` rows, of which the inputs may have fewer: see `RunsSizes`."""
        with self._lock:
            slot = self._slots.get(size)
            if slot is None:
                slot = self._slots[size] = _Slot(self._inputs, size)
            rows = len(next(iter(inputs.values())))
            for name, tensor in self._inputs.items():
                slot.fill(name, tensor, inputs[name], self._on_device)
            binding = self._bound(slot, outputs, size)
            binding.synchronize_inputs()
            self._session.run_with_iobinding(binding)
            binding.synchronize_outputs()
            # A copy on the CPU: the memory that was bound is written to by the next run.
            return [np.array(slot.values[name].numpy()[:rows]) for name in outputs]

    def forget(self, above: int) -> None:
        """Give back the memory of sizes of more than `above` rows."""
        with self._lock:
            for size in [size for size in self._slots if size > above]:
                del self._slots[size]

    def _bound(self, slot: _Slot, outputs: Sequence[str], size: int) -> Any:
        """The binding of a slot for these outputs, made at the first use."""
        wanted = tuple(outputs)
        binding = slot.bindings.get(wanted)
        if binding is None:
            binding = self._session.io_binding()
            for name in self._inputs:
                binding.bind_ortvalue_input(name, slot.values[name])
            for name in wanted:
                if name not in slot.values:
                    slot.values[name] = self._on_device(self._outputs[name], size)
                binding.bind_ortvalue_output(name, slot.values[name])
            slot.bindings[wanted] = binding
        return binding

    def _on_device(self, tensor: _Tensor, size: int) -> Any:
        return self._runtime.OrtValue.ortvalue_from_shape_and_type((size, *tensor.shape), tensor.dtype, *self._place)


class _Slot:
    """What is kept for one batch size: host memory to pad in, values on the device, bindings by their outputs."""

    def __init__(self, inputs: Dict[str, _Tensor], size: int) -> None:
        self.size = size
        self.values: Dict[str, Any] = {}
        self.bindings: Dict[Tuple[str, ...], Any] = {}
        self._host = {name: np.zeros((size, *tensor.shape), tensor.dtype) for name, tensor in inputs.items()}

    def fill(self, name: str, tensor: _Tensor, rows: np.ndarray, make: Any) -> None:
        """Copy the rows of an input to the device, with zeros behind them."""
        if name not in self.values:
            self.values[name] = make(tensor, self.size)
        whole = len(rows) == self.size and rows.dtype == tensor.dtype and rows.flags.c_contiguous
        if not whole:
            padded = self._host[name]
            np.copyto(padded[: len(rows)], rows, casting="safe")
            padded[len(rows) :] = 0
            rows = padded
        self.values[name].update_inplace(rows)


def _tensor(item: Any) -> _Tensor:
    if item.type not in _DTYPES or not all(isinstance(axis, int) for axis in item.shape[1:]):
        raise ValueError(f"'{item.name}' is {item.type} {item.shape}, which cannot be bound")
    return _Tensor(_DTYPES[item.type], tuple(item.shape[1:]))
