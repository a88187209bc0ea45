"""A provider tried in a process of its own.

A library that does not fit can end the process that loads it (cuDNN aborts when a part of it is missing), and what
onnxruntime has to say of one that does not load it writes to stderr. Apart, neither spoils the report, and both are
told in it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import Dict, List, Tuple

import msgspec
import numpy as np

from edge.bundle.manifest import TensorSpec
from edge.doctor.probe import Probe
from edge.doctor.providers import ProviderCheck, check_provider, with_missing
from edge.errors import ProviderError
from edge.runtime.faults import first_line
from edge.runtime.providers import import_onnxruntime

# TensorRT may build an engine for a bundle's model, which takes minutes on a small board.
MOST_SECONDS = 900.0
# The first entry of the path is the current folder, from where nothing is to be imported.
_CODE = "import sys; sys.path[:] = sys.argv.pop().split({!r}); from edge.doctor.trial import main; main()"


class Order(msgspec.Struct, frozen=True):
    """What the process is given: a provider and a `Probe`, arrays as (dtype, shape, bytes)."""

    provider: str
    name: str
    model: bytes
    inputs: Dict[str, Tuple[str, List[int], bytes]]
    output: str
    expected: Tuple[str, List[int], bytes]
    tolerance: float
    threshold: float
    precision: str
    batch_sizes: List[int]
    graph_inputs: List[TensorSpec]


def order_of(provider: str, probe: Probe) -> Order:
    """The order to try a provider with a probe."""
    return Order(
        provider=provider,
        name=probe.name,
        model=probe.model,
        inputs={name: _packed(values) for name, values in probe.inputs.items()},
        output=probe.output,
        expected=_packed(probe.expected),
        tolerance=probe.tolerance,
        threshold=probe.threshold,
        precision=probe.precision,
        batch_sizes=probe.batch_sizes,
        graph_inputs=probe.graph_inputs,
    )


def probe_of(order: Order) -> Probe:
    """The probe of an order."""
    return Probe(
        name=order.name,
        model=order.model,
        inputs={name: _unpacked(*values) for name, values in order.inputs.items()},
        output=order.output,
        expected=_unpacked(*order.expected),
        tolerance=order.tolerance,
        threshold=order.threshold,
        precision=order.precision,
        batch_sizes=order.batch_sizes,
        graph_inputs=order.graph_inputs,
    )


def try_apart(provider: str, probe: Probe, seconds: float = MOST_SECONDS) -> ProviderCheck:
    """Whether a provider computes what it should, tried in a process that may die of it."""
    order = order_of(provider, probe)
    path = os.pathsep.join(os.path.abspath(part) for part in sys.path)  # noqa: PTH100 - Path would follow no link too
    command = [sys.executable, "-c", _CODE.format(os.pathsep), path]
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter and our own code
            command, input=msgspec.msgpack.encode(order), capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return ProviderCheck(provider, False, f"it did not answer within {seconds:g} s", None, None)
    except OSError as error:
        return ProviderCheck(provider, False, f"it could not be tried ({error})", None, None)
    said = done.stderr.decode("utf-8", "replace")
    with contextlib.suppress(msgspec.DecodeError):
        check = msgspec.json.decode(done.stdout.rsplit(b"\n", 1)[-1], type=ProviderCheck)
        return check if check.works else with_missing(check, said)
    return with_missing(ProviderCheck(provider, False, _end(done.returncode, said), None, None), said)


def main() -> None:
    """The process's side: an `Order` on its standard input, a `ProviderCheck` as the last line of its output."""
    order = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Order)
    probe = probe_of(order)
    with contextlib.redirect_stdout(sys.stderr):  # onnxruntime prints to it
        with contextlib.suppress(ProviderError):
            import_onnxruntime()  # its own loading is no part of the times; the check says when it fails
        check = check_provider(order.provider, probe)
    sys.stdout.buffer.write(b"\n" + msgspec.json.encode(check))
    sys.stdout.flush()
    # What is right by now stays right, also when a driver's library fails on its way out.
    os._exit(0)


def _end(status: int, said: str) -> str:
    """How a process ended that gave no answer, with the last line that it wrote."""
    how = f"ended with status {status}"
    if status < 0:
        with contextlib.suppress(ValueError):
            how = f"was ended by {signal.Signals(-status).name}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f"the process that tried it {how}" + (f" ({first_line(lines[-1])})" if lines else "")


def _packed(values: np.ndarray) -> Tuple[str, List[int], bytes]:
    return values.dtype.str, list(values.shape), np.ascontiguousarray(values).tobytes()


def _unpacked(dtype: str, shape: List[int], data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.dtype(dtype)).reshape(shape)
