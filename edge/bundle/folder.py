"""Load a bundle, and write one in a single step.

Nothing of a bundle is used before all of it was checked, and what is used are the bytes that were checked: the model is
kept in memory from the moment it is hashed, and every other file is checked again when it is read.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional

from edge.bundle.caps import check_caps, find_target
from edge.bundle.integrity import check_files, read_limited, read_listed
from edge.bundle.manifest import (
    MANIFEST_NAME,
    MODEL_NAME,
    GraphSpec,
    Manifest,
    decode_manifest,
    outline_files,
)
from edge.bundle.onnx_reader import ModelFacts, read_model_facts
from edge.errors import BundleError, IntegrityError, SchemaError
from edge.files.atomic import atomic_folder, output_error

MAX_MANIFEST_BYTES = 64 << 20
RUN_NAME = "run.json"  # what oddline train writes, easily mistaken for a bundle
DETECTORS = ("flow", "line", "sequence", "access")
"""The detectors that this oddline can score with."""


@dataclass(frozen=True)
class Bundle:
    """A bundle that passed every check; `manifest_sha256` is the hash of the manifest file's bytes."""

    root: Path
    manifest: Manifest
    manifest_sha256: str
    model: bytes
    facts: ModelFacts

    @property
    def model_sha256(self) -> str:
        return next(entry.sha256 for entry in self.manifest.files if entry.path == MODEL_NAME)

    def has(self, path: str) -> bool:
        """Whether the manifest lists the file (``tokenizer.json``)."""
        return any(entry.path == path for entry in self.manifest.files)

    def read(self, path: str) -> bytes:
        """The content of a listed file, checked against the manifest as it is read.

        Raises:
            IntegrityError: the manifest does not list it, or the file changed since the bundle was loaded.
        """
        for entry in self.manifest.files:
            if entry.path == path:
                return read_listed(self.root, entry)
        raise IntegrityError(f"does not list {path}", where=str(self.root / MANIFEST_NAME), mend="export it again")


def load_bundle(path: Path) -> Bundle:
    """Check a bundle's manifest, files and model, in this order, and return it.

    Raises:
        BundleError: the folder is not there.
        SchemaError: the manifest is damaged, or of another schema version.
        SchemaError: the detector is one that this oddline does not have.
        IntegrityError: a file is missing, changed, linked or not listed; the model is damaged, has values in another
            file, or is not the one that the manifest describes.
        CapsError: the manifest's target is not known, or cannot run the model.
    """
    if not path.is_dir():
        what = "a bundle is a folder, and this is a file" if path.exists() else "no such folder"
        raise BundleError(what, where=str(path), mend="give the path of a bundle's folder")
    if (path / RUN_NAME).is_file() and not (path / MANIFEST_NAME).exists():
        raise BundleError(
            "this is a run", where=str(path), mend=f"make a bundle of it: oddline export {path} -o BUNDLE"
        )
    manifest_bytes = read_limited(path, MANIFEST_NAME, MAX_MANIFEST_BYTES)
    manifest = decode_manifest(manifest_bytes, str(path / MANIFEST_NAME))
    if manifest.detector not in DETECTORS:
        raise SchemaError(
            f"the detector '{manifest.detector}' is not one of {', '.join(DETECTORS)}",
            where=str(path / MANIFEST_NAME),
            mend="update oddline on this machine",
        )
    model = check_files(path, manifest, keep=(MODEL_NAME,))[MODEL_NAME]
    where = str(path / MODEL_NAME)
    facts = read_model_facts(model, where)
    check_caps(facts, find_target(manifest.target), where)
    _check_self_contained(facts, where)
    _check_graph(manifest.graph, facts.graph_spec(), where)
    return Bundle(
        root=path,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest_bytes).hexdigest(),
        model=model,
        facts=facts,
    )


@contextmanager
def new_bundle_folder(path: Path) -> Iterator[Path]:
    """A hidden folder to write a bundle into, which takes the place of `path` when the block ends without an error.

    The folders above `path` are made when they are missing.

    Raises:
        OutputError: `path` is there and is neither an empty folder nor a bundle; or the bundle cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, path) from error
    with atomic_folder(path, refusal=_refusal) as folder:
        yield folder


def _refusal(existing: Path) -> Optional[str]:
    """Why a folder must not be replaced by a bundle, None when nothing but a bundle would be lost.

    A bundle of another schema version may be replaced, and a changed one; a folder that holds anything besides may not.
    """
    try:
        files = outline_files(read_limited(existing, MANIFEST_NAME, MAX_MANIFEST_BYTES))
    except IntegrityError:
        files = None
    if files is None:
        return "is not a bundle"
    listed = {*files, MANIFEST_NAME}
    for found in sorted(existing.rglob("*")):
        if found.is_symlink() or not found.is_dir():
            relative = found.relative_to(existing).as_posix()
            if relative not in listed:
                return f"holds {relative}, which is not part of its bundle"
    return None


def _check_self_contained(facts: ModelFacts, where: str) -> None:
    if facts.external_data:
        raise IntegrityError(
            f"the values of the tensor '{facts.external_tensors[0]}' are in another file",
            where=where,
            mend="export the model with its weights inside",
        )


def _check_graph(stated: GraphSpec, found: GraphSpec, where: str) -> None:
    for field in GraphSpec.__struct_fields__:
        if getattr(stated, field) != getattr(found, field):
            raise IntegrityError(
                f"the model's {field} is not what the manifest says", where=where, mend="export the bundle again"
            )
