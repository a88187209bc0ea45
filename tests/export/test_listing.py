"""Lists in sentences."""

from __future__ import annotations

from export.listing import commonest, some


def test_a_few_are_shown_and_the_others_counted() -> None:
    names = [f"n{number}" for number in range(1010)]
    assert some(names[:8]) == "n0, n1, n2, n3, n4, n5, n6, n7"
    assert some(names) == "n0, n1, n2, n3, n4, n5, n6, n7 and 1,002 more"
    assert some([]) == ""


def test_the_commonest_come_first_with_their_counts() -> None:
    assert commonest({"Bot": 2, "DoS Hulk": 1200, "Web": 2}) == "'DoS Hulk' (1,200), 'Bot' (2), 'Web' (2)"
    many = {f"n{number}": number for number in range(10)}
    assert commonest(many).startswith("'n9' (9), 'n8' (8), ")
    assert commonest(many).endswith("'n2' (2) and 2 more")
    assert commonest({}) == ""
