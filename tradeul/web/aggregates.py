"""The newest values of every watched symbol, read from the board and each encoded once for all who watch it.

The engine has `look` called as soon as it has brought the board up to date, which is at most every few milliseconds
apart; what changed is handed on, and nothing is written here. The hub owns who is written to, and when.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final

import numpy as np

from tradeul.domain.board import Board
from tradeul.domain.deltas import Times
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.fields import LIVE_FIELDS
from tradeul.engine.watches import Watches
from tradeul.web.frames import Sight, Values
from tradeul.web.viewer import Viewer

MS_PER_S: Final = 1_000


class Aggregates:
    """`sights` holds every watched symbol's newest; `changed` is called with the symbols whose values changed."""

    def __init__(self, board: Board, watches: Watches[Viewer], as_of: Callable[[], Nanos], interval_ms: int) -> None:
        self.watches = watches
        self.interval_s = interval_ms / MS_PER_S
        """How long a viewer rests between two frames of one symbol."""
        self.sights: dict[Symbol, Sight] = {}
        self.changed: Callable[[Sequence[Symbol]], None] = lambda _symbols: None
        self._board = board
        self._as_of = as_of

    def look(self, times: Times | None = None) -> None:
        """See what the board says of all that are watched, and let go of those that are no more.

        `times` says when what changed since the last look went through us, where that is known.
        """
        watched = self.watches.symbols()
        self.sights = {symbol: sight for symbol, sight in self.sights.items() if symbol in watched}
        self.look_at(watched, times)

    def look_at(self, symbols: Collection[Symbol], times: Times | None = None) -> None:
        """See what the board says of these symbols, all of which it knows: 500 in about a millisecond."""
        at, changed = self._as_of(), []
        for symbol, values in self._read(list(symbols)):
            known = self.sights.get(symbol)
            if known is None or known.values != values:
                self.sights[symbol] = Sight(symbol, at, values, times)
                changed.append(symbol)
        if changed:
            self.changed(changed)

    def _read(self, symbols: list[Symbol]) -> Sequence[tuple[Symbol, Values]]:
        if not symbols:
            return ()
        board = self._board
        rows = np.fromiter((board.row_of[symbol] for symbol in symbols), np.int64, len(symbols))
        columns = [board.values(name, rows) for name in LIVE_FIELDS]
        return list(zip(symbols, zip(*columns, strict=True), strict=True))
