"""From sort keys to the first N, in a total and deterministic order."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from tradeul.domain.events import Floats, Ints

Key = tuple[Floats, bool]
"""Values and whether the largest come first."""


def top(keys: Sequence[Key], ties: Callable[[Ints], Ints], size: int) -> Ints:
    """Rank places of columns; a null in any key never qualifies, what is equal goes by the `ties` of its places.

    Only what can still be among the first `size` by the first key is sorted (the market is not).
    """
    ascending = [np.negative(values) if down else values for values, down in keys]
    first = ascending[0]
    for other in ascending[1:]:
        first = np.where(np.isnan(other), np.nan, first)
    near = (first <= _bound(first, size)).nonzero()[0]
    order = np.lexsort((ties(near), *[column.take(near) for column in reversed(ascending)]))
    return near.take(order[:size])


def _bound(ascending: Floats, size: int) -> float:
    """The value beyond which nothing is among the first `size`. Null sorts last, and is within no bound."""
    if len(ascending) <= size:
        return math.inf
    sorted_in_part = ascending.copy()
    sorted_in_part.partition(size - 1)
    last = float(sorted_in_part[size - 1])
    return math.inf if math.isnan(last) else last
