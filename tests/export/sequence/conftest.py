"""Small sessions, and what was trained on them."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, Callable, Iterator, List

import pytest

from export.simulate.sequence.samples import write


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    """Two folds, and rows of full length: to trace the network for each takes longer than to train it here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("export.sequence.fit._LENGTH_STEP", 1024)
        patch.setattr("export.sequence.fit.FOLDS", 2)
        yield


@pytest.fixture(scope="session")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated job system."""
    folder = tmp_path_factory.mktemp("jobs")
    write(folder, seed=5, days=1, per_day=4000)
    return folder


@pytest.fixture(scope="session")
def jobs_bundle(
    tensorflow: None, oddline: Callable[..., Any], jobs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with ``run`` and ``bundle``, trained for a moment on ready sessions."""
    folder = tmp_path_factory.mktemp("jobs-trained")
    ended = oddline(
        "train", "sequence", jobs / "train.events", "-o", folder / "run", "--epochs", 1, "--target-fpr", 0.01
    )
    assert ended.status == 0, ended.err
    ended = oddline("export", folder / "run", "-o", folder / "bundle")
    assert ended.status == 0, ended.err
    return folder


@pytest.fixture(scope="session")
def labelled_sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which sessions with the event 9 are anomalies."""
    random = Random(3)
    lines = ["Sequence,Label"]
    for _ in range(150):
        ids: List[str] = [str(random.randint(1, 4)) for _ in range(random.randint(2, 6))]
        odd = random.random() < 0.4
        if odd:
            ids.insert(random.randint(0, len(ids)), "9")
        lines.append(f"{' '.join(ids)},{'Broken' if odd else 'Normal'}")
    path = tmp_path_factory.mktemp("labelled") / "sessions.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
