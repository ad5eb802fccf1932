"""Why a symbol is in a list or is not: what it has to pass, in order, with the values of now; and who is next to it.

In order: each global filter, the list's sessions and condition, that no key of its order is null, and its size. It
reads the board and the last ranking, and so must be asked while nothing changes them (`Pipeline.settled`). The route
asks for all of it, `visits` at each exit for the one reason.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.board import Board
from tradeul.domain.board_scope import CLOCK_NUMBERS, BoardScope
from tradeul.domain.events import Ints, Nanos, Symbol
from tradeul.domain.explain import Plan, Predicate, plan_of, value_of
from tradeul.domain.expression import Scope
from tradeul.domain.filters import Filter
from tradeul.domain.scans import Scan
from tradeul.engine.channels import Channels
from tradeul.engine.scanner import Scanner

NOT: Final = "not"
CANNOT_BE_MADE: Final = "the list cannot be made"
STANDING: Final = Predicate("standing", "the list was not made again since", "fail", name="standing")
"""While the market is closed lists stand, and the board may still learn."""


class Key(NamedTuple):
    """A key of a list's order, and what it is for one symbol."""

    text: str
    descending: bool
    value: object


class Place(NamedTuple):
    """Who has a rank, and the keys by which."""

    rank: int
    symbol: Symbol
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """`rank` is None for a symbol that is not in the list; neighbours are of the rank that it has or would have."""

    list: str
    symbol: Symbol
    as_of: Nanos
    rank: int | None
    predicates: tuple[Predicate, ...]
    keys: tuple[Key, ...]
    above: Place | None
    below: Place | None
    last: Place | None
    """Who has the last rank of a list that is full."""

    @property
    def first_failure(self) -> Predicate | None:
        """What keeps the symbol out first, under the name of what it is part of; None for one that is in."""
        failed = next((each for each in self.predicates if each.verdict != "pass"), None)
        if self.rank is not None or failed is None or failed.first_failure is None:
            return None
        return replace(failed.first_failure, name=failed.name)


class Why:
    """Reads the board, the last ranking and the published lists."""

    def __init__(self, board: Board, scanner: Scanner, channels: Channels) -> None:
        self._board = board
        self._scanner = scanner
        self._channels = channels

    @property
    def as_of(self) -> Nanos:
        """When the lists were made that are explained; 0 before they were."""
        return self._scanner.as_of

    def of(self, name: str, symbol: Symbol) -> Explanation:
        """Explain a symbol that is on the board for a list that there is."""
        channel = self._channels.by_name[name]
        scan, shown = channel.scan, [row.symbol for row in channel.state.rows]
        rank = shown.index(symbol) + 1 if symbol in shown else None
        failure = self._scanner.failures.get(name)
        if failure is not None:
            return _unmade(name, symbol, self.as_of, failure)
        keys = self._keys(scan, symbol)
        predicates = self._predicates(scan, symbol, keys)
        above, below = self._beside(scan, shown, rank)
        if rank is None and all(each.verdict == "pass" for each in predicates):
            if self._scanner.belongs(name, symbol):
                would_be, above, below = self._would_be(scan, symbol)
                predicates.append(_size(scan, would_be))
            else:
                predicates.append(STANDING)
        last = self._place(scan, len(shown), shown[-1]) if len(shown) >= scan.size else None
        return Explanation(name, symbol, self._scanner.as_of, rank, tuple(predicates), keys, above, below, last)

    def left(self, scan: Scan, symbol: Symbol) -> str:
        """Say in one line why a symbol that was in a list is no member any more; nothing if all is as it should be."""
        if scan.name in self._scanner.failures:
            return CANNOT_BE_MADE
        row, place = self._row(symbol), self._board.row_of[symbol]
        for each in self._scanner.gates(scan):
            # Who was dropped is known already; asking again would take longer than all the rest.
            ranked = self._scanner.dropped.get(each.reason)
            if (ranked is None or ranked[place]) and (failing := _failing(each, row)) is not None:
                return f"{each.reason}: {failing.said(row)}"
        condition = scan.enter if scan.stay is None else scan.stay
        missed = plan_of(condition.tree, CLOCK_NUMBERS).failing(row)
        if missed is not None:
            return missed.said(row)
        return next((f"{key.text} (unknown)" for key in self._keys(scan, symbol) if key.value is None), "")

    def _predicates(self, scan: Scan, symbol: Symbol, keys: tuple[Key, ...]) -> list[Predicate]:
        as_of, row = self._scanner.as_of, self._row(symbol)
        gates = [_gate(each, row, as_of) for each in self._scanner.gates(scan)]
        enter = plan_of(scan.enter.tree, CLOCK_NUMBERS)
        stays = scan.stay is not None and self._scanner.belongs(scan.name, symbol) and enter.verdict(row) != "pass"
        plan = plan_of(scan.stay.tree, CLOCK_NUMBERS) if stays and scan.stay is not None else enter
        condition = replace(plan.explained(row, as_of), name="keep" if stays else "where")
        orders = [
            Predicate("order", key.text, "unknown" if key.value is None else "pass", key.value, name="order")
            for key in keys
        ]
        return [*gates, condition, *orders]

    def _beside(self, scan: Scan, shown: list[Symbol], rank: int | None) -> tuple[Place | None, Place | None]:
        if rank is None:
            return None, None
        above = self._place(scan, rank - 1, shown[rank - 2]) if rank > 1 else None
        below = self._place(scan, rank + 1, shown[rank]) if rank < len(shown) else None
        return above, below

    def _would_be(self, scan: Scan, symbol: Symbol) -> tuple[int, Place | None, Place | None]:
        """The rank among all members, beyond the list's size too, and who would be next to it."""
        rows, groups = self._in_order(scan)
        mine = int(np.flatnonzero(rows == self._board.row_of[symbol])[0])
        window = np.flatnonzero(np.abs(groups - groups[mine]) <= 1)
        symbols = self._board.symbols
        near = sorted(window.tolist(), key=lambda at: (groups[at], symbols[rows[at]]))
        first, index = int(window[0]) + 1, near.index(mine)
        places = {
            at: self._place(scan, first + at, symbols[rows[near[at]]])
            for at in (index - 1, index + 1)
            if 0 <= at < len(near)
        }
        return first + index, places.get(index - 1), places.get(index + 1)

    def _in_order(self, scan: Scan) -> tuple[Ints, Ints]:
        """The rows of all members by the list's keys, and numbers that are the same where all keys are."""
        rows = self._scanner.members_of(scan.name)
        members = self._rows(rows)
        columns = [np.broadcast_to(number.values(members), len(rows)) for number, _ in scan.keys]
        ascending = [-column if down else column for column, (_, down) in zip(columns, scan.keys, strict=True)]
        known = np.flatnonzero(~np.any(np.isnan(columns), axis=0))
        order = known[np.lexsort([column[known] for column in reversed(ascending)])]
        steps = np.any([np.diff(column[order]) != 0 for column in columns], axis=0)
        return rows[order], np.concatenate([[0], np.cumsum(steps)])

    def _place(self, scan: Scan, rank: int, symbol: Symbol) -> Place:
        return Place(rank, symbol, self._keys(scan, symbol))

    def _keys(self, scan: Scan, symbol: Symbol) -> tuple[Key, ...]:
        row = self._row(symbol)
        return tuple(Key(number.tree.text, down, value_of(number, row)) for number, down in scan.keys)

    def _row(self, symbol: Symbol) -> BoardScope:
        return self._rows(np.array([self._board.row_of[symbol]]))

    def _rows(self, rows: Ints) -> BoardScope:
        return BoardScope(self._board, self._scanner.session, self._scanner.as_of, rows)


def _unmade(name: str, symbol: Symbol, as_of: Nanos, failure: str) -> Explanation:
    predicate = Predicate("failure", f"{CANNOT_BE_MADE}: {failure}", "fail", name="failure")
    return Explanation(name, symbol, as_of, None, (predicate,), (), None, None, None)


def _size(scan: Scan, would_be: int) -> Predicate:
    return Predicate("size", f"rank <= {scan.size}", "fail", would_be, scan.size, name="outranked")


def _gate(each: Filter, row: Scope, as_of: Nanos) -> Predicate:
    """A filter as what it asks for; what it cannot know it lets through."""
    plan, failing = plan_of(each.dropped.tree), _failing(each, row)
    asked = (plan.parts[0] if plan.kind == NOT else plan).explained(row, as_of)
    lead = asked if failing is None else failing.explained(row, as_of)
    return Predicate(
        "filter",
        asked.text if plan.kind == NOT else f"not ({asked.text})",
        "pass" if failing is None else "fail",
        lead.value,
        lead.threshold,
        lead.inputs,
        (asked,),
        each.reason,
    )


def _failing(each: Filter, row: Scope) -> Plan | None:
    """The part of a filter for which it drops a row; None if it does not."""
    plan = plan_of(each.dropped.tree)
    if plan.verdict(row) != "pass":
        return None
    return plan.parts[0].failing(row, only_false=True) if plan.kind == NOT else plan
