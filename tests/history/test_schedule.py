"""When jobs are due, by New York's wall, through the year."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import DAY, NANOS, at
from tradeul.domain.events import Nanos
from tradeul.domain.session import local_time
from tradeul.history.jobs.schedule import Success, latest_due, missed, next_due

TWO = dt.time(2, 0)
FORWARD = dt.date(2027, 3, 14)
"""02:00 does not exist that day: the clocks show 03:00."""
BACK = dt.date(2026, 11, 1)
"""01:30 comes twice that day."""
INSTANTS = st.integers(at("00:00", dt.date(2026, 1, 1)), at("00:00", dt.date(2028, 1, 1))).map(Nanos)
HOURS = st.times(dt.time(0, 0), dt.time(23, 59)).map(lambda time: time.replace(second=0, microsecond=0))


@given(HOURS, INSTANTS)
def test_the_present_lies_between_two_due_moments(due: dt.time, now: Nanos) -> None:
    """The latest is not after now, the next is, and the one follows the other within a day and an hour."""
    latest, following = latest_due(due, now), next_due(due, now)

    assert latest <= now < following
    assert 23 * 3600 <= (following - latest) / NANOS <= 25 * 3600
    assert next_due(due, latest) == following
    assert latest_due(due, following) == following


@pytest.mark.parametrize(
    ("day", "due", "shown"),
    [(DAY, TWO, "02:00"), (FORWARD, TWO, "03:00"), (BACK, dt.time(1, 30), "01:30"), (DAY, dt.time(18), "18:00")],
)
def test_every_day_has_each_hour_once(day: dt.date, due: dt.time, shown: str) -> None:
    """Where the clocks are put forward over it a job is due when they show the next hour; twice never."""
    moment = next_due(due, at("00:00", day))

    assert local_time(moment).strftime("%Y-%m-%d %H:%M") == f"{day} {shown}"
    assert local_time(next_due(due, moment)).date() == day + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("successes", "days", "expected"),
    [
        ([], None, True),
        ([Success(at("02:00"), None)], None, False),
        ([Success(at("01:59"), None)], None, True),
        ([Success(at("01:59"), None), Success(at("03:00"), None)], None, False),
        ([Success(at("02:30", DAY + dt.timedelta(days=1)), None)], None, True),
        ([Success(at("02:30"), 5)], 5, False),
        ([Success(at("02:30"), 5)], 30, True),
        ([Success(at("02:30"), 5)], None, True),
        ([Success(at("02:30"), None)], 30, False),
        ([Success(at("02:30"), 30)], 5, False),
    ],
)
def test_what_was_done_is_enough_or_not(successes: list[Success], days: int | None, *, expected: bool) -> None:
    """A job is missed unless a run that began since its hour, and not on another day, was as deep as is wanted."""
    assert missed(TWO, days, successes, at("09:29")) is expected
