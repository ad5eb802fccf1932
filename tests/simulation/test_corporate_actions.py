"""Splits and dividends."""

import datetime as dt

import numpy as np

from tests.support.market import CALENDAR, DAY
from tests.support.simulated import small_market, worked
from tradeul.simulation.corporate_actions import dividends_between, splits_between
from tradeul.simulation.days import price_factor

MARKET = small_market(3000)
ROWS = np.arange(3000)


def test_splits_are_those_that_prices_know_of() -> None:
    """From session to session prices change by a factor exactly for who has a split that day."""
    for day in CALENDAR.last_sessions(DAY, 30):
        factor = price_factor(MARKET.universe.traits, (CALENDAR.previous(day),), day)
        splits = splits_between(MARKET, ROWS, day, day)

        assert {split.row for split in splits} == set(np.flatnonzero(factor != 1.0).tolist())
        assert all(factor[split.row] == split.price_factor for split in splits)


def test_splits_come_newest_first_and_both_ways() -> None:
    """A quarter of a year has some of either, all on trading days."""
    splits = splits_between(MARKET, ROWS, DAY - dt.timedelta(days=90), DAY)

    dates = [split.date for split in splits]
    assert dates == sorted(dates, reverse=True)
    assert all(CALENDAR.is_trading_day(date) for date in dates)
    assert {(split.old, split.new) for split in splits} == {(10, 1), (1, 4)}


def test_payers_pay_every_quarter() -> None:
    """In a year who pays does so four times, always the same."""
    paid = worked(dividends_between(MARKET, ROWS, DAY - dt.timedelta(days=363), DAY))

    counts: dict[int, list[float]] = {}
    for dividend in paid:
        counts.setdefault(dividend.row, []).append(dividend.dollars)
    assert len(counts) > 500
    assert {len(amounts) for amounts in counts.values()} <= {3, 4, 5}
    assert all(len(set(amounts)) == 1 for amounts in counts.values())
    assert [dividend.date for dividend in paid] == sorted((dividend.date for dividend in paid), reverse=True)
