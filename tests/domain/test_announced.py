"""The calendar with what the vendor says on top."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, DAY, NANOS, at
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.events import Closure, Nanos
from tradeul.domain.session import Session, moment_at, session_since

NEXT = dt.date(2026, 11, 19)
AFTER = dt.date(2026, 11, 20)
HALF_DAY = dt.date(2026, 11, 27)
THANKSGIVING = dt.date(2026, 11, 26)


def calendar() -> AnnouncedCalendar:
    return AnnouncedCalendar(CALENDAR)


def closed(day: dt.date) -> Closure:
    return Closure(day, "Day of Mourning", None)


def early(day: dt.date, wall: str = "13:00") -> Closure:
    return Closure(day, "Early Close", at(wall, day))


def test_a_day_that_is_announced_to_be_closed_is_none() -> None:
    """It has a name and no session, and the trading date before stands until the next one turns."""
    ours = calendar()

    ours.announce([closed(NEXT)], at("10:00"))

    noon = moment_at(ours, at("12:00", NEXT))
    assert (noon.session, noon.trading_date, noon.next_session_at) == (Session.CLOSED, DAY, at("04:00", AFTER))
    assert (ours.is_trading_day(NEXT), ours.holiday_name(NEXT)) == (False, "Day of Mourning")
    assert ours.last_sessions(AFTER, 1) == [DAY]
    assert moment_at(ours, at("03:30", AFTER)).trading_date == AFTER


def test_an_announced_early_close_is_one() -> None:
    """At 13:00 the post-market begins, at 17:00 it ends, and the day is in no baseline."""
    ours = calendar()

    ours.announce([early(NEXT)], at("10:00"))

    sessions = [moment_at(ours, at(wall, NEXT)).session for wall in ("12:59:59", "13:00", "16:59:59", "17:00")]
    assert sessions == ["MARKET_OPEN", "POST_MARKET", "POST_MARKET", "CLOSED"]
    assert ours.is_early_close(NEXT)
    assert ours.hours(NEXT).early_close


def test_another_hour_than_one_moves_the_close_alone() -> None:
    """The post-market lasts four hours, as on every day, and the usual volume stays that of a full one."""
    ours = calendar()

    ours.announce([early(NEXT, "14:15")], at("10:00"))

    hours = ours.hours(NEXT)
    assert (hours.market_close, hours.post_market_end) == (at("14:15", NEXT), at("18:15", NEXT))
    assert ours.is_early_close(NEXT)
    assert not hours.early_close


@pytest.mark.parametrize(
    "closure",
    [
        early(THANKSGIVING),
        closed(dt.date(2026, 11, 21)),
        early(dt.date(2026, 11, 21)),
        early(HALF_DAY, "14:00"),
        early(NEXT, "16:00"),
        early(NEXT, "16:30"),
        early(NEXT, "09:30"),
        early(NEXT, "04:00"),
        early(dt.date(2026, 11, 17)),
        closed(dt.date(2026, 11, 17)),
        closed(DAY),
    ],
)
def test_nothing_else_is_taken_over(closure: Closure) -> None:
    """No session where the calendar has none, no later close, no close without an open, and nothing of the past."""
    ours = calendar()

    ours.announce([closure], at("10:00"))

    assert ours.announced == ()
    for n in range(12):
        day = dt.date(2026, 11, 16) + dt.timedelta(days=n)
        assert ours.hours(day) == CALENDAR.hours(day)
        assert ours.is_trading_day(day) == CALENDAR.is_trading_day(day)
        assert ours.is_early_close(day) == CALENDAR.is_early_close(day)
        assert ours.holiday_name(day) == CALENDAR.holiday_name(day)


def test_a_date_that_has_begun_stays_the_trading_date() -> None:
    """From 03:30 on no announcement takes a day away, a minute before one does."""
    begun, before = calendar(), calendar()

    begun.announce([closed(DAY)], at("03:30"))
    before.announce([closed(DAY)], at("03:29"))

    assert begun.trading_date(at("10:00")) == DAY
    assert before.trading_date(at("10:00")) == dt.date(2026, 11, 17)


def test_the_running_day_may_still_close_early() -> None:
    """Announced at noon for one o'clock, the date is the same and the close is today's."""
    ours = calendar()

    ours.announce([early(DAY)], at("12:00"))

    assert moment_at(ours, at("13:00")).session is Session.POST_MARKET
    assert moment_at(ours, at("13:00")).trading_date == DAY


def test_the_newest_list_counts_for_days_to_come_only() -> None:
    """What is listed no more was taken back; a day that has come is listed no more either, and stays."""
    ours = calendar()
    ours.announce([closed(NEXT), early(AFTER)], at("10:00"))

    ours.announce([], at("03:00", NEXT))

    assert ours.announced == (closed(NEXT),)
    ours.announce([early(NEXT)], at("03:00", NEXT))
    assert not ours.is_trading_day(NEXT)


def test_a_market_that_is_told_to_be_closed_is() -> None:
    """From that moment on and until it is taken back, on that date alone; a session that is over stays what it was."""
    ours = calendar()
    ours.tell(at("10:41:20"), Session.CLOSED)
    shut = moment_at(ours, at("11:00"))

    ours.tell(at("11:30"), Session.PRE_MARKET)

    assert (shut.session, shut.trading_date) == (Session.CLOSED, DAY)
    assert (shut.next_session, shut.next_session_at) == (Session.PRE_MARKET, at("04:00", NEXT))
    assert (shut.hours.closes_at, shut.hours.ends_at) == (at("10:41:20"), at("10:41:20"))
    walls = ("10:41:19", "10:41:20", "11:29:59", "11:30", "16:00", "20:00")
    sessions = [moment_at(ours, at(wall)).session for wall in walls]
    assert sessions == ["MARKET_OPEN", "CLOSED", "CLOSED", "MARKET_OPEN", "POST_MARKET", "CLOSED"]
    assert moment_at(ours, at("11:00")).next_session_at == at("11:30")
    assert (ours.hours(DAY).closes_at, ours.hours(DAY).ends_at) == (at("16:00"), at("20:00"))
    assert ours.hours(NEXT) == CALENDAR.hours(NEXT)


def test_the_days_last_regular_trade_may_come_early() -> None:
    """Told to be past its close, then to be over: the one ends the regular session, the other the day."""
    ours = calendar()

    ours.tell(at("14:10"), Session.POST_MARKET)
    ours.tell(at("15:00"), Session.CLOSED)

    hours = ours.hours(DAY)
    assert [moment_at(ours, at(wall)).session for wall in ("14:09:59", "14:10", "15:00")] == [
        "MARKET_OPEN",
        "POST_MARKET",
        "CLOSED",
    ]
    assert (hours.closes_at, hours.ends_at) == (at("14:10"), at("15:00"))
    assert (hours.market_close, hours.post_market_end) == (at("16:00"), at("20:00"))
    assert ours.is_early_close(DAY)


def test_an_evening_that_ends_early_is_no_early_close() -> None:
    """The regular session was whole."""
    ours = calendar()

    ours.tell(at("18:00"), Session.CLOSED)

    assert not ours.is_early_close(DAY)
    assert (ours.hours(DAY).closes_at, ours.hours(DAY).ends_at) == (at("16:00"), at("18:00"))


SECONDS = st.integers(0, 86_399)


@given(st.lists(st.tuples(SECONDS, st.sampled_from(Session)), max_size=6), SECONDS)
def test_whatever_is_told_no_session_is_invented(told: list[tuple[int, Session]], second: int) -> None:
    """What is planned goes on or is ended, closed is closed, and the date is the calendar's."""
    midnight, ours = at("00:00"), calendar()
    for when, session in sorted(told):
        ours.tell(Nanos(midnight + when * NANOS), session)

    instant = Nanos(midnight + second * NANOS)
    planned, moment = moment_at(CALENDAR, instant), moment_at(ours, instant)

    ended = {Session.MARKET_OPEN: {Session.POST_MARKET, Session.CLOSED}}.get(planned.session, {Session.CLOSED})
    assert moment.session in {planned.session, *ended}
    assert moment.trading_date == planned.trading_date
    assert moment.next_session_at > instant
    assert moment_at(ours, moment.next_session_at).session is moment.next_session is not moment.session
    since = session_since(ours, moment)
    assert since <= instant
    assert moment_at(ours, since).session is moment.session
    assert moment_at(ours, Nanos(since - 1)).session is not moment.session


@pytest.mark.parametrize(
    ("wall", "day", "since"),
    [
        ("12:00", DAY, at("09:30")),
        ("09:30", DAY, at("09:30")),
        ("21:00", DAY, at("20:00")),
        ("02:00", NEXT, at("20:00")),
        ("03:45", NEXT, at("20:00")),
        ("12:00", dt.date(2026, 11, 22), at("20:00", AFTER)),
        ("12:00", THANKSGIVING, at("20:00", dt.date(2026, 11, 25))),
        ("12:00", dt.date(2026, 11, 28), at("17:00", HALF_DAY)),
    ],
)
def test_a_session_began_when_the_one_before_ended(wall: str, day: dt.date, since: Nanos) -> None:
    """Also where that was days ago."""
    assert session_since(CALENDAR, moment_at(CALENDAR, at(wall, day))) == since
