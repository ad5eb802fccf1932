"""The exchange's calendar with what the vendor says of its market on top: it closes earlier, and is never open longer.

`engine/vendor_hours` alone writes into it; everyone else reads it as a `TradingCalendar`. A date that has begun stays
the trading date, whatever is said of it, so that no day is reset twice. Nothing is kept: the next start asks again.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final

from tradeul.domain.events import Closure, Nanos
from tradeul.domain.session import (
    EARLY_CLOSE,
    MARKET_CLOSE,
    NANOS,
    DayHours,
    Session,
    TradingCalendar,
    instant_of,
    local_time,
)

POST_MARKET_NS: Final = 4 * 3_600 * NANOS
"""So long the post-market lasts, after an early close too."""


class AnnouncedCalendar(TradingCalendar):
    """`plan` is the calendar beneath."""

    def __init__(self, plan: TradingCalendar) -> None:
        super().__init__({}, ())
        self.plan = plan
        self._announced: dict[dt.date, Closure] = {}
        self._told: dict[dt.date, tuple[tuple[Nanos, Session], ...]] = {}

    @property
    def announced(self) -> tuple[Closure, ...]:
        """What was taken over, by date."""
        return tuple(self._announced[day] for day in sorted(self._announced))

    @property
    def told_by_date(self) -> Mapping[dt.date, tuple[tuple[Nanos, Session], ...]]:
        """What was told in the course of each date."""
        return self._told

    def restore(self, closures: Iterable[Closure], told: Mapping[dt.date, tuple[tuple[Nanos, Session], ...]]) -> None:
        """Know what was known when this was kept, and nothing else."""
        self._announced = {each.date: each for each in closures}
        self._told = dict(told)
        self.hours.cache_clear()

    def announce(self, closures: Iterable[Closure], now: Nanos) -> None:
        """Take over what closes earlier than planned. Of days to come the newest list counts, past ones stay."""
        today = local_time(now).date()
        kept = {day: closure for day, closure in self._announced.items() if day <= today}
        begun = self.trading_date(now)
        self._announced = kept | {each.date: each for each in closures if self._closes_earlier(each, begun, today)}
        self.hours.cache_clear()

    def tell(self, now: Nanos, session: Session) -> None:
        """From now on the running date is as far on as `session` at least; PRE_MARKET takes that back.

        It only ever ends what is open: the regular session by POST_MARKET, all by CLOSED.
        """
        date = self.trading_date(now)
        planned = self.plan.hours(date).planned_at(now)
        if planned is Session.CLOSED:
            return
        if session is not Session.CLOSED and (session, planned) != (Session.POST_MARKET, Session.MARKET_OPEN):
            session = Session.PRE_MARKET
        self._told[date] = (*self._told.get(date, ()), (now, session))
        self.hours.cache_clear()

    def told(self, now: Nanos) -> Session:
        """What was told last of the running date."""
        told = self._told.get(self.trading_date(now))
        return told[-1][1] if told else Session.PRE_MARKET

    def is_trading_day(self, day: dt.date) -> bool:
        announced = self._announced.get(day)
        return self.plan.is_trading_day(day) and (announced is None or announced.early_close is not None)

    def is_early_close(self, day: dt.date) -> bool:
        if day in self._announced or day in self._told:
            return self.is_trading_day(day) and self.hours(day).closes_at < self._full_close(day)
        return self.plan.is_early_close(day)

    def holiday_name(self, day: dt.date) -> str | None:
        if self.plan.is_trading_day(day) and not self.is_trading_day(day):
            return self._announced[day].name or "closed"
        return self.plan.holiday_name(day)

    def _closes_earlier(self, closure: Closure, begun: dt.date, today: dt.date) -> bool:
        day = closure.date
        if not self.plan.is_trading_day(day) or (day <= today and not self.is_trading_day(day)):
            return False
        if closure.early_close is None:
            return day > begun
        planned = self.plan.hours(day)
        return day >= begun and planned.market_open < closure.early_close < planned.market_close

    @staticmethod
    def _full_close(day: dt.date) -> Nanos:
        return instant_of(day, MARKET_CLOSE)

    def _hours(self, day: dt.date) -> DayHours:
        planned, announced = self.plan.hours(day), self._announced.get(day)
        told = self._told.get(day, ())
        if announced is None or announced.early_close is None:
            return dataclasses.replace(planned, told=told) if told else planned
        close = announced.early_close
        return dataclasses.replace(
            planned,
            early_close=close == instant_of(day, EARLY_CLOSE),
            market_close=close,
            post_market_end=min(planned.post_market_end, Nanos(close + POST_MARKET_NS)),
            told=told,
        )
