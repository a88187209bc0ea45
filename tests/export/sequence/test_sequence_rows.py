"""The features of rows, as they are learnt."""

from __future__ import annotations

from edge.formats.request_rows import CATEGORIES, ROW_FIELDS
from edge.table.rows import join_fields
from export.sequence.rows import MOST_CATEGORIES, features_of


def row(method: str, number: int = 0) -> str:
    words = {"method": method, "protocol": "HTTP/1.1", "answer": "2xx"}
    return join_fields([words.get(name, str(number)) for name in ROW_FIELDS])


def test_the_commonest_words_of_distinct_rows_are_categories() -> None:
    rare = [row(f"M{number:02d}") for number in range(MOST_CATEGORIES + 3)]
    common = [row("POST", number) for number in range(3)] + [row("GET", number) for number in range(5)]
    # One row over and over counts once.
    repeated = " ".join([rare[-1]] * 50)
    features = {feature.name: feature.categories for feature in features_of([*rare, " ".join(common), repeated])}
    assert tuple(features) == ROW_FIELDS
    assert features["method"] == ["GET", "POST", *(f"M{number:02d}" for number in range(MOST_CATEGORIES - 2))]
    assert features["protocol"] == ["HTTP/1.1"]
    assert {name for name, categories in features.items() if categories is not None} == set(CATEGORIES)
