"""A process that wants an engine: ``builder.py BUNDLE ENGINES STARTED GO``.

It makes the file STARTED in the middle of a build, and goes on when there is a file GO. At its end it prints what it
said and how many engines it built, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import List

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[3]))

from fake_tensorrt import FakeTensorrt
from machines import XAVIER

from edge.bundle.folder import load_bundle
from edge.engines.source import CachedEngines
from edge.engines.store import Store


def main(bundle: Path, engines: Path, started: Path, go: Path) -> None:
    said: List[str] = []

    def during(folder: Path) -> None:
        (folder / "half.engine").write_bytes(b"half")
        started.touch()
        while not go.exists():
            time.sleep(0.01)
        (folder / "half.engine").unlink()

    def say(text: str) -> None:
        said.append(text)
        started.with_name(started.name + ".said").touch()

    tensorrt = FakeTensorrt(during=during)
    source = CachedEngines(
        load_bundle(bundle), store=Store(engines), facts=lambda: XAVIER, onnxruntime_version="1.16.3", say=say
    )
    tensorrt.load(source.bundle.model, source)
    assert source.outcome is not None
    print(json.dumps({"said": said, "built": tensorrt.built, "kept": source.outcome.entry is not None}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
