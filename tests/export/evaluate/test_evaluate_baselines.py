"""The trivial baselines: each finds what it is named after, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pytest
from evaluate_samples import PREPROCESSING, WHOLE_LINES, make_run, normal_lines
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

pytest.importorskip("drain3", reason="drain3 belongs to the extra `export`")

from edge.bundle.preprocessing import FormatSpec
from export.evaluate.baselines.base import Baseline, ExactMatch
from export.evaluate.baselines.grams import SMOOTHING
from export.evaluate.baselines.registry import train_baselines
from export.evaluate.baselines.text import VOCABULARY, TokenTrigrams, UnseenTemplate, UnseenWords
from export.evaluate.inputs import ReadInputs
from export.line.presets import DEFAULT_MASKS
from export.run import TrainingInput
from export.tokens.bpe import train_tokenizer

TRAINING = {
    "cron: job <num> done": 5,
    "user alice logged in from <num>": 3,
    "user bob logged in from <num>": 3,
    "user carol logged in from <num>": 1,
    "": 1,
}
READING = ReadInputs(PREPROCESSING)


def learn(kind: type[Baseline], training: Mapping[str, int], reading: ReadInputs = READING) -> Baseline:
    baseline = kind(reading)
    baseline.learn([TrainingInput(key, records, "") for key, records in training.items()])
    return baseline


def test_exact_match() -> None:
    baseline = learn(ExactMatch, TRAINING)
    assert baseline.score(["cron: job 17 done", "cron: job 17 failed", ""]).tolist() == [0, 1, 0]


def test_contents_are_read_as_the_run_reads_them() -> None:
    """Masks, and the characters that are skipped in front."""
    skipping = msgspec.structs.replace(
        PREPROCESSING, format=FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=3)
    )
    scores = learn(ExactMatch, TRAINING, ReadInputs(skipping)).score(["xxxcron: job 17 done", "cron: job 17 done"])
    assert scores.tolist() == [0, 1]
    assert scores.dtype == np.float32


def test_unseen_template_knows_a_template_by_its_words_and_length() -> None:
    baseline = learn(UnseenTemplate, TRAINING)
    assert isinstance(baseline, UnseenTemplate)
    known = ["user mallory logged in from 9", "cron: job 3 done", ""]
    unknown = ["user mallory logged out from 9", "user alice logged in from 9 again", "segfault"]
    assert baseline.score([*known, *unknown]).tolist() == [0, 0, 0, 1, 1, 1]
    assert baseline.templates == 3


def test_unseen_template_reads_no_file_and_writes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("drain3.ini").write_text("[DRAIN]\nsim_th = 1.0\n", encoding="utf-8")
    baseline = learn(UnseenTemplate, TRAINING)
    assert baseline.score(["user mallory logged in from 9"]).tolist() == [0]
    assert [path.name for path in tmp_path.iterdir()] == ["drain3.ini"]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text("ab0 <>.", max_size=12), min_size=1, max_size=12))
def test_nothing_learnt_is_unknown(texts: list[str]) -> None:
    inputs = READING.of_contents(texts)
    for kind in (ExactMatch, UnseenTemplate, UnseenWords):
        assert not learn(kind, dict.fromkeys(inputs, 1)).score(texts).any()


def test_a_preset_without_masks_is_compared_with_methods_that_mask() -> None:
    """Otherwise each number is a word of its own to them, and they are straw men."""
    reading = ReadInputs(WHOLE_LINES)
    lines = [f"0123456789abcdefcron[{number}]: job {number} done at 10.0.0.{number}" for number in range(40)]
    keys = [line[16:] for line in lines[:20]]
    assert len(set(reading.of_keys(keys))) == 1
    assert reading.of_contents(lines) == ["cron[<num>]: job <num> done at <ip>"] * 40
    for kind in (ExactMatch, UnseenTemplate, UnseenWords):
        baseline = learn(kind, dict.fromkeys(reading.of_keys(keys), 1), reading)
        assert not baseline.score(lines[20:]).any()


def test_unseen_words() -> None:
    scores = learn(UnseenWords, TRAINING).score(["cron: job 4 failed", "never seen", "  ", "job  alice 7"])
    assert scores.tolist() == [0.25, 1, 0, 0]


def brute_surprise(training: Mapping[str, int], text: str) -> float:
    """The formula in Trigrams's docstring, in plain dictionaries."""
    special = [mask.token for mask in DEFAULT_MASKS]
    tokenizer = Tokenizer.from_buffer(
        train_tokenizer(list(training), vocabulary=VOCABULARY, punctuation=True, special=special, alphabet=True)
    )
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


@settings(deadline=None, max_examples=20)
@given(
    st.dictionaries(st.text("abc <>n.", max_size=15), st.integers(1, 9), min_size=1, max_size=8),
    st.lists(st.text("abcd <>n.", max_size=15), min_size=1, max_size=8),
)
def test_token_trigrams_agree_with_the_formula(training: dict[str, int], texts: list[str]) -> None:
    rated = learn(TokenTrigrams, training).rate(texts)
    assert rated.tolist() == pytest.approx([brute_surprise(training, text) for text in texts])


def test_token_trigrams_order_lines_by_how_usual_they_are() -> None:
    baseline = learn(TokenTrigrams, TRAINING)
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
    assert said == ["training the baselines on 3 distinct inputs"]
    assert baselines["exact match"].threshold == baselines["unseen template"].threshold == 1
    contents = [line.split("box ")[1] for line in normal_lines(200)]
    for name in ("unseen words", "token trigrams"):
        scores = baselines[name].score(contents)
        assert np.mean(scores >= np.float32(baselines[name].threshold)) <= 0.01
        assert scores.max() < baselines[name].threshold < scores.max() + 1


def test_a_budget_by_the_day_becomes_the_expected_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    budgets: list[float] = []
    monkeypatch.setattr(
        "export.evaluate.baselines.base.Baseline.calibrate", lambda self, scores, budget: budgets.append(budget)
    )
    train_baselines(make_run(tmp_path / "run", target_fpr=None), say=lambda _: None)
    assert set(budgets) == {0.02}
