"""Which share of a normal day's volume has traded by which second of the day.

The prior curve stands until one is learned from stored history. On a day that closes early the regular session is
cut at 13:00 and the post-market piece of the curve follows it at once.
"""

from typing import Final

import numpy as np

from tradeul.domain.events import Floats
from tradeul.domain.slots import (
    DAY_SECONDS,
    FIRST_EARLY_POST_SLOT,
    FIRST_POST_SLOT,
    SLOT_SECONDS,
)

_PRIOR: Final = (
    ("04:00", 0.0), ("06:00", 0.001), ("07:00", 0.002), ("08:00", 0.0045), ("09:00", 0.011), ("09:30", 0.018),
    ("09:35", 0.05), ("09:45", 0.09), ("10:00", 0.14), ("10:30", 0.215), ("11:00", 0.275), ("11:30", 0.325),
    ("12:00", 0.368), ("12:30", 0.406), ("13:00", 0.442), ("13:30", 0.478), ("14:00", 0.515), ("14:30", 0.556),
    ("15:00", 0.603), ("15:30", 0.668), ("15:45", 0.718), ("15:55", 0.77), ("16:00", 0.83), ("16:05", 0.96),
    ("16:30", 0.975), ("17:00", 0.985), ("18:00", 0.993), ("20:00", 1.0),
)  # fmt: skip


def _seconds(wall: str) -> float:
    hours, minutes = wall.split(":")
    return (int(hours) - 4) * 3600.0 + int(minutes) * 60.0


PRIOR_SECONDS: Final[Floats] = np.array([_seconds(wall) for wall, _ in _PRIOR])
PRIOR_SHARES: Final[Floats] = np.array([share for _, share in _PRIOR])

_EARLY_CLOSE_AT: Final = FIRST_EARLY_POST_SLOT * SLOT_SECONDS
_CLOSE_AT: Final = FIRST_POST_SLOT * SLOT_SECONDS


def _by_second(*, early_close: bool) -> Floats:
    """Tabulate the curve at every second of the day and one beyond: all its corners lie on whole seconds."""
    seconds = np.arange(DAY_SECONDS + 2, dtype=np.float64)
    curve = np.interp(seconds, PRIOR_SECONDS, PRIOR_SHARES)
    if early_close:
        post_seconds = len(seconds) - _EARLY_CLOSE_AT
        post = np.interp(np.arange(post_seconds) + float(_CLOSE_AT), PRIOR_SECONDS, PRIOR_SHARES)
        curve[_EARLY_CLOSE_AT:] = curve[_EARLY_CLOSE_AT] + post - post[0]
    return curve


_TABLES: Final = {early: _by_second(early_close=early) for early in (False, True)}


def prior_share(seconds: Floats, *, early_close: bool) -> Floats:
    """Give the share of the day's volume that has traded by each second since 04:00, within 0 and the day's length."""
    table = _TABLES[early_close]
    whole = seconds.astype(np.int64)
    before = table[whole]
    share: Floats = before + (table[whole + 1] - before) * (seconds - whole)
    return share
