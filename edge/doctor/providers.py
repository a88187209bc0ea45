"""Execution providers: not which ones a build lists, but which ones really compute here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Callable, Dict, List, Optional, Protocol, Sequence

import msgspec
import numpy as np

from edge.device.needed import Missing, missing_in, missing_libraries
from edge.doctor.probe import Probe, disagreement
from edge.engines.options import tensorrt_options
from edge.errors import ProviderError
from edge.runtime.choices import PROVIDERS
from edge.runtime.engines import FixedOptions
from edge.runtime.faults import first_line, kind_of
from edge.runtime.providers import import_onnxruntime
from edge.runtime.session import Session


class Runs(Protocol):
    """A session, as far as it is needed here."""

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """The named outputs of one inference."""


OpenSession = Callable[[Probe, str], Runs]
"""Opens a session for a probe's model on a provider; raises `ProviderError`."""
FindMissing = Callable[[str], List[Missing]]
"""The libraries that a provider (by its short name) lacks."""
Check = Callable[[str, Probe], "ProviderCheck"]
"""Tries a provider (by its short name) with a probe."""


class ProviderCheck(msgspec.Struct, frozen=True):
    """`why` says what is wrong, None when it works; times are in seconds, None for what was not reached.

    `missing` are the shared libraries that stand in its way; it is empty for one that works. `kind` is the fault's, see
    `edge.runtime.faults`, None where there is none, or it is no fault of the provider's.
    """

    name: str
    works: bool
    why: Optional[str]
    load_seconds: Optional[float]
    run_seconds: Optional[float]
    missing: List[Missing] = []
    kind: Optional[str] = None


def built_in() -> List[str]:
    """The providers that the installed onnxruntime was built with, by onnxruntime's names.

    Raises:
        ProviderError: onnxruntime is not installed, or does not load.
    """
    names: List[str] = import_onnxruntime().get_available_providers()
    return names


def built_for_cuda() -> Optional[str]:
    """The version of CUDA that the installed onnxruntime was built with; None where it says none."""
    try:
        from onnxruntime.capi import build_and_package_info
    except Exception:  # not installed, damaged, or a build without that module; `built_in` says what is wrong
        return None
    return str(getattr(build_and_package_info, "cuda_version", "") or "") or None


def open_session(probe: Probe, provider: str) -> Session:
    """A session on one provider and no other, with the batch sizes and the options that `score` would give it.

    TensorRT builds an engine for it, which is kept nowhere.

    Raises:
        ProviderError: it cannot be had.
    """
    engines = None
    if provider == "tensorrt":
        options = tensorrt_options(
            str(import_onnxruntime().__version__),
            precision=probe.precision,
            batch_sizes=probe.batch_sizes,
            inputs=probe.graph_inputs,
            folder=None,
        )
        engines = FixedOptions(options)
    return Session(probe.model, provider=provider, batch_sizes=probe.batch_sizes, engines=engines)


def missing_for(provider: str) -> List[Missing]:
    """The shared libraries that a provider of the installed onnxruntime lacks; none where that does not load at all."""
    try:
        package = Path(import_onnxruntime().__file__).parent
    except ProviderError:
        return []
    return missing_libraries(str(package / "capi" / f"libonnxruntime_providers_{provider}.so"))


def check_providers(built: Sequence[str], probe: Probe, check: Check) -> List[ProviderCheck]:
    """A check of each provider that oddline can use and that is in `built`, the fastest kind first."""
    return [check(name, probe) for name, full in PROVIDERS.items() if full in built]


def unused(built: Sequence[str]) -> List[str]:
    """The providers in `built` that oddline does not use."""
    return [full for full in built if full not in PROVIDERS.values()]


def check_provider(
    name: str,
    probe: Probe,
    opener: OpenSession = open_session,
    clock: Callable[[], float] = time.perf_counter,
    missing: FindMissing = missing_for,
) -> ProviderCheck:
    """Whether a provider computes what it should, tried in this process."""
    started = clock()
    try:
        session = opener(probe, name)
    except ProviderError as error:
        check = ProviderCheck(name, False, error.what, None, None, missing(name), error.kind or None)
        return with_missing(check, f"{error.what}\n{error.said}")
    loaded = clock()
    try:
        outputs = session.run([probe.output], probe.inputs)
    except Exception as error:  # onnxruntime's own exceptions share no public base
        said = error.said if isinstance(error, ProviderError) else str(error)
        why = f"the inference failed ({first_line(said)})"
        return with_missing(ProviderCheck(name, False, why, loaded - started, None, kind=kind_of(said)), said)
    finished = clock()
    difference = disagreement(probe, outputs[0])
    right = difference <= probe.tolerance  # false for NaN too
    wrong = f"it computes something else (relative difference {difference:.2g}, allowed {probe.tolerance:.2g})"
    return ProviderCheck(name, right, None if right else wrong, loaded - started, finished - loaded)


def with_missing(check: ProviderCheck, text: str) -> ProviderCheck:
    """The check with the missing libraries that a message names put before those that it has, each of them once."""
    found: Dict[str, Missing] = {}
    for one in [*missing_in(text), *check.missing]:
        found.setdefault(one.name, one)
    return msgspec.structs.replace(check, missing=list(found.values()))
