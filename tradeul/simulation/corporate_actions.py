"""Splits and dividends of the simulated market, found from the calendar: nothing is remembered.

A split is on the first trading day of its turn, and the prices of that day are the first in new shares.
"""

import datetime as dt
from collections.abc import Generator, Iterator
from operator import itemgetter
from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.events import Ints
from tradeul.domain.session import TradingCalendar
from tradeul.simulation.chance import keyed, uniform
from tradeul.simulation.market import Market
from tradeul.simulation.universe import FORWARD_SPLIT, SPLIT_CYCLE, Kind

_QUARTER_DAYS: Final = 91
_PAYERS: Final = {Kind.COMMON: 0.35, Kind.FUND: 0.5}
_LEAST_YIELD: Final = 0.001
_YIELD_RANGE: Final = 0.009
_LONGEST_CLOSURE: Final = 10
_ROWS_PER_STEP: Final = 500
"""Between two yields: about 2 ms."""


class Split(NamedTuple):
    """So many old shares become so many new ones on a date."""

    date: dt.date
    row: int
    old: int
    new: int

    @property
    def price_factor(self) -> float:
        return self.old / self.new


class Dividend(NamedTuple):
    """Dollars a share, paid to whoever held it before a date."""

    date: dt.date
    row: int
    dollars: float


def splits_between(market: Market, rows: Ints, first: dt.date, last: dt.date) -> list[Split]:
    """The splits of these rows from one date to another, the newest first."""
    traits = market.universe.traits
    found = []
    for row in rows[traits.split_offset[rows] >= 0].tolist():
        old, new = (1, 4) if traits.split_factor[row] == FORWARD_SPLIT else (10, 1)
        turns = _turns(int(traits.split_offset[row]), SPLIT_CYCLE, first, last, market.calendar)
        found += [Split(date, row, old, new) for date in turns]
    return sorted(found, key=itemgetter(0), reverse=True)


def dividends_between(
    market: Market, rows: Ints, first: dt.date, last: dt.date
) -> Generator[None, None, list[Dividend]]:
    """The dividends of these rows from one date to another, the newest first; those who pay do so every quarter."""
    found: list[Dividend] = []
    for start in range(0, len(rows), _ROWS_PER_STEP):
        found += _dividends(market, rows[start : start + _ROWS_PER_STEP], first, last)
        yield
    return sorted(found, key=itemgetter(0), reverse=True)


def _dividends(market: Market, rows: Ints, first: dt.date, last: dt.date) -> Iterator[Dividend]:
    traits = market.universe.traits.take(rows)
    chance = np.array([_PAYERS.get(kind, 0.0) for kind in Kind])[traits.kind]
    paying = np.flatnonzero(uniform(keyed(traits.key, 64)) < chance)
    key = traits.key[paying]
    phases = (uniform(keyed(key, 65)) * _QUARTER_DAYS).astype(np.int64).tolist()
    yields = _LEAST_YIELD + _YIELD_RANGE * uniform(keyed(key, 66))
    amounts = np.maximum(np.round(np.exp(traits.log_price[paying]) * yields, 2), 0.01).tolist()
    for row, phase, amount in zip(rows[paying].tolist(), phases, amounts, strict=True):
        for date in _turns(phase, _QUARTER_DAYS, first, last, market.calendar):
            yield Dividend(date, row, amount)


def _turns(offset: int, cycle: int, first: dt.date, last: dt.date, calendar: TradingCalendar) -> Iterator[dt.date]:
    """The trading days on which a cycle begins anew."""
    # A turn before `first` may fall on a weekend or holiday, and so be on it.
    start = first.toordinal() - _LONGEST_CLOSURE
    for ordinal in range(start + (offset - start) % cycle, last.toordinal() + 1, cycle):
        day = dt.date.fromordinal(ordinal)
        date = day if calendar.is_trading_day(day) else calendar.following(day)
        if first <= date <= last:
            yield date
