"""What waits to be written: a bounded queue of what happened in lists and symbols, and the batches it is taken in.

A batch is small enough that turning it into the database's words holds the loop for about two milliseconds. What no
text of the database can hold is replaced here, so that one odd name keeps nothing else from being written.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from tradeul.domain.alerts import Alert
from tradeul.domain.events import ListEvent, ListRecord, MinuteBar, Nanos, Symbol

BATCH_ITEMS: Final = 1_000
BATCH_VALUES: Final = 10_000
"""About 20 lists of 100 symbols."""
WAITING_VALUES: Final = 1_000_000
"""Some 40 MB, and ten minutes of eleven lists: much more than a disk and a database may both be away."""
EVENT_VALUES: Final = len(ListEvent._fields)
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

MINUTE_VALUES: Final = 40
"""More than it has: 250 minutes take as long to put into the database's words as a batch of anything else."""
ALERT_VALUES: Final = 40

Kind = Literal["event", "state", "result", "minute", "alert"]
What = ListEvent | ListRecord | MinuteBar | Alert
Item = tuple[Kind, What]


class Batch(NamedTuple):
    """Some of what happened, by kind, each in the order it came.

    Kinds are told apart by their place: a new one comes last and by default is empty, as it is in an older spool.
    """

    events: list[ListEvent]
    states: list[ListRecord]
    results: list[ListRecord]
    minutes: list[MinuteBar] = []  # noqa: RUF012  # nobody adds to it: a batch that grows begins with lists of its own
    alerts: list[Alert] = []  # noqa: RUF012  # nor to this one

    @property
    def items(self) -> int:
        return sum(len(kind) for kind in self)

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
        yield from (Batch([], [], [], [minute]) for minute in self.minutes)
        yield from (Batch([], [], [], [], [alert]) for alert in self.alerts)


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

    def put(self, kind: Kind, item: What) -> None:
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
        batch, items, values = Batch([], [], [], [], []), 0, 0
        while self._items and items < BATCH_ITEMS and values < BATCH_VALUES:
            kind, item = self._next()
            items += 1
            values += _values_of(item)
            _put_into(batch, kind, item)
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


def _values_of(item: What) -> int:
    """How much of the queue an item takes."""
    if isinstance(item, ListRecord):
        return EVENT_VALUES * (len(item.symbols) + 1)
    if isinstance(item, Alert):
        return ALERT_VALUES
    return EVENT_VALUES if isinstance(item, ListEvent) else MINUTE_VALUES


def _put_into(batch: Batch, kind: Kind, item: What) -> None:
    if isinstance(item, ListEvent):
        batch.events.append(_event(item))
    elif isinstance(item, MinuteBar):
        batch.minutes.append(item._replace(symbol=Symbol(storable(item.symbol))))
    elif isinstance(item, Alert):
        batch.alerts.append(_alert(item))
    else:
        (batch.states if kind == "state" else batch.results).append(_record(item))


def _event(event: ListEvent) -> ListEvent:
    symbol, reason = Symbol(storable(event.symbol)), storable(event.reason)
    return event._replace(list=storable(event.list), symbol=symbol, reason=reason)


def _record(record: ListRecord) -> ListRecord:
    symbols = tuple(Symbol(storable(symbol)) for symbol in record.symbols)
    return record._replace(list=storable(record.list), symbols=symbols)


def _alert(alert: Alert) -> Alert:
    symbol = None if alert.symbol is None else Symbol(storable(alert.symbol))
    data = {name: _storable_value(value) for name, value in alert.data.items()}
    return alert._replace(symbol=symbol, text=storable(alert.text), data=data)


def _storable_value(value: object) -> object:
    if isinstance(value, list):
        return [_storable_value(each) for each in value]
    return storable(value) if isinstance(value, str) else value
