"""The lines that a benchmark is run on: a user's logs, or the bundle's golden lines over and over."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, List, NamedTuple, Sequence

import numpy as np

from edge.bundle.folder import Bundle
from edge.bundle.golden import decode_golden
from edge.bundle.manifest import GOLDEN_NAME
from edge.errors import InputError, OutputError
from edge.files.lines import read_blocks
from edge.files.paths import Source, expand_paths
from edge.formats import Reader
from edge.text.clean import decode_block

MOST_LINES = 100_000
MOST_BYTES = 64 << 20
GOLDEN_LINES = 10_000
_AT_ONCE = 1000


@dataclass(frozen=True, eq=False)
class Sample:
    """`lines` without their line ends; `golden` when they are the bundle's own; `complete`: none was left out."""

    lines: List[bytes]
    names: List[str]
    golden: bool
    complete: bool

    @property
    def distinct(self) -> int:
        """How many of the lines differ."""
        return len(set(self.lines))


def read_sample(paths: Sequence[str], *, warn: Callable[[str], None]) -> Sample:
    """The first lines of the logs, as many as are few enough to be held in memory.

    Raises:
        InputError: a path cannot be read, or there is no line in them.
    """
    lines: List[bytes] = []
    names: List[str] = []
    size = 0
    for source in expand_paths(paths, warn=warn):
        names.append(source.name)
        try:
            for block in read_blocks(source):
                for line in block.lines:
                    if len(lines) == MOST_LINES or size > MOST_BYTES:
                        return Sample(lines, names, golden=False, complete=False)
                    lines.append(line)
                    size += len(line) + 1
        except InputError as error:
            # As far as it could be read, like score.
            if not lines:
                raise
            warn(f"warning: {error}")
    if not lines:
        raise InputError("there are no lines to measure with", where=", ".join(names), mend="name a log that has some")
    return Sample(lines, names, golden=False, complete=True)


def golden_sample(bundle: Bundle) -> Sample:
    """The bundle's golden lines, repeated in their order.

    Raises:
        IntegrityError: the bundle has none, or damaged ones.
    """
    where = bundle.root / GOLDEN_NAME
    golden = decode_golden(bundle.read(GOLDEN_NAME), str(where))
    lines = [line.encode("utf-8", "replace") for one in golden for line in one.lines]
    return Sample(repeat(lines, GOLDEN_LINES), [str(where)], golden=True, complete=True)


def repeat(lines: List[bytes], least: int) -> List[bytes]:
    """The lines, whole times over, at least `least` of them."""
    return lines * max(1, -(-least // len(lines)))


class SampleFile(NamedTuple):
    """A sample as a file, and the temporary folder that it lies in."""

    source: Source
    folder: Path


@contextmanager
def as_file(sample: Sample) -> Iterator[SampleFile]:
    """A temporary file that holds the sample; it goes away with its folder.

    Raises:
        OutputError: it cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="oddline-bench-") as folder:
        path = Path(folder) / "sample.log"
        try:
            path.write_bytes(b"".join([line + b"\n" for line in sample.lines]))
        except OSError as error:
            raise OutputError(
                f"the sample cannot be written ({error.strerror})",
                where=str(path),
                mend="set TMPDIR to a disk with room",
            ) from error
        yield SampleFile(Source(path, ", ".join(sample.names)), path.parent)


def holds_a_record(reader: Reader, lines: List[bytes]) -> bool:
    """Whether a new reader finds any record in the lines, which may be headers and blank ones alone."""
    for start in range(0, len(lines), _AT_ONCE):
        texts = decode_block(lines[start : start + _AT_ONCE])
        if len(reader.read(texts, start + 1, np.zeros(len(texts), np.int64))):
            return True
    return len(reader.finish()) > 0
