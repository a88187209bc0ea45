from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.dictionary.describe import differences, facts, listing
from edge.dictionary.diff import compare
from edge.dictionary.spec import Dictionary, Template, covers


def dictionary(*texts: str, first: int = 1) -> Dictionary:
    templates = [
        Template(id=number, text=text, count=number, history=[], known=False)
        for number, text in enumerate(texts, first)
    ]
    return Dictionary(schema_version=1, templates=templates)


def test_what_is_new_gone_and_more_general_is_told_by_the_texts_not_the_ids() -> None:
    earlier = dictionary("a b c", "same <*>", "x y", "lost")
    later = dictionary("found", "same <*>", "a <*> c", "x <*>", "x <*> z", first=10)
    difference = compare(earlier, later)
    assert [one.text for one in difference.new] == ["found", "x <*> z"]
    assert [one.text for one in difference.gone] == ["lost"]
    assert [(one.text, other.text, other.id) for one, other in difference.more_general] == [
        ("a b c", "a <*> c", 12),
        ("x y", "x <*>", 13),
    ]


def test_two_that_became_one_are_more_general_both() -> None:
    difference = compare(dictionary("a b", "a c"), dictionary("a <*>"))
    assert [one.text for one, _ in difference.more_general] == ["a b", "a c"]
    assert not difference.new
    assert not difference.gone


def test_a_more_specific_one_is_new_and_the_general_one_gone() -> None:
    difference = compare(dictionary("a <*>"), dictionary("a b"))
    assert [one.text for one in difference.new] == ["a b"]
    assert [one.text for one in difference.gone] == ["a <*>"]


FORMS = st.lists(st.lists(st.sampled_from(["a", "b", "<*>"]), max_size=3).map(" ".join), unique=True, max_size=12).map(
    lambda texts: dictionary(*texts)
)


@given(FORMS, FORMS)
def test_every_template_is_accounted_for_once(earlier: Dictionary, later: Dictionary) -> None:
    difference = compare(earlier, later)
    ours = {one.text for one in earlier.templates}
    theirs = {one.text for one in later.templates}
    left = [one.text for one in difference.gone] + [one.text for one, _ in difference.more_general]
    assert sorted(left) == sorted(ours - theirs)
    assert {one.text for one in difference.new} <= theirs - ours
    assert {one.text for one in difference.new} | {one.text for _, one in difference.more_general} >= theirs - ours
    for one, other in difference.more_general:
        assert covers(other.text.split(), one.text.split())
    for gone in difference.gone:
        assert not any(covers(one.text.split(), gone.text.split()) for one in later.templates)


@given(FORMS)
def test_equal_dictionaries_do_not_differ(one: Dictionary) -> None:
    assert not differences(compare(one, one))


def test_control_characters_are_escaped_for_people_and_kept_for_programs() -> None:
    evil = dictionary("a \x1b[31mred", "b")
    evil = Dictionary(
        schema_version=1,
        templates=[
            *evil.templates,
            Template(id=3, text="c <*>", count=0, history=["c \x07bell"], known=True),
        ],
    )
    head, shown = listing(evil)
    assert head == "log dictionary: 3 templates, 1 of them known beforehand"
    assert ("1", "1", "a \\x1b[31mred") in shown
    assert ("", "", "  before: c \\x07bell") in shown
    assert ("3", "0", "c <*>  [known]") in shown
    difference = compare(dictionary("b"), evil)
    assert "\x1b" not in str(differences(difference))
    assert facts(difference)["new"][0]["text"] == "a \x1b[31mred"
    assert facts(difference)["gone"] == []
