"""What waits to be written: a bounded queue of what happened in the lists, and the batches it is taken in.

A batch is small enough that turning it into the database's words holds the loop for about two milliseconds. What no
text of the database can hold is replaced here, so that one odd name keeps nothing else from being written.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from tradeul.domain.events import ListEvent, ListRecord, Nanos, Symbol

BATCH_ITEMS: Final = 1_000
BATCH_VALUES: Final = 10_000
"""About 20 lists of 100 symbols."""
WAITING_VALUES: Final = 1_000_000
"""Some 40 MB, and ten minutes of eleven lists: much more than a disk and a database may both be away."""
EVENT_VALUES: Final = len(ListEvent._fields)
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

Kind = Literal["event", "state", "result"]
Item = tuple[Kind, ListEvent | ListRecord]


class Batch(NamedTuple):
    """Some of what happened, by kind, each in the order it came."""

    events: list[ListEvent]
    states: list[ListRecord]
    results: list[ListRecord]

    @property
    def items(self) -> int:
        return len(self.events) + len(self.states) + len(self.results)

    def parted(self, at: Nanos) -> tuple["Batch", "Batch"]:
        """What happened until then, and what happened later."""
        until = Batch(*([item for item in kind if item.at <= at] for kind in self))  # type: ignore[arg-type]
        later = Batch(*([item for item in kind if item.at > at] for kind in self))  # type: ignore[arg-type]
        return until, later

    def singles(self) -> Iterator["Batch"]:
        """Every item as a batch of its own."""
        yield from (Batch([event], [], []) for event in self.events)
        yield from (Batch([], [state], []) for state in self.states)
        yield from (Batch([], [], [result]) for result in self.results)


packed: Final = msgspec.msgpack.Encoder().encode
unpacked: Final = msgspec.msgpack.Decoder(Batch).decode
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError)
"""What `unpacked` raises for bytes that are no batch."""


class Waiting:
    """A queue of so many values. Full, it drops what has waited longest and counts it."""

    def __init__(self, limit: int = WAITING_VALUES) -> None:
        self._limit = limit
        self._items: deque[Item] = deque()
        self._values = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    def put(self, kind: Kind, item: ListEvent | ListRecord) -> None:
        """Add one; microseconds."""
        self._items.append((kind, item))
        self._values += _values_of(item)
        while self._values > self._limit:
            self._next()
            self.dropped += 1

    def take(self) -> Batch | None:
        """Take the oldest away as one batch; None if nothing waits."""
        if not self._items:
            return None
        batch, items, values = Batch([], [], []), 0, 0
        while self._items and items < BATCH_ITEMS and values < BATCH_VALUES:
            kind, item = self._next()
            items += 1
            values += _values_of(item)
            if isinstance(item, ListEvent):
                batch.events.append(_event(item))
            else:
                (batch.states if kind == "state" else batch.results).append(_record(item))
        return batch

    def _next(self) -> Item:
        kind, item = self._items.popleft()
        self._values -= _values_of(item)
        return kind, item


def storable(text: str) -> str:
    """The text as the database can hold it: no NUL, no half of a character."""
    if text.isprintable():
        return text
    return text.replace("\0", REPLACEMENT).encode(errors="replace").decode()


def _values_of(item: ListEvent | ListRecord) -> int:
    """How much of the queue an item takes."""
    return EVENT_VALUES if isinstance(item, ListEvent) else EVENT_VALUES * (len(item.symbols) + 1)


def _event(event: ListEvent) -> ListEvent:
    symbol, reason = Symbol(storable(event.symbol)), storable(event.reason)
    return event._replace(list=storable(event.list), symbol=symbol, reason=reason)


def _record(record: ListRecord) -> ListRecord:
    symbols = tuple(Symbol(storable(symbol)) for symbol in record.symbols)
    return record._replace(list=storable(record.list), symbols=symbols)
