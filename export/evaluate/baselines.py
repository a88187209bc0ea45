"""Trivial baselines: what a detector must beat to be worth its training.

Each learns from the run's own training texts (distinct masked contents with their counts) and reads lines exactly as
the run does, so that only the method differs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edge.bundle.manifest import TOKENIZER_NAME
from edge.bundle.preprocessing import Preprocessing
from export.calibrate import choose_threshold
from export.evaluate.scorers import mask_contents, score_all
from export.run import CALIBRATION_NAME, Run

SMOOTHING = 0.01


class Baseline(ABC):
    """A scorer of masked contents, each distinct one rated once.

    `threshold` is 1 for the methods that only say known (0) or unknown (1); `calibrate` sets it for the others.
    """

    name: str
    graded: bool

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing = preprocessing
        self.threshold = 1.0

    def score(self, contents: Sequence[str], /) -> np.ndarray:
        """float32 [n]."""
        index: dict[str, int] = {}
        masked = mask_contents(self.preprocessing, contents)
        position = np.fromiter((index.setdefault(text, len(index)) for text in masked), np.int64, len(masked))
        return self.rate(list(index)).astype(np.float32)[position]

    @abstractmethod
    def rate(self, masked: Sequence[str], /) -> np.ndarray:
        """Float [n]: a score for each masked content."""

    def calibrate(self, contents: Sequence[str], target_fpr: float) -> None:
        """Set the threshold on held-out normal contents as a detector's is set; nothing to set where not `graded`."""
        if self.graded and contents:
            scores = score_all(self, contents)
            self.threshold = choose_threshold(scores, target_fpr=target_fpr, alerts_per_day=None, days=None).value


class ExactMatch(Baseline):
    """1 for a masked line that the training part did not hold, else 0."""

    name = "exact match"
    graded = False

    def __init__(self, preprocessing: Preprocessing, training: Mapping[str, int]) -> None:
        super().__init__(preprocessing)
        self._known = frozenset(training)

    def rate(self, masked: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        return np.array([text not in self._known for text in masked], np.float64)


class UnseenTemplate(Baseline):
    """1 for a line that fits no template of the training part, else 0.

    Templates are mined by drain3 with its own parameters (similarity 0.4, depth 4, words with digits are variable);
    the method is that of He et al., Drain: An Online Log Parsing Approach with Fixed Depth Tree (ICWS 2017).
    """

    name = "unseen template"
    graded = False

    def __init__(self, preprocessing: Preprocessing, training: Mapping[str, int]) -> None:
        from drain3 import TemplateMiner
        from drain3.template_miner_config import TemplateMinerConfig

        super().__init__(preprocessing)
        # A config object in memory: without one, drain3 looks for a drain3.ini in the working directory.
        self._miner: Any = TemplateMiner(persistence_handler=None, config=TemplateMinerConfig())
        for text in training:
            self._miner.add_log_message(text)

    @property
    def templates(self) -> int:
        """How many templates were mined."""
        return len(self._miner.drain.clusters)

    def rate(self, masked: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        # "fallback" looks through all templates of the same length where the search tree leads astray.
        matches = [self._miner.match(text, full_search_strategy="fallback") for text in masked]
        return np.array([match is None for match in matches], np.float64)


class UnseenWords(Baseline):
    """The share of a line's words, cut at white space, that the training part did not hold; 0 for an empty line."""

    name = "unseen words"
    graded = True

    def __init__(self, preprocessing: Preprocessing, training: Mapping[str, int]) -> None:
        super().__init__(preprocessing)
        self._known = frozenset(word for text in training for word in text.split())

    def rate(self, masked: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        lines = [text.split() for text in masked]
        return np.array([sum(word not in self._known for word in words) / max(len(words), 1) for words in lines])


class TokenTrigrams(Baseline):
    """The mean surprise of a line's tokens, each given the two before it, in nats.

    A line ``t1 ... tn`` is read as ``B B t1 ... tn E``, and its score is

        -1/(n+1) * sum over i = 1 ... n+1 of ln((c(t[i-2], t[i-1], t[i]) + k) / (c(t[i-2], t[i-1]) + k * V))

    with the counts c of the training part, every line as often as it stood there, k = 0.01, and V the tokens of the
    run's own vocabulary and E. Add-k smoothing: Jurafsky and Martin, Speech and Language Processing (3rd ed.), chapter
    on n-gram language models; Lidstone (1920).
    """

    name = "token trigrams"
    graded = True

    def __init__(self, preprocessing: Preprocessing, training: Mapping[str, int], tokenizer: bytes) -> None:
        from tokenizers import Tokenizer

        super().__init__(preprocessing)
        self._tokenizer = Tokenizer.from_buffer(tokenizer)
        self._symbols = self._tokenizer.get_vocab_size() + 2  # the tokens, then B, then E
        keys, owners, _ = self._trigrams(list(training))
        counts = np.fromiter(training.values(), np.float64, len(training))[owners]
        self._trigram_keys, self._trigram_counts = _count(keys, counts)
        self._context_keys, self._context_counts = _count(keys // self._symbols, counts)

    def rate(self, masked: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        if not masked:
            return np.zeros(0)
        keys, _, starts = self._trigrams(masked)
        seen = _look_up(self._trigram_keys, self._trigram_counts, keys)
        context = _look_up(self._context_keys, self._context_counts, keys // self._symbols)
        vocabulary = self._symbols - 1  # B is never predicted
        surprise = np.log(context + SMOOTHING * vocabulary) - np.log(seen + SMOOTHING)
        means: np.ndarray = np.add.reduceat(surprise, starts) / np.diff(np.append(starts, len(keys)))
        return means

    def _trigrams(self, masked: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All trigrams as int64 keys, the index of the text that each is of, and where each text's first one is."""
        begin, end = self._symbols - 2, self._symbols - 1
        encodings = self._tokenizer.encode_batch(list(masked), add_special_tokens=False)
        lines = [[begin, begin, *encoding.ids, end] for encoding in encodings]
        lengths = np.fromiter(map(len, lines), np.int64, len(lines))
        flat = np.fromiter((token for line in lines for token in line), np.int64, int(lengths.sum()))
        keys = (flat[:-2] * self._symbols + flat[1:-1]) * self._symbols + flat[2:]
        owners = np.repeat(np.arange(len(lines)), lengths)
        inside = owners[:-2] == owners[2:]
        trigrams = lengths - 2
        return keys[inside], owners[:-2][inside], np.cumsum(trigrams) - trigrams


def train_baselines(run: Run, *, say: Callable[[str], None]) -> list[Baseline]:
    """All baselines, trained on what the run was trained on, with thresholds from the run's own calibration slice.

    The budget is the run's, as a share of normal lines.
    """
    preprocessing = run.spec.preprocessing
    training = run.training_inputs()
    say(f"training the baselines on {len(training):,} distinct masked lines")
    baselines: list[Baseline] = [
        ExactMatch(preprocessing, training),
        UnseenTemplate(preprocessing, training),
        UnseenWords(preprocessing, training),
        TokenTrigrams(preprocessing, training, run.read(TOKENIZER_NAME)),
    ]
    threshold = run.spec.threshold
    budget = threshold.expected_fpr if threshold.target_fpr is None else threshold.target_fpr
    contents = [example.content for example in run.heldout(CALIBRATION_NAME)]
    for baseline in baselines:
        baseline.calibrate(contents, budget)
    return baselines


def _count(keys: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct keys, ascending, and the sum of the counts of each."""
    distinct, inverse = np.unique(keys, return_inverse=True)
    return distinct, np.bincount(inverse, weights=counts, minlength=len(distinct))


def _look_up(keys: np.ndarray, counts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """float64 [n]: the count of each wanted key, 0 where there is none."""
    if not len(keys):
        return np.zeros(len(wanted))
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, counts[place], 0.0)
