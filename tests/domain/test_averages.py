"""Averages over daily history, beside a recomputation symbol by symbol."""

import datetime as dt
import random
import statistics
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import daily
from tradeul.domain.averages import DailyHistory

bar = st.one_of(
    st.none(),
    st.tuples(st.floats(10, 12), st.floats(8, 10), st.floats(8, 12), st.integers(0, 1000)),
)


def naive_atr(bars: list[tuple[float, float, float, int]]) -> float | None:
    ranges = [max(high, previous[2]) - min(low, previous[2]) for previous, (high, low, _, _) in pairwise(bars)]
    if len(ranges) < 14:
        return None
    atr = statistics.fmean(ranges[:14])
    for true_range in ranges[14:]:
        atr = (13 * atr + true_range) / 14
    return atr


def test_the_range_is_smoothed_beyond_fourteen_sessions() -> None:
    """Each later session counts a fourteenth, also across one without a bar."""
    draw = random.Random(3)  # noqa: S311  # a repeatable story
    bars = [(10 + draw.random(), 9 - draw.random(), 9.5 + draw.random() / 2, 100) for _ in range(24)]
    history = DailyHistory()
    for i, each in enumerate(bars):
        history.add(
            daily(dt.date(2026, 1, 1) + dt.timedelta(days=i), ("B", 1, 1, 1, 1), *(() if i == 17 else (("A", *each),)))
        )

    averages = history.averages()

    expected = naive_atr([each for i, each in enumerate(bars) if i != 17])
    assert averages.atr[averages.symbols.index("A")] == pytest.approx(expected, abs=1e-4)


@given(st.lists(st.tuples(bar, bar), min_size=1, max_size=35))
def test_averages_equal_a_recomputation_by_hand(sessions: list[tuple[Any, Any]]) -> None:
    """Whatever the order of loading, days without a bar, and lengths of history."""
    history = DailyHistory()
    days = [
        (
            dt.date(2026, 1, 1) + dt.timedelta(days=i),
            [(s, *b) for s, b in zip("AB", pair, strict=True) if b is not None],
        )
        for i, pair in enumerate(sessions)
    ]
    shuffled = days[::2][::-1] + days[1::2]
    for day, rows in shuffled:
        history.add(daily(day, *rows))
    if not len(history):
        return

    averages = history.averages()

    held = [{row[0]: row[1:] for row in rows} for _, rows in days if rows][-30:]
    for i, symbol in enumerate(averages.symbols):
        present = [day.get(symbol) for day in held]
        known = [b for b in present if b]
        if not known:
            continue
        since_first = present[next(i for i, b in enumerate(present) if b) :]
        volumes = [b[3] if b else 0 for b in since_first]
        assert averages.volume_30d[i] == pytest.approx(statistics.fmean(volumes))
        assert averages.price_30d[i] == pytest.approx(statistics.fmean([b[2] for b in known]), abs=1e-4)
        atr = naive_atr(known)
        assert averages.atr[i] == pytest.approx(atr, abs=1e-4, nan_ok=True) if atr else str(averages.atr[i]) == "nan"
