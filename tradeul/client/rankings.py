"""One list as values: a snapshot or a delta goes in, and what does not fit is refused whole.

A delta is a set: the order of its elements means nothing, and it must end in ranks 1 to n. Pure; used by `list_sync`.
"""

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from tradeul.errors import TradeulError

Message = dict[str, Any]
Row = dict[str, Any]


class OutOfStep(TradeulError):
    """A change does not fit what is held: something was missed."""


class Rankings:
    """One list as it stood at (epoch, sequence). Each row is rank, symbol and the list's columns; never changed."""

    __slots__ = ("_summed", "epoch", "rows", "sequence", "timestamp")

    def __init__(self) -> None:
        self._summed: tuple[tuple[Row, ...] | None, int] = (None, 0)
        """The rows that were summed up last, and to what: most heartbeats come while nothing has changed."""
        self.epoch: str | None = None
        self.sequence = 0
        self.timestamp = 0
        self.rows: tuple[Row, ...] = ()

    def replace(self, snapshot: Message) -> None:
        """Take a snapshot as the whole truth."""
        self.rows = _in_order(snapshot["rows"])
        self.epoch = snapshot["epoch"]
        self.sequence = snapshot["sequence"]
        self.timestamp = snapshot["timestamp"]

    def apply(self, delta: Message) -> None:
        """Take a delta that starts where this ends; otherwise `OutOfStep`, and nothing is changed."""
        if delta["epoch"] != self.epoch or delta["prev"] != self.sequence:
            raise OutOfStep(f"at {self.sequence}, and the change starts from {delta['prev']}")
        self.rows = applied(self.rows, delta["deltas"])
        self.sequence = delta["sequence"]
        self.timestamp = delta["timestamp"]

    def checksum(self) -> int:
        """CRC-32 of rank, symbol and price of every row, as the server computes it."""
        rows, summed = self._summed
        if rows is not self.rows:
            summed = _summed_up(self.rows)
            self._summed = self.rows, summed
        return summed


def applied(rows: Iterable[Row], changes: Iterable[Mapping[str, Any]]) -> tuple[Row, ...]:
    """Apply all changes as a set, then sort by rank; the ranks must then be 1..n."""
    by_symbol = {row["symbol"]: row for row in rows}
    for change in changes:
        symbol, action = change["symbol"], change["action"]
        if action == "add":
            if symbol in by_symbol:
                raise OutOfStep(f"{symbol} comes, and is in the list already")
            by_symbol[symbol] = {"rank": change["rank"], "symbol": symbol, **change["data"]}
        elif symbol not in by_symbol:
            raise OutOfStep(f"{action} of {symbol}, which is not in the list")
        elif action == "remove":
            del by_symbol[symbol]
        elif action == "update":
            by_symbol[symbol] = {**by_symbol[symbol], **change["data"]}
        elif action == "rerank":
            by_symbol[symbol] = {**by_symbol[symbol], "rank": change["new_rank"]}
        else:
            raise OutOfStep(f"{action} is no change that is known")
    return _in_order(by_symbol.values())


def _in_order(rows: Iterable[Row]) -> tuple[Row, ...]:
    ordered = tuple(sorted(rows, key=lambda row: int(row["rank"])))
    if any(row["rank"] != rank for rank, row in enumerate(ordered, 1)):
        raise OutOfStep("the ranks are not 1 to n")
    if len({row["symbol"] for row in ordered}) != len(ordered):
        raise OutOfStep("a symbol is there twice")
    return ordered


def _summed_up(rows: Iterable[Row]) -> int:
    lines = (f"{row['rank']}:{row['symbol']}:{_ten_thousandths(row.get('price'))}" for row in rows)
    return zlib.crc32("\n".join(lines).encode())


def _ten_thousandths(price: float | None) -> str:
    return "" if price is None else str(round(price * 10_000))
