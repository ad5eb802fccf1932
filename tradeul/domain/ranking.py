"""From members and sort keys to the first N, in a total and deterministic order."""

from collections.abc import Sequence

import numpy as np

from tradeul.domain.events import Floats, Ints

Key = tuple[Floats, bool]
"""Values and whether the largest come first."""


def top(places: Ints, keys: Sequence[Key], size: int) -> Ints:
    """Rank places of the keys' columns; a null in any key never qualifies, ties stay in the order they come in.

    Only what can still be among the first `size` by the first key is sorted (the market is not).
    """
    for values, _ in keys[1:]:
        places = places.take((~np.isnan(values.take(places))).nonzero()[0])
    ascending = [np.negative(values.take(places)) if down else values.take(places) for values, down in keys]
    near = (ascending[0] <= _bound(ascending[0], size)).nonzero()[0]
    # A stable sort: what is equal by all keys keeps its order.
    order = np.lexsort([column.take(near) for column in reversed(ascending)])
    return places.take(near.take(order[:size]))


def _bound(ascending: Floats, size: int) -> float:
    """The value beyond which nothing is among the first `size`. Null sorts last, and is within no bound."""
    if len(ascending) <= size:
        return np.inf
    last = float(np.partition(ascending, size - 1)[size - 1])
    return np.inf if np.isnan(last) else last
