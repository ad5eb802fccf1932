"""When a job is due, and whether what was done of it is enough. Pure.

A job's hour is of New York's wall and comes once each day of the calendar, on the days too on which the clocks are
put forward over it or back to it. What was done counts for the day, from one due moment to the next, in which it
began: a market clock that is set to another day finds that day's work undone.
"""

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from tradeul.domain.events import Nanos
from tradeul.domain.session import ONE_DAY, instant_of, local_time


class Success(NamedTuple):
    """A run that ended well: when it began, and for how many sessions; None: for as many as the job usually loads."""

    began: Nanos
    days: int | None


def latest_due(due: dt.time, now: Nanos) -> Nanos:
    """The newest due moment that is not after `now`."""
    day = local_time(now).date()
    today = instant_of(day, due)
    return today if today <= now else instant_of(day - ONE_DAY, due)


def next_due(due: dt.time, now: Nanos) -> Nanos:
    """The first due moment after `now`."""
    day = local_time(now).date()
    today = instant_of(day, due)
    return today if today > now else instant_of(day + ONE_DAY, due)


def missed(due: dt.time, days: int | None, successes: Iterable[Success], now: Nanos) -> bool:
    """Whether nothing that covers so many sessions was done since the latest due moment."""
    since, until = latest_due(due, now), next_due(due, now)
    return not any(since <= each.began < until and covers(each.days, days) for each in successes)


def covers(done: int | None, wanted: int | None) -> bool:
    """Whether a run of the one depth makes one of the other needless."""
    return done is None or (wanted is not None and wanted <= done)
