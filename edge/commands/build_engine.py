"""`oddline build-engine`: build the TensorRT engine ahead of the first score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, List, Optional

import typer

from edge.commands import options
from edge.engines.places import TRTEXEC

if TYPE_CHECKING:
    from edge.engines.store import Store

VIA_CHOICES = ("onnxruntime", "trtexec")


def build_engine(
    bundle: Optional[Path] = typer.Argument(None, metavar="BUNDLE", help="Folder of the bundle.", show_default=False),
    via: str = typer.Option(
        "onnxruntime", "--via", metavar="|".join(VIA_CHOICES), help="What builds the engine; trtexec also measures it."
    ),
    program: Path = typer.Option(TRTEXEC, "--trtexec", metavar="FILE", help="NVIDIA's trtexec."),
    rebuild: bool = typer.Option(False, "--rebuild", help="Build also when a right engine is kept."),
    prune: bool = typer.Option(
        False, "--prune", help="Remove this bundle's engines for other models, GPUs and versions, and damaged ones."
    ),
    show: bool = typer.Option(False, "--list", help="Show the engines that are kept, and build none."),
) -> None:
    """Build a bundle's TensorRT engine on this device, ahead of the first score, and keep it."""
    from edge.bundle.folder import load_bundle
    from edge.engines.ahead import build_with_onnxruntime, build_with_trtexec, require_tensorrt
    from edge.engines.alive import on_stderr
    from edge.engines.entry import Entry
    from edge.engines.source import engine_source
    from edge.engines.store import Store
    from edge.errors import OutputError
    from edge.runtime.engines import EngineSource
    from edge.runtime.providers import import_onnxruntime, refuse_two_builds
    from edge.runtime.session import Session

    options.check_choice(via, VIA_CHOICES, "--via")
    if show:
        options.alone("--list", {"BUNDLE": bundle, "--rebuild": rebuild or None, "--prune": prune or None})
        _show_list(Store())
        return
    if bundle is None:
        raise typer.BadParameter("it is missing", param_hint="BUNDLE")
    loaded = load_bundle(options.folder(bundle))
    refuse_two_builds()
    require_tensorrt(import_onnxruntime())
    sizes = loaded.manifest.conversion.batch_sizes

    def load(model: bytes, engines: EngineSource) -> object:
        return Session(model, provider="tensorrt", say=options.say, batch_sizes=sizes, engines=engines)

    source = engine_source(loaded, say=options.say, alive=on_stderr, rebuild=rebuild)
    outcome = (
        build_with_trtexec(source, load, program=program) if via == "trtexec" else build_with_onnxruntime(source, load)
    )
    if outcome is None or outcome.entry is None:
        raise OutputError("no engine is kept", where=str(source.store.root), mend="mend what is said above")
    entry: Entry = outcome.entry
    done = f"built by {entry.via} in {entry.seconds:,.0f} s" if outcome.built else f"kept since {entry.built}"
    typer.echo(f"engine  {done}")
    typer.echo(f"size    {entry.size:,} bytes")
    typer.echo(f"folder  {outcome.folder}")
    if prune:
        for folder in source.store.prune(entry.bundle, entry.key):
            typer.echo(f"removed {folder}")


def _show_list(store: Store) -> None:
    from edge.commands.table import align
    from edge.errors import escape_control

    listed = store.entries()
    if not listed:
        options.say(f"no engines are kept in {store.root}")
        return
    rows: List[List[str]] = [["bundle", "precision", "GPU", "TensorRT", "onnxruntime", "bytes", "built", "folder"]]
    for folder, entry, _ in listed:
        if entry is not None:
            key = entry.key
            versions = [key.tensorrt, key.onnxruntime]
            size = f"{entry.size:,}"
            rows.append([entry.bundle, key.precision, key.gpu, *versions, size, entry.built, str(folder)])
    for line in align([[escape_control(cell) for cell in row] for row in rows], right=(5,)):
        typer.echo(line)
    for folder, _, unusable in listed:
        if unusable is not None:
            typer.echo(escape_control(f"unusable: {folder} ({unusable})"))
