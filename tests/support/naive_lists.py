"""The lists by the book: every condition over the whole board, members as sets, order by Python's own sort.

It knows nothing of gathering, of cutting before sorting or of what is shared between lists, and so is what the
scanner must agree with.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tradeul.domain.board import Board
from tradeul.domain.board_scope import CLOCK_NUMBERS, BoardScope
from tradeul.domain.events import Nanos
from tradeul.domain.expression import Truth, parse_condition, parse_order
from tradeul.domain.filters import NOT_TRADED, Filter
from tradeul.domain.scans import Scan
from tradeul.domain.session import Session

Inside = dict[str, frozenset[str]]
"""Who is a member of each list."""


class NaiveLists:
    """Remembers who is inside, as the scanner does."""

    def __init__(self, board: Board, scans: Sequence[Scan], filters: Sequence[Filter]) -> None:
        self._board = board
        self._scans = scans
        self._filters = filters
        self.inside: Inside = {}
        self.dropped: dict[str, list[str]] = {}

    def rank(self, now: Nanos, session: Session) -> dict[str, list[str]]:
        """Each list's symbols in their order."""
        scope, symbols = BoardScope(self._board, session, now), self._board.symbols
        with np.errstate(all="ignore"):
            reasons = [(each, self._where(each.dropped, scope)) for each in (NOT_TRADED, *self._filters)]
            first = [next((why for why, drops in reasons if drops[row]), None) for row in range(len(symbols))]
            self.dropped = {
                filter_.reason: sorted(symbol for symbol, why in zip(symbols, first, strict=True) if why is filter_)
                for filter_ in (NOT_TRADED, *self._filters)
            }
            return {scan.name: self._list(scan, scope, first) for scan in self._scans}

    def _list(self, scan: Scan, scope: BoardScope, first: Sequence[Filter | None]) -> list[str]:
        symbols = self._board.symbols
        enter = self._where(parse_condition(scan.where, CLOCK_NUMBERS), scope)
        stay = self._where(parse_condition(scan.keep or "1 > 2", CLOCK_NUMBERS), scope)
        before = self.inside.get(scan.name, frozenset())
        members = [
            row
            for row, symbol in enumerate(symbols)
            if (not scan.sessions or scope.session in scan.sessions)
            and (first[row] is None or (not scan.global_filters and first[row] is not NOT_TRADED))
            and (enter[row] or (symbol in before and stay[row]))
        ]
        self.inside[scan.name] = frozenset(symbols[row] for row in members)
        keys = [
            (np.broadcast_to(key.values(scope), len(symbols)), down)
            for key, down in parse_order(scan.order, CLOCK_NUMBERS)
        ]
        known = [row for row in members if not any(math.isnan(values[row]) for values, _ in keys)]
        known.sort(key=lambda row: ([-values[row] if down else values[row] for values, down in keys], symbols[row]))
        return [symbols[row] for row in known[: scan.size]]

    def _where(self, truth: Truth, scope: BoardScope) -> list[Any]:
        return list(np.broadcast_to(truth.true(scope), len(self._board.symbols)))
