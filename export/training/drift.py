"""Whether the end of a log is like the part that set the threshold, and if it is not, what is new in it.

Both questions are asked apart. Whether more is flagged than the threshold is for hangs on the model; whether new inputs
come more often than before does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.bundle.manifest import Threshold
from edge.runtime.verdicts import is_anomalous

BEARABLE = 2.0
"""As many times the budget are not worth a word."""

CHANCE = 0.05
"""What is less likely than that is no chance."""

_STRETCHES = 10
_HARDLY_REPEAT = 0.9

_SHOWN_INPUTS = 3
_SHOWN_WORDS = 5
_SHOWN_CHARACTERS = 70


@dataclass(frozen=True)
class Part:
    """Normal records: the keys of their inputs, and their scores, float32 [n]."""

    keys: Sequence[str]
    scores: np.ndarray


@dataclass(frozen=True)
class News:
    """Inputs that the training part did not have, in the part that set the threshold and in the last one.

    `records` are the shares of the records with such inputs, `inputs` how many distinct ones there are. `chance` is how
    likely so many of either in the last part, or more, are, if they come as often there as before.
    """

    records: tuple[float, float]
    inputs: tuple[int, int]
    chance: float

    @property
    def drifts(self) -> bool:
        """Whether it is no chance."""
        return self.chance < CHANCE


@dataclass(frozen=True)
class Drift:
    """How the last normal records compare with those that the threshold was set on.

    `budget` is the share that may be flagged, `chance` how likely so many flagged records or more are, if the last part
    is like the one before. `known` is the share of records whose input was learnt from. Of the flagged ones, `new` have
    an input that was not; `inputs` and `words` are the commonest inputs, and words that were never learnt, with the
    number of flagged records that have them. `news` is None where the threshold was not set on a part of its own.
    """

    records: int
    flagged: int
    budget: float
    chance: float
    known: float
    new: int
    inputs: tuple[tuple[str, int], ...]
    words: tuple[tuple[str, int], ...]
    news: News | None

    @property
    def share(self) -> float:
        """The share of records that is flagged."""
        return self.flagged / self.records

    @property
    def times(self) -> float:
        """How many times the budget is flagged."""
        return self.share / self.budget

    @property
    def exceeds(self) -> bool:
        """Whether more is flagged than the budget lets expect, be it by chance."""
        return self.times > BEARABLE

    @property
    def drifts(self) -> bool:
        """Whether the end of the log is told to be unlike what came before, for what is flagged or for what is new."""
        return (self.exceeds and self.chance < CHANCE) or (self.news is not None and self.news.drifts)


def compare(
    before: Sequence[str], last: Part, learnt: Mapping[str, int], threshold: Threshold, *, overlap: int = 1
) -> Drift:
    """The last part, which has records, beside the one that set the threshold.

    `before` are the keys of that one, none where the threshold was not set on a part of its own; `learnt` are the
    inputs of the training part. `overlap` is how many records on end have lines in common, as windows have: they are
    one event, so that chances are those of every so many of them.
    """
    flagged = is_anomalous(last.scores, threshold.value)
    odd = Counter(key for key, hit in zip(last.keys, flagged, strict=True) if hit)
    fresh = {key: count for key, count in odd.items() if key not in learnt}
    known_words = {word for key in learnt for word in key.split()}
    words = Counter[str]()
    for key, count in fresh.items():
        words.update(dict.fromkeys(set(key.split()) - known_words, count))
    return Drift(
        records=len(last.keys),
        flagged=int(flagged.sum()),
        budget=max(threshold.target_fpr or 0.0, threshold.expected_fpr),
        chance=_chance_of_flagged(flagged[::overlap], threshold, threshold.records // overlap),
        known=sum(key in learnt for key in last.keys) / len(last.keys),
        new=sum(fresh.values()),
        inputs=_commonest(fresh if 2 * sum(fresh.values()) >= sum(odd.values()) else odd, _SHOWN_INPUTS),
        words=_commonest(words, _SHOWN_WORDS),
        news=_news(before[::overlap], last.keys[::overlap], learnt) if before else None,
    )


def describe(drift: Drift) -> Iterator[str]:
    """What a user is told, in sentences without full stops."""
    yield (
        f"of the {drift.records:,} normal records that are kept for tests, {drift.known:.1%} stood in the training "
        f"part too, and {drift.share:.3%} are flagged"
    )
    if drift.exceeds:
        yield f"that is {drift.times:,.1f} times what the threshold is for" + (
            ": the end of the log is unlike what came before"
            if drift.chance < CHANCE
            else f", which can be chance (p = {drift.chance:.2f})"
        )
        yield from _causes(drift)
    if drift.news is not None and drift.news.drifts:
        (first, last), (share, later) = drift.news.inputs, drift.news.records
        yield (
            f"the log is changing: {later:.1%} of these records ({last:,} distinct inputs) are new, and "
            f"{share:.1%} ({first:,}) of those that set the threshold"
        )


def _causes(drift: Drift) -> Iterator[str]:
    if drift.news is not None and drift.news.records[0] > _HARDLY_REPEAT:
        yield "records hardly ever repeat here, so no commonest input can be named: look at what is flagged"
        return
    listed = ", ".join(f"{_shorten(text)!r} ({count:,})" for text, count in drift.inputs)
    if 2 * drift.new >= drift.flagged:
        yield f"{drift.new:,} of the {drift.flagged:,} flagged have inputs that were never learnt, most often {listed}"
        if drift.words:
            yield "words never learnt: " + ", ".join(f"{_shorten(text)!r} ({count:,})" for text, count in drift.words)
    else:
        yield (
            f"{drift.flagged - drift.new:,} of the {drift.flagged:,} flagged have inputs that were learnt, and come "
            f"more often than in the part that set the threshold, above all {listed}"
        )
    yield "look at what is flagged; if it is fine, train with it"


def _chance_of_flagged(flagged: np.ndarray, threshold: Threshold, held_out: int) -> float:
    """The chance of so many or more, when all records are of one kind and only their order is chance.

    With k of n held-out records flagged, the share beyond the threshold has a Beta(k + 1, n - k) distribution, so that
    the number of flagged records has the beta-binomial one (Vovk, Conditional validity of inductive conformal
    predictors, 2012): it counts in that the threshold was set on few records.
    """
    from scipy.stats import betabinom

    n = max(held_out, 1)
    k = min(max(round(threshold.expected_fpr * (n + 1)) - 1, 0), n - 1)
    return float(betabinom.sf(int(flagged.sum()) - 1, len(flagged), k + 1, n - k))


def _news(before: Sequence[str], now: Sequence[str], learnt: Mapping[str, int]) -> News:
    """Two tests, of which the clearer one counts, at half the chance (Bonferroni).

    Of distinct inputs there are more, or records with such inputs are a larger share. Logs come in bursts, and a burst
    is one event: so each input counts once, and records are compared by the shares of ten stretches of each part.
    """
    from scipy.stats import binomtest, mannwhitneyu

    news = [np.array([key not in learnt for key in keys]) for keys in (before, now)]
    first, last = (len(set(keys) - learnt.keys()) for keys in (before, now))
    chances = [1.0]
    if last:
        share = len(now) / (len(before) + len(now))
        chances.append(binomtest(last, first + last, share, alternative="greater").pvalue)
        stretches = [[part.mean() for part in np.array_split(one, min(_STRETCHES, len(one)))] for one in news]
        chances.append(mannwhitneyu(stretches[1], stretches[0], alternative="greater", method="asymptotic").pvalue)
    return News(
        records=(float(news[0].mean()), float(news[1].mean())),
        inputs=(first, last),
        chance=min(1.0, 2 * float(min(chances))),
    )


def _commonest(counts: Mapping[str, int], most: int) -> tuple[tuple[str, int], ...]:
    """Those with the highest counts, equal ones in the order of their texts: equal runs say the same."""
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most])


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
