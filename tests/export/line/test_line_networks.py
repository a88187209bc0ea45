"""The two networks and the preprocessing around them."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
import pytest

from edge.bundle.manifest import EncoderSpec, Mask
from edge.text.encoder import TokenEncoder
from edge.text.masks import Masker
from export.line.models import RowScorer, build_model, score_function
from export.line.tokenizer import train_tokenizer

VOCABULARY, LENGTH = 50, 24


@pytest.fixture(scope="module")
def loaded_tensorflow(tensorflow: None) -> None:
    from export.extra import require_extra

    require_extra()


@pytest.fixture(scope="module")
def default(loaded_tensorflow: None) -> Any:
    import keras

    keras.utils.set_random_seed(1)
    return build_model("default", vocabulary=VOCABULARY, length=LENGTH)


def some_ids(rows: int, start: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(start, VOCABULARY, (rows, LENGTH)).astype(np.int32)


def test_a_token_is_reconstructed_without_a_look_at_itself(default: Any) -> None:
    """Whatever stands at a place, what the default network says of that place is the same."""
    ids = some_ids(1)
    before = default(ids).numpy()
    for place in range(LENGTH):
        changed = ids.copy()
        changed[0, place] = (changed[0, place] + 7) % VOCABULARY
        after = default(changed).numpy()
        assert (after[0, place] == before[0, place]).all()
        assert not np.array_equal(after, before), "its neighbours see it"


def test_padding_counts_for_nothing(default: Any) -> None:
    ids = some_ids(5)
    ids[:, 9:] = 0
    ids[4] = 0
    found = score_function("default", default, LENGTH)(ids)
    score, token_scores = found["score"].numpy(), found["token_scores"].numpy()
    assert (score.dtype, score.shape, token_scores.shape) == (np.float32, (5,), (5, LENGTH))
    assert (token_scores[:, 9:] == 0).all()
    assert (token_scores[:4, :9] > 0).any(axis=1).all()
    assert (score[:4] > 0).all()
    assert score[4] == 0, "a row of padding is not odd"


def test_a_row_scores_alike_in_any_batch(default: Any) -> None:
    graph = score_function("default", default, LENGTH)
    ids = some_ids(33)
    together = graph(ids)["score"].numpy()
    alone = np.concatenate([graph(ids[row : row + 1])["score"].numpy() for row in range(5)])
    assert alone == pytest.approx(together[:5], rel=1e-5)


def test_the_seed_network_is_the_published_one(loaded_tensorflow: None) -> None:
    model = build_model("seed", vocabulary=30_000, length=32)
    layers = [(type(layer).__name__, tuple(layer.output.shape[1:])) for layer in model.layers]
    assert layers == [
        ("InputLayer", (32,)),
        ("Embedding", (32, 256)),
        ("Conv1D", (31, 64)),
        ("Conv1D", (28, 32)),
        ("Conv1D", (21, 8)),
        ("Flatten", (168,)),
        ("Dense", (4,)),
        ("Dense", (168,)),
        ("Reshape", (21, 8)),
        ("Conv1DTranspose", (28, 8)),
        ("Conv1DTranspose", (31, 32)),
        ("Conv1DTranspose", (32, 64)),
        ("Flatten", (2048,)),
        ("Dense", (32,)),
    ]
    activations = [layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")]
    assert activations == ["elu"] * 3 + ["relu"] * 2 + ["elu"] * 3 + ["linear"]
    ids = np.random.default_rng(0).integers(0, 30_000, (3, 32)).astype(np.int32)
    found = score_function("seed", model, 32)(ids)
    errors = np.abs(model(ids).numpy() - ids)
    assert found["token_scores"].numpy() == pytest.approx(errors, rel=1e-5)
    assert found["score"].numpy() == pytest.approx(errors.mean(axis=1), rel=1e-5)


class Counted:
    """A graph that scores a row by its highest id, and remembers how many rows it was given at once."""

    def __init__(self) -> None:
        self.batches: List[int] = []

    def __call__(self, ids: np.ndarray) -> Dict[str, Any]:
        self.batches.append(len(ids))
        return {"score": ids.max(axis=1).astype(np.float32)}


@pytest.fixture
def graph() -> Counted:
    return Counted()


@pytest.fixture
def scorer(graph: Counted) -> RowScorer:
    tokenizer = train_tokenizer(["a b c"], vocabulary=200, punctuation=True, special=["<num>"], alphabet=True)
    spec = EncoderSpec(length=4, fill="pad", pad_id=0, max_segments=3, continuation_id=None)
    masks = [Mask(name="number", pattern=r"\d+", token="<num>")]
    return RowScorer(Masker(masks), TokenEncoder(spec, tokenizer), 2, graph)


def test_equal_masked_contents_are_computed_once(scorer: RowScorer, graph: Counted) -> None:
    scores = scorer.score(["--a 1", "--b", "--a 22", "--b", "++a 3"])
    assert graph.batches == [2]
    assert scores[0] == scores[2] == scores[4]
    assert scores[1] == scores[3] == scores[0] + 1
    assert scorer.mask(["--a 1", "x"]) == ["a <num>", ""]


def test_a_long_content_scores_as_its_oddest_row(scorer: RowScorer, graph: Counted) -> None:
    short, long, empty = scorer.score(["--z", "--" + "a " * 4 + "z " + "a " * 5, "--"])
    assert graph.batches == [1 + 3 + 1]
    assert long == short
    assert empty == 0, "only padding"


def test_rows_go_through_in_batches(scorer: RowScorer, graph: Counted) -> None:
    ids = np.arange(7 * 4, dtype=np.int32).reshape(7, 4)
    assert scorer.score_rows(ids, batch=3).tolist() == ids[:, 3].tolist()
    assert graph.batches == [3, 3, 1]


def test_nothing_gives_nothing(scorer: RowScorer, graph: Counted) -> None:
    assert scorer.score([]).shape == scorer.score_rows(np.zeros((0, 4), np.int32)).shape == (0,)
    assert graph.batches == []
