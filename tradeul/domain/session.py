"""The market day: which sessions a date has, which one an instant is in, and when the next one begins.

Pure: the calendar's closures come from outside (`engine/calendar`). All wall times are New York's; instants are
nanoseconds UTC, so neither a DST change nor the machine's time zone can move a session.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from tradeul.domain.events import Nanos

NEW_YORK = ZoneInfo("America/New_York")
NANOS = 1_000_000_000

DATE_TURN = dt.time(3, 30)
PRE_MARKET_START = dt.time(4, 0)
MARKET_OPEN = dt.time(9, 30)
MARKET_CLOSE = dt.time(16, 0)
POST_MARKET_END = dt.time(20, 0)
EARLY_CLOSE = dt.time(13, 0)
EARLY_POST_MARKET_END = dt.time(17, 0)

SATURDAY = 5
ONE_DAY = dt.timedelta(days=1)


class Session(StrEnum):
    """The four states a market day can be in."""

    PRE_MARKET = "PRE_MARKET"
    MARKET_OPEN = "MARKET_OPEN"
    POST_MARKET = "POST_MARKET"
    CLOSED = "CLOSED"


_AS_FAR: Final = {session: place for place, session in enumerate(Session)}
"""How far on the day is in each session: they come in this order."""


def further(one: Session, other: Session) -> Session:
    """The one of two sessions that comes later in a day."""
    return one if _AS_FAR[one] > _AS_FAR[other] else other


def instant_of(day: dt.date, time: dt.time) -> Nanos:
    """Turn a New York wall time into an instant."""
    return Nanos(int(dt.datetime.combine(day, time, NEW_YORK).timestamp()) * NANOS)


def local_time(instant: Nanos) -> dt.datetime:
    """Show an instant on New York's wall, to the second."""
    return dt.datetime.fromtimestamp(instant // NANOS, NEW_YORK)


@dataclass(frozen=True, slots=True)
class DayHours:
    """The instants that bound the sessions of one trading day, as planned, and what was told in the course of it."""

    date: dt.date
    early_close: bool
    """Whether it closes at 13:00, and the post-market's volume comes that much earlier."""
    midnight: Nanos
    pre_market_start: Nanos
    market_open: Nanos
    market_close: Nanos
    post_market_end: Nanos
    told: tuple[tuple[Nanos, Session], ...] = ()
    """In order: from that instant on the day is as far as that session at least, until the next one is told."""

    def session_at(self, instant: Nanos) -> Session:
        planned = self.planned_at(instant)
        told = next((session for since, session in reversed(self.told) if since <= instant), planned)
        return further(planned, told)

    def planned_at(self, instant: Nanos) -> Session:
        """The session by the calendar alone."""
        if instant < self.pre_market_start or instant >= self.post_market_end:
            return Session.CLOSED
        if instant < self.market_open:
            return Session.PRE_MARKET
        return Session.MARKET_OPEN if instant < self.market_close else Session.POST_MARKET

    def turns(self) -> tuple[tuple[Nanos, Session], ...]:
        """The turns of the day in order, each with the session that it begins."""
        planned = (
            (self.pre_market_start, Session.PRE_MARKET),
            (self.market_open, Session.MARKET_OPEN),
            (self.market_close, Session.POST_MARKET),
            (self.post_market_end, Session.CLOSED),
        )
        if not self.told:
            return planned
        at = sorted({instant for instant, _ in planned + self.told})
        sessions = [self.session_at(instant) for instant in at]
        before = [Session.CLOSED, *sessions]
        return tuple((at[i], begins) for i, begins in enumerate(sessions) if begins is not before[i])

    @property
    def closes_at(self) -> Nanos:
        """When the regular session ends or ended."""
        return self._cut_short(self.market_close, Session.POST_MARKET)

    @property
    def ends_at(self) -> Nanos:
        """When the day's last session ends or ended."""
        return self._cut_short(self.post_market_end, Session.CLOSED)

    def _cut_short(self, planned: Nanos, by: Session) -> Nanos:
        """The plan's instant, or the earlier one since when the day was told to be as far as `by`."""
        for since, session in reversed(self.told):
            if further(session, by) is not session:
                break
            planned = min(planned, since)
        return planned


class TradingCalendar:
    """The trading days of the exchange: every weekday that is not a closure."""

    def __init__(self, closures: Mapping[dt.date, str], early_closes: Iterable[dt.date]) -> None:
        self._closures = dict(closures)
        self._early = frozenset(early_closes)
        # An instance's own cache: the scan asks for the same two days ten times a second.
        self.hours = lru_cache(maxsize=64)(self._hours)

    def is_trading_day(self, day: dt.date) -> bool:
        return day.weekday() < SATURDAY and day not in self._closures

    def is_early_close(self, day: dt.date) -> bool:
        return day in self._early and self.is_trading_day(day)

    def holiday_name(self, day: dt.date) -> str | None:
        return self._closures.get(day)

    def previous(self, day: dt.date) -> dt.date:
        """Find the last trading day strictly before `day`."""
        day -= ONE_DAY
        while not self.is_trading_day(day):
            day -= ONE_DAY
        return day

    def following(self, day: dt.date) -> dt.date:
        """Find the first trading day strictly after `day`."""
        day += ONE_DAY
        while not self.is_trading_day(day):
            day += ONE_DAY
        return day

    def last_sessions(self, before: dt.date, count: int) -> list[dt.date]:
        """List the `count` trading days before `before`, newest first."""
        days: list[dt.date] = []
        while len(days) < count:
            before = self.previous(before)
            days.append(before)
        return days

    def sessions_between(self, first: dt.date, last: dt.date) -> int:
        """Count the trading days from `first` on that came before `last`."""
        count = 0
        while last > first:
            last = self.previous(last)
            count += last >= first
        return count

    def trading_date(self, instant: Nanos) -> dt.date:
        """Tell the current or last trading date; it turns at 03:30 of a trading day, and only then."""
        local = local_time(instant)
        today = local.date()
        if self.is_trading_day(today) and local.time() >= DATE_TURN:
            return today
        return self.previous(today)

    def date_turn(self, day: dt.date) -> Nanos:
        """The instant at which `day` becomes the trading date."""
        return instant_of(day, DATE_TURN)

    def _hours(self, day: dt.date) -> DayHours:
        early = self.is_early_close(day)
        return DayHours(
            date=day,
            early_close=early,
            midnight=instant_of(day, dt.time()),
            pre_market_start=instant_of(day, PRE_MARKET_START),
            market_open=instant_of(day, MARKET_OPEN),
            market_close=instant_of(day, EARLY_CLOSE if early else MARKET_CLOSE),
            post_market_end=instant_of(day, EARLY_POST_MARKET_END if early else POST_MARKET_END),
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """Where an instant stands in the market's time."""

    instant: Nanos
    session: Session
    trading_date: dt.date
    hours: DayHours
    next_session: Session
    next_session_at: Nanos

    @property
    def seconds_until_next_session(self) -> int:
        """Whole seconds to wait, rounded up, so that a countdown ends at 0 exactly when the session begins."""
        return -((self.instant - self.next_session_at) // NANOS)


def moment_at(calendar: TradingCalendar, instant: Nanos) -> Moment:
    """Place an instant in its trading date and session, and find the next turn."""
    trading_date = calendar.trading_date(instant)
    hours = calendar.hours(trading_date)
    session = hours.session_at(instant)
    for at, begins in hours.turns():
        if instant < at:
            return Moment(instant, session, trading_date, hours, begins, at)
    tomorrow = calendar.hours(calendar.following(trading_date))
    return Moment(instant, session, trading_date, hours, Session.PRE_MARKET, tomorrow.pre_market_start)


def session_since(calendar: TradingCalendar, moment: Moment) -> Nanos:
    """Tell when the session of a moment began; a night began on the trading date before."""
    before = calendar.hours(calendar.previous(moment.trading_date))
    turns = before.turns() + moment.hours.turns()
    return max(at for at, _ in turns if at <= moment.instant)
