"""Evaluates every list over the board and hands the rankings to the channels.

The pipeline calls it after each change of the board, and lets nobody change the board before it is done. Lists are made
of the rows that pass the global filters, gathered once for all of them; one that cannot be evaluated is empty and says
why, and the others never notice. Values of a symbol are taken once per cycle and shared by all lists with the same
columns; a row that did not change stays the very same object, so that the difference between two states is cheap.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.board import Board
from tradeul.domain.board_scope import BoardScope
from tradeul.domain.deltas import Row, Times
from tradeul.domain.events import Bools, Ints, Nanos, Symbol
from tradeul.domain.fields import RVOL_METHODS
from tradeul.domain.filters import NOT_TRADED, Filter, outside_of, sift
from tradeul.domain.gathering import Gathered
from tradeul.domain.row_book import RowBook
from tradeul.domain.scans import Scan
from tradeul.domain.session import Session
from tradeul.engine.channels import Channels

CANNOT_EVALUATE: Final = (ArithmeticError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What a person's condition or order may come to, however carefully it was read."""
NOBODY: Final[Ints] = np.empty(0, np.int64)


class Membership(NamedTuple):
    """Who belongs to a list, be they beyond its size: places of the rows that could."""

    candidates: Ints
    places: Ints

    @property
    def rows(self) -> Ints:
        """The rows of the board, in their order."""
        return self.candidates.take(self.places)


class Counts(NamedTuple):
    """Symbols on the way from the market to the lists."""

    stages: Mapping[str, int]
    rvol: Mapping[str, int]
    dropped: Mapping[str, int]


NO_MEMBERS: Final = Membership(NOBODY, NOBODY)


class Scanner:
    """Holds who was inside each list (some lists are easier to stay in than to enter)."""

    def __init__(self, board: Board, scans: Sequence[Scan], filters: Sequence[Filter], channels: Channels) -> None:
        self._board = board
        self.scans = tuple(scans)
        """In the order in which they are made."""
        self.filters = filters
        self._channels = channels
        self._inside: dict[str, Membership] = {}
        self._shared = _asked_again(scans)
        self._rows: dict[tuple[str, ...], RowBook] = {}
        self.as_of = Nanos(0)
        """When the lists were last made; 0 before there are any."""
        self.session = Session.CLOSED
        """In which session that was."""
        self.passed: Bools = np.empty(0, np.bool_)
        """Which of the board's rows passed the global filters then."""
        self.dropped: Mapping[str, Bools] = {}
        """Which did not, by the first reason for which they were dropped."""
        self.failures: Mapping[str, str] = {}
        """The lists that could not be evaluated then, and why."""

    def define(self, scan: Scan) -> None:
        """Add a list, or make it by its new definition from now on; who is inside stays inside if it may."""
        others = [each for each in self.scans if each.name != scan.name]
        self.scans = (*others, scan)
        self._shared = _asked_again(self.scans)
        self._forget(scan.name)
        self._channels.define(scan)

    def remove(self, name: str) -> None:
        """Make a list no more."""
        self.scans = tuple(scan for scan in self.scans if scan.name != name)
        self._shared = _asked_again(self.scans)
        self._inside.pop(name, None)
        self._forget(name)
        self._channels.remove(name)

    def rank(self, as_of: Nanos, session: Session) -> dict[str, Ints]:
        """Rank every list as of a moment; gives the board's rows in their order."""
        self.as_of, self.session = as_of, session
        with np.errstate(all="ignore"):
            return self._ranked(BoardScope(self._board, session, as_of))

    def publish(self, ranked: Mapping[str, Ints], as_of: Nanos, times: Times | None = None) -> list[str]:
        """Publish what changed in the lists, and name them. The board must still be the one that was ranked."""
        return self._channels.publish(self._as_rows(ranked), as_of // 1_000_000, times)

    def tried(self, scan: Scan, session: Session) -> tuple[int, tuple[Row, ...]]:
        """Make a list once, as if nobody were inside yet: how many qualify, and the first of them. Keeps nothing.

        Raises what is in `CANNOT_EVALUATE`.
        """
        market = BoardScope(self._board, session, self.as_of)
        with np.errstate(all="ignore"):
            allowed, _ = sift(market, (NOT_TRADED,), np.ones(len(self._board), np.bool_))
            if scan.global_filters:
                allowed, _ = sift(market, self.filters, allowed)
            candidates = Gathered(market, allowed.nonzero()[0])
            members = scan.members(candidates, None)
            ranked = candidates.rows.take(scan.ranked(candidates, members, self._board.alphabetical))
        symbols = self._board.symbols
        values = zip(*(self._board.values(name, ranked) for name in scan.columns), strict=True)
        rows = zip(ranked.tolist(), values, strict=True)
        return len(members), tuple(Row(symbols[row], row_values) for row, row_values in rows)

    def belongs(self, name: str, symbol: Symbol) -> bool:
        """Tell whether a symbol was a member of a list when it was last ranked, be it beyond the list's size."""
        inside, row = self._inside.get(name), self._board.row_of.get(symbol)
        return inside is not None and row is not None and row in inside.rows

    def members_of(self, name: str) -> Ints:
        """The rows that were members of a list when it was last ranked, be they beyond its size."""
        return self._inside.get(name, NO_MEMBERS).rows

    def gates(self, scan: Scan) -> list[Filter]:
        """What a row must pass before it is asked what the list asks for, in order."""
        filters = self.filters if scan.global_filters else ()
        return [NOT_TRADED, *filters, *outside_of(scan.sessions)]

    def inside(self) -> dict[str, Bools]:
        """Tell who was inside each list that is easier to stay in than to enter."""
        return {scan.name: self._mask(self._inside.get(scan.name, NO_MEMBERS)) for scan in self.scans if scan.keep}

    def resume(self, symbols: Sequence[Symbol], inside: Mapping[str, Bools]) -> None:
        """Go on from who was inside the lists before a restart; `symbols` are the masks' places."""
        rows = self._board.rows_of(symbols)
        self._inside |= {name: Membership(rows[: len(mask)], mask.nonzero()[0]) for name, mask in inside.items()}

    def insiders(self) -> dict[str, Ints]:
        """Tell the rows of who was inside each of those lists."""
        return {scan.name: self.members_of(scan.name) for scan in self.scans if scan.keep}

    def restore(
        self,
        scans: Sequence[Scan],
        filters: Sequence[Filter],
        inside: Mapping[str, Ints],
        as_of: Nanos,
        session: Session,
    ) -> None:
        """Go on from lists that were kept; the board has been restored already."""
        self.scans, self.filters, self._shared = tuple(scans), filters, _asked_again(scans)
        self._inside = {name: Membership(rows, np.arange(len(rows))) for name, rows in inside.items()}
        self._rows.clear()
        self.failures, self.dropped, self.passed = {}, {}, np.zeros(len(self._board), np.bool_)
        self.as_of, self.session = as_of, session

    def counted(self) -> Counts:
        """Count the symbols on the way from the market to the lists."""
        board = self._board
        methods = board["rvol_method"]
        stages = {
            "symbols_seen": len(board),
            "priced": int((~np.isnan(board["price"])).sum()),
            "with_volume": int((board["volume_today"] > 0).sum()),
            "passed_filters": int(self.passed.sum()),
        }
        by_method = {name: int((methods == code).sum()) for code, name in enumerate(RVOL_METHODS)}
        return Counts(stages, by_method, {reason: int(rows.sum()) for reason, rows in self.dropped.items()})

    def funnel(self) -> dict[str, object]:
        """Tell the same in JSON-ready words, and how many belong to each list."""
        counts = self.counted()
        return {
            **counts.stages,
            "rvol": counts.rvol,
            "dropped": counts.dropped,
            "members": {name: len(members.places) for name, members in self._inside.items()},
        }

    def _forget(self, name: str) -> None:
        """What was made of the old definition, and that it may have failed, says nothing of the next one."""
        self._rows.clear()
        self.failures = {each: why for each, why in self.failures.items() if each != name}

    def _ranked(self, market: BoardScope) -> dict[str, Ints]:
        everyone = np.ones(len(self._board), np.bool_)
        traded, untraded = sift(market, (NOT_TRADED,), everyone)
        self.passed, dropped = sift(market, self.filters, traded)
        self.dropped = untraded | dropped
        candidates = {True: Gathered(market, self.passed.nonzero()[0], self._shared)}
        if not all(scan.global_filters for scan in self.scans):
            candidates[False] = Gathered(market, traded.nonzero()[0], self._shared)
        ranked: dict[str, Ints] = {}
        inside: dict[str, Membership] = {}
        failures: dict[str, str] = {}
        for scan in self.scans:
            try:
                made = self._made(scan, candidates[scan.global_filters])
            except CANNOT_EVALUATE as error:
                failures[scan.name] = f"{type(error).__name__}: {error}"
                made = NO_MEMBERS, NOBODY
            inside[scan.name], ranked[scan.name] = made
        self._inside, self.failures = inside, failures
        return ranked

    def _made(self, scan: Scan, candidates: Gathered) -> tuple[Membership, Ints]:
        """Evaluate a list; gives all members, and the rows that it shows in their order."""
        before = self._inside.get(scan.name) if scan.keep else None
        inside = None if before is None else self._mask(before).take(candidates.rows)
        members = scan.members(candidates, inside)
        ranked = candidates.rows.take(scan.ranked(candidates, members, self._board.alphabetical))
        return Membership(candidates.rows, members), ranked

    def _mask(self, members: Membership) -> Bools:
        mask = np.zeros(len(self._board), np.bool_)
        mask[members.rows] = True
        return mask

    def _as_rows(self, ranked: Mapping[str, Ints]) -> dict[str, tuple[Row, ...]]:
        by_columns: dict[tuple[str, ...], list[str]] = {}
        for scan in self.scans:
            if scan.name in ranked:
                by_columns.setdefault(scan.columns, []).append(scan.name)
        result: dict[str, tuple[Row, ...]] = {}
        for columns, names in by_columns.items():
            book = self._rows.setdefault(columns, RowBook(columns))
            rows = book.of(self._board, np.unique(np.concatenate([ranked[name] for name in names])))
            for name in names:
                result[name] = tuple([rows[row] for row in ranked[name].tolist()])
        return result


def _asked_again(scans: Sequence[Scan]) -> frozenset[str]:
    """What more than one list asks of the market, or one of them twice."""
    asked = Counter(text for scan in scans for text in scan.texts())
    return frozenset(text for text, times in asked.items() if times > 1)
