"""Writes a simulation to a folder: the log, its labels, and the parts that training and evaluation take."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import msgspec

from edge.files.atomic import AtomicFile, output_error
from export.simulate.model import SimulatedLog, SimulationPaths

LABELS_SCHEMA_VERSION = 1


def write_simulation(log: SimulatedLog, folder: Path, name: str = "syslog.log") -> SimulationPaths:
    """Write the files of a simulation into `folder`, which is made if it does not exist.

    NAME            all lines, UTF-8; `name` is syslog.log by default
    labels.jsonl    a header object (schema_version, seed, days, lines_per_day, start, lines, bytes,
                    held_out_from_line, anomalous_lines, kinds: lines per kind, sha256 of the log), then one
                    object per anomalous line: line (from 1), offset (bytes), kind, incident
    train.log       the lines before the last fifth of the period, all normal
    normal.log      the normal lines of the last fifth
    anomalous.log   the anomalous lines of the last fifth

    Each file is written aside, synced and renamed. Raises OutputError when that fails; files of the same names from
    an earlier simulation are replaced.
    """
    paths = SimulationPaths(
        log=folder / name,
        labels=folder / "labels.jsonl",
        train=folder / "train.log",
        normal=folder / "normal.log",
        anomalous=folder / "anomalous.log",
    )
    anomalous = {label.line - 1 for label in log.labels}
    held_out = range(log.held_out_from, len(log.lines))
    whole = _encode(log.lines)
    _write(
        folder,
        {
            paths.train: _encode(log.lines[: log.held_out_from]),
            paths.normal: _encode([log.lines[index] for index in held_out if index not in anomalous]),
            paths.anomalous: _encode([log.lines[index] for index in sorted(anomalous)]),
            paths.log: whole,
            paths.labels: _labels(log, whole),
        },
    )
    return paths


def write_labelled(log: SimulatedLog, folder: Path, name: str) -> tuple[Path, Path]:
    """Write NAME.log and NAME.jsonl, a log and its labels as `write_simulation` does; where they are."""
    whole = _encode(log.lines)
    paths = folder / f"{name}.log", folder / f"{name}.jsonl"
    _write(folder, {paths[0]: whole, paths[1]: _labels(log, whole)})
    return paths


def _write(folder: Path, contents: Mapping[Path, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, folder) from error
    for path, content in contents.items():
        with AtomicFile(path) as file:
            file.write(content)


def _encode(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _labels(log: SimulatedLog, whole: bytes) -> bytes:
    header = {
        "schema_version": LABELS_SCHEMA_VERSION,
        "seed": log.seed,
        "days": log.days,
        "lines_per_day": log.lines_per_day,
        "start": log.start.isoformat(),
        "lines": len(log.lines),
        "bytes": len(whole),
        "held_out_from_line": log.held_out_from + 1,
        "anomalous_lines": len(log.labels),
        "kinds": dict(sorted(Counter(label.kind for label in log.labels).items())),
        "sha256": hashlib.sha256(whole).hexdigest(),
    }
    return msgspec.json.Encoder().encode_lines([header, *(asdict(label) for label in log.labels)])
