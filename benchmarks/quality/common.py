"""What the scripts beside it share: their arguments, their trainings, reading of logs, and writing of results."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import msgspec

from edge.bundle.preprocessing import FormatSpec
from edge.errors import OddlineError
from edge.files.atomic import AtomicFile
from edge.files.lines import read_blocks
from edge.files.paths import Source, expand_paths
from edge.formats.records import read_all
from edge.runtime.pipeline import FormatChoice
from edge.text.clean import decode_block
from export.extra import require_extra
from export.run import Run, open_run
from export.training.options import TrainOptions
from export.training.train import train
from export.training.trainable import Trainable

_PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn", "tokenizers", "drain3")

Result = TypeVar("Result")


def parser(description: str, *, seeds: str) -> argparse.ArgumentParser:
    """The arguments of every script; `seeds` are those that are taken when none are given."""
    found = argparse.ArgumentParser(description=description)
    found.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of real data sets")
    found.add_argument("--seeds", type=_seeds, default=seeds, metavar="N,...", help="the first is the one to quote")
    found.add_argument("--json", type=Path, metavar="OUT", help="write every figure here")
    return found


def command(script: str, seeds: Sequence[int], more: str = "") -> str:
    """The command that gives a result, as it stands in its JSON."""
    return f"python benchmarks/quality/{script} --data DATA --seeds {','.join(map(str, seeds))}{more}"


def run(experiment: Callable[[], Result], render: Callable[[Result], Iterable[str]]) -> int:
    """Run an experiment and print its tables; the exit status."""
    try:
        require_extra()
        result = experiment()
    except OddlineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print("\n".join(render(result)))
    return 0


def write(result: msgspec.Struct, output: Path | None) -> None:
    """Write a result as JSON, if asked for.

    Raises:
        OutputError: it cannot be written.
    """
    if output is not None:
        with AtomicFile(output) as file:
            file.write(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")


@contextmanager
def trained(detector: Trainable, paths: Iterable[str | Path], options: TrainOptions) -> Iterator[Run]:
    """The run that ``oddline train`` would write, in a folder that is gone afterwards; nothing is said meanwhile.

    Raises:
        OddlineError: a path cannot be learnt from.
    """
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "run"
        train(detector, [str(path) for path in paths], where, options, say=silent, progress=no_progress)
        yield open_run(where)


def raw_lines(path: Path) -> list[bytes]:
    """The lines of a file, which may be packed.

    Raises:
        InputError: it cannot be read.
    """
    return _lines(_source(path))


def contents_of(path: Path, spec: FormatSpec) -> list[str]:
    """The records of a file as the device reads them.

    Raises:
        InputError: it cannot be read.
    """
    source = _source(path)
    texts = decode_block(_lines(source))
    return read_all(FormatChoice(spec).choose(source, texts, silent), texts).records.contents


def spread(values: Sequence[float]) -> str:
    """The first seed's figure, and in brackets the lowest and the highest of all seeds where they differ."""
    if not values:
        return "-"
    if min(values) == max(values):
        return f"{values[0]:.4f}"
    return f"{values[0]:.4f} ({min(values):.4f}-{max(values):.4f})"


def environment() -> dict[str, str]:
    """What the figures were made with."""
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), "machine": platform.machine(), **versions}


def say(message: str) -> None:
    """One line on stderr."""
    print(message, file=sys.stderr, flush=True)


def silent(message: str) -> None:
    """Say nothing."""


def no_progress(epoch: int, epochs: int, loss: float) -> None:
    """Show nothing."""


def _source(path: Path) -> Source:
    (source,) = expand_paths([str(path)], warn=say)
    return source


def _lines(source: Source) -> list[bytes]:
    return [line for block in read_blocks(source) for line in block.lines]


def _seeds(text: str) -> list[int]:
    return [int(seed) for seed in text.split(",")]
