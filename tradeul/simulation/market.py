"""The simulated market as a whole: a seed, a number of symbols and a calendar make every day of it.

Pure and random-access: it holds no state but its listing, who is behind it, and a few blocks of what was asked for
last. `exchange` serves it to others.
"""

import datetime as dt
from collections.abc import Generator
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

from tradeul.domain.session import TradingCalendar
from tradeul.simulation.days import DayPlan, adjusted, daily_bars_of, plan_of, plans_of
from tradeul.simulation.registry import Registry
from tradeul.simulation.shape import Bars, slices
from tradeul.simulation.trading_day import PlannedDays, TradingDay
from tradeul.simulation.universe import Traits, universe_of

_CELLS_OF_A_PLAN: Final = 10
"""Between two yields of a day's plan a symbol costs about as much as so many children of a split."""
_SYMBOL_DAYS_OF_A_BLOCK: Final = 96
"""Planned at once in 2 ms: for so few, NumPy costs by the call and hardly by the element."""
_BLOCKS_KEPT: Final = 32
"""Of 200 KB."""

Dates = tuple[dt.date, ...]
Result = TypeVar("Result")


class SymbolDays(NamedTuple):
    """One symbol on some sessions, a row each, down to the half-hours."""

    days: PlannedDays
    half_hours: Bars


class Market:
    """Every day of `symbols` symbols. Long work comes as generators that yield every few milliseconds.

    What is asked of one symbol is mostly asked of its neighbours next, so it is worked out for a block of them.
    """

    def __init__(self, seed: int, symbols: int, calendar: TradingCalendar) -> None:
        self.seed = seed
        self.calendar = calendar
        self.universe = universe_of(seed, symbols)
        self.registry = Registry(self.universe)
        self._planned_block = lru_cache(maxsize=_BLOCKS_KEPT)(self._plan_block)
        self._daily_block = lru_cache(maxsize=_BLOCKS_KEPT)(self._work_out_daily_block)

    @property
    def name(self) -> str:
        return f"sim-{self.seed}"

    def day(self, date: dt.date) -> Generator[None, None, TradingDay]:
        """Plan a trading day."""
        parts = []
        traits = self.universe.traits
        for rows in slices(len(traits.key), _CELLS_OF_A_PLAN):
            parts.append((yield from plan_of(traits.take(rows), date, self.calendar)))
            yield
        return TradingDay(self.calendar.hours(date), DayPlan.joined(parts))

    def daily_bars(self, date: dt.date, as_of: dt.date) -> Generator[None, None, Bars]:
        """Work out the official bars of a trading day, in the shares of `as_of`."""
        parts = []
        for rows in slices(len(self.universe.traits.key), _CELLS_OF_A_PLAN):
            traits = self.universe.traits.take(rows)
            bars = yield from daily_bars_of(traits, (date,), self.calendar)
            parts.append(adjusted(traits, bars, date, as_of))
            yield
        return Bars.joined(parts)

    def symbol_days(self, row: int, dates: Dates) -> SymbolDays:
        """One symbol on sessions that follow one another; all of them close early, or none does."""
        number, own = self._place_of(row, dates)
        days, half_hours = self._planned_block(number, dates)
        plan = days.plan.take(own)
        return SymbolDays(PlannedDays(plan, early_close=days.early_close), half_hours.take(own))

    def symbol_bars(self, row: int, dates: Dates) -> Bars:
        """The official bars of one symbol on sessions that follow one another, in the shares of each."""
        number, own = self._place_of(row, dates)
        return self._daily_block(number, dates).take(own)

    def _place_of(self, row: int, dates: Dates) -> tuple[int, slice]:
        """The block that a symbol is in, and its rows there."""
        size = _symbols_of_a_block(dates)
        number, place = divmod(row, size)
        return number, slice(place, None, min(size, len(self.universe.symbols) - number * size))

    def _plan_block(self, number: int, dates: Dates) -> SymbolDays:
        plan = _at_once(plans_of(self._traits_of_block(number, dates), dates, self.calendar))
        days = PlannedDays(plan, early_close=self.calendar.is_early_close(dates[0]))
        return SymbolDays(days, days.half_hours(slice(0, days.count), days.slot_count - 1))

    def _work_out_daily_block(self, number: int, dates: Dates) -> Bars:
        return _at_once(daily_bars_of(self._traits_of_block(number, dates), dates, self.calendar))

    def _traits_of_block(self, number: int, dates: Dates) -> Traits:
        size = _symbols_of_a_block(dates)
        return self.universe.traits.take(slice(number * size, number * size + size))


def _symbols_of_a_block(dates: Dates) -> int:
    return max(1, _SYMBOL_DAYS_OF_A_BLOCK // len(dates))


def _at_once(work: Generator[None, None, Result]) -> Result:
    """Do work that is known to be little."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
