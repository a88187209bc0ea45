from __future__ import annotations

from edge.commands.table import align


def test_columns_are_aligned_and_the_last_one_is_free() -> None:
    rows = [("a", "1", "x"), ("long", "100", "a long text at the end"), ("b", "22")]
    assert align(rows, right=(1,), indent="> ") == [
        "> a       1  x",
        "> long  100  a long text at the end",
        "> b      22",
    ]


def test_a_long_last_cell_does_not_push_the_others() -> None:
    assert align([("a very long sentence",), ("x", "y")]) == ["a very long sentence", "x  y"]


def test_nothing_is_nothing() -> None:
    assert align([]) == []
