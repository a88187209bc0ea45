"""What the curves of a report show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from evaluate_samples import FakeScorer

pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")
pytest.importorskip("matplotlib", reason="matplotlib belongs to the extra `export`")

from export.evaluate.plots import precision_recall_figure, roc_figure


@dataclass
class Rated:
    """Scores of normal and of anomalous records, as a `Scored` has them."""

    normal: np.ndarray
    anomalous: np.ndarray
    kind: str = "baseline"

    def __post_init__(self) -> None:
        self.scorer = FakeScorer(len)
        self.scores = np.concatenate([self.normal, self.anomalous])


GUESSES = Rated(np.zeros(1000, np.float32), np.zeros(50, np.float32))


def test_records_that_score_alike_are_found_in_proportion() -> None:
    """Between two thresholds the curve is straight, which a logarithmic axis shows bent."""
    (axes,) = roc_figure([GUESSES]).axes
    line = axes.lines[0]
    rates, found = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())  # the first is a rate of 0
    assert len(rates) > 100
    np.testing.assert_allclose(found[1:], rates[1:], atol=1e-6)


def test_legends_lie_beside_the_curves() -> None:
    for figure in (roc_figure([GUESSES]), precision_recall_figure([GUESSES])):
        assert [len(axes.get_legend_handles_labels()[1]) for axes in figure.axes] == [1]
        assert all(axes.get_legend() is None for axes in figure.axes)
        assert len(figure.legends) == 1
