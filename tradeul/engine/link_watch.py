"""Compares each snapshot with what the live feed has told, and has a feed that is silent connect again."""

from typing import Final, Protocol

import numpy as np
import structlog

from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.silence import Silence

WHY: Final = "silent: a snapshot shows trades that it did not bring"

log = structlog.get_logger(__name__)


class Link(Protocol):
    """What a live feed says of its connection."""

    @property
    def authenticated(self) -> bool: ...

    @property
    def since(self) -> Nanos: ...

    @property
    def newest_event_at(self) -> Nanos: ...

    @property
    def confirmed(self) -> frozenset[Symbol]: ...


class WatchedFeed(Protocol):
    """A live feed that can be looked at and made anew."""

    @property
    def state(self) -> Link: ...

    def reconnect(self, why: str) -> None: ...


class LinkWatch:
    """Looks on after each snapshot."""

    def __init__(self, feed: WatchedFeed, board: Board) -> None:
        self._feed = feed
        self._board = board
        self._silence = Silence()
        self._followed: frozenset[Symbol] = frozenset()

    def look(self, feed_time: Nanos) -> None:
        """Judge the feed by the board as a snapshot has just left it."""
        link = self._feed.state
        followed, self._followed = self._followed & link.confirmed, link.confirmed
        if not link.authenticated:
            return
        rows = [self._board.row_of[symbol] for symbol in followed if symbol in self._board.row_of]
        newest = Nanos(int(self._board["price_at"][np.array(rows, np.int64)].max(initial=0)))
        if self._silence.broken(link.newest_event_at or link.since, newest, feed_time):
            log.warning("feed_silent", symbols=len(followed))
            self._feed.reconnect(WHY)
