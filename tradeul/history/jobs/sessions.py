"""Which sessions a job looks at: those that are over, newest first, by the market's clock and calendar."""

import datetime as dt

from tradeul.clock import Clock
from tradeul.domain.session import NANOS, TradingCalendar
from tradeul.history.slot_drain import OVER_AFTER_S


def coming_date(clock: Clock, calendar: TradingCalendar) -> dt.date:
    """The date that finished sessions are the past of: the running one, or the next once it is over."""
    now = clock.now()
    date = calendar.trading_date(now)
    over = now >= calendar.hours(date).post_market_end + OVER_AFTER_S * NANOS
    return calendar.following(date) if over else date


def finished_sessions(clock: Clock, calendar: TradingCalendar, count: int) -> list[dt.date]:
    """The last `count` sessions that are over."""
    return calendar.last_sessions(coming_date(clock, calendar), count)
