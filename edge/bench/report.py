"""What a benchmark found, as it is kept on disk: one structure, one writer, one reader. `docs/benchmark.md` has it."""

from __future__ import annotations

import hashlib
import sysconfig
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import msgspec

from edge.bench.conditions import Conditions
from edge.bench.end_to_end import EndToEnd
from edge.bench.sample import Sample
from edge.bench.scenarios import Offline, Stream
from edge.bench.soak import Soak
from edge.bundle.folder import Bundle
from edge.device.files import HERE
from edge.device.libraries import KINDS, Library, find_libraries, package_folders
from edge.doctor.machine import Machine
from edge.errors import InputError, SchemaError

SCHEMA_VERSION = 3
_MOST_BYTES = 64 << 20


class BundleFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which bundle was measured."""

    name: str
    detector: str
    preset: str
    target: str
    precision: str
    manifest_sha256: str
    model_sha256: str


class MachineFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was measured on; None where it is not known, `packages` has None for one that is not installed.

    `usable_cores` are those that the process may run on. `gpus` are as the driver names them, with their compute
    capability. `libraries` are NVIDIA's by kind, in the versions that the loader would take; they count on a GPU only.
    """

    oddline: str
    python: str
    packages: Dict[str, Optional[str]]
    system: str
    kernel: str
    architecture: str
    board: Optional[str]
    l4t: Optional[str]
    cpu: str
    cores: int
    usable_cores: int
    gpus: List[str]
    libraries: Dict[str, Optional[str]]
    memory_bytes: Optional[int]


class InputFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lines that were measured with; `kind` is ``logs`` or ``golden``, `format` what they were read as.

    `sha256` is that of the lines with a line feed behind each; `complete` is false where the logs have more lines.
    """

    kind: str
    names: List[str]
    format: str
    lines: int
    distinct_lines: int
    bytes: int
    sha256: str
    complete: bool


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was really used, and for how long each scenario was run; `threads` 0 is one for each core.

    `changed` says in words what did not stay the same until the end: the figures are of no single setup then.
    `provider` names them in turn (``cuda then cpu``), and `batch_size` is the last one.
    """

    provider: str
    threads: int
    batch_size: int
    changed: List[str]
    seconds: float
    warm_up_seconds: float
    min_queries: int


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario that was not asked for is None; `before` and `after` are the machine around all of them."""

    schema_version: int
    kind: str
    measured_at: str
    bundle: BundleFacts
    machine: MachineFacts
    settings: Settings
    input: InputFacts
    before: Conditions
    after: Conditions
    single_stream: Optional[Stream]
    multi_stream: Optional[Stream]
    offline: Optional[Offline]
    end_to_end: Optional[EndToEnd]
    soak: Optional[Soak]
    peak_resident_bytes: int
    notes: List[str]


KIND = "bench"


def library_versions(libraries: Optional[Sequence[Library]] = None) -> Dict[str, Optional[str]]:
    """The version of each kind of library that the loader would take: of this machine's, when none are given."""
    if libraries is None:
        libraries = find_libraries(further=package_folders(HERE, sysconfig.get_paths()["purelib"]))
    return {kind: next((one.version for one in libraries if one.kind == kind), None) for kind in KINDS}


def machine_facts(machine: Machine, gpus: List[str], libraries: Dict[str, Optional[str]]) -> MachineFacts:
    """The facts that figures depend on."""
    return MachineFacts(
        oddline=machine.oddline,
        python=machine.system.python.split(" ", 1)[0],
        packages=dict(machine.packages),
        system=machine.system.os,
        kernel=machine.system.kernel,
        architecture=machine.system.architecture,
        board=machine.board.model,
        l4t=machine.board.l4t,
        cpu=machine.processor.model,
        cores=machine.processor.cores,
        usable_cores=machine.processor.usable,
        gpus=gpus,
        libraries=libraries,
        memory_bytes=machine.memory.total,
    )


def bundle_facts(bundle: Bundle) -> BundleFacts:
    """Which bundle it is."""
    manifest = bundle.manifest
    return BundleFacts(
        name=manifest.name,
        detector=manifest.detector,
        preset=manifest.preset,
        target=manifest.target,
        precision=manifest.precision,
        manifest_sha256=bundle.manifest_sha256,
        model_sha256=bundle.model_sha256,
    )


def input_facts(sample: Sample, read_as: str) -> InputFacts:
    """Which lines they are; `read_as` is the format."""
    digest = hashlib.sha256()
    for line in sample.lines:
        digest.update(line + b"\n")
    return InputFacts(
        kind="golden" if sample.golden else "logs",
        names=sample.names,
        format=read_as,
        lines=len(sample.lines),
        distinct_lines=sample.distinct,
        bytes=sum(map(len, sample.lines)) + len(sample.lines),
        sha256=digest.hexdigest(),
        complete=sample.complete,
    )


def encode_report(report: msgspec.Struct) -> bytes:
    """The file of a report."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


class _Head(msgspec.Struct):
    schema_version: int
    kind: str = ""


def read_report(path: Path) -> Report:
    """A report from its file.

    Raises:
        InputError: the file cannot be read.
        SchemaError: it is damaged, of another schema version, or no report of a benchmark.
    """
    where, mend = str(path), "run oddline bench --json again"
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=where, mend="check the path") from error
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.kind not in (KIND, ""):  # a kind has versions of its own; the first version of this one named none
            raise SchemaError(f"is of the kind {head.kind!r}, not {KIND!r}", where=where, mend=mend)
        if head.schema_version != SCHEMA_VERSION:
            what = f"is of schema version {head.schema_version}, and this oddline reads {SCHEMA_VERSION}"
            raise SchemaError(what, where=where, mend=mend)
        return msgspec.json.decode(data, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # a ValidationError is one
        raise SchemaError(f"is damaged, or not written by oddline bench ({error})", where=where, mend=mend) from error
