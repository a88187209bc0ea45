"""Fixtures for the tests of engines: a bundle, what is said, and sources of engines."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from fake_tensorrt import FakeTensorrt, kept, load
from machines import XAVIER

from edge.bundle.folder import Bundle, load_bundle
from edge.engines.source import CachedEngines
from edge.engines.store import Store


@pytest.fixture(scope="session")
def bundle(small_bundle: Path) -> Bundle:
    return load_bundle(small_bundle)


@pytest.fixture(scope="session")
def relearnt_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same bundle after it learnt anew: other weights, and nothing else."""
    import small_bundle

    weights = [weight + 0.25 for weight in small_bundle.WEIGHTS]
    patch = pytest.MonkeyPatch()
    model = small_bundle._model(weights)
    patch.setattr(small_bundle, "_model", lambda: model)
    try:
        folder = small_bundle.make_small_bundle(tmp_path_factory.mktemp("bundles") / "relearnt")
    finally:
        patch.undo()
    return load_bundle(folder)


@pytest.fixture
def said() -> List[str]:
    return []


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache" / "engines")


@pytest.fixture
def make(bundle: Bundle, store: Store, said: List[str]) -> Callable[..., CachedEngines]:
    """A source of engines on a Xavier; `changes` are its arguments, `facts` among them as they are."""

    def source(**changes: Any) -> CachedEngines:
        facts = changes.pop("facts", XAVIER)
        arguments: Dict[str, Any] = {
            "bundle": bundle,
            "store": store,
            "facts": lambda: facts,
            "onnxruntime_version": "1.16.3",
            "say": said.append,
            "now": lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
            "clock": iter(range(0, 10**9, 90)).__next__,
            **changes,
        }
        return CachedEngines(arguments.pop("bundle"), **arguments)

    return source


@pytest.fixture
def place(make: Callable[..., CachedEngines]) -> Path:
    """An engine that was built before."""
    source = make(say=lambda _: None)
    load(source, FakeTensorrt())
    return kept(source)
