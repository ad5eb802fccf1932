"""The 192 five-minute pieces of the extended day, 04:00 to 20:00 New York, counted from 0."""

from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS, DayHours

SLOT_SECONDS = 300
SLOTS_PER_DAY = 192
DAY_SECONDS = SLOT_SECONDS * SLOTS_PER_DAY

FIRST_REGULAR_SLOT = 66
FIRST_POST_SLOT = 144
FIRST_EARLY_POST_SLOT = 108
"""Where post-market begins on a day that closes at 13:00."""


def seconds_into_day(hours: DayHours, instant: Nanos) -> float:
    """Seconds since 04:00, held within the extended day."""
    return min(max((instant - hours.pre_market_start) / NANOS, 0.0), float(DAY_SECONDS))


def slot_of(seconds: float) -> int:
    """The slot that a second of the day lies in; the day's very end belongs to the last one."""
    return min(int(seconds // SLOT_SECONDS), SLOTS_PER_DAY - 1)
