"""The exchange's calendar comes from the library, and brings nobody else's along."""

import dataclasses
import datetime as dt
import subprocess
import sys
from pathlib import Path

import holidays
import pytest

from tradeul.domain.session import TradingCalendar
from tradeul.engine import calendar

BRINGS = """
import sys
from tradeul.engine.calendar import exchange_calendar
exchange_calendar(2024, 2028)
print([name for name in sys.modules if name.startswith(("holidays.countries", "holidays.financial"))])
"""


def in_the_usual_way() -> TradingCalendar:
    years = range(2015, 2030)
    early = holidays.financial_holidays("NYSE", years=years, categories=("half_day",))
    return TradingCalendar(dict(holidays.financial_holidays("NYSE", years=years)), early)


def days(made: TradingCalendar) -> list[tuple[object, ...]]:
    """Every day of fifteen years as it is."""
    first = dt.date(2015, 1, 1)
    return [dataclasses.astuple(made.hours(first + dt.timedelta(days=number))) for number in range(365 * 15)]


def test_it_is_what_the_library_says_when_asked_as_usual() -> None:
    """Every closure and every early close of fifteen years."""
    assert days(calendar.exchange_calendar(2015, 2029)) == days(in_the_usual_way())


def test_the_library_may_keep_it_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is asked as usual, and only a start takes longer."""
    monkeypatch.setattr(calendar, "_MODULE", Path("/nowhere/exchange.py"))

    made = calendar.exchange_calendar.__wrapped__(2015, 2029)

    assert days(made) == days(in_the_usual_way())


def test_no_other_calendar_is_loaded() -> None:
    """There are three hundred, and each start would wait for them."""
    command = [sys.executable, "-c", BRINGS]
    said = subprocess.run(command, cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True).stdout

    assert said == "[]\n"
