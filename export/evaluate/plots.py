"""Pictures of an evaluation: ROC curves with a logarithmic false-positive axis, and histograms of scores."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import OutputError
from edge.files.atomic import AtomicFile, output_error
from edge.runtime.verdicts import is_anomalous
from export.evaluate.report import DETECTOR
from export.evaluate.study import Scored

ROC_NAME = "roc.png"
SCORES_NAME = "scores.png"
_BINS = 60


def draw(folder: Path, scored: Sequence[Scored]) -> None:
    """Write roc.png and scores.png into the folder, which is made when it is missing.

    Raises:
        OutputError: they cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError("is not a folder", where=str(folder), mend="give --plots a folder") from error
    except OSError as error:
        raise output_error(error, folder) from error
    for name, figure in ((ROC_NAME, roc_figure(scored)), (SCORES_NAME, score_figure(scored))):
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=120)
        with AtomicFile(folder / name) as file:
            file.write(buffer.getvalue())


def roc_figure(scored: Sequence[Scored]) -> Any:
    """A matplotlib figure: one ROC curve for each scorer, its threshold as a point.

    The axis of false positives is logarithmic, as nobody runs a detector at a rate of ten per cent; it begins at half
    a line, where rates of zero are drawn.
    """
    from sklearn.metrics import roc_curve

    figure = _figure(7.0, 5.0)
    axes = figure.add_subplot()
    floor = 0.5 / len(scored[0].normal)
    for one in scored:
        anomalous = one.all_anomalous
        labels = np.concatenate([np.zeros(len(one.normal)), np.ones(len(anomalous))])
        fpr, tpr, _ = roc_curve(labels, np.concatenate([one.normal, anomalous]))
        style = "-" if one.kind == DETECTOR else "--"
        (line,) = axes.plot(np.maximum(fpr, floor), tpr, style, label=one.scorer.name)
        flagged = [float(np.mean(is_anomalous(scores, one.scorer.threshold))) for scores in (one.normal, anomalous)]
        axes.plot(max(flagged[0], floor), flagged[1], "o", color=line.get_color(), clip_on=False)
    axes.set_xscale("log")
    axes.set_xlim(floor, 1.0)
    axes.set_ylim(0.0, 1.02)
    axes.set_xlabel("false-positive rate (normal lines flagged)")
    axes.set_ylabel("true-positive rate (anomalous lines flagged)")
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.legend(loc="lower right", fontsize="small")
    return figure


def score_figure(scored: Sequence[Scored]) -> Any:
    """A matplotlib figure: for each scorer, how its scores of normal and of anomalous lines lie to its threshold."""
    columns = 2
    rows = math.ceil(len(scored) / columns)
    figure = _figure(4.5 * columns, 2.6 * rows)
    for place, one in enumerate(scored, start=1):
        axes = figure.add_subplot(rows, columns, place)
        anomalous = one.all_anomalous
        both = np.concatenate([one.normal, anomalous]).astype(np.float64)
        edges = np.histogram_bin_edges(both, bins=_BINS)
        for scores, label in ((one.normal, "normal"), (anomalous, "anomalous")):
            axes.hist(scores, bins=edges, weights=np.full(len(scores), 1 / len(scores)), alpha=0.6, label=label)
        axes.axvline(one.scorer.threshold, color="black", linewidth=1, label="threshold")
        axes.set_yscale("log")
        axes.set_ylim(0.5 / len(both), 1.5)
        axes.set_title(one.scorer.name, fontsize="small")
        axes.set_xlabel("score")
        axes.set_ylabel("share of lines")
        axes.legend(fontsize="x-small")
    return figure


def _figure(width: float, height: float) -> Any:
    # Not pyplot: that keeps state, and looks for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
