"""Twelve years of days against the exchange's own table, by other means than the calendar's.

The last ten of them every five minutes, at about a second a year.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from tests.domain.nyse_days import CLOSED, CLOSED_AT_ONE, YEARS
from tradeul.domain.events import Nanos
from tradeul.domain.session import DayHours, TradingCalendar, moment_at
from tradeul.domain.slots import seconds_into_day, slot_of
from tradeul.engine.calendar import FIRST_YEAR, exchange_calendar

STEP_MINUTES: Final = 5
STEPS_PER_HOUR: Final = 60 // STEP_MINUTES
NS: Final = 10**9
WALL: Final = ZoneInfo("America/New_York")
CALENDAR: Final = exchange_calendar(FIRST_YEAR, YEARS[-1] + 2)
TURNS: Final = {
    "full": (("04:00", "PRE_MARKET"), ("09:30", "MARKET_OPEN"), ("16:00", "POST_MARKET"), ("20:00", "CLOSED")),
    "half": (("04:00", "PRE_MARKET"), ("09:30", "MARKET_OPEN"), ("13:00", "POST_MARKET"), ("17:00", "CLOSED")),
    "none": (),
}


def step_of(wall: str) -> int:
    hours, minutes = wall.split(":")
    return (int(hours) * 60 + int(minutes)) // STEP_MINUTES


def by_step(turns: tuple[tuple[str, str], ...]) -> list[str]:
    """The session of each five minutes of a day that turns at these wall times."""
    sessions = ["CLOSED"] * 24 * STEPS_PER_HOUR
    for wall, session in turns:
        sessions[step_of(wall) :] = [session] * (len(sessions) - step_of(wall))
    return sessions


SESSIONS: Final = {kind: by_step(turns) for kind, turns in TURNS.items()}
DATE_TURNS: Final = step_of("03:30")
DAY_BEGINS: Final = step_of("04:00")


def kind_of(day: dt.date) -> str:
    if day.isoweekday() > 5 or day in CLOSED:
        return "none"
    return "half" if day in CLOSED_AT_ONE else "full"


def hours_of(year: int) -> Iterator[tuple[int, dt.datetime]]:
    """Every hour of a year of UTC, as a second and on New York's wall, whose minutes are UTC's."""
    at, end = (dt.datetime(each, 1, 1, tzinfo=dt.UTC) for each in (year, year + 1))
    while at < end:
        yield int(at.timestamp()), at.astimezone(WALL)
        at += dt.timedelta(hours=1)


def last_date(day: dt.date, step: int) -> dt.date:
    """The trading date of a step of a day, by going back day by day."""
    if step < DATE_TURNS:
        day -= dt.timedelta(days=1)
    while kind_of(day) == "none":
        day -= dt.timedelta(days=1)
    return day


def wrong(calendar: TradingCalendar, year: int) -> Iterator[str]:
    for second, wall in hours_of(year):
        day, first = wall.date(), wall.hour * STEPS_PER_HOUR
        sessions, dates = SESSIONS[kind_of(day)], {step >= DATE_TURNS: last_date(day, step) for step in (0, DATE_TURNS)}
        for step in range(first, first + STEPS_PER_HOUR):
            at = Nanos((second + (step - first) * STEP_MINUTES * 60) * NS)
            moment = moment_at(calendar, at)
            if moment.session != sessions[step] or moment.trading_date != dates[step >= DATE_TURNS]:
                yield f"{wall} + {step - first}: {moment.session} of {moment.trading_date}"
            elif sessions[step] != "CLOSED" and slot_of(seconds_into_day(moment.hours, at)) != step - DAY_BEGINS:
                yield f"{wall} + {step - first}: another slot"


@pytest.mark.parametrize("year", YEARS[-10:])
def test_every_five_minutes_of_a_year_are_in_their_session_and_slot(year: int) -> None:
    """From UTC, by the zone's own rules, across both clock changes: 0 wrong sessions, dates or slots."""
    assert list(wrong(CALENDAR, year)) == []


class WinterCalendar(TradingCalendar):
    """Takes a day for 24 hours all year round, and so never puts its clock forward."""

    def _hours(self, day: dt.date) -> DayHours:
        hours = super()._hours(day)
        summer = WALL.utcoffset(dt.datetime.combine(day, dt.time(12))) == dt.timedelta(hours=-4)
        late = 3_600 * NS if summer else 0
        return dataclasses.replace(
            hours,
            pre_market_start=Nanos(hours.pre_market_start + late),
            market_open=Nanos(hours.market_open + late),
            market_close=Nanos(hours.market_close + late),
            post_market_end=Nanos(hours.post_market_end + late),
        )


def test_the_check_sees_what_is_wrong() -> None:
    """A closure too few, an early close too few, and a clock that was not put forward are each found."""
    mourning, half = dt.date(2018, 12, 5), dt.date(2018, 12, 24)
    closures = {day: "closed" for day in CLOSED if day != mourning}

    days = [each[:10] for each in wrong(TradingCalendar(closures, CLOSED_AT_ONE - {half}), 2018)]
    summer = [each[:7] for each in wrong(WinterCalendar(dict.fromkeys(CLOSED, "closed"), CLOSED_AT_ONE), 2018)]

    # A day that was none is one from 03:30 until the next begins; an early close that is missed is
    # wrong from 13:00 to 20:00 but for the hour in which it is post-market either way.
    assert {day: days.count(day) for day in days} == {"2018-12-05": 246, "2018-12-06": 42, "2018-12-24": 72}
    assert sorted(set(summer)) == [f"2018-{month:02}" for month in range(3, 12)]


def instants(day: dt.date) -> Iterator[tuple[Nanos, str]]:
    """A second before each turn of a day, and the turn, with the session then."""
    before = "CLOSED"
    for wall, session in TURNS[kind_of(day)]:
        turn = dt.datetime.combine(day, dt.time.fromisoformat(wall), WALL).astimezone(dt.UTC)
        yield Nanos(int(turn.timestamp()) * NS - NS), before
        yield Nanos(int(turn.timestamp()) * NS), session
        before = session


def test_every_session_begins_to_the_second() -> None:
    """A second before a turn is the session before, the turn itself the next one, on every day of twelve years."""
    days = [dt.date(YEARS[0], 1, 1) + dt.timedelta(days=n) for n in range(366 * len(YEARS))]
    days = [day for day in days if day.year in YEARS]

    late = [(day, at) for day in days for at, session in instants(day) if moment_at(CALENDAR, at).session != session]

    assert late == []


def test_the_names_of_closures_are_known() -> None:
    """Every closure of the table has a name, and no other weekday has one."""
    days = [dt.date(YEARS[0], 1, 1) + dt.timedelta(days=n) for n in range(366 * len(YEARS))]
    named = {day for day in days if day.year in YEARS and CALENDAR.holiday_name(day)}

    assert named == CLOSED
