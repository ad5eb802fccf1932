"""Whether a feed is a delayed one, and how far it runs behind the clock: by what it says, or by what it shows.

Only the newest rows tell: most securities did not trade for minutes in any feed, and in a delayed one none did. Looked
at once a snapshot, in well under a millisecond, and only while the market has been trading for a while.
"""

from typing import Final

import numpy as np

from tradeul.domain.events import MarketImage, Nanos
from tradeul.domain.session import NANOS

LATE_S: Final = 600.0
"""A feed that is so far behind the clock is delayed, whatever it says."""
STALLED_S: Final = 1_200.0
"""No delayed feed is this far behind: this one does not move."""
USUAL_DELAY_S: Final = 900.0

_NEWEST: Final = 21
"""The median of so many rows does not move for ten whose times are of the future."""


def lag_s(image: MarketImage, now: Nanos) -> float | None:
    """The median of how old the newest rows are; None if no row has a time."""
    set_rows = image.updated[image.updated > 0]
    if not len(set_rows):
        return None
    newest = set_rows if len(set_rows) <= _NEWEST else np.partition(set_rows, -_NEWEST)[-_NEWEST:]
    return float((now - np.median(newest)) / NANOS)


class Lateness:
    """What is known of one feed; it stands while the market rests."""

    def __init__(self) -> None:
        self.delayed = False
        self.behind_s = 0.0
        """How far the feed's time is behind the clock; 0 for one that is not delayed."""
        self._shown_s: float | None = None

    def look(self, image: MarketImage, now: Nanos, *, trading: bool) -> None:
        """Take one more image into account; `trading` says that the market did so all the while."""
        lag = lag_s(image, now) if trading else None
        if lag is not None and lag <= STALLED_S:
            self._shown_s = lag if lag >= LATE_S else None
        self.delayed = image.delayed or self._shown_s is not None
        self.behind_s = (self._shown_s or USUAL_DELAY_S) if self.delayed else 0.0
