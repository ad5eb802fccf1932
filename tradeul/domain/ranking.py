"""From a mask and sort keys to the first N rows, in a total and deterministic order."""

from collections.abc import Sequence

import numpy as np

from tradeul.domain.events import Bools, Floats, Ints

Key = tuple[Floats, bool]
"""Values and whether the largest come first."""


def top(mask: Bools, keys: Sequence[Key], alphabetical: Ints, size: int) -> Ints:
    """Rank the rows of `mask`; a null in any key never qualifies, ties go by symbol.

    Only the rows that can still be among the first `size` by the first key are sorted (the market is not).
    """
    rows = np.flatnonzero(mask)
    for values, _ in keys:
        rows = rows[~np.isnan(values[rows])]
    ascending = [np.negative(values[rows]) if descending else values[rows] for values, descending in keys]
    if len(rows) > size:
        cut = np.partition(ascending[0], size - 1)[size - 1]
        near = ascending[0] <= cut
        rows = rows[near]
        ascending = [values[near] for values in ascending]
    order = np.lexsort((alphabetical[rows], *reversed(ascending)))
    return rows[order[:size]]
