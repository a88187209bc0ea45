"""The two networks and the preprocessing around them."""

from __future__ import annotations

from typing import Any, List

import numpy as np
import pytest

from edge.errors import TrainingError
from export.line import default_model
from export.line.models import build_model, score_function
from export.tokens.fit import Batches, fit_default
from export.tokens.network import CONTINUATION_ID
from export.tokens.score import head_weights, scores

VOCABULARY, LENGTH = 50, 24
CHARACTERS = np.ones(VOCABULARY, np.float32)


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
    found = score_function("default", default, LENGTH, CHARACTERS)(ids)
    score, token_scores = found["score"].numpy(), found["token_scores"].numpy()
    assert (score.dtype, score.shape, token_scores.shape) == (np.float32, (5,), (5, LENGTH))
    assert (token_scores[:, 9:] == 0).all()
    assert (token_scores[:4, :9] > 0).any(axis=1).all()
    assert (score[:4] > 0).all()
    assert score[4] == 0, "a row of padding is not odd"


def test_a_row_scores_alike_in_any_batch(default: Any) -> None:
    graph = score_function("default", default, LENGTH, CHARACTERS)
    ids = some_ids(33)
    together = graph(ids)["score"].numpy()
    alone = np.concatenate([graph(ids[row : row + 1])["score"].numpy() for row in range(5)])
    assert alone == pytest.approx(together[:5], rel=1e-5)


class Fixed:
    """A network that is sure of id 7 everywhere: any other token is odd, by 10 nats about."""

    def __call__(self, ids: Any, training: bool) -> Any:
        import tensorflow as tf

        return tf.one_hot(tf.fill(tf.shape(ids), 7), VOCABULARY, on_value=10.0)


def fixed_scores(rows: List[List[int]], characters: np.ndarray = CHARACTERS) -> np.ndarray:
    score, _ = scores(Fixed(), np.array(rows, np.int32), default_model.weighing(characters))
    found: np.ndarray = score.numpy()
    return found


def test_an_odd_beginning_is_odder_than_an_odd_end(loaded_tensorflow: None) -> None:
    begin, end, known = fixed_scores([odd_at(0, 4), odd_at(20, 4), [7] * LENGTH])
    most_of_a_stretch = default_model.STRETCH_SHARE * default_model.MOST_SURPRISE / 2
    assert begin > end == pytest.approx(most_of_a_stretch, rel=1e-2), "four of the eight tokens of a stretch are odd"
    assert 0 <= known < 0.1


def odd_at(place: int, count: int) -> List[int]:
    return [9 if place <= i < place + count else 7 for i in range(LENGTH)]


def test_one_token_counts_with_at_most_five_nats(loaded_tensorflow: None) -> None:
    (score,) = fixed_scores([[9] * LENGTH])
    assert score == pytest.approx(default_model.MOST_SURPRISE)


def test_a_row_that_continues_a_line_counts_by_its_oddest_stretch(loaded_tensorflow: None) -> None:
    marker = CONTINUATION_ID
    whole, stretch, part, known = fixed_scores(
        [[marker, *[9] * (LENGTH - 1)], [marker, *odd_at(12, 8)[1:]], [marker, *odd_at(12, 4)[1:]], [marker, *[7] * 23]]
    )
    most = default_model.STRETCH_SHARE * default_model.MOST_SURPRISE
    assert (whole, stretch) == (pytest.approx(most), pytest.approx(most))
    assert part == pytest.approx(most / 2, rel=1e-2)
    assert known < 0.1


def test_a_token_of_sixteen_characters_weighs_like_four_of_one(loaded_tensorflow: None) -> None:
    """So that an unknown word in pieces does not count as so many words."""
    characters = CHARACTERS.copy()
    characters[9] = 16
    weights = head_weights(LENGTH, default_model.HEAD_TOKENS)
    (odd,) = fixed_scores([odd_at(0, 1)], characters)
    expected = default_model.MOST_SURPRISE * 4 * weights[0] / (4 * weights[0] + weights[1:].sum())
    assert odd == pytest.approx(expected, rel=1e-2)


def test_a_batch_is_of_one_length_and_of_as_many_tokens() -> None:
    ids = np.zeros((40, LENGTH), np.int32)
    for row in range(40):
        ids[row, : row % LENGTH + 1] = 5
    batches = Batches(ids, np.ones(40), 4 * LENGTH)
    random = np.random.default_rng(0)
    seen = set()
    for _ in range(60):
        drawn = batches.draw(random, 2)
        assert drawn.shape[0] == 2
        assert drawn.shape[1] * drawn.shape[2] == 4 * LENGTH
        lengths = np.count_nonzero(drawn, axis=2)
        assert lengths.max() <= drawn.shape[2] < lengths.min() + 8
        seen.add(drawn.shape[2])
    assert seen == {8, 16, 24}


def test_rows_are_drawn_by_their_weight() -> None:
    ids = np.array([[5, 5], [6, 6]], np.int32)
    drawn = Batches(ids, np.array([1.0, 9.0]), 20_000).draw(np.random.default_rng(0), 1)
    assert np.mean(drawn == 6) == pytest.approx(0.9, abs=0.01)


def test_a_diverged_training_is_an_error(loaded_tensorflow: None) -> None:
    model = build_model("default", vocabulary=VOCABULARY, length=LENGTH)
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    with pytest.raises(TrainingError, match="no finite number; train with another --seed"):
        fit_default(
            model, some_ids(4), np.ones(4), epochs=1, batch=1, seed=0, progress=lambda epoch, epochs, loss: None
        )


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
    found = score_function("seed", model, 32, np.ones(30_000, np.float32))(ids)
    errors = np.abs(model(ids).numpy() - ids)
    assert found["token_scores"].numpy() == pytest.approx(errors, rel=1e-5)
    assert found["score"].numpy() == pytest.approx(errors.mean(axis=1), rel=1e-5)
