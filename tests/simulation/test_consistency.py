"""One world, however it is asked: seconds, minutes, days, snapshots and the market's lists agree with each other."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.market import CALENDAR, DAY, NANOS, at
from tests.support.simulated import (
    SNAPSHOT,
    all_of,
    bars_of,
    content_of,
    listening,
    played,
    small_day,
    small_market,
    tape_at,
    worked,
)
from tradeul.domain.events import Nanos
from tradeul.domain.session import NEW_YORK
from tradeul.simulation.symbol_bars import Candles, Query, Span, Unit, candles_of

GROUPED = "/v2/aggs/grouped/locale/us/market/stocks/"
SYMBOLS = small_market(200).universe.symbols
HALF_DAY = dt.date(2026, 11, 27)
DAYS = [DAY, HALF_DAY, dt.date(2026, 3, 9), dt.date(2026, 11, 2), *CALENDAR.last_sessions(DAY, 40)]
"""Plain days, a half day, and the Mondays after both changes of the clocks."""

days = st.sampled_from(DAYS)
symbols = st.sampled_from(SYMBOLS)
seconds = st.integers(0, 16 * 3600 + 600)


def moment(day: dt.date, second: int) -> Nanos:
    """An instant so many seconds after 04:00 of a day."""
    return Nanos(at("04:00", day) + second * NANOS)


def fold(bars: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Put bars together that follow each other."""
    return {
        "o": bars[0]["o"],
        "h": max(bar["h"] for bar in bars),
        "l": min(bar["l"] for bar in bars),
        "c": bars[-1]["c"],
        "v": sum(bar["v"] for bar in bars),
    }


def shown(bar: dict[str, Any]) -> dict[str, Any]:
    """What is compared of a bar."""
    return {name: bar[name] for name in "ohlcv"}


def regular(bars: list[dict[str, Any]], day: dt.date) -> list[dict[str, Any]]:
    """The minutes of the regular session."""
    close = "13:00" if CALENDAR.is_early_close(day) else "16:00"
    return [bar for bar in bars if at("09:30", day) <= bar["t"] * 10**6 < at(close, day)]


def candles(symbol: str, span: Span, day: dt.date, now: Nanos) -> Candles:
    """The bars of a day in its own shares, straight from the world."""
    market = small_market(200)
    row = market.universe.row_of(symbol)
    assert row is not None
    query = Query(row, span, at("00:00", day), at("23:59:59", day), now, None, 50_000)
    return worked(candles_of(market, query))[0]


@given(day=days, symbol=symbols, second=seconds, minutes=st.integers(2, 400))
@settings(max_examples=40)
def test_bars_of_several_minutes_are_the_folds_of_their_minutes(
    day: dt.date, symbol: str, second: int, minutes: int
) -> None:
    """At any moment, bars of n minutes hold what the minutes within them hold, and no bar is empty."""
    fine = candles(symbol, Span(1, Unit.MINUTE), day, moment(day, second))
    coarse = candles(symbol, Span(minutes, Unit.MINUTE), day, moment(day, second))

    window = (fine.start - at("04:00", day)) // (minutes * 60 * NANOS)
    assert (coarse.volume > 0).all()
    assert coarse.base.sum() == len(fine.start)
    for place, number in enumerate(sorted(set(window.tolist()))):
        part = fine.take(np.flatnonzero(window == number))
        assert coarse.start[place] == at("04:00", day) + number * minutes * 60 * NANOS
        assert coarse.volume[place] == part.volume.sum()
        assert coarse.turnover[place] == part.turnover.sum()
        assert (coarse.open[place], coarse.close[place]) == (part.open[0], part.close[-1])
        assert (coarse.high[place], coarse.low[place]) == (part.high.max(), part.low.min())


@given(day=days, symbol=symbols, second=st.integers(0, 16 * 3600 + 600))
@settings(max_examples=40)
def test_a_daily_bar_is_the_fold_of_its_minutes(day: dt.date, symbol: str, second: int) -> None:
    """While it runs and when it is over: prices of the regular minutes, volume of all; without the former, no bar."""
    now = moment(day, second)
    minutes = candles(symbol, Span(1, Unit.MINUTE), day, now)
    daily = candles(symbol, Span(1, Unit.DAY), day, now)

    close = at("13:00" if CALENDAR.is_early_close(day) else "16:00", day)
    inside = minutes.take(np.flatnonzero((minutes.start >= at("09:30", day)) & (minutes.start < close)))
    if not len(inside.start):
        assert not len(daily.start)
        return
    assert daily.volume.tolist() == [minutes.volume.sum()]
    assert daily.start.tolist() == [at("00:00", day)]
    prices = (daily.open[0], daily.high[0], daily.low[0], daily.close[0])
    assert prices == (inside.open[0], inside.high.max(), inside.low.min(), inside.close[-1])


@pytest.mark.parametrize(("wall", "day"), [("09:30", DAY), ("12:59", HALF_DAY), ("07:12", DAY), ("16:00", DAY)])
def test_second_bars_add_up_to_their_minute(wall: str, day: dt.date) -> None:
    """The seconds that the tape plays are the minute that history has, symbol by symbol."""
    tape = tape_at(wall, small_day(day, 200))
    volume, high = np.zeros(len(SYMBOLS), np.int64), np.zeros(len(SYMBOLS), np.int64)
    first = np.zeros(len(SYMBOLS), np.int64)
    for _ in range(60):
        trades = played(tape)
        volume[trades.rows] += trades.bars.volume
        high[trades.rows] = np.maximum(high[trades.rows], trades.bars.high)
        first[trades.rows] = np.where(first[trades.rows] == 0, trades.bars.open, first[trades.rows])

    for row, symbol in enumerate(SYMBOLS):
        whole = candles(symbol, Span(1, Unit.MINUTE), day, at("23:00", day))
        own = whole.take(np.flatnonzero(whole.start == at(wall, day)))
        assert own.volume.tolist() == ([volume[row]] if volume[row] else [])
        assert own.high.tolist() == ([high[row]] if volume[row] else [])
        assert own.open.tolist() == ([first[row]] if volume[row] else [])
    assert volume.any()


@given(day=days, second=seconds, names=st.lists(symbols, min_size=3, max_size=3, unique=True))
@settings(max_examples=12)
async def test_the_snapshot_is_the_fold_of_the_minutes_so_far(day: dt.date, second: int, names: list[str]) -> None:
    """Accumulated volume is the sum of all minutes, the running one too; the day is zero before the open, then has
    regular prices and everybody's volume; the minute shown is the last one.
    """
    async with listening(moment(day, second)) as exchange:
        rows = {row["ticker"]: row for row in (await content_of(exchange, SNAPSHOT))["tickers"]}
        minutes = {symbol: await bars_of(exchange, symbol, "1/minute", day, day) for symbol in names}

    for symbol, bars in minutes.items():
        if symbol not in rows:
            continue
        row, inside = rows[symbol], regular(bars, day)
        assert row["min"]["av"] == sum(bar["v"] for bar in bars)
        assert shown(row["day"]) == (fold(inside) | {"v": row["min"]["av"]} if inside else dict.fromkeys("ohlcv", 0))
        if bars:
            assert shown(row["min"]) == shown(bars[-1])
            assert row["min"]["t"] == bars[-1]["t"]


@given(day=days, names=st.lists(symbols, min_size=2, max_size=2, unique=True))
@settings(max_examples=12)
async def test_everybody_remembers_the_same_yesterday(day: dt.date, names: list[str]) -> None:
    """The snapshot's previous day, the grouped bars, the bar of the previous day and the daily bar are one, in the
    shares of today.
    """
    before = CALENDAR.previous(day)
    async with listening(at("08:00", day)) as exchange:
        rows = {row["ticker"]: row for row in (await content_of(exchange, SNAPSHOT))["tickers"]}
        grouped = {row["T"]: row for row in await all_of(exchange, GROUPED + before.isoformat())}
        alone = {symbol: await bars_of(exchange, symbol, "1/day", before, before) for symbol in names}
        previous = {symbol: await all_of(exchange, f"/v2/aggs/ticker/{symbol}/prev") for symbol in names}

    remembered = {symbol: shown(row["prevDay"]) for symbol, row in rows.items() if row["prevDay"]["v"]}
    assert {symbol: shown(grouped[symbol]) for symbol in remembered} == remembered
    otc = small_market(200).universe.traits.otc
    for symbol in names:
        if not otc[SYMBOLS.index(symbol)]:
            daily = [shown(grouped[symbol])] if symbol in grouped else []
            assert [shown(bar) for bar in alone[symbol]] == [shown(bar) for bar in previous[symbol]] == daily


@given(day=days)
@settings(max_examples=6)
async def test_the_day_at_its_end_is_what_tomorrow_calls_its_bar(day: dt.date) -> None:
    """What a snapshot shows when post-market ends is the bar of that date, asked for a day later in its own shares."""
    async with listening(at("20:00", day)) as tonight, listening(at("09:00", CALENDAR.following(day))) as tomorrow:
        rows = (await content_of(tonight, SNAPSHOT))["tickers"]
        bars = {row["T"]: row for row in await all_of(tomorrow, f"{GROUPED}{day}?adjusted=false")}

    ended = {row["ticker"]: shown(row["day"]) for row in rows if row["day"]["v"]}
    assert len(ended) > 100
    assert {symbol: shown(bars[symbol]) for symbol in ended} == ended


@given(symbol=symbols, day=days)
@settings(max_examples=8)
async def test_longer_bars_are_the_folds_of_days(symbol: str, day: dt.date) -> None:
    """Weeks from Sunday to Saturday and calendar months hold what their days hold."""
    start = (day - dt.timedelta(days=50)).replace(day=1)
    async with listening(at("13:37:07", day)) as exchange:
        daily = await bars_of(exchange, symbol, "1/day", start - dt.timedelta(days=7), day)
        weekly = await bars_of(exchange, symbol, "1/week", start, day)
        monthly = await bars_of(exchange, symbol, "1/month", start, day)

    weeks = grouped_by(daily, lambda date: date - dt.timedelta(days=(date.weekday() + 1) % 7))
    months = grouped_by(daily, lambda date: date.replace(day=1))
    assert [(bar["t"], shown(bar)) for bar in weekly] == [each for each in weeks if each[0] >= weekly[0]["t"]]
    assert [(bar["t"], shown(bar)) for bar in monthly] == [each for each in months if each[0] >= monthly[0]["t"]]


def grouped_by(bars: list[dict[str, Any]], first_day: Callable[[dt.date], dt.date]) -> list[tuple[int, dict[str, Any]]]:
    """Bars folded by the first date of their window."""
    windows: dict[dt.date, list[dict[str, Any]]] = {}
    for bar in bars:
        date = dt.datetime.fromtimestamp(bar["t"] / 1000, NEW_YORK).date()
        windows.setdefault(first_day(date), []).append(bar)
    return [(at("00:00", day) // 10**6, fold(part)) for day, part in windows.items()]
