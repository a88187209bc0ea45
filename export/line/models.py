"""From a preset to its Keras model, and from a run back to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.bundle.manifest import TOKENIZER_NAME
from export.line import default_model, seed_model
from export.line.presets import PRESETS
from export.run import Run
from export.tokens import network
from export.tokens.bpe import token_characters
from export.tokens.models import load_model, scoring_graph, token_encoder
from export.tokens.score import scores


def build_model(preset: str, *, vocabulary: int, length: int) -> Any:
    """A fresh Keras model of a preset."""
    if preset == "seed":
        return seed_model.build(vocabulary, length)
    return network.build(network.Shape(vocabulary))


def score_function(preset: str, model: Any, length: int, characters: np.ndarray) -> Any:
    """The graph, as `scoring_graph` makes it; `characters`, float32 [vocabulary], is how many of them each token is."""
    if preset == "seed":
        return scoring_graph(lambda ids: seed_model.scores(model, ids), length)
    weighing = default_model.weighing(characters)
    return scoring_graph(lambda ids: scores(model, ids, weighing), length)


def load_graph(run: Run) -> Any:
    """The run's model as the graph that is exported.

    Raises:
        SchemaError: as in `load_model`.
        IntegrityError: as in `load_model`.
    """
    model = load_model(run, PRESETS, build_model)
    return score_function(run.spec.preset, model, token_encoder(run).length, token_characters(run.read(TOKENIZER_NAME)))
