"""Where a model runs best on this machine: what `oddline bench --providers` measured, for `--provider auto` to use.

One small file for each model, machine and version of onnxruntime, in the cache folder: it can be measured again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import List, Optional, Tuple

import msgspec

from edge.cache_folder import cache_folder
from edge.device.gpu import read_gpus
from edge.device.nvpmodel import read_power_mode
from edge.device.packages import RUNTIMES
from edge.doctor.machine import Machine
from edge.errors import OutputError
from edge.files.atomic import AtomicFile, output_error
from edge.runtime.choices import PROVIDERS

SCHEMA_VERSION = 2
FOLDER = "recommendations"
_MOST_BYTES = 1 << 16
_MOST_ROWS = 1 << 16


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a recommendation holds for; `onnxruntime` is the package with its version.

    `power_mode` and `l4t`, which has CUDA and TensorRT in it, are those of a Jetson, else None.
    """

    model_sha256: str
    cpu: str
    usable_cores: int
    gpus: List[str]
    onnxruntime: str
    l4t: Optional[str]
    power_mode: Optional[str]

    @property
    def key(self) -> str:
        """The name of the file, without its ending."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:32]


class Recommendation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fastest of what was measured; `threads` as in ``--threads``."""

    schema_version: int
    measured_at: str
    oddline: str
    setup: Setup
    provider: str
    batch_size: int
    threads: int
    records_per_second: float
    single_stream_p50_ms: float

    def __str__(self) -> str:
        batch = f"batch {self.batch_size}"
        return f"as measured on {self.measured_at[:10]}: {with_threads(f'{self.provider}, {batch}', self.threads)}"


def with_threads(text: str, threads: int) -> str:
    """The text with a number of threads behind it, where they are not left to the provider (0)."""
    return f"{text}, {threads} thread{'' if threads == 1 else 's'}" if threads else text


def setup_of(model_sha256: str, machine: Machine, gpus: List[str], power_mode: Optional[str]) -> Setup:
    """The setup of a model on this machine."""
    installed = [f"{name} {machine.packages[name]}" for name in RUNTIMES if machine.packages.get(name)]
    return Setup(
        model_sha256=model_sha256,
        cpu=machine.processor.model,
        usable_cores=machine.processor.usable,
        gpus=gpus,
        onnxruntime=", ".join(installed) or "unknown",
        l4t=machine.board.l4t,
        power_mode=power_mode,
    )


def power_mode_now() -> Optional[str]:
    """A Jetson's power mode, as setups and reports name it."""
    mode = read_power_mode()
    return None if mode is None else str(mode)


def gpu_names() -> List[str]:
    """The machine's GPUs with their compute capability, as setups and reports name them."""
    return [
        gpu.name if gpu.compute_capability is None else f"{gpu.name}, compute capability {gpu.compute_capability}"
        for gpu in read_gpus()
    ]


def path_of(setup: Setup, folder: Optional[Path] = None) -> Path:
    """Where the recommendation for a setup lies; `folder` is the cache folder, the user's own when not given."""
    return (folder or cache_folder()) / FOLDER / f"{setup.key}.json"


def refuse_unwritable(folder: Optional[Path] = None) -> None:
    """Refuse to go on where no recommendation could be written; `folder` is as in `path_of`.

    Raises:
        OutputError: none can be written.
    """
    place = (folder or cache_folder()) / FOLDER
    _make(place)
    try:
        AtomicFile(place / "trial").discard()
    except OutputError as error:
        raise _not_written(error) from error


def record(recommendation: Recommendation, folder: Optional[Path] = None) -> Path:
    """Write it down, in place of an older one; the path.

    Raises:
        OutputError: it cannot be written.
    """
    path = path_of(recommendation.setup, folder)
    _make(path.parent)
    try:
        with AtomicFile(path) as file:
            file.write(msgspec.json.format(msgspec.json.encode(recommendation), indent=2) + b"\n")
    except OutputError as error:
        raise _not_written(error) from error
    return path


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(output_error(error, folder)) from error


def _not_written(error: OutputError) -> OutputError:
    mend = f"{error.mend}, or set ODDLINE_CACHE_DIR to a folder that can be written to"
    return OutputError(f"the recommendation cannot be written ({error.what})", where=error.where, mend=mend)


def recorded(setup: Setup, folder: Optional[Path] = None) -> Tuple[Optional[Recommendation], Optional[str]]:
    """What was written down for a setup, None where there is nothing; and why a file that is there is not used."""
    path = path_of(setup, folder)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        return None, f"{path}: the recommendation cannot be read ({error.strerror}), and is not used"
    mend = "measure again: oddline bench BUNDLE LOG --providers all"
    try:
        version = msgspec.json.decode(data, type=_Head).schema_version
        if version != SCHEMA_VERSION:
            return None, f"{path}: the recommendation is of schema version {version}, and is not used; {mend}"
        found = msgspec.json.decode(data, type=Recommendation)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # a ValidationError is one
        return None, f"{path}: the recommendation is damaged ({error}), and is not used; {mend}"
    if found.setup != setup:
        return None, f"{path}: the recommendation is for another model or machine, and is not used; {mend}"
    possible = 1 <= found.batch_size <= _MOST_ROWS and 0 <= found.threads <= max(setup.usable_cores, 1)
    if not possible or found.provider not in PROVIDERS:
        return None, f"{path}: the recommendation is damaged (it names what cannot be), and is not used; {mend}"
    return found, None


class _Head(msgspec.Struct):
    schema_version: int
