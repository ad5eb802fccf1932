"""Each turn of the market's day is one line of the log."""

import datetime as dt
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.eventually import running
from tests.support.market import CALENDAR, DAY, NANOS, at
from tradeul.clock import ManualClock
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.session import Session
from tradeul.engine.session_watch import SessionWatch

NEXT = DAY + dt.timedelta(days=1)


def turns_of(lines: list[Any]) -> list[tuple[str, str]]:
    return [(line["event"], line.get("session", line.get("date"))) for line in lines]


async def test_a_day_has_five_turns() -> None:
    """Four sessions and the date, each said once, when it begins."""
    clock = Sleeper("03:20")
    watch = SessionWatch(clock, CALENDAR)

    with capture_logs() as lines:
        async with running(watch.run):
            for turn in ("03:30", "04:00", "09:30", "16:00", "20:00", "20:30"):
                await clock.advance(2)
                clock.sleep_over((at(turn) - clock.now()) // NANOS - 2)
                await clock.advance(4)

    assert turns_of(lines) == [
        ("trading_date_turned", "2026-11-18"),
        ("session_changed", "PRE_MARKET"),
        ("session_changed", "MARKET_OPEN"),
        ("session_changed", "POST_MARKET"),
        ("session_changed", "CLOSED"),
    ]
    assert [line["since"][11:19] for line in lines[1:]] == ["04:00:00", "09:30:00", "16:00:00", "20:00:00"]


@pytest.mark.parametrize(("wall", "session"), [("09:29:59", "MARKET_OPEN"), ("15:59:59", "POST_MARKET")])
async def test_a_turn_is_said_within_a_second_and_once(wall: str, session: str) -> None:
    """Nothing is said before it, and nothing again after it."""
    clock = ManualClock(at(wall))
    with capture_logs() as lines:
        async with running(SessionWatch(clock, CALENDAR).run):
            await clock.advance(0.9)
            before = list(lines)
            await clock.advance(0.6)
            at_once = turns_of(lines)
            await clock.advance(30)

    assert before == []
    assert at_once == turns_of(lines) == [("session_changed", session)]


async def test_a_close_that_nobody_planned_is_a_turn() -> None:
    """The market is told to be closed, and to be open again."""
    clock, calendar = ManualClock(at("11:00")), AnnouncedCalendar(CALENDAR)
    with capture_logs() as lines:
        async with running(SessionWatch(clock, calendar).run):
            await clock.advance(1)
            calendar.tell(clock.now(), Session.CLOSED)
            await clock.advance(600)
            calendar.tell(clock.now(), Session.PRE_MARKET)
            await clock.advance(1)

    assert turns_of(lines) == [("session_changed", "CLOSED"), ("session_changed", "MARKET_OPEN")]
    assert [line["since"][11:19] for line in lines] == ["11:00:01", "11:10:01"]


class Sleeper(ManualClock):
    """A clock that goes on while nobody runs, as after the lid of a machine was closed."""

    def __init__(self, wall: str) -> None:
        super().__init__(at(wall))
        self._slept_s = 0

    def sleep_over(self, seconds: int) -> None:
        self._start = self._start + seconds * NANOS  # type: ignore[assignment]


async def test_what_was_slept_through_is_one_turn() -> None:
    """From what was seen last to the present: the date and the session, one line each."""
    clock = Sleeper("15:00")
    with capture_logs() as lines:
        async with running(SessionWatch(clock, CALENDAR).run):
            await clock.advance(1)
            clock.sleep_over(20 * 3_600)
            await clock.advance(1)

    assert turns_of(lines) == [("trading_date_turned", "2026-11-19")]
    assert lines[0]["before"] == "2026-11-18"
