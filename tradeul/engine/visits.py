"""Who entered and left the lists, and what each list held: told to memory at once and to the chronicle in passing.

The pipeline calls `look` after each scan, discovery `record` after each snapshot; both return at once. All times are
the market's as the board knows it, so that a replay tells the same. `RecentEvents` is what the server answers from.
"""

import datetime as dt
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, cast

import numpy as np

from tradeul.domain.board import Board
from tradeul.domain.deltas import ListState
from tradeul.domain.events import ListEvent, ListRecord, Nanos, Symbol
from tradeul.domain.session import NANOS, TradingCalendar
from tradeul.domain.visits import (
    LEFT_THE_MARKET,
    NEW_TO_THE_LIST,
    OUTRANKED,
    THE_DAY_TURNED,
    THE_LIST_ENDED,
    ListVisits,
)
from tradeul.engine.channels import Channel, Channels
from tradeul.engine.ports import Chronicle, Span
from tradeul.engine.scanner import Scanner
from tradeul.engine.why import Why

REMEMBERED_EVENTS: Final = 5_000
MS_NS: Final = 1_000_000
MINUTE_NS: Final = 60 * NANOS

Numbers = tuple[float | None, ...]


class RecentEvents:
    """The newest events. What happened from `complete_since` on is all there; None before the first look.

    It is a whole millisecond: an event belongs to one side of it however coarsely somebody else keeps time.
    """

    def __init__(self, most: int = REMEMBERED_EVENTS) -> None:
        self.complete_since: Nanos | None = None
        self._events: deque[ListEvent] = deque(maxlen=most)

    def begin(self, at: Nanos) -> None:
        """Say that whatever happens from now on will be told."""
        self.complete_since = Nanos(at - at % MS_NS)

    def add(self, event: ListEvent) -> None:
        """Remember one more; the one that was told of first is forgotten for it."""
        if len(self._events) == self._events.maxlen and self.complete_since is not None:
            at = self._events[0].at
            self.complete_since = max(self.complete_since, Nanos(at - at % MS_NS + MS_NS))
        self._events.append(event)

    def clear(self) -> None:
        """Know of none."""
        self._events.clear()

    def find(self, span: Span, limit: int) -> list[ListEvent]:
        """Find events, newest first; of one moment the last told comes first."""
        found = [event for event in reversed(self._events) if _is_within(span, event)]
        # An exit is told when the symbol did not come back, a peak when the visit has ended.
        found.sort(key=lambda event: event.at, reverse=True)
        return found[:limit]


def _is_within(span: Span, event: ListEvent) -> bool:
    return (
        span.list in (None, event.list)
        and span.symbol in (None, event.symbol)
        and (span.first is None or span.first <= event.at)
        and (span.last is None or event.at <= span.last)
    )


class _Followed:
    """One list, and the state of it that was looked at last."""

    def __init__(self, channel: Channel) -> None:
        self.visits = ListVisits(channel.scan.name)
        self.state: ListState | None = None


class Visits:
    """Follows every list. Without a chronicle only memory is told."""

    def __init__(
        self,
        channels: Channels,
        scanner: Scanner,
        board: Board,
        calendar: TradingCalendar,
        chronicle: Chronicle | None = None,
    ) -> None:
        self.recent = RecentEvents()
        self.heard: Callable[[Sequence[ListEvent]], None] = lambda _events: None
        """Is told who came and went, as it is told; not of whom a list held when it was first seen or at its end."""
        self._channels = channels
        self._scanner = scanner
        self._board = board
        self._calendar = calendar
        self._chronicle = chronicle
        self._why = Why(board, scanner, channels)
        self._followed: dict[str, _Followed] = {}
        self._date: dt.date | None = None
        self._as_of = Nanos(0)
        self._recorded_at = Nanos(0)

    def look(self, as_of: Nanos) -> None:
        """See who came and went; the board must be the one that was ranked. Called up to 10x/s, under 0.3 ms.

        An exit takes some 50 us more, as its reason is worked out.
        """
        date = self._calendar.trading_date(as_of)
        # What stands in the lists as the program starts came into them nobody knows when.
        why_entered = NEW_TO_THE_LIST if self._date else ""
        if self._date is None:
            self.recent.begin(as_of)
        elif date != self._date:
            self._end_visits(as_of)
        self._date, self._as_of = date, as_of
        for name in [name for name in self._followed if name not in self._channels.by_name]:
            self._tell(self._followed.pop(name).visits.end(as_of, THE_LIST_ENDED))
        for channel in self._channels.by_name.values():
            self._look_at(channel, as_of, why_entered)

    def forget(self) -> None:
        """Begin anew: what comes next does not follow from what was."""
        self._followed.clear()
        self._date = None
        self.recent.clear()

    def record(self) -> None:
        """Hand every list as it stands to the chronicle, and at the first snapshot of a minute as its result.

        Nothing is handed over twice: while the market is closed time stands still for the lists.
        """
        if self._chronicle is None or self._as_of == self._recorded_at:
            return
        new_minute = self._as_of // MINUTE_NS != self._recorded_at // MINUTE_NS
        self._recorded_at = self._as_of
        for name, channel in self._channels.by_name.items():
            record = self._record_of(name, channel.state)
            self._chronicle.state(record)
            if new_minute:
                self._chronicle.result(record)

    def _look_at(self, channel: Channel, as_of: Nanos, why_entered: str) -> None:
        name, state = channel.scan.name, channel.state
        known = self._followed.get(name)
        followed = known or self._followed.setdefault(name, _Followed(channel))
        if followed.state is state:
            events = followed.visits.settle(as_of)
        else:
            events = self._step(followed, channel, as_of, why_entered)
        self._tell(events)
        if known is not None and events:
            self.heard(events)

    def _step(self, followed: _Followed, channel: Channel, as_of: Nanos, why_entered: str) -> list[ListEvent]:
        state = channel.state
        followed.state = state
        symbols, prices = [row.symbol for row in state.rows], self._values("price", state)

        def why_left(symbol: Symbol) -> str:
            return self._why_left(channel, symbol)

        return followed.visits.step(as_of, symbols, prices, why_left, why_entered)

    def _why_left(self, channel: Channel, symbol: Symbol) -> str:
        why = self._why.left(channel.scan, symbol)
        if why and self._board["stale"][self._board.row_of[symbol]] == 1:
            return LEFT_THE_MARKET
        return why or OUTRANKED

    def _end_visits(self, as_of: Nanos) -> None:
        for followed in self._followed.values():
            self._tell(followed.visits.end(as_of, THE_DAY_TURNED))
            followed.state = None

    def _tell(self, events: Sequence[ListEvent]) -> None:
        for event in events:
            self.recent.add(event)
            if self._chronicle is not None:
                self._chronicle.event(event)

    def _record_of(self, name: str, state: ListState) -> ListRecord:
        return ListRecord(
            self._as_of,
            name,
            tuple(row.symbol for row in state.rows),
            self._values("price", state),
            self._values("change_percent", state),
            self._values("rvol", state),
            self._values("volume_today", state),
            self._values("market_cap", state),
        )

    def _values(self, field: str, state: ListState) -> Numbers:
        """Take a number of every row: the one that was shown, or the board's where the list has no such column."""
        if field in state.columns:
            at = state.columns.index(field)
            return cast(Numbers, tuple([row.values[at] for row in state.rows]))
        rows = np.array([self._board.row_of[row.symbol] for row in state.rows], np.int64)
        return cast(Numbers, tuple(self._board.values(field, rows)))
