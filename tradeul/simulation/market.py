"""The simulated market as a whole: a seed, a number of symbols and a calendar make every day of it.

Pure and random-access: it holds no state but its listing and who is behind it. `exchange` serves it to others.
"""

import datetime as dt
from collections.abc import Generator

from tradeul.domain.session import TradingCalendar
from tradeul.simulation.days import DayPlan, adjusted, daily_bars_of, plan_of
from tradeul.simulation.registry import Registry
from tradeul.simulation.shape import Bars, slices
from tradeul.simulation.trading_day import TradingDay
from tradeul.simulation.universe import universe_of

_CELLS_OF_A_PLAN = 10
"""Between two yields of a day's plan a symbol costs about as much as so many children of a split."""


class Market:
    """Every day of `symbols` symbols. Long work comes as generators that yield every few milliseconds."""

    def __init__(self, seed: int, symbols: int, calendar: TradingCalendar) -> None:
        self.seed = seed
        self.calendar = calendar
        self.universe = universe_of(seed, symbols)
        self.registry = Registry(self.universe)

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
            bars = yield from daily_bars_of(traits, date, self.calendar)
            parts.append(adjusted(traits, bars, date, as_of))
            yield
        return Bars.joined(parts)
