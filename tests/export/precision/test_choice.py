"""Which layers are lowered: all that can be, and the costliest left out first."""

from __future__ import annotations

from typing import Dict, List, Sequence

from hypothesis import given
from hypothesis import strategies as st

from export.precision.choice import choose_layers

COSTS = {"a": 0.1, "b": 5.0, "c": 0.3, "d": 0.2}


def test_all_where_all_can_be() -> None:
    asked: List[str] = []
    assert choose_layers(list(COSTS), lambda _: True, lambda name: asked.append(name) or 0.0) == list(COSTS)
    assert asked == [], "no layer is looked at by itself where that is not needed"


def test_the_costliest_is_left_out() -> None:
    assert choose_layers(list(COSTS), lambda names: "b" not in names, COSTS.__getitem__) == ["a", "c", "d"]


def test_none_where_none_can_be() -> None:
    assert choose_layers(list(COSTS), lambda _: False, COSTS.__getitem__) == []


def test_no_layer_at_all() -> None:
    assert choose_layers([], lambda _: False, COSTS.__getitem__) == []


@given(st.dictionaries(st.text("xyz", min_size=1), st.floats(0, 10), min_size=1), st.floats(0, 30))
def test_as_many_as_fit_into_a_budget(costs: Dict[str, float], budget: float) -> None:
    def bears(names: Sequence[str]) -> bool:
        return sum(costs[name] for name in names) <= budget

    chosen = choose_layers(list(costs), bears, costs.__getitem__)
    assert bears(chosen)
    assert chosen == [name for name in costs if name in chosen], "in their order"
    left = sorted(costs[name] for name in costs if name not in chosen)
    if left and len(chosen) < len(costs):
        assert sum(costs[name] for name in chosen) + left[0] > budget
