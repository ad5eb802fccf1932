"""Builds the exchange's calendar from the `holidays` library; the domain takes it as plain dates."""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

import holidays

from tradeul.domain.session import TradingCalendar

EARLY_CLOSE_MARK = "half_day"
FIRST_YEAR = 2015
YEARS_AHEAD = 2
_MODULE: Final = Path(holidays.__file__).parent / "financial" / "ny_stock_exchange.py"


@cache
def exchange_calendar(first_year: int, last_year: int) -> TradingCalendar:
    """Build the calendar for the years given, both included; it never changes."""
    exchange, years = _exchange(), range(first_year, last_year + 1)
    closures: dict[dt.date, str] = dict(exchange(years=years))
    early = exchange(years=years, categories=(EARLY_CLOSE_MARK,))
    return TradingCalendar(closures, early)


def _exchange() -> Callable[..., Mapping[dt.date, str]]:
    """The library's calendar of the exchange, without those of everybody else.

    Asked in the usual way, the library imports every exchange, and one of these every country: 311 modules, which took
    0.11 s of each start and 10 ms without. So the one module is loaded by itself, from where the library has it; where
    it has moved, the usual way is taken. To be removed once `holidays.financial` imports what is asked for alone.
    """
    spec = spec_from_file_location("tradeul.engine.calendar.exchange", _MODULE)
    if spec is None or spec.loader is None or not _MODULE.exists():
        return _in_the_usual_way
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[..., Mapping[dt.date, str]] = module.NewYorkStockExchange
    return found


def _in_the_usual_way(**options: Any) -> Mapping[dt.date, str]:
    return holidays.financial_holidays("NYSE", **options)
