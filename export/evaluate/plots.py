"""Pictures of an evaluation, drawn by matplotlib from scikit-learn's curves."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import OutputError
from edge.files.atomic import AtomicFile, output_error
from edge.runtime.verdicts import is_anomalous
from export.evaluate.metrics import as_labelled
from export.evaluate.report import DETECTOR
from export.evaluate.study import Scored, Study

ROC_NAME = "roc.png"
PRECISION_RECALL_NAME = "precision_recall.png"
SCORES_NAME = "scores.png"
CONFUSION_NAME = "confusion.png"
TRAINING_NAME = "training.png"
CLASS_NAMES = ("No Attack", "Attack")
VALIDATION = "val_"
_BINS = 60
_ROC_POINTS = 400


def pictures(study: Study) -> dict[str, bytes]:
    """All pictures as PNG files, by their names; that of the training only where the run has its curves."""
    figures = {
        CONFUSION_NAME: confusion_figure(study.scored[0]),
        PRECISION_RECALL_NAME: precision_recall_figure(study.scored),
        ROC_NAME: roc_figure(study.scored),
        SCORES_NAME: score_figure(study.scored),
    }
    if study.report.history:
        figures[TRAINING_NAME] = training_figure(study.report.history)
    return {name: _png(figure) for name, figure in figures.items()}


def write_pictures(folder: Path, drawn: Mapping[str, bytes]) -> None:
    """Write them into the folder, which is made when it is missing.

    Raises:
        OutputError: they cannot be written.
    """
    make_folder(folder)
    for name, data in drawn.items():
        with AtomicFile(folder / name) as file:
            file.write(data)


def make_folder(folder: Path) -> None:
    """Make a folder for results, if it is not there.

    Raises:
        OutputError: it cannot be made, or something else has its name.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError("is not a folder", where=str(folder), mend="give the name of a folder") from error
    except OSError as error:
        raise output_error(error, folder) from error


def confusion_figure(scored: Scored) -> Any:
    """A matplotlib figure: how many records of each class the detector calls what, at its own threshold."""
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    labels, scores = as_labelled(scored.normal, scored.anomalous)
    matrix = confusion_matrix(labels, is_anomalous(scores, scored.scorer.threshold), labels=[0, 1])
    figure = _figure(4.6, 3.8)
    display = ConfusionMatrixDisplay(matrix, display_labels=CLASS_NAMES)
    display.plot(ax=figure.add_subplot(), cmap="Blues", values_format=",d", colorbar=False)
    return figure


def precision_recall_figure(scored: Sequence[Scored]) -> Any:
    """A matplotlib figure: one precision-recall curve for each scorer, its threshold as a point."""
    from sklearn.metrics import precision_recall_curve, precision_score, recall_score

    figure = _figure(7.0, 5.0)
    axes = figure.add_subplot()
    for one in scored:
        labels, scores = as_labelled(one.normal, one.anomalous)
        precision, recall, _ = precision_recall_curve(labels, scores)
        style = "-" if one.kind == DETECTOR else "--"
        (line,) = axes.plot(recall, precision, style, drawstyle="steps-post", label=one.scorer.name)
        flagged = is_anomalous(scores, one.scorer.threshold)
        if flagged.any():
            point = recall_score(labels, flagged), precision_score(labels, flagged)
            axes.plot(*point, "o", color=line.get_color(), clip_on=False)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.02)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision on these records")
    axes.grid(visible=True, alpha=0.2)
    figure.legend(loc="outside lower center", fontsize="small", ncols=2)
    return figure


def roc_figure(scored: Sequence[Scored]) -> Any:
    """A matplotlib figure: one ROC curve for each scorer, its threshold as a point.

    The axis of false positives is logarithmic, as nobody runs a detector at a rate of ten per cent; it begins at half
    a record, where rates of zero are drawn.
    """
    from sklearn.metrics import roc_curve

    figure = _figure(7.0, 5.0)
    axes = figure.add_subplot()
    floor = 0.5 / len(scored[0].normal)
    for one in scored:
        fpr, tpr, _ = roc_curve(*as_labelled(one.normal, one.anomalous))
        style = "-" if one.kind == DETECTOR else "--"
        # Equal scores give a straight line, which a logarithmic axis bends.
        rates = np.unique(np.concatenate([fpr, np.geomspace(floor, 1.0, _ROC_POINTS)]))
        (line,) = axes.plot(np.maximum(rates, floor), np.interp(rates, fpr, tpr), style, label=one.scorer.name)
        flagged = [float(np.mean(is_anomalous(scores, one.scorer.threshold))) for scores in (one.normal, one.anomalous)]
        axes.plot(max(flagged[0], floor), flagged[1], "o", color=line.get_color(), clip_on=False)
    axes.set_xscale("log")
    axes.set_xlim(floor, 1.0)
    axes.set_ylim(0.0, 1.02)
    axes.set_xlabel("false-positive rate (normal records flagged)")
    axes.set_ylabel("recall (anomalous records flagged)")
    axes.grid(visible=True, which="both", alpha=0.2)
    figure.legend(loc="outside lower center", fontsize="small", ncols=2)
    return figure


def score_figure(scored: Sequence[Scored]) -> Any:
    """A matplotlib figure: for each scorer, how its scores of normal and of anomalous records lie to its threshold."""
    columns = 2
    rows = math.ceil(len(scored) / columns)
    figure = _figure(4.5 * columns, 2.6 * rows)
    for place, one in enumerate(scored, start=1):
        axes = figure.add_subplot(rows, columns, place)
        both = one.scores.astype(np.float64)
        edges = np.histogram_bin_edges(both, bins=_BINS)
        for scores, label in ((one.normal, "normal"), (one.anomalous, "anomalous")):
            axes.hist(scores, bins=edges, weights=np.full(len(scores), 1 / len(scores)), alpha=0.6, label=label)
        axes.axvline(one.scorer.threshold, color="black", linewidth=1, label="threshold")
        axes.set_yscale("log")
        axes.set_ylim(0.5 / len(both), 1.5)
        axes.set_title(one.scorer.name, fontsize="small")
        axes.set_xlabel("score")
        axes.set_ylabel("share of records")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", fontsize="x-small", ncols=3)
    return figure


def training_figure(history: Mapping[str, Sequence[float]]) -> Any:
    """A matplotlib figure: the curves of the training, with those of the validation in the same picture."""
    names = list(dict.fromkeys(name.removeprefix(VALIDATION) for name in history))
    figure = _figure(4.5 * len(names), 3.2)
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place)
        for curve, label in ((name, "training"), (VALIDATION + name, "validation")):
            if curve in history:
                epochs = range(1, len(history[curve]) + 1)
                axes.plot(epochs, history[curve], marker="." if len(history[curve]) < 30 else None, label=label)
        axes.set_title(name, fontsize="small")
        axes.set_xlabel("epoch")
        axes.grid(visible=True, alpha=0.2)
        axes.legend(fontsize="x-small")
    return figure


def _figure(width: float, height: float) -> Any:
    # Not pyplot: that keeps state, and looks for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    # Without the name of the software that drew it, equal figures are equal files.
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()
