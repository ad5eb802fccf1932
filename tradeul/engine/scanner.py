"""Evaluates every list over the board and hands the rankings to the channels.

The pipeline calls it after each change of the board, and lets nobody change the board before it is done. Values
of a symbol are taken once per cycle and shared by all lists with the same columns; a row that did not change stays the
very same object, which is what makes the difference between two states cheap.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tradeul.domain import metrics
from tradeul.domain.board import Board
from tradeul.domain.deltas import Row
from tradeul.domain.events import Bools, Ints, Nanos, Symbol
from tradeul.domain.fields import RVOL_METHODS
from tradeul.domain.filters import NOT_TRADED, Filter, passing
from tradeul.domain.scans import Scan
from tradeul.domain.session import Session
from tradeul.engine.channels import Channels


class BoardScope:
    """The board as expressions see it, in one session."""

    def __init__(self, board: Board, session: Session) -> None:
        self.session: str = session.value
        self._board = board

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._board[name]


class Scanner:
    """Holds who was inside each list (some lists are easier to stay in than to enter)."""

    def __init__(self, board: Board, scans: Sequence[Scan], filters: Sequence[Filter], channels: Channels) -> None:
        self._board = board
        self._scans = tuple(scans)
        self._filters = (NOT_TRADED, *filters)
        self._channels = channels
        self._inside: dict[str, Bools] = {}
        self._rows: dict[tuple[str, ...], dict[int, Row]] = {}
        self.dropped: Mapping[str, int] = {}
        self.passed = 0
        self.members: dict[str, int] = {}

    def define(self, scan: Scan) -> None:
        """Add a list, or make it by its new definition from now on; who is inside stays inside if it may."""
        others = [each for each in self._scans if each.name != scan.name]
        self._scans = (*others, scan)
        self._rows.clear()
        self._channels.define(scan)

    def remove(self, name: str) -> None:
        """Make a list no more."""
        self._scans = tuple(scan for scan in self._scans if scan.name != name)
        self._inside.pop(name, None)
        self.members.pop(name, None)
        self._rows.clear()
        self._channels.remove(name)

    def rank(self, as_of: Nanos, session: Session) -> dict[str, Ints]:
        """Rank every list as of a moment; gives the board's rows in their order."""
        metrics.refresh_recency(self._board, as_of)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._ranked(BoardScope(self._board, session))

    def publish(self, ranked: Mapping[str, Ints], as_of: Nanos) -> None:
        """Publish what changed in the lists. The board must still be the one that was ranked."""
        self._channels.publish(self._as_rows(ranked), as_of // 1_000_000)

    def tried(self, scan: Scan, session: Session) -> tuple[int, tuple[Row, ...]]:
        """Make a list once, as if nobody were inside yet: how many qualify, and the first of them. Keeps nothing."""
        scope, length = BoardScope(self._board, session), len(self._board)
        with np.errstate(divide="ignore", invalid="ignore"):
            allowed, _ = passing(scope, self._filters if scan.global_filters else (NOT_TRADED,), length)
            members = scan.members(scope, allowed, None)
            ranked = scan.ranked(scope, members, self._board.alphabetical)
        symbols = self._board.symbols
        values = zip(*(self._board.values(name, ranked) for name in scan.columns), strict=True)
        rows = zip(ranked.tolist(), values, strict=True)
        return int(members.sum()), tuple(Row(symbols[row], row_values) for row, row_values in rows)

    def belongs(self, name: str, symbol: Symbol) -> bool:
        """Tell whether a symbol was a member of a list when it was last ranked, be it beyond the list's size."""
        inside, row = self._inside.get(name), self._board.row_of.get(symbol)
        return inside is not None and row is not None and row < len(inside) and bool(inside[row])

    def inside(self) -> dict[str, Bools]:
        """Tell who was inside each list; a mask is made anew by each ranking, so these stay as they are."""
        return dict(self._inside)

    def resume(self, symbols: Sequence[Symbol], inside: Mapping[str, Bools]) -> None:
        """Go on from who was inside the lists before a restart; `symbols` are the masks' places."""
        rows = self._board.rows_of(symbols)
        for scan in self._scans:
            mask = inside.get(scan.name)
            if mask is not None:
                self._inside[scan.name] = np.zeros(len(self._board), np.bool_)
                self._inside[scan.name][rows[: len(mask)]] = mask

    def funnel(self) -> dict[str, object]:
        """Count the symbols on the way from the market to the lists."""
        board = self._board
        methods = board["rvol_method"]
        return {
            "symbols_seen": len(board),
            "priced": int((~np.isnan(board["price"])).sum()),
            "with_volume": int((board["volume_today"] > 0).sum()),
            "rvol": {name: int((methods == code).sum()) for code, name in enumerate(RVOL_METHODS)},
            "passed_filters": self.passed,
            "dropped": dict(self.dropped),
            "members": dict(self.members),
        }

    def _ranked(self, scope: BoardScope) -> dict[str, Ints]:
        length = len(self._board)
        passes, self.dropped = passing(scope, self._filters, length)
        self.passed = int(passes.sum())
        traded, _ = passing(scope, (NOT_TRADED,), length)
        ranked = {}
        for scan in self._scans:
            allowed = passes if scan.global_filters else traded
            members = scan.members(scope, allowed, self._was_inside(scan.name, length))
            self._inside[scan.name] = members
            self.members[scan.name] = int(members.sum())
            ranked[scan.name] = scan.ranked(scope, members, self._board.alphabetical)
        return ranked

    def _was_inside(self, name: str, length: int) -> Bools:
        inside = self._inside.get(name)
        if inside is None or len(inside) != length:
            grown = np.zeros(length, np.bool_)
            if inside is not None:
                grown[: len(inside)] = inside
            return grown
        return inside

    def _as_rows(self, ranked: Mapping[str, Ints]) -> dict[str, tuple[Row, ...]]:
        by_columns: dict[tuple[str, ...], list[str]] = {}
        for scan in self._scans:
            if scan.name in ranked:
                by_columns.setdefault(scan.columns, []).append(scan.name)
        result: dict[str, tuple[Row, ...]] = {}
        for columns, names in by_columns.items():
            fresh = self._fresh_rows(columns, np.unique(np.concatenate([ranked[name] for name in names])))
            for name in names:
                result[name] = tuple([fresh[row] for row in ranked[name].tolist()])
        return result

    def _fresh_rows(self, columns: tuple[str, ...], wanted: Ints) -> dict[int, Row]:
        previous = self._rows.get(columns, {})
        symbols = self._board.symbols
        values = zip(*(self._board.values(name, wanted) for name in columns), strict=True)
        fresh: dict[int, Row] = {}
        for row, row_values in zip(wanted.tolist(), values, strict=True):
            known = previous.get(row)
            same = known is not None and known.values == row_values
            fresh[row] = known if same and known is not None else Row(symbols[row], row_values)
        self._rows[columns] = fresh
        return fresh
