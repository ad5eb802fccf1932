"""The published lists: for each its newest state, its sequence, and a ring of past states.

Invariants: states are immutable; `publish` is synchronous and is the only writer; sequences count from 0 (no rows)
by one per published change and never restart within an epoch; a publication that changes nothing is none. The ring
is bounded in time and bytes over all lists, so a viewer that was away briefly is caught up by one delta.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from tradeul.clock import Clock
from tradeul.domain.deltas import ListState, Row, Times
from tradeul.domain.events import Symbol
from tradeul.domain.scans import Scan

RING_SECONDS: Final = 60.0
RING_LEAST_SECONDS: Final = 10.0
RING_BYTES: Final = 64 * 1024 * 1024
BYTES_PER_ROW: Final = 1_200
"""What a row that is not shared with its neighbours in the ring holds in memory, measured with the default columns."""


class Channel:
    """One list's states, newest last."""

    def __init__(self, scan: Scan, sequence: int = 0) -> None:
        self.scan = scan
        self.state = ListState(sequence, 0, scan.columns, ())
        self.past: deque[tuple[float, int, ListState]] = deque()

    def differs(self, rows: tuple[Row, ...]) -> bool:
        """Tell whether these rows, with the columns of now, are another state than the newest."""
        return rows != self.state.rows or self.scan.columns != self.state.columns

    def at(self, sequence: int) -> ListState | None:
        """Find the state of a sequence, if it is still kept."""
        if sequence == self.state.sequence:
            return self.state
        if not self.past or sequence < self.past[0][2].sequence or sequence > self.state.sequence:
            return None
        return self.past[sequence - self.past[0][2].sequence][2]


class Channels:
    """All lists by name.

    `changed` is called after each round of publications with the names that changed, `listed` when a list was added,
    defined anew or removed.
    """

    def __init__(self, epoch: str, scans: Iterable[Scan], clock: Clock) -> None:
        self.epoch = epoch
        self.by_name = {scan.name: Channel(scan) for scan in scans}
        self.changed: Callable[[Sequence[str]], None] = lambda _names: None
        self.listed: Callable[[], None] = lambda: None
        self._clock = clock
        self._bytes = 0
        self._removed: dict[str, int] = {}
        """The last sequences of lists that are no more: a name that is used again counts on."""

    def define(self, scan: Scan) -> None:
        """Add a list, or go on with one by its new definition; its rows come with the next publication."""
        channel = self.by_name.get(scan.name)
        if channel is None:
            # One further, so that nobody who knows the last state takes the new list for it.
            last = self._removed.pop(scan.name, None)
            self.by_name[scan.name] = Channel(scan, 0 if last is None else last + 1)
        else:
            channel.scan = scan
        self.listed()

    def remove(self, name: str) -> None:
        """Do without a list from now on."""
        channel = self.by_name.pop(name)
        self._bytes -= sum(size for _, size, _ in channel.past)
        self._removed[name] = channel.state.sequence
        self.listed()

    def scans(self) -> list[Scan]:
        """All lists as they are defined."""
        return [channel.scan for channel in self.by_name.values()]

    def publish(self, rankings: dict[str, tuple[Row, ...]], timestamp: int, times: Times | None = None) -> list[str]:
        """Take the new rows of lists; those that differ, or have other columns, become the next sequence of theirs."""
        names = [name for name, rows in rankings.items() if self.by_name[name].differs(rows)]
        times = times and times._replace(published=self._clock.now())
        for name in names:
            self._advance(self.by_name[name], rankings[name], timestamp, times)
        self._trim()
        if names:
            self.changed(names)
        return names

    def members(self) -> frozenset[Symbol]:
        """All symbols that stand in any list."""
        return frozenset(row.symbol for channel in self.by_name.values() for row in channel.state.rows)

    def restore(self, lists: Mapping[str, tuple[Scan, tuple[Row, ...], int]]) -> None:
        """Show lists as they stood once, and no others: to viewers that is a publication like any other."""
        for name in [name for name in self.by_name if name not in lists]:
            self.remove(name)
        for name, (scan, rows, timestamp) in lists.items():
            if name not in self.by_name or self.by_name[name].scan != scan:
                self.define(scan)
            self.publish({name: rows}, timestamp)
        self.by_name = {name: self.by_name[name] for name in lists}

    def _advance(self, channel: Channel, rows: tuple[Row, ...], timestamp: int, times: Times | None) -> None:
        old = channel.state
        shared = {id(row) for row in old.rows}
        size = BYTES_PER_ROW * sum(id(row) not in shared for row in rows)
        channel.past.append((self._clock.monotonic(), size, old))
        self._bytes += size
        channel.state = ListState(old.sequence + 1, timestamp, channel.scan.columns, rows, times)

    def _trim(self) -> None:
        now = self._clock.monotonic()
        for channel in self.by_name.values():
            while channel.past and now - channel.past[0][0] > RING_SECONDS:
                self._bytes -= channel.past.popleft()[1]
        while self._bytes > RING_BYTES:
            oldest = min((c for c in self.by_name.values() if c.past), key=lambda c: c.past[0][0])
            if now - oldest.past[0][0] < RING_LEAST_SECONDS:
                return
            self._bytes -= oldest.past.popleft()[1]
