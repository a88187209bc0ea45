"""Time by stage, where stages nest and each is charged only with what its inner ones do not take."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Callable, Dict, List, Optional, Tuple, Type

STAGES: Dict[str, Tuple[str, ...]] = {
    "read": ("read",),
    "parse": ("parse",),
    "encode": ("mask", "look-up", "encode"),
    "infer": ("model", "verdict"),
    "write": ("record", "render", "output"),
    "other": ("other",),
}
"""What end-to-end time is split into, in the order of the data, and the parts of each stage.

``look-up`` finds equal contents and remembered ones, ``record`` makes the records that are written, with their reasons
(for which the model runs once more on anomalous ones), ``other`` is the loop around all.
"""

PARTS = tuple(part for parts in STAGES.values() for part in parts)

Clock = Callable[[], int]
"""Nanoseconds from any beginning, never going back."""


class Stopwatch:
    """Charges all time between `start` and `stop` to the stage that is innermost at that moment.

    The stages' times therefore add up to the whole. Outside of any stage the time is charged to ``other``. While it is
    not started, a stage costs next to nothing.
    """

    def __init__(self, clock: Clock = time.perf_counter_ns) -> None:
        self._clock = clock
        self._stack: List[str] = []
        self._since = 0
        self.running = False
        self.nanoseconds: Dict[str, int] = {}

    def start(self) -> None:
        """Begin, with nothing charged yet."""
        self.nanoseconds = {}
        self._stack = ["other"]
        self._since = self._clock()
        self.running = True

    def stop(self) -> None:
        """End."""
        self._charge()
        self.running = False

    def stage(self, name: str) -> _Stage:
        """A context in which time is charged to `name`."""
        return _Stage(self, name)

    def enter(self, name: str) -> None:
        """The stage begins."""
        if self.running:
            self._charge()
            self._stack.append(name)

    def leave(self) -> None:
        """The innermost stage ends."""
        if self.running:
            self._charge()
            self._stack.pop()

    def by_part(self) -> Dict[str, float]:
        """Seconds of each part, in the order of `PARTS`; they add up to the whole."""
        return {part: self.nanoseconds.get(part, 0) / 1e9 for part in PARTS}

    def by_stage(self) -> Dict[str, float]:
        """Seconds of each stage, in the order of `STAGES`; they add up to the whole."""
        parts = self.by_part()
        return {stage: sum(parts[part] for part in inner) for stage, inner in STAGES.items()}

    def _charge(self) -> None:
        now = self._clock()
        name = self._stack[-1]
        self.nanoseconds[name] = self.nanoseconds.get(name, 0) + now - self._since
        self._since = now


class _Stage:
    __slots__ = ("_name", "_watch")

    def __init__(self, watch: Stopwatch, name: str) -> None:
        self._watch = watch
        self._name = name

    def __enter__(self) -> None:
        self._watch.enter(self._name)

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._watch.leave()
