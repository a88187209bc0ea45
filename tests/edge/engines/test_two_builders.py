"""Several processes that want one engine, and one that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest
from fake_tensorrt import FakeTensorrt

from edge.engines.source import CachedEngines
from edge.engines.store import Store

BUILDER = Path(__file__).with_name("builder.py")
WAITING = "another process is building this TensorRT engine; waiting for it"


class Processes:
    """Builders of one engine; each says that it has started by a file of its own, and all go on by the same one."""

    def __init__(self, bundle: Path, folder: Path, engines: Path) -> None:
        self.go = folder / "go"
        self._bundle, self._folder, self._engines = bundle, folder, engines
        self._all: List[subprocess.Popen] = []  # type: ignore[type-arg]

    def start(self) -> int:
        number = len(self._all)
        command = [sys.executable, str(BUILDER), str(self._bundle), str(self._engines), str(self.started(number))]
        self._all.append(subprocess.Popen([*command, str(self.go)], stdout=subprocess.PIPE))
        return number

    def started(self, number: int) -> Path:
        return self._folder / f"started{number}"

    def spoke(self, number: int) -> Path:
        return self._folder / f"started{number}.said"

    def result(self, number: int) -> Dict[str, Any]:
        out, _ = self._all[number].communicate(timeout=60)
        assert self._all[number].returncode == 0
        return dict(json.loads(out))

    def kill(self, number: int) -> None:
        os.kill(self._all[number].pid, signal.SIGKILL)
        self._all[number].wait()

    def end(self) -> None:
        for process in self._all:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def processes(small_bundle: Path, tmp_path: Path, store: Store) -> Iterator[Processes]:
    found = Processes(small_bundle, tmp_path, store.root)
    yield found
    found.end()


def wait_for(path: Path) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until, f"{path.name} did not appear"
        time.sleep(0.01)


def test_the_second_waits_says_so_once_and_takes_the_first_one_s(processes: Processes) -> None:
    first = processes.start()
    wait_for(processes.started(first))
    second = processes.start()
    wait_for(processes.spoke(second))
    time.sleep(0.5)  # more than one look at the lock
    processes.go.touch()
    assert processes.result(first) == {"said": [], "built": 1, "kept": True}
    assert processes.result(second) == {"said": [WAITING], "built": 0, "kept": True}


def test_four_at_once_build_one(processes: Processes) -> None:
    processes.go.touch()
    results = [processes.result(number) for number in [processes.start() for _ in range(4)]]
    assert sum(result["built"] for result in results) == 1
    assert all(result["kept"] for result in results)
    assert all(result["said"] in ([], [WAITING]) for result in results)


def test_after_a_killed_builder_the_next_one_builds_and_clears_up(
    processes: Processes, make: Callable[..., CachedEngines], store: Store, said: List[str]
) -> None:
    first = processes.start()
    wait_for(processes.started(first))
    processes.kill(first)
    assert len(list(store.root.glob("*/.oddline-*.tmp/half.engine"))) == 1
    assert store.entries() == []
    tensorrt, source = FakeTensorrt(), make()
    tensorrt.load(source.bundle.model, source)
    assert (tensorrt.built, said) == (1, []), "the lock went with the process that held it"
    assert list(store.root.glob("*/.oddline-*.tmp")) == []
    assert len(store.entries()) == 1


def test_who_waits_for_one_that_is_killed_builds(processes: Processes) -> None:
    first = processes.start()
    wait_for(processes.started(first))
    second = processes.start()
    wait_for(processes.spoke(second))
    processes.kill(first)
    processes.go.touch()
    assert processes.result(second) == {"said": [WAITING], "built": 1, "kept": True}
