"""From a preset to its Keras model, and from a run back to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from export.access import seed_model
from export.access.presets import PRESETS
from export.run import Run
from export.tokens import network
from export.tokens.models import load_model, scoring_graph, token_encoder
from export.tokens.score import Weighing, scores

# A request says at its beginning what it is after; behind that, a payload is a run of odd characters.
HEAD_TOKENS = 3
STRETCH_TOKENS = 8
STRETCH_SHARE = 0.5
MOST_SURPRISE = 8.0
# A word that is not of the site says more than one that is.
UNKNOWN_WEIGHT = 3.0


def build_model(preset: str, *, vocabulary: int, length: int) -> Any:
    """A fresh Keras model of a preset."""
    if preset == "seed":
        return seed_model.build(length)
    return network.build(network.Shape(vocabulary))


def weighing(vocabulary: int) -> Weighing:
    """How the tokens of a request count."""
    tokens = np.ones(vocabulary, np.float32)
    tokens[network.UNKNOWN_ID] = UNKNOWN_WEIGHT
    return Weighing(
        tokens=tokens,
        head_tokens=HEAD_TOKENS,
        stretch_tokens=STRETCH_TOKENS,
        stretch_share=STRETCH_SHARE,
        most_surprise=MOST_SURPRISE,
    )


def score_function(preset: str, model: Any, *, vocabulary: int, length: int) -> Any:
    """The graph, as `scoring_graph` makes it."""
    if preset == "seed":
        return scoring_graph(lambda ids: seed_model.scores(model, ids, vocabulary), length)
    return scoring_graph(lambda ids: scores(model, ids, weighing(vocabulary)), length)


def load_graph(run: Run) -> Any:
    """The run's model as the graph that is exported.

    Raises:
        SchemaError: as in `load_model`.
        IntegrityError: as in `load_model`.
    """
    model = load_model(run, PRESETS, build_model)
    return score_function(
        run.spec.preset, model, vocabulary=run.spec.network["vocabulary"], length=token_encoder(run).length
    )
