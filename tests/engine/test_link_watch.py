"""A live feed is judged by what snapshots show."""

from dataclasses import dataclass

import numpy as np
import pytest

from tests.support.market import NANOS, at
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.engine.link_watch import LinkWatch

START = at("10:00")


@dataclass
class Link:
    """A connection as a feed tells of it."""

    authenticated: bool = True
    since: Nanos = START
    newest_event_at: Nanos = START
    confirmed: frozenset[Symbol] = frozenset({Symbol("HOT")})


class Feed:
    """A feed that says what it is told to say."""

    def __init__(self) -> None:
        self.state = Link()
        self.reconnects: list[str] = []

    def reconnect(self, why: str) -> None:
        self.reconnects.append(why)


@pytest.fixture
def board() -> Board:
    board = Board(capacity=4)
    board.rows_of((Symbol("HOT"), Symbol("COLD")))
    return board


def look(watch: LinkWatch, board: Board, seconds: float, **traded_at: float) -> None:
    """Let a snapshot show when each symbol traded last."""
    for symbol, at_second in traded_at.items():
        board["price_at"][board.row_of[Symbol(symbol)]] = START + int(at_second * NANOS)
    watch.look(Nanos(START + int(seconds * NANOS)))


def test_a_followed_symbol_that_trades_unheard_ends_the_connection(board: Board) -> None:
    """Within five snapshots, once, and the reason is said."""
    feed = Feed()
    watch = LinkWatch(feed, board)

    for seconds in (0, 5, 10, 15, 20, 25):
        look(watch, board, seconds, HOT=seconds)

    assert len(feed.reconnects) == 1
    assert "silent" in feed.reconnects[0]


def test_a_feed_that_tells_of_what_traded_is_kept(board: Board) -> None:
    """Its events are as new as the snapshots' trades."""
    feed = Feed()
    watch = LinkWatch(feed, board)

    for seconds in range(0, 120, 5):
        feed.state.newest_event_at = Nanos(START + seconds * NANOS)
        look(watch, board, seconds, HOT=seconds)

    assert feed.reconnects == []


def test_a_symbol_that_nobody_follows_proves_nothing(board: Board) -> None:
    """It trades on, and no event of it was ever due."""
    feed = Feed()
    watch = LinkWatch(feed, board)

    for seconds in range(0, 120, 5):
        look(watch, board, seconds, COLD=seconds)

    assert feed.reconnects == []


def test_no_connection_cannot_be_silent(board: Board) -> None:
    """While there is none, it is not given up again and again."""
    feed = Feed()
    feed.state.authenticated = False
    watch = LinkWatch(feed, board)

    for seconds in range(0, 60, 5):
        look(watch, board, seconds, HOT=seconds)

    assert feed.reconnects == []


def test_symbols_that_are_not_on_the_board_are_left_out(board: Board) -> None:
    """A followed symbol may have left the market."""
    feed = Feed()
    feed.state.confirmed = frozenset({Symbol("GONE")})
    watch = LinkWatch(feed, board)

    look(watch, board, 0)
    look(watch, board, 60)

    assert feed.reconnects == []
    assert not np.isnan(board["price_at"]).any()
