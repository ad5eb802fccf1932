"""Tells from snapshots that a live feed is dead though its connection stands: what traded must have been heard of.

A trade that a snapshot shows of a followed symbol is owed by the feed from then on. If the next snapshot still finds
it unheard, and the feed has said nothing for 20 s of the market's time, the connection is not worth keeping.
"""

from typing import Final

from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS

SILENT_FOR: Final = 20 * NANOS


class Silence:
    """Judges one connection after the other; what was owed by an earlier one is forgiven when a new one speaks."""

    def __init__(self) -> None:
        self._owed = Nanos(0)
        self._feed_time = Nanos(0)

    def broken(self, heard: Nanos, newest_trade: Nanos, feed_time: Nanos) -> bool:
        """Judge after a snapshot.

        `heard`: event time of the newest event, or when the connection began. `newest_trade`: the newest trade that the
        snapshot shows of symbols that were followed before it, 0 if none.
        """
        overdue = self._owed > heard and max(newest_trade, self._owed) - heard >= SILENT_FOR
        # Only what traded since the last snapshot was followed for certain while it traded.
        if newest_trade > max(self._feed_time, heard):
            self._owed = newest_trade
        self._feed_time = feed_time
        if overdue:
            self._owed = Nanos(0)
        return overdue
