"""`oddline verify`: is the bundle whole, and does it score here as it did where it was made?"""

from __future__ import annotations

from pathlib import Path

import typer

from edge.commands import options


def verify(
    bundle: Path = options.BUNDLE,
    provider: str = options.PROVIDER,
    threads: int = options.THREADS,
) -> None:
    """Check a bundle's files, and score its golden lines again."""
    from edge.bundle.folder import load_bundle
    from edge.engines.alive import on_stderr
    from edge.engines.reach import engines_of
    from edge.runtime.detector import Detector
    from edge.runtime.session import PROVIDER_CHOICES
    from edge.runtime.verifying import self_test

    options.check_choice(provider, PROVIDER_CHOICES, "--provider")
    loaded = load_bundle(options.folder(bundle))
    manifest = loaded.manifest
    engines = engines_of(loaded, say=options.say, alive=on_stderr)
    detector = Detector(loaded, provider=provider, threads=threads, say=options.say, engines=engines)
    result = self_test(loaded, detector)
    size = sum(entry.size for entry in manifest.files)
    typer.echo(f"files     {len(manifest.files)} and the manifest, {size:,} bytes, all as listed")
    typer.echo(f"golden    {result.lines} lines ({result.anomalous} anomalous): contents, ids and verdicts as promised")
    typer.echo(
        f"scores    largest relative difference {result.largest:.2g} (line {result.largest_line}), "
        f"allowed {manifest.parity.tolerance:.2g}"
    )
    typer.echo(f"provider  {detector.session.provider}")
    typer.echo(f"{loaded.root}: verified")
