"""The board in a folder lies beside the tests of the board's instruments, the fake GPU beside those of the runtime."""

from __future__ import annotations

import sys
from pathlib import Path

for name in ("device", "runtime", "engines"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / name))
