"""What the vendor says of its market's hours, followed where it closes earlier and told where it differs."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, MutableMapping
from typing import Any, Literal

import pytest
from structlog.testing import capture_logs

from tests.support.eventually import running
from tests.support.market import CALENDAR, DAY, NANOS, at
from tradeul.clock import ManualClock
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.events import Closure, MarketStatus, Nanos
from tradeul.domain.session import Session, TradingCalendar, moment_at
from tradeul.engine.vendor_hours import VendorHours
from tradeul.engine.vitals import Vitals
from tradeul.errors import VendorUnavailable

NEXT = DAY + dt.timedelta(days=1)
THANKSGIVING = Closure(dt.date(2026, 11, 26), "Thanksgiving", None)
HALF_DAY = Closure(dt.date(2026, 11, 27), "Thanksgiving", at("13:00", dt.date(2026, 11, 27)))
MOURNING = Closure(NEXT, "Day of Mourning", None)
PHASES: dict[Session, tuple[str, str]] = {
    Session.PRE_MARKET: ("extended", "early"),
    Session.MARKET_OPEN: ("open", ""),
    Session.POST_MARKET: ("extended", "late"),
    Session.CLOSED: ("closed", ""),
}


class Vendor:
    """Says what the calendar says, or what the test set; silent, it is unavailable."""

    def __init__(self, clock: ManualClock, closures: tuple[Closure, ...]) -> None:
        self.says: tuple[str, str] | Literal["silence"] | None = None
        self.closures = closures
        self.lists_asked = 0
        self.keeps_list = False
        self._clock = clock

    async def market_status(self) -> MarketStatus:
        if self.says == "silence":
            raise VendorUnavailable("down")
        now = self._clock.now()
        phase, side = self.says or PHASES[moment_at(CALENDAR, now).session]
        return MarketStatus(phase, now, side)  # type: ignore[arg-type]

    async def upcoming_closures(self) -> tuple[Closure, ...]:
        self.lists_asked += 1
        if self.says == "silence" or self.keeps_list:
            raise VendorUnavailable("down")
        return self.closures


class Desk:
    def __init__(self, wall: str, *closures: Closure, plan: TradingCalendar = CALENDAR) -> None:
        self.clock = ManualClock(at(wall))
        self.vendor = Vendor(self.clock, closures)
        self.calendar = AnnouncedCalendar(plan)
        self.vitals = Vitals(self.clock.now())
        self.hours = VendorHours(self.vendor, self.clock, self.calendar, self.vitals)
        self.lines: list[MutableMapping[str, Any]] = []

    @contextlib.asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        with capture_logs() as self.lines:
            async with running(self.hours.run):
                await self.clock.advance(0)
                yield

    async def minutes(self, count: int, says: tuple[str, str] | Literal["silence"] | None = None) -> None:
        """Let so many answers come."""
        self.vendor.says = says
        await self.clock.advance(60 * count)

    def session(self) -> Session:
        return moment_at(self.calendar, self.clock.now()).session

    def said(self, *events: str) -> list[str]:
        return [line["event"] for line in self.lines if line["event"] in events or not events]


CLOSED: tuple[str, str] = ("closed", "")
TURNS = ("market_closed_by_vendor", "market_reopened_by_vendor")


async def test_a_market_that_the_vendor_closes_is_closed() -> None:
    """From the second answer on that says so; with one line, and a reason for as long as it lasts."""
    desk = Desk("10:00")
    async with desk.asking():
        await desk.minutes(1, CLOSED)
        once = desk.session(), desk.vitals.vendor_disagrees
        await desk.minutes(1, CLOSED)
        twice = moment_at(desk.calendar, desk.clock.now())
        await desk.minutes(5, CLOSED)

    assert once == (Session.MARKET_OPEN, "")
    assert (twice.session, twice.trading_date) == (Session.CLOSED, DAY)
    assert twice.hours.closes_at == at("10:02")
    assert desk.vitals.vendor_disagrees == "the vendor calls the market closed while the calendar says MARKET_OPEN"
    assert desk.session() is Session.CLOSED
    assert desk.said() == ["vendor_disagreed", "market_closed_by_vendor"]


async def test_it_opens_again_as_soon_as_the_vendor_says_so() -> None:
    """Within the calendar's session, at the first such answer."""
    desk = Desk("10:00")
    async with desk.asking():
        await desk.minutes(3, CLOSED)
        await desk.minutes(1)

    assert desk.session() is Session.MARKET_OPEN
    assert desk.vitals.vendor_disagrees == ""
    assert desk.said(*TURNS) == list(TURNS)


async def test_answers_that_take_turns_close_nothing() -> None:
    """Two in a row are needed; an answer that fails to come is none."""
    desk = Desk("10:00")
    async with desk.asking():
        for _ in range(4):
            await desk.minutes(1, CLOSED)
            await desk.minutes(1)
        flapping = desk.said()
        await desk.minutes(1, CLOSED)
        await desk.minutes(3, "silence")
        in_silence = desk.session()
        await desk.minutes(1, CLOSED)

    assert flapping == []
    assert in_silence is Session.MARKET_OPEN
    assert desk.session() is Session.CLOSED


async def test_a_list_that_is_not_to_be_had_holds_nothing_up() -> None:
    """What the market is doing is asked for all the same."""
    desk = Desk("10:00")
    desk.vendor.keeps_list = True
    async with desk.asking():
        await desk.minutes(2, CLOSED)

    assert desk.session() is Session.CLOSED


@pytest.mark.parametrize(
    ("wall", "says", "session"),
    [
        ("03:40", ("open", ""), "CLOSED"),
        ("03:40", ("extended", "early"), "CLOSED"),
        ("08:00", ("open", ""), "PRE_MARKET"),
        ("08:00", ("extended", "late"), "PRE_MARKET"),
        ("08:00", CLOSED, "CLOSED"),
        ("12:00", ("extended", "early"), "MARKET_OPEN"),
        ("12:00", ("extended", ""), "MARKET_OPEN"),
        ("12:00", ("extended", "late"), "POST_MARKET"),
        ("17:00", ("open", ""), "POST_MARKET"),
        ("17:00", ("extended", "early"), "POST_MARKET"),
        ("17:00", CLOSED, "CLOSED"),
        ("21:00", ("open", ""), "CLOSED"),
        ("21:00", ("extended", "late"), "CLOSED"),
    ],
)
async def test_the_vendor_may_end_a_session_and_begin_none(wall: str, says: tuple[str, str], session: str) -> None:
    """However long it insists; that it differs is told."""
    desk = Desk(wall)
    async with desk.asking():
        await desk.minutes(10, says)

    assert desk.session() == session
    assert desk.vitals.vendor_disagrees.startswith(f"the vendor calls the market {says[0]} while the calendar says ")


async def test_the_regular_session_is_ended_first_and_the_day_then() -> None:
    """Late hours at two o'clock, closed at three; each at the second answer."""
    desk = Desk("14:00")
    async with desk.asking():
        await desk.minutes(60, ("extended", "late"))
        late = desk.session()
        await desk.minutes(1, CLOSED)
        once = desk.session()
        await desk.minutes(1, CLOSED)

    hours = desk.calendar.hours(DAY)
    assert (late, once, desk.session()) == (Session.POST_MARKET, Session.POST_MARKET, Session.CLOSED)
    assert (hours.closes_at, hours.ends_at) == (at("14:02"), at("15:02"))


async def test_the_next_day_begins_as_planned() -> None:
    """A vendor that closed the market at noon and agrees from then on leaves no trace on the next date."""
    desk = Desk("19:50")
    async with desk.asking():
        await desk.minutes(12, CLOSED)
        closed = desk.said(*TURNS)
    await desk.clock.advance((at("03:58", NEXT) - desk.clock.now()) / NANOS)
    desk.vendor.says = None
    async with desk.asking():
        await desk.minutes(5)
        morning = moment_at(desk.calendar, desk.clock.now())

    assert (morning.session, morning.trading_date) == (Session.PRE_MARKET, NEXT)
    assert desk.calendar.hours(NEXT) == CALENDAR.hours(NEXT)
    assert (closed, desk.said(*TURNS)) == (["market_closed_by_vendor"], [])


AROUND_TURNS = pytest.mark.parametrize("wall", ["03:27:20", "03:57:20", "09:27:20", "15:57:20", "19:57:20"])


@AROUND_TURNS
async def test_a_plain_day_says_nothing(wall: str) -> None:
    """A vendor that keeps the calendar's hours is not mentioned."""
    desk = Desk(wall, THANKSGIVING, HALF_DAY)
    async with desk.asking():
        await desk.minutes(6)

    assert desk.said() == []
    assert desk.hours.report()["differences"] == []


class SlowVendor(Vendor):
    """Its answers are a while under way, and of when they were asked for."""

    async def market_status(self) -> MarketStatus:
        status = await super().market_status()
        await self._clock.sleep(75.0)
        return status


@AROUND_TURNS
async def test_an_answer_that_was_right_when_it_was_asked_for_is_right(wall: str) -> None:
    """Slow as the vendor may be, no turn of the day is held against it."""
    desk = Desk(wall)
    vendor = SlowVendor(desk.clock, ())
    hours = VendorHours(vendor, desk.clock, desk.calendar, desk.vitals)
    with capture_logs() as lines:
        async with running(hours.run):
            await desk.clock.advance(400)

    assert lines == []


async def test_announced_days_are_taken_over() -> None:
    """A closure that the calendar does not know is one; it is logged once, and told with what differs."""
    desk = Desk("10:00", MOURNING, THANKSGIVING, HALF_DAY)
    async with desk.asking():
        await desk.minutes(180)
        report = desk.hours.report()

    assert not desk.calendar.is_trading_day(NEXT)
    assert desk.said() == ["closure_announced", "calendars_differ"]
    assert report["taken_over"] == ["2026-11-19 is closed"]
    assert report["differences"] == ["2026-11-19 is closed by the vendor, is open by the calendar"]
    assert desk.vitals.vendor_disagrees == ""


async def test_a_vendor_that_lists_less_is_named_and_not_followed() -> None:
    """Days that only the calendar has closed, or closed earlier, stay so, as far as the vendor's list goes."""
    later = Closure(dt.date(2026, 12, 25), "Christmas", None)
    open_longer = Closure(HALF_DAY.date, "Thanksgiving", at("14:00", HALF_DAY.date))
    desk = Desk("10:00", open_longer, later)
    async with desk.asking():
        await desk.minutes(1)

    assert not desk.calendar.is_trading_day(THANKSGIVING.date)
    assert desk.calendar.hours(HALF_DAY.date).market_close == at("13:00", HALF_DAY.date)
    assert desk.hours.report()["differences"] == [
        "2026-11-26 is open by the vendor, is closed by the calendar",
        "2026-11-27 closes at 14:00 by the vendor, closes at 13:00 by the calendar",
    ]


async def test_the_list_is_read_once_an_hour_and_again_when_it_failed() -> None:
    """A list that could not be had is asked for a minute later; what was taken over stands meanwhile."""
    desk = Desk("10:00", MOURNING)
    async with desk.asking():
        await desk.minutes(59)
        first_hour = desk.vendor.lists_asked
        await desk.minutes(3, "silence")
        failing = desk.vendor.lists_asked
        standing = desk.calendar.announced
        desk.vendor.closures = ()
        await desk.minutes(1)

    assert (first_hour, failing, desk.vendor.lists_asked) == (1, 4, 5)
    assert standing == (MOURNING,)
    assert desk.calendar.announced == ()


async def test_a_holiday_that_nobody_announced_is_closed_all_the_same() -> None:
    """The calendar has a session and the vendor none: closed from the second answer on, and the date stays."""
    desk = Desk("03:55")
    async with desk.asking():
        await desk.minutes(30, CLOSED)

    moment = moment_at(desk.calendar, at("12:00"))
    assert (moment.session, moment.trading_date) == (Session.CLOSED, DAY)
    assert desk.calendar.hours(DAY).ends_at in {at("04:01"), at("04:02")}
    assert moment_at(desk.calendar, Nanos(at("04:00") + NANOS)).session is Session.PRE_MARKET
