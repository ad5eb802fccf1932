"""From a mask and keys to the first N."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain.ranking import top

value = st.one_of(st.sampled_from([math.nan, math.inf, -math.inf, -0.0]), st.integers(-3, 3).map(float))
row = st.tuples(value, value)


@given(st.lists(row, max_size=60), st.integers(1, 4), st.booleans(), st.booleans(), st.booleans())
def test_the_top_is_the_head_of_a_full_sort(
    rows: list[tuple[float, float]], size: int, first_down: bool, second_down: bool, both: bool
) -> None:
    """Equal to sorting everything in plain Python: nulls out, ties as they are said to go."""
    ties = np.array([(7 * i) % 61 for i in range(len(rows))], np.int64)
    keys = [(np.array([r[0] for r in rows], float), first_down), (np.array([r[1] for r in rows], float), second_down)]
    keys = keys if both else keys[:1]
    wanted = [i for i in range(len(rows)) if not any(math.isnan(values[i]) for values, _ in keys)]
    wanted.sort(key=lambda i: ([-values[i] if down else values[i] for values, down in keys], ties[i]))

    ranked = top(keys, ties.take, size)

    assert ranked.tolist() == wanted[:size]


@pytest.mark.parametrize("down", [False, True])
def test_the_infinite_are_ranked_like_others(down: bool) -> None:
    """What arithmetic ran away to has its place at an end; null is no value and has none."""
    values = np.array([math.inf, math.nan, 1.0, -math.inf, math.nan])

    ranked = top([(values, down)], np.arange(5).take, 4)

    assert ranked.tolist() == ([0, 2, 3] if down else [3, 2, 0])
