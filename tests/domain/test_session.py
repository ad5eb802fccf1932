"""The market day."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, DAY, NANOS, at
from tradeul.domain.events import Nanos
from tradeul.domain.session import NEW_YORK, Session, moment_at
from tradeul.domain.slots import seconds_into_day, slot_of
from tradeul.engine.calendar import exchange_calendar

HALF_DAY = dt.date(2026, 11, 27)
THANKSGIVING = dt.date(2026, 11, 26)


@pytest.mark.parametrize(
    ("wall", "session", "next_session"),
    [
        ("03:30", "CLOSED", "PRE_MARKET"),
        ("03:59:59", "CLOSED", "PRE_MARKET"),
        ("04:00", "PRE_MARKET", "MARKET_OPEN"),
        ("09:29:59", "PRE_MARKET", "MARKET_OPEN"),
        ("09:30", "MARKET_OPEN", "POST_MARKET"),
        ("15:59:59", "MARKET_OPEN", "POST_MARKET"),
        ("16:00", "POST_MARKET", "CLOSED"),
        ("19:59:59", "POST_MARKET", "CLOSED"),
        ("20:00", "CLOSED", "PRE_MARKET"),
        ("23:00", "CLOSED", "PRE_MARKET"),
    ],
)
def test_a_plain_day_turns_at_its_bounds(wall: str, session: str, next_session: str) -> None:
    """Each session begins at its wall time, to the second."""
    moment = moment_at(CALENDAR, at(wall))

    assert (moment.session, moment.next_session, moment.trading_date) == (session, next_session, DAY)


def test_a_half_day_closes_at_one() -> None:
    """After an early close post-market runs to 17:00."""
    sessions = [moment_at(CALENDAR, at(wall, HALF_DAY)).session for wall in ("12:59", "13:00", "16:59", "17:00")]

    assert sessions == ["MARKET_OPEN", "POST_MARKET", "POST_MARKET", "CLOSED"]


def test_the_date_turns_at_half_past_three_of_a_trading_day() -> None:
    """A holiday, a weekend and the small hours belong to the last trading date."""
    before = moment_at(CALENDAR, at("03:29:59")).trading_date
    after = moment_at(CALENDAR, at("03:30")).trading_date
    holiday = moment_at(CALENDAR, at("12:00", THANKSGIVING))
    weekend = moment_at(CALENDAR, at("12:00", dt.date(2026, 11, 21)))

    assert (before, after) == (dt.date(2026, 11, 17), DAY)
    assert (holiday.session, holiday.trading_date) == (Session.CLOSED, dt.date(2026, 11, 25))
    assert (weekend.trading_date, weekend.next_session_at) == (
        dt.date(2026, 11, 20),
        at("04:00", dt.date(2026, 11, 23)),
    )


def test_a_countdown_ends_at_zero_when_the_session_begins() -> None:
    """The seconds left are rounded up."""
    almost = Nanos(at("09:30") - 1)

    assert moment_at(CALENDAR, almost).seconds_until_next_session == 1
    assert moment_at(CALENDAR, at("09:29")).seconds_until_next_session == 60


@given(st.integers(1_420_200_000, 1_861_700_000))
def test_every_instant_lies_before_its_next_session(second: int) -> None:
    """The next session is ahead, on a trading day, and the trading date is not."""
    instant = Nanos(second * NANOS)
    moment = moment_at(CALENDAR, instant)

    local = dt.datetime.fromtimestamp(instant / NANOS, NEW_YORK)
    assert moment.next_session_at > instant
    assert CALENDAR.is_trading_day(moment.trading_date)
    assert moment.trading_date <= local.date()
    assert moment_at(CALENDAR, moment.next_session_at).session is moment.next_session


@pytest.mark.parametrize("day", [dt.date(2026, 3, 6), dt.date(2026, 3, 9), dt.date(2026, 10, 30), dt.date(2026, 11, 2)])
def test_daylight_saving_moves_no_slot(day: dt.date) -> None:
    """09:30 begins slot 66 on both sides of a clock change."""
    hours = CALENDAR.hours(day)

    assert slot_of(seconds_into_day(hours, at("09:30", day))) == 66
    assert slot_of(seconds_into_day(hours, Nanos(at("09:30", day) - 1))) == 65
    assert slot_of(seconds_into_day(hours, at("23:00", day))) == 191


def test_the_day_counts_from_four() -> None:
    """0 at 04:00 and before, one at a second past, the day's length at its end and after."""
    hours = CALENDAR.hours(DAY)

    counted = [seconds_into_day(hours, at(wall)) for wall in ("03:00", "04:00", "04:00:01", "20:00", "23:00")]

    assert counted == [0, 0, 1, 57_600, 57_600]


def test_the_exchange_calendar_knows_the_odd_days() -> None:
    """Holidays, half days and unscheduled closures of past and coming years are there."""
    calendar = exchange_calendar(2015, 2028)

    assert calendar.holiday_name(dt.date(2025, 1, 9)) is not None
    assert not calendar.is_trading_day(dt.date(2026, 4, 3))
    assert calendar.is_early_close(dt.date(2026, 11, 27))
    assert calendar.is_early_close(dt.date(2026, 12, 24))
    assert not calendar.is_early_close(dt.date(2026, 12, 31))
    assert calendar.last_sessions(dt.date(2026, 11, 30), 2) == [dt.date(2026, 11, 27), dt.date(2026, 11, 25)]
