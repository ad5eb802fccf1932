"""Bars made of what snapshots show: each newer price once, in its own minute, and nothing before it was settled."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.session import NANOS
from tradeul.replay.minutes import Minutes, Shown

MINUTE = 60 * NANOS
SYMBOLS = tuple(map(Symbol, "ABC"))
Look = list[tuple[int, int, int]]
"""Of each symbol until when it is known, in seconds, a price (0: none) and the day's volume."""
LOOKS: st.SearchStrategy[list[Look]] = st.lists(
    st.lists(st.tuples(st.integers(1, 300), st.integers(0, 9), st.integers(0, 50)), min_size=3, max_size=3), max_size=14
)


def taken(looks: list[Look]) -> Minutes:
    """A look every second of the clock."""
    minutes = Minutes()
    for number, look in enumerate(looks):
        at = np.array([second * NANOS for second, _, _ in look], np.int64)
        price = np.array([float(price) or np.nan for _, price, _ in look])
        volume = np.array([float(shares) for _, _, shares in look])
        minutes.take(SYMBOLS, Shown(at, price, price + 0.5, price - 0.5, volume), Nanos(number * NANOS))
    return minutes


def naive(looks: list[Look], place: int, until: int | None) -> list[tuple[float, ...]]:
    """The same, price by price. A minute is settled by the first look at which anybody is in a later one."""
    prices, shares, settled = defaultdict[int, list[int]](list), dict[int, int](), dict[int, int]()
    newest, under_way, before = [0] * 3, -1, None
    for number, look in enumerate(looks):
        if newest[place] == 0:
            before = look[place][2]
        fresh = [n for n, (second, price, _) in enumerate(look) if price and second > newest[n]]
        for minute in sorted({look[n][0] // 60 for n in fresh}):
            if minute > under_way:
                settled |= {each: number for each in range(max(0, under_way), minute) if each not in settled}
                under_way = minute
            if minute == under_way and place in fresh and look[place][0] // 60 == minute:
                prices[minute].append(look[place][1])
                shares[minute] = look[place][2]
        for n in fresh:
            newest[n] = look[n][0]
    told, last = list[tuple[float, ...]](), before or 0
    for minute, paid in sorted(prices.items()):
        if until is None or settled.get(minute, 10**9) <= until:
            bar = (paid[0], max(paid) + 0.5, min(paid) - 0.5, paid[-1], max(0, shares[minute] - last))
            told.append((minute * MINUTE, *map(float, bar)))
        last = shares[minute]
    return told


def bars(minutes: Minutes, symbol: Symbol, until: Nanos | None = None, span: int = 1) -> list[tuple[float, ...]]:
    found = minutes.bars(symbol, until, span)
    columns = (found.start, found.open, found.high, found.low, found.close, found.volume)
    return [tuple(float(value) for value in bar) for bar in zip(*columns, strict=True)]


@given(LOOKS)
def test_bars_are_what_was_shown(looks: list[Look]) -> None:
    """Every bar of every symbol, the one under way too."""
    minutes = taken(looks)

    assert [bars(minutes, symbol) for symbol in SYMBOLS] == [naive(looks, place, None) for place in range(3)]


@given(LOOKS, st.data())
def test_as_of_a_moment_nothing_is_told_that_came_later(looks: list[Look], data: st.DataObject) -> None:
    """However much was taken meanwhile: it is the same as if nothing had been."""
    number = data.draw(st.integers(0, max(0, len(looks) - 1)))
    until = Nanos(number * NANOS)

    whole, then = taken(looks), taken(looks[: number + 1])

    for place, symbol in enumerate(SYMBOLS):
        assert bars(whole, symbol, until) == bars(then, symbol, until) == naive(looks, place, number)


@given(LOOKS)
def test_longer_bars_are_made_of_the_short_ones(looks: list[Look]) -> None:
    """Two minutes: the first's open, the last's close, the extremes and the volume of both."""
    minutes = taken(looks)
    for symbol in SYMBOLS:
        pieces = defaultdict[float, list[tuple[float, ...]]](list)
        for bar in bars(minutes, symbol):
            pieces[bar[0] // (2 * MINUTE) * 2 * MINUTE].append(bar)
        expected = [
            (start, p[0][1], max(b[2] for b in p), min(b[3] for b in p), p[-1][4], sum(b[5] for b in p))
            for start, p in pieces.items()
        ]
        assert bars(minutes, symbol, span=2) == expected


def test_who_was_never_shown_has_none() -> None:
    """Not even a bar of nothing."""
    assert bars(taken([]), Symbol("Z")) == []
    assert bars(taken([[(1, 5, 1)] * 3]), Symbol("Z"), Nanos(0), 60) == []
