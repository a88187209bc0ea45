"""Execution providers: not which ones a build lists, but which ones really compute here."""

from __future__ import annotations

import time
from typing import Callable, Dict, List, Optional, Protocol, Sequence

import msgspec
import numpy as np

from edge.doctor.probe import Probe, disagreement
from edge.errors import ProviderError
from edge.runtime.session import PROVIDERS, Session, import_onnxruntime


class Runs(Protocol):
    """A session, as far as it is needed here."""

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """The named outputs of one inference."""


OpenSession = Callable[[bytes, str], Runs]
"""Opens a session for a model on a provider; raises `ProviderError`."""


class ProviderCheck(msgspec.Struct, frozen=True):
    """`why` says what is wrong, None when it works; times are in seconds, None for what was not reached."""

    name: str
    works: bool
    why: Optional[str]
    load_seconds: Optional[float]
    run_seconds: Optional[float]


def built_in() -> List[str]:
    """The providers that the installed onnxruntime was built with, by onnxruntime's names.

    Raises:
        ProviderError: onnxruntime is not installed, or does not load.
    """
    names: List[str] = import_onnxruntime().get_available_providers()
    return names


def open_session(model: bytes, provider: str) -> Session:
    """A session on one provider and no other.

    Raises:
        ProviderError: it cannot be had.
    """
    return Session(model, provider=provider)


def check_providers(
    built: Sequence[str],
    probe: Probe,
    opener: OpenSession = open_session,
    clock: Callable[[], float] = time.perf_counter,
) -> List[ProviderCheck]:
    """A check of each provider that oddline can use and that is in `built`, the fastest kind first."""
    return [_check(name, probe, opener, clock) for name, full in PROVIDERS.items() if full in built]


def unused(built: Sequence[str]) -> List[str]:
    """The providers in `built` that oddline does not use."""
    return [full for full in built if full not in PROVIDERS.values()]


def _check(name: str, probe: Probe, opener: OpenSession, clock: Callable[[], float]) -> ProviderCheck:
    started = clock()
    try:
        session = opener(probe.model, name)
    except ProviderError as error:
        return ProviderCheck(name, False, error.what, None, None)
    loaded = clock()
    try:
        outputs = session.run([probe.output], probe.inputs)
    except Exception as error:  # onnxruntime's own exceptions share no public base
        why = str(error).strip().split("\n", 1)[0][:300]
        return ProviderCheck(name, False, f"the inference failed ({why})", loaded - started, None)
    finished = clock()
    difference = disagreement(probe, outputs[0])
    right = difference <= probe.tolerance  # false for NaN too
    wrong = f"it computes something else (relative difference {difference:.2g}, allowed {probe.tolerance:.2g})"
    return ProviderCheck(name, right, None if right else wrong, loaded - started, finished - loaded)
