"""The trivial baselines: each finds what it is named after, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pytest
from evaluate_samples import PREPROCESSING, make_run, normal_lines
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

pytest.importorskip("drain3", reason="drain3 belongs to the extra `export`")

from edge.bundle.preprocessing import FormatSpec, Preprocessing
from export.evaluate.baselines import (
    SMOOTHING,
    ExactMatch,
    TokenTrigrams,
    UnseenTemplate,
    UnseenWords,
    train_baselines,
)
from export.tokens.bpe import train_tokenizer

TRAINING = {
    "cron: job <num> done": 5,
    "user alice logged in from <num>": 3,
    "user bob logged in from <num>": 3,
    "user carol logged in from <num>": 1,
    "": 1,
}
TOKENIZER = train_tokenizer(TRAINING, vocabulary=150, punctuation=True, special=["<num>"], alphabet=True)


def test_exact_match() -> None:
    baseline = ExactMatch(PREPROCESSING, TRAINING)
    assert baseline.score(["cron: job 17 done", "cron: job 17 failed", ""]).tolist() == [0, 1, 0]


def test_contents_are_read_as_the_run_reads_them() -> None:
    """Masks, and the characters that are skipped in front."""
    skipping = msgspec.structs.replace(
        PREPROCESSING, format=FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=3)
    )
    scores = ExactMatch(skipping, TRAINING).score(["xxxcron: job 17 done", "cron: job 17 done"])
    assert scores.tolist() == [0, 1]
    assert scores.dtype == np.float32


def test_unseen_template_knows_a_template_by_its_words_and_length() -> None:
    baseline = UnseenTemplate(PREPROCESSING, TRAINING)
    known = ["user mallory logged in from 9", "cron: job 3 done", ""]
    unknown = ["user mallory logged out from 9", "user alice logged in from 9 again", "segfault"]
    assert baseline.score([*known, *unknown]).tolist() == [0, 0, 0, 1, 1, 1]
    assert baseline.templates == 3


def test_unseen_template_reads_no_file_and_writes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("drain3.ini").write_text("[DRAIN]\nsim_th = 1.0\n", encoding="utf-8")
    baseline = UnseenTemplate(PREPROCESSING, TRAINING)
    assert baseline.score(["user mallory logged in from 9"]).tolist() == [0]
    assert [path.name for path in tmp_path.iterdir()] == ["drain3.ini"]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text("ab0 <>.", max_size=12), min_size=1, max_size=12))
def test_nothing_learnt_is_unknown(texts: list[str]) -> None:
    plain = Preprocessing(
        format=FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=0),
        sessions=None,
        masks=[],
        encoder=PREPROCESSING.encoder,
    )
    training = dict.fromkeys(texts, 1)
    for kind in (ExactMatch, UnseenTemplate, UnseenWords):
        assert not kind(plain, training).score(texts).any()


def test_unseen_words() -> None:
    scores = UnseenWords(PREPROCESSING, TRAINING).score(["cron: job 4 failed", "never seen", "  ", "job  alice 7"])
    assert scores.tolist() == [0.25, 1, 0, 0]


def brute_surprise(training: Mapping[str, int], text: str) -> float:
    """The formula in TokenTrigrams's docstring, in plain dictionaries."""
    tokenizer = Tokenizer.from_buffer(TOKENIZER)
    trigrams: dict[tuple[object, ...], float] = {}
    contexts: dict[tuple[object, ...], float] = {}

    def read(line: str) -> list[tuple[object, ...]]:
        tokens = ["B", "B", *tokenizer.encode(line, add_special_tokens=False).ids, "E"]
        return [tuple(tokens[i - 2 : i + 1]) for i in range(2, len(tokens))]

    for line, count in training.items():
        for trigram in read(line):
            trigrams[trigram] = trigrams.get(trigram, 0) + count
            contexts[trigram[:2]] = contexts.get(trigram[:2], 0) + count
    vocabulary = tokenizer.get_vocab_size() + 1
    terms = [
        -math.log((trigrams.get(trigram, 0) + SMOOTHING) / (contexts.get(trigram[:2], 0) + SMOOTHING * vocabulary))
        for trigram in read(text)
    ]
    return sum(terms) / len(terms)


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(st.text("abc <>n.", max_size=15), st.integers(1, 9), min_size=1, max_size=8),
    st.lists(st.text("abcd <>n.", max_size=15), min_size=1, max_size=8),
)
def test_token_trigrams_agree_with_the_formula(training: dict[str, int], texts: list[str]) -> None:
    rated = TokenTrigrams(PREPROCESSING, training, TOKENIZER).rate(texts)
    assert rated.tolist() == pytest.approx([brute_surprise(training, text) for text in texts])


def test_token_trigrams_order_lines_by_how_usual_they_are() -> None:
    baseline = TokenTrigrams(PREPROCESSING, TRAINING, TOKENIZER)
    usual, rare, jumbled, foreign = baseline.score(
        ["cron: job 4 done", "user carol logged in from 1", "done job cron: 4", "zzz qqq #!%"]
    )
    assert usual < rare < min(jumbled, foreign)
    assert baseline.score([]).shape == (0,)


def test_thresholds_come_from_the_calibration_slice(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    said: list[str] = []
    baselines = {baseline.name: baseline for baseline in train_baselines(run, say=said.append)}
    assert list(baselines) == ["exact match", "unseen template", "unseen words", "token trigrams"]
    assert said == ["training the baselines on 3 distinct masked lines"]
    assert baselines["exact match"].threshold == baselines["unseen template"].threshold == 1
    contents = [line.split("box ")[1] for line in normal_lines(200)]
    for name in ("unseen words", "token trigrams"):
        scores = baselines[name].score(contents)
        assert np.mean(scores >= np.float32(baselines[name].threshold)) <= 0.01
        assert scores.max() < baselines[name].threshold < scores.max() + 1


def test_a_budget_by_the_day_becomes_the_expected_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    budgets: list[float] = []
    monkeypatch.setattr(
        "export.evaluate.baselines.Baseline.calibrate", lambda self, contents, budget: budgets.append(budget)
    )
    train_baselines(make_run(tmp_path / "run", target_fpr=None), say=lambda _: None)
    assert set(budgets) == {0.02}
