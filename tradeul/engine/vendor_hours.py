"""Asks the vendor what its market is doing, and which days it announces to be shorter than our calendar has them.

The vendor may close the market earlier than the calendar, and take that back within the calendar's sessions; it never
opens it. What differs is logged when it begins, and told in health for as long as it lasts. `app` runs one.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.events import Closure, MarketStatus, Nanos
from tradeul.domain.session import NANOS, SATURDAY, Session, TradingCalendar, further, local_time
from tradeul.engine.ports import HoursSource
from tradeul.engine.steps import Announced, Told
from tradeul.engine.vitals import Vitals
from tradeul.errors import VendorError

EVERY_S: Final = 60.0
ANNOUNCED_EVERY_S: Final = 3_600.0
BELIEVED_AFTER: Final = 2
"""One answer at the very turn of a session, or out of a cache, closes nothing and is held against nobody."""
MOST_NAMED: Final = 5
"""So many days are named where the two calendars differ; the rest is counted."""

_SESSIONS: Final[dict[tuple[str, str], frozenset[Session]]] = {
    ("open", ""): frozenset({Session.MARKET_OPEN}),
    ("closed", ""): frozenset({Session.CLOSED}),
    ("extended", "early"): frozenset({Session.PRE_MARKET}),
    ("extended", "late"): frozenset({Session.POST_MARKET}),
    ("extended", ""): frozenset({Session.PRE_MARKET, Session.POST_MARKET}),
}

OPEN, SHUT = "is open", "is closed"

log = structlog.get_logger(__name__)


Believe = Callable[[Told | Announced, AnnouncedCalendar], Awaitable[None]]


async def _believe(told: Told | Announced, calendar: AnnouncedCalendar) -> None:
    told.put_into(calendar)


class VendorHours:
    """Compares once a minute, and reads the list of coming closures once an hour.

    `believe` writes into the calendar: where there is a market, while nothing else is done to it, as what is half done
    would stand in two sessions.
    """

    def __init__(
        self,
        source: HoursSource,
        clock: Clock,
        calendar: AnnouncedCalendar,
        vitals: Vitals,
        believe: Believe = _believe,
    ) -> None:
        self._believe = believe
        self._source = source
        self._clock = clock
        self._calendar = calendar
        self._vitals = vitals
        self._differed = 0
        """How many answers in a row did not fit the calendar."""
        self._limit = Session.PRE_MARKET
        """How far on the day is at least, by the last answer alone."""
        self._status: MarketStatus | None = None
        self._list_due = clock.now()
        self._list_differs: tuple[str, ...] = ()

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            await self._tried(self._compare)
            if self._clock.now() >= self._list_due:
                await self._tried(self._read_list)
            await self._clock.sleep(EVERY_S)

    async def _tried(self, ask: Callable[[], Awaitable[None]]) -> None:
        try:
            await ask()
        except VendorError as failure:
            log.debug("market_hours_not_told", reason=str(failure))

    def report(self) -> dict[str, object]:
        """Tell what the vendor said last, and where it has other hours than the calendar."""
        status = self._status
        return {
            "vendor_says": None if status is None else " ".join(filter(None, (status.phase, status.side))),
            "vendor_said_at": None if status is None else status.server_time // 1_000_000,
            "taken_over": [f"{each.date} {_listed(each)}" for each in self._calendar.announced],
            "differences": list(self._list_differs),
        }

    async def _compare(self) -> None:
        self._status = status = await self._source.market_status()
        planned = self._planned()
        side = status.side if status.phase == "extended" else ""
        said = _SESSIONS[status.phase, side]
        self._differed = 0 if planned in said else self._differed + 1
        self._tell_difference(status, planned)
        await self._follow(_limit_of(said, planned) if self._differed else Session.PRE_MARKET)

    def _planned(self) -> Session:
        now = self._clock.now()
        return self._calendar.hours(self._calendar.trading_date(now)).planned_at(now)

    def _tell_difference(self, status: MarketStatus, planned: Session) -> None:
        text = f"the vendor calls the market {status.phase} while the calendar says {planned.value}"
        said = text if self._differed >= BELIEVED_AFTER else ""
        if said and not self._vitals.vendor_disagrees:
            log.warning("vendor_disagreed", vendor=status.phase, calendar=planned.value)
        self._vitals.vendor_disagrees = said

    async def _follow(self, limit: Session) -> None:
        """Close what two answers call closed; what one of them does not call closed any more is open."""
        before, self._limit = self._limit, limit
        now, planned = self._clock.now(), self._planned()
        standing = self._calendar.told(now)
        wanted = _followed(standing, before, limit)
        if wanted is standing or planned is Session.CLOSED:
            return
        await self._believe(Told(now, wanted), self._calendar)
        event = "market_closed_by_vendor" if further(wanted, standing) is wanted else "market_reopened_by_vendor"
        log.warning(event, session=further(wanted, planned).value, calendar=planned.value)

    async def _read_list(self) -> None:
        closures = await self._source.upcoming_closures()
        now = self._clock.now()
        self._list_due = Nanos(now + int(ANNOUNCED_EVERY_S * NANOS))
        before = self._calendar.announced
        await self._believe(Announced(now, list(closures)), self._calendar)
        for closure in self._calendar.announced:
            if closure not in before:
                log.warning("closure_announced", date=str(closure.date), hours=_listed(closure), name=closure.name)
        differs = self._differences(closures, local_time(now).date())
        if differs and differs != self._list_differs:
            log.warning("calendars_differ", days=differs[:MOST_NAMED], count=len(differs))
        self._list_differs = differs

    def _differences(self, closures: Sequence[Closure], today: dt.date) -> tuple[str, ...]:
        """Weekdays to come, as far as the vendor's list goes, of which it says other than the calendar."""
        listed = {closure.date: _listed(closure) for closure in closures if closure.date > today}
        ahead = (max(listed, default=today) - today).days
        days = [today + dt.timedelta(days=n) for n in range(1, ahead + 1)]
        said = {day: (listed.get(day, OPEN), _planned(self._calendar.plan, day)) for day in days}
        return tuple(
            f"{day} {vendors} by the vendor, {ours} by the calendar"
            for day, (vendors, ours) in said.items()
            if vendors != ours and day.weekday() < SATURDAY
        )


def _listed(closure: Closure) -> str:
    return SHUT if closure.early_close is None else f"closes at {local_time(closure.early_close):%H:%M}"


def _planned(calendar: TradingCalendar, day: dt.date) -> str:
    if not calendar.is_trading_day(day):
        return SHUT
    return f"closes at {local_time(calendar.hours(day).market_close):%H:%M}" if calendar.is_early_close(day) else OPEN


def _followed(standing: Session, before: Session, limit: Session) -> Session:
    """What to make of the newest limit: less is taken at once, more as far as the answer before had it too."""
    if further(standing, limit) is limit:
        agreed = limit if further(before, limit) is before else before
        return further(standing, agreed)
    return limit


def _limit_of(said: frozenset[Session], planned: Session) -> Session:
    """How far on the day is at least, if the vendor is right; it may only close what is open."""
    if said == {Session.CLOSED}:
        return Session.CLOSED
    if said == {Session.POST_MARKET} and planned is Session.MARKET_OPEN:
        return Session.POST_MARKET
    return Session.PRE_MARKET
