"""The trades of the running minute, by snapshots and by the seconds after them."""

import numpy as np

from tests.support.market import NANOS, at
from tradeul.domain.board import EVERY_ROW, Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.trade_counts import TradeCounts

MINUTE = at("10:01:00")


class Desk:
    """A board of one row, and seconds since 10:01."""

    def __init__(self) -> None:
        self.board = Board(capacity=1)
        self.board.rows_of([Symbol("A")])
        self._counts = TradeCounts(self.board)
        self._now = Nanos(0)

    def image(self, second: float, trades: float, minute: int = 0) -> object:
        when = self._known(second)
        minutes = np.array([MINUTE + minute * 60 * NANOS])
        self._counts.take_image(EVERY_ROW, minutes, np.array([trades]), np.array([when]))
        self._counts.forget(EVERY_ROW, self._now)
        return self.shown()

    def image_without_it(self, second: float) -> object:
        nothing = np.zeros(0, np.int64)
        self._counts.take_image(nothing, nothing, np.zeros(0), nothing)
        self._counts.forget(EVERY_ROW, self._known(second))
        return self.shown()

    def bar(self, second: float, trades: float) -> object:
        """One that began with this second."""
        end = self._known(second + 1)
        self._counts.take_bars(np.array([0]), np.array([end - NANOS]), np.array([end]), np.array([trades]), self._now)
        return self.shown()

    def trades(self, first: float, last: float, count: float) -> object:
        first_at, last_at = (np.array([self._known(second)]) for second in (first, last))
        self._counts.take_trades(np.array([0]), first_at, last_at, np.array([count]), self._now)
        return self.shown()

    def shown(self) -> object:
        return self.board.values("trades_1m", np.array([0]))[0]

    def _known(self, second: float) -> Nanos:
        when = Nanos(MINUTE + int(second * NANOS))
        self._now = max(self._now, when)
        return when


def test_bars_come_on_top_of_a_snapshot() -> None:
    """What the snapshot knows of, and a bar that comes again, is not counted twice."""
    desk = Desk()

    shown = [desk.image(9.7, 40), desk.bar(9, 5), desk.bar(10, 3), desk.bar(12, 2), desk.bar(10, 3)]

    assert shown == [40, 40, 43, 45, 45]


def test_the_newest_snapshot_is_right() -> None:
    """Bars can lack what a snapshot has; one that is older than the bars says nothing."""
    desk = Desk()

    shown = [desk.bar(9, 5), desk.image(9.99, 40), desk.bar(10, 3), desk.bar(14, 3), desk.image(12.0, 44)]

    assert shown == [5, 40, 43, 46, 46]


def test_a_minute_begins_anew() -> None:
    """With its first bar; while it has none its trades are unknown, and a late bar is of the minute before."""
    desk = Desk()
    desk.image(58.5, 40)

    shown = [desk.image(60.5, 42), desk.bar(59, 2), desk.bar(61, 6), desk.bar(58, 9), desk.bar(62, 1)]

    assert shown == [None, None, 6, 6, 7]


def test_a_row_that_is_missing_keeps_no_minute_that_is_over() -> None:
    """Its other values stay, but these are not the trades of the running minute."""
    desk = Desk()

    shown = [desk.image(50, 40), desk.image_without_it(55), desk.image_without_it(61)]

    assert shown == [40, 40, None]


def test_a_bar_that_does_not_say_adds_nothing() -> None:
    """How many trades it had is unknown where its average size is."""
    desk = Desk()

    assert [desk.bar(3, 0), desk.bar(4, 2), desk.bar(5, 0)] == [None, 2, 2]


def test_an_old_row_in_a_new_snapshot_holds_no_more_than_it_did() -> None:
    """A bar of after the row was updated is counted, be the snapshot newer than the bar."""
    desk = Desk()

    shown = [desk.image(33.2, 4), desk.image(33.2, 4), desk.bar(36, 1)]

    assert shown == [4, 4, 5]


def test_trades_are_counted_once_whoever_tells_of_them() -> None:
    """Each as it comes; the bar of their second comes later and adds nothing, the next bar does."""
    desk = Desk()

    shown = [desk.image(9.7, 40), desk.trades(10.2, 10.4, 2), desk.trades(10.4, 10.9, 1), desk.bar(10, 3)]
    shown += [desk.bar(11, 5), desk.trades(10.3, 10.3, 1), desk.trades(60, 60, 1), desk.image(60.5, 4, minute=1)]

    assert shown == [40, 42, 43, 43, 48, 48, 1, 4]
