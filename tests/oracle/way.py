"""What lies between a server and one client, what can happen to it there, and how lists change."""

from collections import deque
from functools import cache
from typing import Final

import orjson

from tests.oracle.life import PRICES, SYMBOLS, Connection, Values
from tests.oracle.peers import Event, Held, Reducer
from tradeul.domain.scans import Scan

FIRST_ROWS: Final[list[tuple[str, Values]]] = [
    (symbol, {"name": f"{symbol} Inc", "price": price, "volume_today": 100})
    for symbol, price in zip(SYMBOLS, PRICES, strict=True)
]
FIELDS: Final = ("price", "volume_today")
DELTA: Final = '{"type":"delta"'
SHAKY: Final = ('{"type":"snapshot"', DELTA, '{"type":"heartbeat"', '{"type":"subscribed"')
"""What may be lost, doubled or late on its way; the rest stands for a connection that works."""
REQUEST_TRAPS: Final = ("lost_request", "doubled_request")
TRAPS: Final = ("lost", "lost", "doubled", "swapped", "other_order", "other_order", *REQUEST_TRAPS)


class Client:
    """A client's way to the server and back, with all that lies on it."""

    def __init__(self, number: int, reducer: Reducer) -> None:
        self.number = number
        self.reducer = reducer
        self.inbox: deque[Event] = deque()
        self.due: list[Event] = []
        self.outbox: deque[tuple[int, str]] = deque()
        self.waits = False
        """What arrives waits for a `deliver`."""
        self.kept: deque[Event] = deque(maxlen=12)
        """What arrived last, some of which comes again."""
        self.traps: deque[str] = deque()
        """What happens to the next messages that arrive."""
        self.request_traps: deque[str] = deque()
        """Likewise to what it says."""
        self.sockets = 0
        self.connection: Connection | None = None
        self.held: dict[str, Held] = {}
        self.state = "DOWN"
        self.log: list[tuple[float, bytes]] = []


@cache
def scan_of(name: str, size: int, columns: tuple[str, ...]) -> Scan:
    return Scan(name, name, "price > 0", "price desc", size=size, columns=columns)


def changed(rows: list[tuple[str, Values]], how: int) -> list[tuple[str, Values]]:
    """The next state of a list: something of it moved, came, went, changed or became unknown."""
    how, kind = divmod(how, 8)
    how, at = divmod(how, max(1, len(rows)))
    how, symbol = divmod(how, len(SYMBOLS))
    here, others = list(rows), [row for row in rows if row[0] != SYMBOLS[symbol]]
    values = {"name": SYMBOLS[how % 3], "price": PRICES[how % len(PRICES)], "volume_today": how % 7 * 1_000}
    if kind == 0:
        return [*others[:at], (SYMBOLS[symbol], values), *others[at:]]
    if kind == 1:
        return [*here[at:], *here[:at]]
    if kind == 2:
        return here[:at] + here[at + 1 :]
    if kind == 3:
        return [] if how % 9 == 0 else here[::-1]
    if kind == 4:
        return list(FIRST_ROWS[: 1 + how % len(FIRST_ROWS)])
    return [
        (name, held | {FIELDS[how % 2]: PRICES[how % len(PRICES)]} if n == at else held)
        for n, (name, held) in enumerate(here)
    ]


def mistreat(box: deque[Event], trap: str, at: int) -> None:
    """Lose, double or move one message of those that may be."""
    event = box[at]
    if event[0] != "frame" or not event[2].startswith(SHAKY):
        return
    if trap == "lost":
        del box[at]
    elif trap == "doubled":
        box.insert(at, event)
    elif trap == "other_order":
        box[at] = (*event[:2], in_other_order(event[2]))
    else:
        before = box[at - 1]
        if at > 0 and before[0] == "frame" and before[1] == event[1] and before[2].startswith(SHAKY):
            box[at - 1], box[at] = event, before


def in_other_order(text: str) -> str:
    """A delta is a set: in whatever order its elements come, it means the same."""
    message = orjson.loads(text)
    message.get("deltas", []).reverse()
    return orjson.dumps(message).decode()
