"""A bundle that scores."""

from __future__ import annotations

import dataclasses
import random
import shutil
from pathlib import Path
from typing import Any, Dict, List, Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_bundle import LENGTH, WEIGHTS, make_small_bundle

from edge.bundle.folder import load_bundle
from edge.errors import BundleError, FormatError, IntegrityError, ProviderError
from edge.runtime.detector import Detector, Finding

WORDS = st.sampled_from(["session", "opened", "closed", "for", "user", "ubuntu", "17", "4711", "strange", "sshd[9]:"])
CONTENTS = st.lists(st.lists(WORDS, max_size=3 * LENGTH + 4).map(" ".join), max_size=12)


def make(bundle: Path, **options: Any) -> Detector:
    return Detector(load_bundle(bundle), provider="cpu", threads=1, **options)


@pytest.fixture(scope="module")
def detector(small_bundle: Path) -> Detector:
    return make(small_bundle, cache_texts=0)


def count_rows(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> List[int]:
    """How many rows each call of the graph gets from now on."""
    rows: List[int] = []
    real = detector.session.run

    def run(outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        rows.append(len(inputs["ids"]))
        return real(outputs, inputs)

    monkeypatch.setattr(detector.session, "run", run)
    return rows


def test_scores_of_known_contents(detector: Detector) -> None:
    scores = detector.score(["session opened for user ubuntu", "cron[7]: 12", "", "strange", "user " * 60 + "closed"])
    assert scores.dtype == np.float32
    assert scores.tolist() == [2.0, 0.5, 0.0, 9.5, 0.75]
    assert detector.score([]).tolist() == []
    assert detector.verdicts(scores).tolist() == [False, False, False, True, False]


def test_a_long_content_has_the_score_of_its_oddest_row(detector: Detector) -> None:
    for place in range(3 * LENGTH):
        words = ["for"] * (3 * LENGTH)
        words[place] = "closed"
        assert detector.score([" ".join(words)]).tolist() == [WEIGHTS[7]], place


def test_what_is_not_looked_at_is_counted(small_bundle: Path) -> None:
    detector = make(small_bundle)
    too_long = "for " * (3 * LENGTH + 1)
    detector.score([too_long, too_long, "for " * (3 * LENGTH), too_long + "user"])
    assert detector.cut == 2, "distinct ones"


def test_each_distinct_input_is_computed_once(small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = make(small_bundle)
    rows = count_rows(detector, monkeypatch)
    contents = ["session 1", "session 22", "opened", "session 333", "opened", "strange"] * 50
    scores = detector.score(contents)
    assert rows == [3], "three contents are left after masking"
    assert scores.tolist() == [1.0, 1.0, 1.25, 1.0, 1.25, 9.5] * 50


def test_known_inputs_are_remembered(small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = make(small_bundle)
    rows = count_rows(detector, monkeypatch)
    first = detector.score(["session 1", "opened"])
    again = detector.score(["opened", "closed", "session 2", "opened"])
    assert rows == [2, 1]
    assert again.tolist() == [first[1], 1.5, first[0], first[1]]


def test_without_a_memory_all_is_computed_again(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = count_rows(detector, monkeypatch)
    assert detector.score(["opened"]).tolist() == detector.score(["opened"]).tolist() == [1.25]
    assert rows == [1, 1]


def test_the_graph_gets_no_more_rows_than_asked_for(small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = make(small_bundle, batch_rows=4)
    rows = count_rows(detector, monkeypatch)
    contents = ["user" + " for" * count for count in range(6)] + ["closed " * 20]
    assert detector.score(contents).tolist() == [0.75] * 6 + [1.5]
    assert rows == [4, 4, 1], "six contents of one row and one of three"


@given(CONTENTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_scores_depend_neither_on_the_batch_nor_on_the_order(
    small_detectors: Dict[int, Detector], contents: List[str], batch_rows: int, shuffler: random.Random
) -> None:
    expected = {content: small_detectors[0].score([content])[0] for content in contents}
    shuffled = list(contents)
    shuffler.shuffle(shuffled)
    found = small_detectors[batch_rows].score(shuffled)
    assert found.tolist() == [expected[content] for content in shuffled]


@pytest.fixture(scope="module")
def small_detectors(small_bundle: Path) -> Dict[int, Detector]:
    """By the rows of their batches, with memories of different sizes; the one of 0 remembers nothing."""
    detectors = {rows: make(small_bundle, batch_rows=rows, cache_texts=rows) for rows in range(1, 6)}
    return {0: make(small_bundle, cache_texts=0), **detectors}


def test_the_threshold_can_be_replaced(small_bundle: Path, detector: Detector) -> None:
    scores = np.array([1.2, 1.25, 5.0], np.float32)
    assert detector.threshold == 5.0
    assert detector.verdicts(scores).tolist() == [False, False, True]
    strict = make(small_bundle, threshold=1.25)
    assert strict.threshold == 1.25
    assert strict.verdicts(scores).tolist() == [False, True, True]
    assert make(small_bundle, threshold=0.0).verdicts(np.zeros(1, np.float32)).tolist() == [True]


def test_p_values_are_those_of_the_calibration(detector: Detector) -> None:
    assert detector.p_values(np.array([0.0, 0.15, 3.5], np.float32)).tolist() == [1.0, 0.75, 0.25]


def test_reasons_give_the_odd_words_of_the_content(detector: Detector) -> None:
    content = "sshd[19939]: strange 4711 session \u00fcber opened"
    ((found, _),) = detector.explain([content])
    assert [(reason.text, reason.score) for reason in found] == [("strange", 9.5), ("\u00fcber", 9.5)]
    for reason in found:
        assert content[reason.start : reason.end] == reason.text


def test_reasons_are_found_in_every_row(detector: Detector) -> None:
    for place in range(3 * LENGTH - 1):
        words = ["for"] * (3 * LENGTH - 1)
        words[place] = "strange"
        content = " ".join(words)
        (((reason,), _),) = detector.explain([content])
        assert (reason.text, reason.start) == ("strange", content.index("strange")), place
    assert detector.explain([""]) == [Finding([], [])]


def test_characters_that_are_skipped_are_neither_scored_nor_named(small_bundle: Path, tmp_path: Path) -> None:
    preprocessing = load_bundle(small_bundle).manifest.preprocessing
    spec = msgspec.structs.replace(preprocessing.format, name="plain", skip_characters=8)
    bundle = make_small_bundle(tmp_path / "skips", preprocessing=msgspec.structs.replace(preprocessing, format=spec))
    detector = make(bundle)
    contents = ["strange session", "ignored opened strange", "short", ""]
    assert detector.score(contents).tolist() == [1.0, 9.5, 0.0, 0.0]
    (((reason,), _),) = detector.explain([contents[1]])
    assert contents[1][reason.start : reason.end] == reason.text == "strange"


def test_a_bundle_that_cannot_run_is_refused(small_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="'gpu' is unknown"):
        Detector(load_bundle(small_bundle), provider="gpu")
    preprocessing = load_bundle(small_bundle).manifest.preprocessing
    bad = msgspec.structs.replace(preprocessing.masks[0], pattern="(")
    with pytest.raises(FormatError, match="mask 'number'"):
        make_small_bundle(tmp_path / "bad", preprocessing=msgspec.structs.replace(preprocessing, masks=[bad]))
    copy = load_bundle(Path(shutil.copytree(str(small_bundle), str(tmp_path / "copy"))))
    (tmp_path / "copy" / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(BundleError, match=r"tokenizer\.json"):
        Detector(copy, provider="cpu")


def test_a_graph_of_another_length_than_the_encoder_s_is_refused(tmp_path: Path) -> None:
    bundle = make_small_bundle(tmp_path / "bundle")
    loaded = load_bundle(bundle)
    encoder = msgspec.structs.replace(loaded.manifest.preprocessing.encoder, length=LENGTH + 1)
    preprocessing = msgspec.structs.replace(loaded.manifest.preprocessing, encoder=encoder)
    changed = dataclasses.replace(
        loaded, manifest=msgspec.structs.replace(loaded.manifest, preprocessing=preprocessing)
    )
    with pytest.raises(IntegrityError, match=rf"no input 'ids' of int32 \[batch, {LENGTH + 1}\]"):
        Detector(changed, provider="cpu")


def test_a_graph_without_token_scores_is_refused(small_bundle: Path) -> None:
    loaded = load_bundle(small_bundle)
    graph = msgspec.structs.replace(loaded.manifest.graph, outputs=loaded.manifest.graph.outputs[:1])
    changed = dataclasses.replace(loaded, manifest=msgspec.structs.replace(loaded.manifest, graph=graph))
    with pytest.raises(IntegrityError, match="no output 'token_scores' of float32"):
        Detector(changed, provider="cpu")


def test_reasons_of_many_contents_are_computed_once_for_each_distinct_one(
    small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = make(small_bundle)
    rows = count_rows(detector, monkeypatch)
    found = detector.explain(["strange 1", "session odd", "strange 22", ""])
    assert rows == [3]
    assert [[reason.text for reason in reasons] for reasons, _ in found] == [["strange"], ["odd"], ["strange"], []]
    assert detector.explain([]) == []
