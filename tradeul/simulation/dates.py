"""Sessions that follow one another, as columns: what `days` works out for many symbols it works out for many dates too.

Whatever is asked of one symbol is asked of the next, over the same dates, so the last few runs are kept.
"""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from tradeul.domain.events import Floats, Ints
from tradeul.domain.session import TradingCalendar
from tradeul.domain.slots import FIRST_EARLY_POST_SLOT, FIRST_POST_SLOT, FIRST_REGULAR_SLOT, SLOT_SECONDS
from tradeul.domain.volume_profile import prior_share
from tradeul.simulation.chance import Keys, salt
from tradeul.simulation.shape import Columns

POST_SLOTS: Final = 48
_DAY: Final = 7
"""The part of a key that leads to a symbol's dates."""
_RUNS_KEPT: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Dates(Columns):
    """One line per session, the oldest first; each column is as wide as one symbol."""

    ordinal: Ints
    before: Ints
    """The session before."""
    salt: Keys
    """What makes a symbol's key its key of that date."""
    shares: Floats
    """Parts of a full day's volume that pre-market, regular and post-market get."""


@lru_cache(maxsize=_RUNS_KEPT)
def run_of(calendar: TradingCalendar, first: dt.date, last: dt.date, earlier: int) -> Dates:
    """The sessions from one to another, and so many before them."""
    days = [last]
    while days[-1] > first:
        days.append(calendar.previous(days[-1]))
    days += calendar.last_sessions(days[-1], earlier + 1)
    ordinal = np.array([day.toordinal() for day in reversed(days)])[:, None]
    shares = np.array([session_shares(early_close=calendar.is_early_close(day)) for day in days[-2::-1]])
    salts = np.array([salt(_DAY, number) for number in ordinal[1:, 0].tolist()])
    return Dates(ordinal[1:], ordinal[:-1], salts[:, None], shares[:, None])


@lru_cache(maxsize=2)
def session_shares(*, early_close: bool) -> Floats:
    """Parts of a full day's volume that pre-market, regular and post-market get."""
    close = FIRST_EARLY_POST_SLOT if early_close else FIRST_POST_SLOT
    edges = np.array([0, FIRST_REGULAR_SLOT, close, close + POST_SLOTS], np.float64) * SLOT_SECONDS
    return np.diff(prior_share(edges, early_close=early_close))
