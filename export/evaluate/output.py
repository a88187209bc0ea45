"""Writes what an evaluation gives into one folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.files.atomic import AtomicFile
from export.evaluate.page import page
from export.evaluate.plots import make_folder, pictures, write_pictures
from export.evaluate.report import write_report
from export.evaluate.study import Study

METRICS_NAME = "metrics.json"
PAGE_NAME = "report.html"


def write_study(folder: Path, study: Study, drawn: Mapping[str, bytes] | None = None) -> None:
    """Write metrics.json, report.html and the pictures; the folder is made, and files of these names are replaced.

    `drawn` are the pictures as PNG files, by their names, where they were drawn already.

    Raises:
        OutputError: they cannot be written.
    """
    make_folder(folder)
    drawn = pictures(study) if drawn is None else drawn
    write_pictures(folder, drawn)
    write_report(folder / METRICS_NAME, study.report)
    with AtomicFile(folder / PAGE_NAME) as file:
        file.write(page(study.report, drawn).encode("utf-8"))
