"""Logs to evaluate on: read once as raw lines, and parsed for each detector as that detector reads on the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.bundle.preprocessing import FormatSpec
from edge.errors import TooLittleDataError
from edge.files.lines import read_blocks
from edge.files.paths import Source, expand_paths
from edge.formats.records import read_all
from edge.runtime.pipeline import FormatChoice
from edge.text.clean import decode_block

LEAST_NORMAL_LINES = 100
"""With fewer, one false alarm is more than 1 %, and nothing can be said of rates below that."""


@dataclass
class LogFile:
    """The raw lines of one source; with `keep`, int64, only those of its lines count, in that order."""

    source: Source
    lines: list[bytes]
    keep: np.ndarray | None = None
    _parsed: dict[FormatSpec, list[str]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.lines) if self.keep is None else len(self.keep)

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.source.name

    def contents(self, choice: FormatChoice, say: Callable[[str], None]) -> list[str]:
        """What a detector sees of each line that counts; `say` is told the format when it is parsed for the first time.

        The format is found by looking at the first lines of the whole file, as on the device.

        Raises:
            FormatError: the format that was asked for is wrong.
        """
        if choice.bundle not in self._parsed:
            texts = decode_block(self.lines)
            contents = read_all(choice.choose(self.source, texts[:1000], say), texts).records.contents
            self._parsed[choice.bundle] = contents if self.keep is None else [contents[i] for i in self.keep.tolist()]
        return self._parsed[choice.bundle]


@dataclass(frozen=True)
class Material:
    """What is evaluated on."""

    normal: list[LogFile]
    anomalous: list[LogFile]

    def check(self) -> None:
        """Make sure that there is enough.

        Raises:
            TooLittleDataError: fewer than 100 normal lines, or no anomalous one.
        """
        lines = sum(map(len, self.normal))
        if lines < LEAST_NORMAL_LINES:
            raise TooLittleDataError(
                f"{lines:,} normal lines are too few: a false-alarm rate of 1 % needs {LEAST_NORMAL_LINES}",
                where=_names(self.normal),
                mend="give --normal more of the log",
            )
        if not sum(map(len, self.anomalous)):
            raise TooLittleDataError(
                "there is no anomalous line", where=_names(self.anomalous), mend="give --anomalous a file that has some"
            )


def read_material(normal: Sequence[str], anomalous: Sequence[str], *, say: Callable[[str], None]) -> Material:
    """Read every file that the paths name; a folder is all of its files.

    Raises:
        InputError: a path cannot be read, or the standard input is named twice.
        TooLittleDataError: there is too little in them.
    """
    # Expanded together first: nothing is read before every path was looked at, and stdin is noticed across both.
    expand_paths([*normal, *anomalous], warn=_silent)
    groups = [[_read(source) for source in expand_paths(paths, warn=say)] for paths in (normal, anomalous)]
    material = Material(*groups)
    material.check()
    return material


def _read(source: Source) -> LogFile:
    file = LogFile(source, [])
    for block in read_blocks(source):
        file.lines += block.lines
    return file


def _names(files: Sequence[LogFile]) -> str:
    names = ", ".join(file.name for file in files[:3])
    return names if len(files) <= 3 else f"{names} and {len(files) - 3} more"


def _silent(_: str) -> None:
    """Say nothing."""
