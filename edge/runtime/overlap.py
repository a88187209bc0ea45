"""Work in two threads: the caller makes the next batch while this one is computed.

It pays where the two use different hardware, as the CPU that encodes and a GPU that infers. onnxruntime lets other
Python threads run meanwhile, and so does the tokenizer.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, Deque, Iterable, Iterator, Optional, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# One that is computed and one that waits: more would only take memory.
AHEAD = 2


class Overlap:
    """One thread, started when it is first needed and kept: CUDA has handles for each thread that ever ran."""

    def __init__(self) -> None:
        self._thread: Optional[ThreadPoolExecutor] = None

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function` of each item, in order; it runs in the other thread, while the next item is taken in this one.

        At most `AHEAD` items are under way. What `items` or `function` raises is raised here, in its place, after what
        is being computed has ended; so is Ctrl-C.
        """
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="oddline-inference")
        under_way: Deque[Future[Result]] = deque()
        try:
            for item in items:
                under_way.append(self._thread.submit(function, item))
                if len(under_way) == AHEAD:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()
            self._wait()

    def _wait(self) -> None:
        """Until nothing runs in the thread any more."""
        if self._thread is not None:
            self._thread.submit(lambda: None).result()
