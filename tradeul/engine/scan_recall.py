"""Looks at a board after each of its images, for all lists at once: who meets their definitions, and in which order.

`ListWatcher` does so for any board that somebody else steps, be it of a stored day (`watch_stored`) or of a recording
(`scan_recall/recorded`); what it sees goes to a `RecallBook`. Lists are made by the scanner that is used live, only
without their size, so that whoever is beyond it has a rank too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.day_volumes import SLOT_NS
from tradeul.domain.events import Bools, Ints, MarketImage, Nanos, Symbol
from tradeul.domain.explain import Input, Predicate
from tradeul.domain.filters import NOT_TRADED, Filter
from tradeul.domain.scan_recall import ListRecall, RecallBook
from tradeul.domain.scans import Scan
from tradeul.domain.session import Session, TradingCalendar
from tradeul.domain.syntax import Name, walk
from tradeul.engine.backtest import OF_AVERAGES, StoredDay, asked_of, begin
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.scanner import Scanner
from tradeul.engine.why import Explanation, Why

NO_LIMIT: Final = 2**31
UNFILTERED: Final = "unfiltered "
"""Before the name of a list as it is without the global filters; no list has a space in its name."""
NOT_ON_THE_BOARD: Final = "the feed did not have it then"
STALE: Final = "the feed had nothing new of it then (stale)"

Counted = Callable[[Iterator[MarketImage]], Iterator[MarketImage]]


class ListWatcher:
    """Watches one board, which may learn new symbols; one that is made another board is watched by another watcher."""

    def __init__(
        self, board: Board, scans: Sequence[Scan], filters: Sequence[Filter], book: RecallBook, at: Nanos
    ) -> None:
        self._board = board
        self._book = book
        self._scans = [replace(scan, size=NO_LIMIT) for scan in scans]
        bare = [
            replace(scan, name=UNFILTERED + scan.name, size=1, global_filters=False)
            for scan in scans
            if scan.global_filters and filters
        ]
        self._filtered = {scan.name for scan in scans if scan.global_filters and filters}
        channels = Channels("recall", (), ManualClock(at))
        self._scanner = Scanner(board, [*self._scans, *bare], filters, channels)
        self._why = Why(board, self._scanner, channels)
        self._places: Ints = np.empty(0, np.int64)
        self.images = 0
        self.failures: dict[str, str] = {}
        """Lists that could not be evaluated at some image, and why."""

    def stand(self, inside: Mapping[str, Bools]) -> None:
        """Go on from who is inside the lists that are easier to stay in than to enter, by the board's rows."""
        self._scanner.resume(self._board.symbols, inside)

    def look(self, at: Nanos, interval: int, session: Session) -> None:
        """Take the board as it stands now; `interval` is how long ago it was looked at before."""
        self.images += 1
        ranked = self._scanner.rank(at, session)
        self._learn()
        self.failures |= self._scanner.failures
        for scan in self._scans:
            mine = self._book.lists[scan.name]
            ordered = self._places[ranked[scan.name]]
            mine.see(at, interval, ordered)
            if scan.name in self._filtered:
                self._dropped(mine, scan, at)
            for place in mine.began(at, interval):
                self._say(mine, scan, place)

    def _learn(self) -> None:
        """Know the places of all rows."""
        known = len(self._places)
        if known < len(self._board):
            new = self._book.places(self._board.symbols[known:])
            self._places = np.concatenate([self._places, new])
            self._book.grow()

    def _dropped(self, mine: ListRecall, scan: Scan, at: Nanos) -> None:
        rows = self._scanner.members_of(UNFILTERED + scan.name)
        for reason, dropped in self._scanner.dropped.items():
            if reason != NOT_TRADED.reason and len(hit := rows[dropped[rows]]):
                for place in mine.drop(at, reason, self._places[hit]):
                    self._say(mine, scan, place)

    def _say(self, mine: ListRecall, scan: Scan, place: int) -> None:
        """Note what stands against a symbol now."""
        symbol = self._book.symbols[place]
        there = symbol in self._board.row_of
        words = self._why.left(scan, symbol) if there else NOT_ON_THE_BOARD
        if words:
            mine.said[place] = words


def watch_stored(
    day: StoredDay,
    calendar: TradingCalendar,
    least_sessions: int,
    watched: tuple[Sequence[Scan], Sequence[Filter], RecallBook],
    counted: Counted = iter,
) -> ListWatcher:
    """Play a stored day from its first image to its last."""
    board = Board(capacity=max(1, len(day.symbols)), least_sessions=least_sessions)
    enrichment = Enrichment(board, calendar)
    begin(enrichment, board, day)
    watcher = ListWatcher(board, *watched, day.hours.pre_market_start)
    for image in counted(day.images()):
        now = image.feed_time
        if day.hours.session_at(now) is Session.CLOSED:
            break
        enrichment.apply_image(image, enrichment.read(image, now), now, now)
        board.reset(day.forgotten)
        moment = enrichment.moment()
        watcher.look(now, SLOT_NS, Session.CLOSED if moment is None else moment.session)
    return watcher


def ordered_by_untold(scan: Scan, day: StoredDay) -> list[str]:
    """Which fields that a list is ordered by a day does not tell: without them nobody has a rank."""
    asked = {node.name for number, _ in scan.keys for node in walk(number.tree) if isinstance(node, Name)}
    return sorted(asked & set(day.untold))


def averages_asked(scans: Sequence[Scan], filters: Sequence[Filter]) -> Mapping[str, str]:
    """Name for each list that stands on averages of sessions which of them it asks for."""
    by_filters = {name for each in filters for name in OF_AVERAGES if name in each.drop_if}
    asked = {scan.name: asked_of(scan) | (by_filters if scan.global_filters else set()) for scan in scans}
    return {name: min(OF_AVERAGES & fields) for name, fields in asked.items() if OF_AVERAGES & fields}


def words_of(told: Explanation, size: int) -> str:
    """Say in one line why a symbol was not in a list, from the explanation that the page shows; nothing if it was."""
    failure = told.first_failure
    if failure is None:
        return ""
    if failure.name == "outranked":
        return f"below the cut then: rank {failure.value} of {size}"
    if failure.kind == "standing":
        return failure.text
    unknown = _unknown_in(failure)
    if failure.verdict == "unknown" and unknown:
        return f"value unknown then: {', '.join(unknown)}"
    value = "" if failure.value is None else f" ({failure.value})"
    if failure.kind == "filter":
        return f"dropped by filter {failure.name} then: {failure.text}{value}"
    return f"did not meet it then: {failure.text}{value}"


def why_not(board: Board, why: Why, scan: Scan, symbol: Symbol) -> str:
    """Ask a board as it stood live; nothing if the symbol stood in the list."""
    row = board.row_of.get(symbol)
    if row is None:
        return NOT_ON_THE_BOARD
    words = words_of(why.of(scan.name, symbol), scan.size)
    return f"{STALE}; {words}" if words and board["stale"][row] == 1 else words


def _unknown_in(predicate: Predicate) -> list[str]:
    inputs: list[Input] = [*predicate.inputs, *(each for part in predicate.parts for each in part.inputs)]
    named = [each.name for each in inputs if each.value is None]
    return list(dict.fromkeys(named or ([predicate.text] if predicate.kind == "order" else [])))
