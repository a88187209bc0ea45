"""How the tokens of a request count, and the network of the preset seed."""

from __future__ import annotations

from typing import Any, List

import numpy as np
import pytest

from export.access import models
from export.tokens.network import CONTINUATION_ID, UNKNOWN_ID
from export.tokens.score import head_weights, scores

VOCABULARY, LENGTH = 50, 24


@pytest.fixture(scope="module")
def loaded_tensorflow(tensorflow: None) -> None:
    from export.extra import require_extra

    require_extra()


class Fixed:
    """A network that is sure of id 7 everywhere: any other token is odd, by 10 nats about."""

    def __call__(self, ids: Any, training: bool) -> Any:
        import tensorflow as tf

        return tf.one_hot(tf.fill(tf.shape(ids), 7), VOCABULARY, on_value=10.0)


def fixed_scores(rows: List[List[int]]) -> np.ndarray:
    score, _ = scores(Fixed(), np.array(rows, np.int32), models.weighing(VOCABULARY))
    found: np.ndarray = score.numpy()
    return found


def with_odd(token: int, start: int, count: int) -> List[int]:
    return [token if start <= place < start + count else 7 for place in range(LENGTH)]


def test_a_word_that_is_not_of_the_site_counts_three_times(loaded_tensorflow: None) -> None:
    weights = head_weights(LENGTH, models.HEAD_TOKENS)
    known, unknown = fixed_scores([with_odd(9, 0, 1), with_odd(UNKNOWN_ID, 0, 1)])
    assert known == pytest.approx(models.MOST_SURPRISE * weights[0] / weights.sum(), rel=1e-2)
    assert unknown == pytest.approx(models.MOST_SURPRISE * 3 * weights[0] / (weights.sum() + 2 * weights[0]), rel=1e-2)


def test_a_payload_far_behind_counts_half(loaded_tensorflow: None) -> None:
    end, continued, known = fixed_scores(
        [with_odd(9, 16, 8), [CONTINUATION_ID, *with_odd(9, 16, 8)[1:]], [CONTINUATION_ID, *with_odd(9, 0, 0)[1:]]]
    )
    assert end == continued == pytest.approx(models.STRETCH_SHARE * models.MOST_SURPRISE)
    assert known < 0.1


def test_the_seed_network_is_a_small_dense_autoencoder(loaded_tensorflow: None) -> None:
    import keras

    keras.utils.set_random_seed(1)
    model = models.build_model("seed", vocabulary=1000, length=32)
    assert [layer.units for layer in model.layers[1:]] == [32, 16, 32, 32]
    assert model.count_params() == 3184
    ids = np.random.default_rng(0).integers(0, 1000, (5, 32)).astype(np.int32)
    found = models.score_function("seed", model, vocabulary=1000, length=32)(ids)
    scaled = ids.astype(np.float32) / 1000
    expected = (model(scaled).numpy() - scaled) ** 2
    assert found["token_scores"].numpy() == pytest.approx(expected, abs=1e-6)
    assert found["score"].numpy() == pytest.approx(expected.mean(axis=1), abs=1e-6)
