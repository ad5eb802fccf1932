"""One symbol's bars from the vendor's pages of them into one `SymbolBars`. Sans-I/O; `rest` asks and hands over."""

import struct
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from tradeul.domain.events import Symbol, SymbolBars
from tradeul.polygon.columns import Columns
from tradeul.polygon.paging import PageDecoder
from tradeul.polygon.wire import NANOS_PER_MILLI, Amount, InMillis

_ROOM: Final = 1024
_AMOUNTS: Final = ("open", "high", "low", "close", "volume", "vwap", "trades")
_pack: Final = struct.Struct(f"=q{len(_AMOUNTS)}d").pack


class BarRow(msgspec.Struct, gc=False):
    """One bar as it is sent."""

    t: InMillis = 0
    o: Amount = 0.0
    h: Amount = 0.0
    l: Amount = 0.0  # noqa: E741  # the vendor's name
    c: Amount = 0.0
    v: Amount = 0.0
    vw: Amount = 0.0
    n: Amount = 0.0


class BarPage(PageDecoder[BarRow]):
    """One page of bars, kept as columns: a page may hold fifty thousand."""

    def __init__(self) -> None:
        super().__init__(BarRow)
        self.columns = Columns(("start",), _AMOUNTS, _ROOM)

    def _take(self, rows: list[BarRow]) -> None:
        traded = [row for row in rows if row.t and row.c]
        if unset := len(rows) - len(traded):
            self.dropped["not_set"] += unset
        self.columns.add(
            b"".join(
                [_pack(row.t * NANOS_PER_MILLI, row.o, row.h, row.l, row.c, row.v, row.vw, row.n) for row in traded]
            )
        )


def symbol_bars(symbol: Symbol, pages: Sequence[BarPage], *, adjusted: bool) -> SymbolBars:
    """All pages as one, in the order of time; of a bar that came twice the later one counts."""
    parts = [page.columns.arrays() for page in pages]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in ("start", *_AMOUNTS)}
    backwards = columns["start"][::-1]
    starts, from_the_end = np.unique(backwards, return_index=True)
    order = len(backwards) - 1 - from_the_end
    return SymbolBars(symbol, adjusted, start=starts, **{name: columns[name][order] for name in _AMOUNTS})
