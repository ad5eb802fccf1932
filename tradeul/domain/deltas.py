"""The difference between two states of a list, and its inverse.

The law that everything downstream rests on: `applied(old, diff(old, new)) == new`. Ranks and values in a delta are
absolute, so a delta between any two kept states is made by the same one function.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import ne
from typing import Any, NamedTuple

from tradeul.domain.events import Nanos, Symbol

Values = tuple[object, ...]
"""A row's values in the order of the list's columns."""
Change = dict[str, Any]
"""One entry of a delta as it goes over the wire."""


class Row(NamedTuple):
    """A symbol and its values; its rank is its place in the list, counted from 1."""

    symbol: Symbol
    values: Values


class Times(NamedTuple):
    """When what a state was made of went through us: with an event's own time, where its time went."""

    asked: Nanos | None
    """When the snapshot was asked for; None for live events, which come by themselves."""
    came: Nanos
    """When the snapshot was there as a whole, or the live events were taken."""
    ranked: Nanos = Nanos(0)
    published: Nanos = Nanos(0)


@dataclass(frozen=True, slots=True)
class ListState:
    """A list as it stood at one sequence. `timestamp` is market time in milliseconds."""

    sequence: int
    timestamp: int
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    times: Times | None = field(default=None, compare=False)
    """None for what is of no event, such as a list that was defined anew."""


def diff(old: Sequence[Row], new: Sequence[Row], columns: Sequence[str]) -> list[Change]:
    """List what leads from `old` to `new`: removes, adds, updates of changed columns, and every changed rank."""
    before = {row.symbol: (rank, row) for rank, row in enumerate(old, 1)}
    remaining = {row.symbol for row in new}
    changes: list[Change] = [{"action": "remove", "symbol": row.symbol} for row in old if row.symbol not in remaining]
    for rank, row in enumerate(new, 1):
        known = before.get(row.symbol)
        if known is None:
            data = dict(zip(columns, row.values, strict=True))
            changes.append({"action": "add", "rank": rank, "symbol": row.symbol, "data": data})
            continue
        old_rank, old_row = known
        if old_row is not row and old_row.values != row.values:
            changes.append({"action": "update", "symbol": row.symbol, "data": _changed(old_row, row, columns)})
        if old_rank != rank:
            changes.append({"action": "rerank", "symbol": row.symbol, "old_rank": old_rank, "new_rank": rank})
    return changes


def _changed(old: Row, new: Row, columns: Sequence[str]) -> Mapping[str, object]:
    # Every value of every row that changed passes here, so the loop over them is not one of Python's.
    return dict(compress(zip(columns, new.values, strict=True), map(ne, old.values, new.values)))


def wire_rows(state: ListState) -> list[dict[str, object]]:
    """Show a state's rows as a snapshot carries them."""
    columns = state.columns
    return [
        {"rank": rank, "symbol": row.symbol, **dict(zip(columns, row.values, strict=True))}
        for rank, row in enumerate(state.rows, 1)
    ]


def checksum(state: ListState) -> int:
    """CRC-32 of what a viewer must hold at a state."""
    return zlib.crc32(checksum_text(state.rows, state.columns).encode())


def checksum_text(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Join `rank:symbol:price x 10,000` of every row: what both ends hash to compare what they hold."""
    at = columns.index("price") if "price" in columns else None
    return "\n".join(
        f"{rank}:{row.symbol}:{_ten_thousandths(None if at is None else row.values[at])}"
        for rank, row in enumerate(rows, 1)
    )


def _ten_thousandths(price: object) -> str:
    return str(round(price * 10_000)) if isinstance(price, int | float) else ""
