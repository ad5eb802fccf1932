"""A date taken apart."""

import datetime as dt

import numpy as np

from tests.support.market import DAY, at
from tests.support.simulated import small_day
from tradeul.simulation.shape import Bars
from tradeul.simulation.trading_day import HALF_HOUR_SLOTS, SLOT_MINUTES, TradingDay


def seconds_of_half_hour(day: TradingDay, half_hour: int) -> tuple[Bars, Bars]:
    """One half-hour of all symbols, and all its seconds in a row."""
    rows = np.arange(day.count)
    parent = day.half_hours(slice(0, day.count), day.slot_count - 1).take((rows, half_hour))
    slots = day.slots(rows, np.full(day.count, half_hour), parent)
    parts: list[Bars] = []
    for place in range(HALF_HOUR_SLOTS):
        slot = np.full(day.count, half_hour * HALF_HOUR_SLOTS + place)
        minutes = day.minutes(rows, slot, slots.take((rows, place)))
        parts += [
            day.seconds(rows, slot * SLOT_MINUTES + minute, minutes.take((rows, minute)))
            for minute in range(SLOT_MINUTES)
        ]
    joined = (np.concatenate([getattr(part, name) for part in parts], axis=1) for name in Bars.names())
    return parent, Bars(*joined)


def test_a_half_hour_is_the_fold_of_its_seconds() -> None:
    """However far a bar is taken apart, its seconds give it back."""
    parent, seconds = seconds_of_half_hour(small_day(), 11)

    traded = seconds.volume > 0
    there = parent.volume > 0
    assert seconds.volume.sum(axis=1).tolist() == parent.volume.tolist()
    assert seconds.high.max(axis=1).tolist() == parent.high.tolist()
    assert np.where(traded, seconds.low, 2**62).min(axis=1)[there].tolist() == parent.low[there].tolist()
    every = np.arange(len(parent.volume))
    assert seconds.open[every, traded.argmax(axis=1)].tolist() == parent.open.tolist()


def test_the_sessions_are_the_folds_of_their_half_hours() -> None:
    """Half-hours of pre-market, regular and post-market add up to the day's plan."""
    day = small_day()

    bars = day.half_hours(slice(0, day.count), day.slot_count - 1)

    edges = (0, 11, 24, 32)
    for session, start, end in zip(day.plan.sessions, edges, edges[1:], strict=False):
        assert bars.volume[:, start:end].sum(axis=1).tolist() == session.volume.tolist()
        assert bars.high[:, start:end].max(axis=1).tolist() == session.high.tolist()


def test_asking_for_less_of_the_day_gives_the_same() -> None:
    """Pre-market is the same whether or not the afternoon is asked for."""
    day = small_day()

    morning = day.half_hours(slice(10, 50), 5)
    whole = day.half_hours(slice(10, 50), day.slot_count - 1)

    assert morning.close.tolist() == whole.close[:, : morning.close.shape[1]].tolist()


def test_an_early_close_ends_at_five() -> None:
    """On a half day the regular session ends at 13:00 and the day at 17:00."""
    day = small_day(dt.date(2026, 11, 27))

    assert day.seconds_long == 13 * 3600
    assert day.slot_count == 156
    assert day.regular(np.array([65, 66, 107, 108])).tolist() == [False, True, True, False]


def test_seconds_are_counted_within_the_extended_day() -> None:
    """Before 04:00 no second has ended, after 20:00 all have."""
    day = small_day()

    assert day.second_at(at("03:59")) == 0
    assert day.second_at(at("04:00:01", DAY)) == 1
    assert day.second_at(at("23:00")) == 16 * 3600


def test_last_trades_lie_in_their_second() -> None:
    """A last trade happens within its second and has no more shares than traded in it."""
    day = small_day()
    rows, volume = np.arange(day.count), np.arange(1, day.count + 1)

    traded_at, size = day.last_trades(rows, np.full(day.count, 77), volume)

    start = day.hours.pre_market_start + 77 * 10**9
    assert ((traded_at >= start) & (traded_at < start + 10**9)).all()
    assert ((size >= 1) & (size <= volume)).all()
