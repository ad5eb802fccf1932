"""Builds the exchange's calendar from the `holidays` library; the domain takes it as plain dates."""

import datetime as dt
from functools import cache

import holidays

from tradeul.domain.session import TradingCalendar

EARLY_CLOSE_MARK = "half_day"
FIRST_YEAR = 2015
YEARS_AHEAD = 2


@cache
def exchange_calendar(first_year: int, last_year: int) -> TradingCalendar:
    """Build the calendar for the years given, both included; it takes a sixth of a second, and never changes."""
    years = range(first_year, last_year + 1)
    closures: dict[dt.date, str] = dict(holidays.financial_holidays("NYSE", years=years))
    early = holidays.financial_holidays("NYSE", years=years, categories=(EARLY_CLOSE_MARK,))
    return TradingCalendar(closures, early)
