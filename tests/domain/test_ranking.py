"""From a mask and keys to the first N."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain.ranking import top

value = st.one_of(st.just(math.nan), st.integers(-3, 3).map(float))
row = st.tuples(st.booleans(), value, value)


@given(st.lists(row, max_size=60), st.integers(1, 4), st.booleans(), st.booleans())
def test_the_top_is_the_head_of_a_full_sort(
    rows: list[tuple[bool, float, float]], size: int, first_down: bool, second_down: bool
) -> None:
    """Equal to sorting everything in plain Python: nulls out, ties by symbol."""
    names = [f"S{(7 * i) % 61:02d}" for i in range(len(rows))]
    alphabetical = np.argsort(np.argsort(names)) if names else np.empty(0, np.int64)
    candidates = [i for i, (inside, a, b) in enumerate(rows) if inside and not math.isnan(a) and not math.isnan(b)]
    candidates.sort(
        key=lambda i: (
            -rows[i][1] if first_down else rows[i][1],
            -rows[i][2] if second_down else rows[i][2],
            names[i],
        )
    )

    mask = np.array([inside for inside, _, _ in rows], np.bool_)
    keys = [(np.array([r[1] for r in rows], float), first_down), (np.array([r[2] for r in rows], float), second_down)]
    ranked = top(mask, keys, alphabetical, size)

    assert ranked.tolist() == candidates[:size]
