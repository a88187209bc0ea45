"""Which layers bear a lower precision: all of them, or all but those that cost most."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def choose_layers(
    names: Sequence[str], bears: Callable[[Sequence[str]], bool], cost: Callable[[str], float]
) -> list[str]:
    """The layers to lower; empty when not even the cheapest one alone can be.

    `bears` says whether lowering these layers stays within the limits, `cost` how far lowering one alone moves the
    scores. Asked for all first; only if they are too much, the costliest ones are left out, as few as it takes, found
    by bisection (which supposes that leaving out more never hurts).
    """
    if not names or bears(names):
        return list(names)
    costs = {name: cost(name) for name in names}
    cheapest_first = sorted(names, key=lambda name: (costs[name], names.index(name)))
    kept, refused = 0, len(names)
    while refused - kept > 1:
        middle = (kept + refused) // 2
        if bears(cheapest_first[:middle]):
            kept = middle
        else:
            refused = middle
    return sorted(cheapest_first[:kept], key=names.index)
