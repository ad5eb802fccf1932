"""Finished sessions by slot, from bars and from the day's own book, beside plain Python."""

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, DAY, NANOS
from tradeul.domain.day_volumes import (
    DayVolumes,
    complete,
    joined,
    merged,
    slot_count,
    volumes_of_bars,
    volumes_of_table,
)
from tradeul.domain.events import Symbol, SymbolBars
from tradeul.domain.slot_book import SlotBook, SlotRecord, Source

HALF_DAY = dt.date(2026, 11, 27)
YESTERDAY = CALENDAR.previous(DAY)
SLOTS = 192
A = Symbol("A")

Traded = dict[tuple[dt.date, int], tuple[float, int, float]]
"""Volume, trades and average price by session and slot."""

traded = st.dictionaries(
    st.tuples(st.sampled_from([YESTERDAY, DAY, HALF_DAY]), st.integers(-6, 197)),
    st.tuples(st.integers(1, 10_000).map(lambda shares: shares / 8), st.integers(1, 50), st.just(12.5)),
    max_size=60,
)


def bars_of(told: Traded) -> SymbolBars:
    """Bars as the vendor sends them: five minutes each, in order, none where nothing traded."""
    hours = CALENDAR.hours
    rows = sorted(
        (hours(day).pre_market_start + slot * 300 * NANOS, volume, trades, price)
        for (day, slot), (volume, trades, price) in told.items()
    )
    start, volume, trades, price = (np.array(column) for column in (zip(*rows, strict=True) if rows else [[]] * 4))
    same = price.astype(np.float64)
    return SymbolBars(
        A, adjusted=False, start=start.astype(np.int64), open=same, high=same, low=same, close=same,
        volume=volume.astype(np.float64), vwap=same, trades=trades.astype(np.float64),
    )  # fmt: skip


@given(traded)
def test_bars_become_cumulative_volumes_of_whole_sessions(told: Traded) -> None:
    """A slot without a bar carries on, bars outside the session count nowhere, a half day has 156 slots."""
    sessions = [CALENDAR.hours(day) for day in (HALF_DAY, DAY)]

    found = volumes_of_bars(bars_of(told), sessions)

    assert found.keys == ((HALF_DAY, A), (DAY, A))
    for line, hours in enumerate(sessions):
        slots, total = slot_count(hours), 0.0
        assert slots == (156 if hours.date == HALF_DAY else SLOTS)
        for slot in range(SLOTS):
            volume, trades, price = told.get((hours.date, slot), (0.0, 0, math.nan))
            if slot >= slots:
                assert np.isnan([found.volumes[line, slot], found.trades[line, slot], found.prices[line, slot]]).all()
                assert found.sources[line, slot] == Source.UNKNOWN
                continue
            total += volume
            assert found.volumes[line, slot] == pytest.approx(total)
            assert found.trades[line, slot] == trades
            assert np.isnan(found.prices[line, slot]) if math.isnan(price) else found.prices[line, slot] == price
        assert complete(found, slots).tolist()[line]


def telling(volumes: dict[int, float], source: Source) -> DayVolumes:
    """One day of one symbol, known at some slots."""
    known = np.full((1, SLOTS), np.nan)
    sources = np.zeros((1, SLOTS), np.int8)
    for slot, volume in volumes.items():
        known[0, slot], sources[0, slot] = volume, source
    return DayVolumes(((DAY, A),), known, np.full((1, SLOTS), np.nan), np.full((1, SLOTS), np.nan), sources)


def test_of_two_tellings_the_better_wins_slot_by_slot() -> None:
    """What was seen live stands over bars, bars over what was carried, and the newer of equals over the older."""
    kept = telling({0: 5.0, 1: 7.0, 2: 9.0}, Source.LIVE)
    kept.sources[0, 1] = Source.CARRIED
    came = telling({0: 4.0, 1: 8.0, 3: 20.0}, Source.BACKFILLED)

    found = merged(kept, came)

    assert found.volumes[0, :4].tolist() == [5.0, 8.0, 9.0, 20.0]
    assert found.sources[0, :4].tolist() == [Source.LIVE, Source.BACKFILLED, Source.LIVE, Source.BACKFILLED]
    assert merged(found, telling({3: 21.0}, Source.BACKFILLED)).volumes[0, 3] == 21.0


volumes = st.dictionaries(st.integers(0, 11), st.integers(0, 1000).map(float), max_size=12)


@given(volumes, volumes, st.sampled_from(list(Source)[1:]), st.sampled_from(list(Source)[1:]))
def test_no_volume_falls_and_telling_again_changes_nothing(
    first: dict[int, float], second: dict[int, float], kept: Source, came: Source
) -> None:
    """Whoever told what, the day only grows, and the same telling once more is the same day."""
    growing = {slot: sum(v for s, v in first.items() if s <= slot) for slot in first}
    also = {slot: sum(v for s, v in second.items() if s <= slot) for slot in second}

    found = merged(telling(growing, kept), telling(also, came))

    known = found.volumes[0][~np.isnan(found.volumes[0])]
    assert (np.diff(known) >= 0).all()
    again = merged(found, telling(also, came))
    assert np.array_equal(again.sources, found.sources)
    assert np.array_equal(again.volumes, found.volumes, equal_nan=True)


def test_the_days_own_book_becomes_rows_by_symbol() -> None:
    """Slots of which nothing is known are unknown, and such a day is not complete."""
    book = SlotBook(DAY)
    symbols = (A, Symbol("B"))
    for slot, (first, second) in {65: (10.0, math.nan), 66: (30.0, 4.0)}.items():
        live = np.array([Source.LIVE, Source.UNKNOWN if math.isnan(second) else Source.LIVE], np.int8)
        book.take(SlotRecord(slot, symbols, np.array([first, second]), live))

    found = volumes_of_table(book.table(), CALENDAR.hours(DAY))

    assert found.keys == ((DAY, A), (DAY, Symbol("B")))
    assert found.volumes[0, 64:68].tolist()[1:3] == [10.0, 30.0]
    assert found.volumes[1, 66] == 4.0
    assert np.isnan(found.volumes[1, 65])
    assert found.sources[:, 64].tolist() == [Source.UNKNOWN] * 2
    assert not complete(found, SLOTS).any()


def test_rows_are_joined_and_taken_with_their_keys() -> None:
    """Order and content stay together."""
    other = telling({5: 9.0}, Source.LIVE)
    both = joined([telling({0: 1.0}, Source.CARRIED), other])

    taken = both.take(np.array([1]))

    assert len(both) == 2
    assert taken.volumes[0, 5] == 9.0
    assert taken.sources[0, 5] == Source.LIVE
