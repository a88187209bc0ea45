"""The two presets of the detector `flow`, as data."""

from __future__ import annotations

from dataclasses import dataclass

from export.training.trainable import PartBudget

ATTACK = "attack"
NOVELTY = "novelty"


@dataclass(frozen=True)
class FlowPreset:
    """The classifier of a preset: Dense(hidden, relu), Dense(1, sigmoid) on scaled features, binary cross-entropy.

    `noise` is the standard deviation of what is added to the inputs while it learns, `l2` the weight of the squared
    kernels in the loss, `patience` the epochs that it goes on without a better loss on the held-out rows (None: to the
    last epoch). With `novelty`, what is scaled and clipped is learnt from benign rows alone, and there is a second
    score, of how unlike them a row is.
    """

    name: str
    hidden: int
    epochs: int
    batch: int
    learning_rate: float
    l2: float
    noise: float
    patience: int | None
    novelty: bool


# As published: standardised by the mean and the standard deviation of all training rows.
SEED = FlowPreset(
    name="seed",
    hidden=128,
    epochs=5000,
    batch=1024,
    learning_rate=1e-3,
    l2=0.0,
    noise=0.0,
    patience=2,
    novelty=False,
)

DEFAULT = FlowPreset(
    name="default",
    hidden=64,
    epochs=80,
    batch=256,
    learning_rate=2e-3,
    l2=1e-4,
    noise=0.3,
    patience=None,
    novelty=True,
)

PRESETS = {preset.name: preset for preset in (DEFAULT, SEED)}

SEED_THRESHOLD = 0.5
"""Of the published probability."""

NOVELTY_FPR = 0.02
ATTACK_FPR = 0.002
"""The budgets of the two scores: what is unlike anything seen is less certain than a known attack, and may cost more.

Traffic is more varied than a day of it, so that a threshold on novelty which nearly no benign row reaches would find
little."""

EVEN_ODDS = 0.6931472
"""softplus(0), a probability of one half: the least threshold of an attack, and the one where few rows are held out.

A row that is likelier benign than not is no known attack, however quiet the held-out rows are. The joint score is in
units of the threshold, so that this also bounds it."""

LEAST_NOVELTY = 1.0
"""A threshold below one natural unit of log density would flag what the benign rows themselves are like."""


def budgets(parts: tuple[str, ...]) -> tuple[dict[str, PartBudget], float]:
    """How the thresholds of the parts share the budget, and the whole budget, a share of benign rows."""
    own = {ATTACK: ATTACK_FPR, NOVELTY: NOVELTY_FPR}
    total = sum(own[part] for part in parts)
    limits = {ATTACK: (EVEN_ODDS, EVEN_ODDS), NOVELTY: (LEAST_NOVELTY, None)}
    return {part: PartBudget(own[part] / total, *limits[part]) for part in parts}, total
