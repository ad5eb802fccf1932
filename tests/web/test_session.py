"""`/api/session/current` and what viewers are told of the session, at instants of every kind of day."""

import datetime as dt
import json
from typing import Any

import pytest

from tests.support.eventually import running
from tests.support.market import CALENDAR, DAY, at
from tests.support.web import Served, raw_answer, served, viewer
from tradeul.clock import ManualClock
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.events import Closure
from tradeul.domain.session import Session

SATURDAY, SUNDAY, MONDAY = (dt.date(2026, 11, day) for day in (21, 22, 23))
THANKSGIVING, HALF_DAY = dt.date(2026, 11, 26), dt.date(2026, 11, 27)
SPRING_SUNDAY, AUTUMN_SUNDAY = dt.date(2026, 3, 8), dt.date(2026, 11, 1)
NONE = (None, None, None, None)
FULL = ("04:00:00", "09:30:00", "16:00:00", "20:00:00")
HALF = ("04:00:00", "09:30:00", "13:00:00", "17:00:00")
HOURS = ("pre_market_start", "market_open", "market_close", "post_market_end")
HOUR = 3_600
KEYS = [
    "current_session", "trading_date", "is_trading_day", "is_holiday", "holiday_name", "is_early_close", *HOURS,
    "next_session", "seconds_until_next_session",
]  # fmt: skip


async def asked(world: Served) -> dict[str, Any]:
    request = b"GET /api/session/current HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    status, _, body = await raw_answer(world, request)
    facts: dict[str, Any] = json.loads(body)
    assert status == 200
    assert list(facts) == KEYS
    return facts


@pytest.mark.parametrize(
    ("day", "wall", "session", "date", "hours", "following", "seconds"),
    [
        (DAY, "00:00:00", "CLOSED", "2026-11-17", FULL, "PRE_MARKET", 4 * HOUR),
        (DAY, "03:29:59", "CLOSED", "2026-11-17", FULL, "PRE_MARKET", 1_801),
        (DAY, "03:30:00", "CLOSED", "2026-11-18", FULL, "PRE_MARKET", 1_800),
        (DAY, "04:00:00", "PRE_MARKET", "2026-11-18", FULL, "MARKET_OPEN", 5 * HOUR + 1_800),
        (DAY, "09:29:59", "PRE_MARKET", "2026-11-18", FULL, "MARKET_OPEN", 1),
        (DAY, "09:30:00", "MARKET_OPEN", "2026-11-18", FULL, "POST_MARKET", 6 * HOUR + 1_800),
        (DAY, "16:00:00", "POST_MARKET", "2026-11-18", FULL, "CLOSED", 4 * HOUR),
        (DAY, "20:00:00", "CLOSED", "2026-11-18", FULL, "PRE_MARKET", 8 * HOUR),
        (SATURDAY, "02:00:00", "CLOSED", "2026-11-20", NONE, "PRE_MARKET", 50 * HOUR),
        (SUNDAY, "23:59:59", "CLOSED", "2026-11-20", NONE, "PRE_MARKET", 4 * HOUR + 1),
        (MONDAY, "03:29:59", "CLOSED", "2026-11-20", FULL, "PRE_MARKET", 1_801),
        (MONDAY, "03:30:00", "CLOSED", "2026-11-23", FULL, "PRE_MARKET", 1_800),
        (THANKSGIVING, "12:00:00", "CLOSED", "2026-11-25", NONE, "PRE_MARKET", 16 * HOUR),
        (HALF_DAY, "12:59:59", "MARKET_OPEN", "2026-11-27", HALF, "POST_MARKET", 1),
        (HALF_DAY, "13:00:00", "POST_MARKET", "2026-11-27", HALF, "CLOSED", 4 * HOUR),
        (HALF_DAY, "17:00:00", "CLOSED", "2026-11-27", HALF, "PRE_MARKET", 59 * HOUR),
        # The night of a clock change has an hour less, or more.
        (SPRING_SUNDAY, "00:00:00", "CLOSED", "2026-03-06", NONE, "PRE_MARKET", 27 * HOUR),
        (AUTUMN_SUNDAY, "00:00:00", "CLOSED", "2026-10-30", NONE, "PRE_MARKET", 29 * HOUR),
    ],
)
async def test_every_kind_of_instant(
    day: dt.date, wall: str, session: str, date: str, hours: tuple[str | None, ...], following: str, seconds: int
) -> None:
    """The session, its date, the hours of the day on the wall, and how long until the next session."""
    async with served(clock=ManualClock(at(wall, day))) as world:
        facts = await asked(world)

    assert (facts["current_session"], facts["trading_date"]) == (session, date)
    assert tuple(facts[name] for name in HOURS) == hours
    assert (facts["next_session"], facts["seconds_until_next_session"]) == (following, seconds)
    assert facts["is_trading_day"] == (hours != NONE)
    assert facts["is_early_close"] == (hours == HALF)
    assert (facts["is_holiday"], facts["holiday_name"]) == (
        (True, "Thanksgiving Day") if day == THANKSGIVING else (False, None)
    )


@pytest.mark.parametrize(
    ("told", "early", "hours"),
    [
        (("11:23:07", Session.CLOSED), True, ("04:00:00", "09:30:00", "11:23:07", "11:23:07")),
        (("14:00:00", Session.POST_MARKET), True, ("04:00:00", "09:30:00", "14:00:00", "20:00:00")),
        (("08:10:00", Session.CLOSED), True, ("04:00:00", "08:10:00", "08:10:00", "08:10:00")),
        (("18:45:00", Session.CLOSED), False, ("04:00:00", "09:30:00", "16:00:00", "18:45:00")),
    ],
)
async def test_a_close_that_nobody_planned(told: tuple[str, Session], early: bool, hours: tuple[str, ...]) -> None:
    """The hours are those that the day had; no hour of it lies behind its end, and the date is the same."""
    clock, calendar = ManualClock(at(told[0])), AnnouncedCalendar(CALENDAR)
    calendar.tell(clock.now(), told[1])
    async with served(clock=clock) as world:
        world.view.calendar = calendar
        facts = await asked(world)

    assert facts["current_session"] == told[1]
    assert (facts["trading_date"], facts["is_trading_day"]) == ("2026-11-18", True)
    assert (facts["is_early_close"], tuple(facts[name] for name in HOURS)) == (early, hours)


async def test_an_announced_closure_is_a_holiday() -> None:
    """With the name that it was announced by, and no hours."""
    calendar = AnnouncedCalendar(CALENDAR)
    calendar.announce([Closure(MONDAY, "Day of Mourning", None)], at("12:00"))
    async with served(clock=ManualClock(at("12:00", MONDAY))) as world:
        world.view.calendar = calendar
        facts = await asked(world)

    assert (facts["is_trading_day"], facts["is_holiday"], facts["holiday_name"]) == (False, True, "Day of Mourning")
    assert tuple(facts[name] for name in HOURS) == NONE
    assert (facts["trading_date"], facts["seconds_until_next_session"]) == ("2026-11-20", 16 * HOUR)


@pytest.mark.parametrize(
    ("wall", "session", "following"),
    [
        ("03:59:59", "PRE_MARKET", "MARKET_OPEN"),
        ("09:29:59", "MARKET_OPEN", "POST_MARKET"),
        ("15:59:59", "POST_MARKET", "CLOSED"),
        ("19:59:59", "CLOSED", "PRE_MARKET"),
    ],
)
async def test_viewers_are_told_of_a_turn_within_a_second(wall: str, session: str, following: str) -> None:
    """One status at the turn; whoever comes afterwards hears it in its hello."""
    async with served(clock=ManualClock(at(wall))) as world, viewer(world, greeted=False) as early:
        before = (await early.hear("hello"))["session"]
        async with running(world.hub.run):
            await world.clock.advance(2)
            await early.say(action="ping", id=1)
            heard = []
            while (message := await early.hear("status", "heartbeat"))["type"] == "status":
                heard.append(message)
            async with viewer(world, greeted=False) as late:
                greeting = await late.hear("hello")

    turned = [message for message in heard if message["session"] == session]
    assert before != session
    assert [(message["next_session"], message["trading_date"]) for message in turned] == [(following, "2026-11-18")]
    assert greeting["session"] == session


async def test_viewers_are_told_of_a_close_that_nobody_planned() -> None:
    """Within a second, and of an hour that moved as well: a countdown must not run to the planned one."""
    calendar = AnnouncedCalendar(CALENDAR)
    async with served(clock=ManualClock(at("12:00"))) as world, viewer(world) as connected:
        world.view.calendar = calendar
        async with running(world.hub.run):
            await world.clock.advance(1)
            calendar.announce([Closure(DAY, "Early Close", at("13:00"))], world.clock.now())
            await world.clock.advance(1)
            calendar.tell(world.clock.now(), Session.CLOSED)
            await world.clock.advance(1)
            await connected.say(action="ping", id=1)
            heard = []
            while (message := await connected.hear("status", "heartbeat"))["type"] == "status":
                heard.append((message["session"], message["seconds_until_next_session"]))

    assert heard[-2][0] == "MARKET_OPEN"
    assert HOUR - 3 <= heard[-2][1] <= HOUR
    assert heard[-1][0] == "CLOSED"


async def test_viewers_are_told_when_the_market_turns_out_to_be_delayed() -> None:
    """Only the first snapshot shows it, long after hello."""
    async with served() as world, viewer(world) as connected, running(world.hub.run):
        await world.clock.advance(1)
        world.view.name = "delayed"
        await world.clock.advance(1)
        await connected.say(action="ping", id=1)
        heard = []
        while (message := await connected.hear("status", "heartbeat"))["type"] == "status":
            heard.append(message["market"])

    assert heard[-1] == "delayed"
    assert heard.count("delayed") == 1
