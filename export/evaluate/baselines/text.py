"""Baselines for texts: templates, words, and the likelihood of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.evaluate.baselines.base import Baseline
from export.evaluate.baselines.grams import Trigrams
from export.run import TrainingInput

VOCABULARY = 512


class UnseenTemplate(Baseline):
    """1 for a text that fits no template of the training part, else 0.

    Templates are mined by drain3 with its own parameters (similarity 0.4, depth 4, words with digits are variable);
    the method is that of He et al., Drain: An Online Log Parsing Approach with Fixed Depth Tree (ICWS 2017).
    """

    name = "unseen template"
    graded = False

    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Mine the templates."""
        from drain3 import TemplateMiner
        from drain3.template_miner_config import TemplateMinerConfig

        # A config object in memory: without one, drain3 looks for a drain3.ini in the working directory.
        self._miner: Any = TemplateMiner(persistence_handler=None, config=TemplateMinerConfig())
        for one in training:
            self._miner.add_log_message(one.key)

    @property
    def templates(self) -> int:
        """How many templates were mined."""
        return len(self._miner.drain.clusters)

    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        # "fallback" looks through all templates of the same length where the search tree leads astray.
        matches = [self._miner.match(text, full_search_strategy="fallback") for text in inputs]
        return np.array([match is None for match in matches], np.float64)


class UnseenWords(Baseline):
    """The share of a text's words, cut at white space, that the training part did not hold; 0 for an empty one."""

    name = "unseen words"
    graded = True

    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Remember every word."""
        self._known = frozenset(word for one in training for word in one.key.split())

    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        lines = [text.split() for text in inputs]
        return np.array([sum(word not in self._known for word in words) / max(len(words), 1) for words in lines])


class TokenTrigrams(Baseline):
    """The mean surprise of a text's tokens, each given the two before it, in nats (see `Trigrams`).

    Tokens are those of a byte-pair encoding of 512 tokens which splits at blanks and punctuation, learnt from the
    training part as the preset `default` of `line` learns its own, whatever the run's tokenizer is.
    """

    name = "token trigrams"
    graded = True

    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Learn the tokens, then count."""
        from tokenizers import Tokenizer

        from export.line.presets import DEFAULT_MASKS
        from export.tokens.bpe import train_tokenizer

        special = [mask.token for mask in DEFAULT_MASKS]
        texts = [one.key for one in training]
        self._tokenizer = Tokenizer.from_buffer(
            train_tokenizer(texts, vocabulary=VOCABULARY, punctuation=True, special=special, alphabet=True)
        )
        counts = np.array([one.records for one in training], np.float64)
        self._model = Trigrams(self._tokenizer.get_vocab_size(), self._tokens(texts), counts)

    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        if not inputs:
            return np.zeros(0)
        surprise, starts = self._model.surprise(self._tokens(inputs))
        means: np.ndarray = np.add.reduceat(surprise, starts) / np.diff(np.append(starts, len(surprise)))
        return means

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [one.ids for one in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]
