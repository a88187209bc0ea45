from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.dictionary.matcher import Matcher
from edge.dictionary.spec import (
    LONGEST_WORD,
    MOST_WORDS,
    WILDCARD,
    Dictionary,
    Template,
    covers,
    decode_dictionary,
    encode_dictionary,
)
from edge.text.masks import Masker
from export.dataset import read_log
from export.dictionary import miner
from export.dictionary.miner import EMPTY, mine
from export.line.presets import DEFAULT_MASKS

pytest.importorskip("drain3", reason="drain3 belongs to the extra `export`")

OPENED = [f"session opened for user {name}" for name in ("root", "ubuntu", "admin")]
REAL_LOGS = ["linux_messages_full/Linux.log.gz", "loghub_2k/BGL_2k.log", "auth_elastic/auth.log.gz"]


def known(*texts: str) -> Dictionary:
    return replace(
        EMPTY,
        templates=[
            Template(id=number, text=text, count=0, history=[], known=True) for number, text in enumerate(texts, 1)
        ],
    )


def masked(path: Path) -> Counter[str]:
    data = read_log([str(path)], asked=None, layout=None, say=lambda _: None, year=datetime.now().year)
    return Counter(Masker(DEFAULT_MASKS).apply(data.contents))


def first(counts: Counter[str], share: float) -> dict[str, int]:
    return dict(list(counts.items())[: int(len(counts) * share)])


def test_a_template_that_becomes_more_general_keeps_its_id_and_its_history() -> None:
    made = mine(dict.fromkeys(["restart", *OPENED], 2))
    assert made.templates == [
        Template(id=1, text="restart", count=2, history=[], known=False),
        Template(id=2, text="session opened for user <*>", count=6, history=[OPENED[0]], known=False),
    ]


def test_trained_again_each_template_keeps_its_id_and_new_ones_follow() -> None:
    before = mine({OPENED[0]: 1, "restart": 1})
    after = mine({"shut down": 1, OPENED[1]: 4}, start=before)
    assert [(one.id, one.text, one.count) for one in after.templates] == [
        (1, "session opened for user <*>", 4),
        (2, "restart", 0),
        (3, "shut down", 1),
    ]
    assert after.templates[0].history == [OPENED[0]]


def test_what_fits_a_template_already_teaches_nothing() -> None:
    before = mine(dict.fromkeys(["restart", *OPENED], 1))
    assert mine(dict.fromkeys(["restart", *OPENED], 1), start=before) == before


def test_known_templates_stay_as_they_are() -> None:
    start = known("session opened for user <*>", "never seen <*>")
    made = mine({OPENED[0]: 5, "session closed for user root": 2, "session closed for user ubuntu": 1}, start=start)
    assert made.templates[:2] == [replace(start.templates[0], count=5), start.templates[1]]
    (mined,) = made.templates[2:]
    assert (mined.id, mined.text, mined.count, mined.known) == (3, "session closed for user <*>", 3, False)


def test_without_the_known_ones_other_templates_come_out() -> None:
    made = mine({OPENED[0]: 5, "session closed for user root": 2, "session closed for user ubuntu": 1})
    assert [one.text for one in made.templates] == ["session <*> for user <*>"]


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d7", "<num>", WILDCARD]), max_size=5)
TEXTS = st.lists(WORDS.map(" ".join), max_size=40, unique=True)


@pytest.mark.parametrize("children", [3, 100])
@given(texts=TEXTS, more=TEXTS, given_texts=st.lists(WORDS.map(" ".join), max_size=4, unique=True))
def test_any_log_gives_a_sound_dictionary_in_which_all_its_lines_are_found(
    children: int, texts: list[str], more: list[str], given_texts: list[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(miner, "_CHILDREN", children)
        _check_any_log(texts, more, given_texts)


def _check_any_log(texts: list[str], more: list[str], given_texts: list[str]) -> None:
    before = mine(dict.fromkeys(texts, 1), start=known(*given_texts))
    after = mine(dict.fromkeys(more, 3), start=before)
    for made, learnt in ((before, texts), (after, [*texts, *more])):
        assert decode_dictionary(encode_dictionary(made), "here") == made
        assert None not in Matcher(made.templates).match(learnt)
    assert sum(one.count for one in after.templates) == 3 * len(more)
    for old, new in zip(before.templates, after.templates, strict=False):
        assert old.id == new.id
        assert covers(new.text.split(), old.text.split())
        assert new.text == old.text or not old.known
        assert new.history[: len(old.history)] == old.history
    assert mine(dict.fromkeys(texts, 1), start=known(*given_texts)) == before


def test_very_long_lines_and_words_are_learnt_within_the_limits() -> None:
    many = " ".join(["many", *[f"w{number}" for number in range(50_000)]])
    wide = "wide " + "x" * 400_000
    made = mine({many: 1, many + " more": 1, wide: 1})
    assert decode_dictionary(encode_dictionary(made), "here") == made
    assert [len(one.text.split()) for one in made.templates] == [MOST_WORDS, 2]
    assert made.templates[1].text == "wide <*>"
    assert max(len(word) for one in made.templates for word in one.text.split()) <= LONGEST_WORD
    assert Matcher(made.templates).match([many, many + " more", wide, "wide y"]) == [1, 1, 2, 2]
    blobs = ["x" * 300, "y" * 300, "z" * 300 + " <*>", "x" * 300 + " " + "y" * 300]
    assert [one.text for one in mine(dict.fromkeys(blobs, 1)).templates] == ["<*>", "<*> <*>"]


def test_a_full_dictionary_takes_no_more_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(miner, "MOST_TEMPLATES", 2)
    said: list[str] = []
    made = mine({"a": 1, "b": 1, "c": 1}, say=said.append)
    assert [one.text for one in made.templates] == ["a", "b"]
    assert said == ["the log dictionary is full: records that are unlike those before are not in it"]
    monkeypatch.undo()
    monkeypatch.setattr(miner, "_MOST_CHARACTERS", 5)
    assert len(mine({"abc": 1, "defg": 1, "h": 1}).templates) == 2


@pytest.mark.parametrize("name", REAL_LOGS)
def test_the_templates_are_those_of_drain3(data_dir: Path, name: str) -> None:
    from drain3.drain import Drain

    counts = masked(data_dir / name)
    drain = Drain(depth=4, sim_th=0.4, param_str=WILDCARD)
    for text in counts:
        drain.add_log_message(text)
    made = mine(counts)
    ours = {one.id: one.text for one in made.templates}
    theirs = {one.cluster_id: one.get_template() for one in drain.clusters}
    assert ours.keys() == theirs.keys()
    # One line of Linux.log is an attack with a very long word, which no template of ours may have.
    differ = [text for number, text in theirs.items() if text != ours[number]]
    assert all(max(map(len, text.split())) > LONGEST_WORD for text in differ)
    assert len(differ) <= 1


@pytest.mark.parametrize("name", REAL_LOGS)
def test_the_device_finds_what_drain3_finds(data_dir: Path, name: str) -> None:
    from drain3.drain import Drain

    counts = masked(data_dir / name)
    drain = Drain(depth=4, sim_th=0.4, param_str=WILDCARD)
    learnt = first(counts, 0.6)
    for text in learnt:
        drain.add_log_message(text)
    made = mine(learnt)
    ours = Matcher(made.templates).match(list(counts))
    theirs = [drain.match(text, full_search_strategy="fallback") for text in counts]
    assert [number is None for number in ours] == [cluster is None for cluster in theirs]
    assert None in ours
    constants = {one.id: sum(word != WILDCARD for word in one.text.split()) for one in made.templates}
    for number, cluster in zip(ours, theirs, strict=True):
        assert number is None or constants[number] >= constants[cluster.cluster_id]


@pytest.mark.parametrize("name", REAL_LOGS)
def test_ids_of_a_real_log_stay_when_it_grows(data_dir: Path, name: str) -> None:
    counts = masked(data_dir / name)
    before = mine(first(counts, 0.5))
    after = mine(counts, start=before)
    assert len(after.templates) > len(before.templates)
    old = Matcher(before.templates).match(list(counts))
    new = Matcher(after.templates).match(list(counts))
    assert None not in new
    for early, late in zip(before.templates, after.templates, strict=False):
        assert early.id == late.id
        assert late.text == early.text or early.text in late.history
    same = sum(a == b for a, b in zip(old, new, strict=True) if a is not None)
    assert same >= 0.99 * sum(number is not None for number in old)
