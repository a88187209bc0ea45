"""A stand-in for an engine cache."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Dict, Iterator, List, Optional


class Engines:
    """An engine cache that notes what happens to it."""

    def __init__(self, refuses: Optional[Exception] = None) -> None:
        self.notes: List[str] = []
        self.model: Optional[bytes] = None
        self.refuses = refuses

    @contextmanager
    def prepared(self) -> Iterator[Dict[str, str]]:
        if self.refuses is not None:
            raise self.refuses
        self.notes.append("entered")
        try:
            yield {"trt_fp16_enable": "1"}
        except BaseException as error:
            self.notes.append(f"dropped: {type(error).__name__}")
            raise
        self.notes.append("kept")
