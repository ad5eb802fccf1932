"""What happens to symbols on a date."""

import datetime as dt

import numpy as np
import pytest

from tests.support.market import CALENDAR, DAY
from tests.support.simulated import small_market, worked
from tradeul.simulation.days import adjusted, daily_bar_of, daily_bars_of, listed_on, plan_of, plans_of
from tradeul.simulation.shape import Bars, Columns

TRAITS = small_market(3000).universe.traits
PLAN = worked(plan_of(TRAITS, DAY, CALENDAR))


def test_yesterdays_bar_is_the_one_of_yesterday() -> None:
    """What a day calls its previous bar is the official bar of the session before."""
    yesterday = CALENDAR.previous(DAY)

    bars = worked(daily_bars_of(TRAITS, (yesterday,), CALENDAR))

    whole = adjusted(TRAITS, bars, yesterday, DAY)
    for name in Bars.names():
        assert getattr(PLAN.previous, name).tolist() == getattr(whole, name).tolist()


def test_a_part_of_the_market_is_the_same_as_in_the_whole() -> None:
    """Symbols do not depend on which others are worked out with them."""
    part = worked(plan_of(TRAITS.take(slice(700, 900)), DAY, CALENDAR))

    assert part.regular.close.tolist() == PLAN.regular.close[700:900].tolist()
    assert part.pre_market.volume.tolist() == PLAN.pre_market.volume[700:900].tolist()


def test_many_dates_at_once_are_each_date_alone() -> None:
    """Whoever asks for a month of some symbols gets what a day of all of them has, to the last bit of every column."""
    days = CALENDAR.last_sessions(DAY, 22)[::-1]
    rows = slice(700, 705)
    together = worked(plans_of(TRAITS.take(rows), days, CALENDAR))

    for number, day in enumerate(days):
        alone = worked(plan_of(TRAITS, day, CALENDAR)).take(rows)
        mine = together.take(slice(5 * number, 5 * number + 5))
        assert leaves(mine) == leaves(alone)


def leaves(columns: Columns) -> list[list[float]]:
    """All columns, and the columns of columns."""
    found: list[list[float]] = []
    for name in columns.names():
        part = getattr(columns, name)
        found += leaves(part) if isinstance(part, Columns) else [part.tolist()]
    return found


def test_a_daily_bar_has_regular_prices_and_the_whole_days_volume() -> None:
    """Open, high, low and close leave extended hours out; volume counts them; no regular trade, no bar."""
    bar = daily_bar_of(PLAN.sessions)

    there = PLAN.regular.volume > 0
    total = PLAN.pre_market.volume + PLAN.regular.volume + PLAN.post_market.volume
    assert bar.volume.tolist() == np.where(there, total, 0).tolist()
    assert bar.high.tolist() == PLAN.regular.high.tolist()


def test_closes_move_from_day_to_day_by_about_the_symbols_own_deviation() -> None:
    """Between sessions a typical close moves by some parts of its volatility, not by nothing and not by leaps."""
    calm = TRAITS.take(TRAITS.split_offset < 0)
    moves = []
    for day in CALENDAR.last_sessions(DAY, 12):
        plan = worked(plan_of(calm, day, CALENDAR))
        there = (plan.previous.close > 0) & (plan.regular.close > 10_000)
        change = np.log(plan.regular.close[there] / plan.previous.close[there])
        moves.append(np.median(np.abs(change) / calm.volatility[there]))

    assert all(0.3 < move < 1.5 for move in moves)


def test_a_symbol_comes_to_the_market_without_a_previous_close() -> None:
    """On most days one of the symbols is new: it trades, and yesterday it was not there."""
    new = 0
    for day in CALENDAR.last_sessions(DAY, 20):
        plan = worked(plan_of(TRAITS, day, CALENDAR))
        yesterday = CALENDAR.previous(day).toordinal()
        listed_before = (yesterday - TRAITS.listing_offset) % 128 < 120
        fresh = plan.listed & (TRAITS.listing_offset >= 0) & ~listed_before
        assert not plan.previous.volume[fresh].any()
        assert not plan.pre_market.volume[fresh].any()
        new += int((plan.regular.volume[fresh] > 0).sum())

    assert new >= 5


@pytest.mark.parametrize("factor", [10.0, 0.25])
def test_a_split_shows_in_no_change(factor: float) -> None:
    """After a 1-for-10 split an older bar is in new shares: ten times the price, a tenth of the volume; after a
    4-for-1 split a quarter of the price, four times the volume.
    """
    due = (DAY.toordinal() - TRAITS.split_offset) % 200 < 60
    rows = np.flatnonzero((TRAITS.split_factor == factor) & due)
    traits = TRAITS.take(rows)
    before = DAY - dt.timedelta(days=70)

    raw = worked(daily_bars_of(traits, (before,), CALENDAR))
    later = adjusted(traits, raw, before, DAY)

    assert len(rows) > 2
    assert later.close.tolist() == np.rint(raw.close * factor).tolist()
    assert later.volume.tolist() == np.floor(raw.volume / factor).tolist()
    assert adjusted(traits, raw, before, before).close.tolist() == raw.close.tolist()


def test_a_renamed_symbol_has_no_debut() -> None:
    """On its first day a new symbol of an old company has no previous bar, yet an ordinary day with a pre-market."""
    renamed = np.flatnonzero(TRAITS.rename_offset >= 0)
    first_days = 0
    for day in CALENDAR.last_sessions(DAY, 60):
        fresh = renamed[listed_on(TRAITS, day)[renamed] & ~listed_on(TRAITS, CALENDAR.previous(day))[renamed]]
        if not len(fresh):
            continue
        plan = worked(plan_of(TRAITS.take(fresh), day, CALENDAR))
        first_days += len(fresh)
        assert not plan.previous.volume.any()
        assert plan.pre_market.volume.any()
    assert first_days > 0


def test_an_early_close_has_a_shorter_day() -> None:
    """A half day trades about half of a day's shares."""
    half = worked(plan_of(TRAITS, dt.date(2026, 11, 27), CALENDAR))

    ratio = half.regular.volume.sum() / PLAN.regular.volume.sum()
    assert 0.3 < ratio < 0.75
