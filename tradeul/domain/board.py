"""The market now: one NumPy column per field, one row per symbol.

Invariants: the board has one writer (`engine/enrichment`); a symbol keeps its row for the life of the process;
what is unknown is null (NaN, 0 for times, -1 for flags and codes, None for texts) and never 0. A column obtained
from the board is a view and must not be kept across `rows_of`, which may grow it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tradeul.domain.events import Bools, Floats, Ints, Symbol
from tradeul.domain.fields import BY_NAME, CATALOGUE, Field, Kind
from tradeul.domain.usual import Usual
from tradeul.domain.volume_profile import PRIOR

Rows = slice | Ints
"""Which rows to work on: a slice, which costs no copy, or an array of row numbers."""
EVERY_ROW: Final = slice(None)
LEAST_SESSIONS: Final = 3
ANSWERS_KEPT: Final = 500
"""To questions where a text is one of some words: 6 MB of a market of 12,000."""

STATE_NUMBERS: Final = (
    "price_1m_ago", "price_5m_ago", "volume_1m_ago", "volume_5m_ago", "slot_start_volume", "regular_close",
)  # fmt: skip
"""Numbers behind the fields that are nobody's field themselves."""

STATE_TIMES: Final = (
    "price_at", "volume_at", "vwap_at", "trades_at", "quote_at", "halt_told_at", "traded_at", "bar_end",
    "high_minutes", "low_minutes",
)  # fmt: skip
"""Event times in nanoseconds that decide which value is newer, and the minutes of new extremes as bits."""

STATE_COUNTS: Final = ("volume_falls", "seen")

_SCALES: Final = {field.name: 10.0**field.precision for field in CATALOGUE}

_NULLS: Final[dict[Kind, tuple[npt.DTypeLike, object]]] = {
    Kind.NUMBER: (np.float64, np.nan),
    Kind.TIME: (np.int64, 0),
    Kind.FLAG: (np.int8, -1),
    Kind.CODE: (np.int8, -1),
    Kind.TEXT: (object, None),
}


class Board:
    """Columns by name. `board["price"]` is the column's view over the rows in use."""

    def __init__(self, capacity: int = 16_384, least_sessions: int = LEAST_SESSIONS) -> None:
        self.symbols: list[Symbol] = []
        self.row_of: dict[Symbol, int] = {}
        self._capacity = capacity
        self._kinds: dict[str, Kind] = {field.name: field.kind for field in CATALOGUE}
        self._kinds |= dict.fromkeys(STATE_NUMBERS, Kind.NUMBER) | dict.fromkeys(STATE_TIMES, Kind.TIME)
        self._kinds |= dict.fromkeys(STATE_COUNTS, Kind.TIME)
        self._columns = {name: _empty(kind, capacity) for name, kind in self._kinds.items()}
        self._views: dict[str, npt.NDArray[Any]] = {}
        self.usual = Usual(least_sessions)
        """What volume is usual by when, of each row."""
        self.curves = PRIOR
        """What stands in for it."""
        self.alphabetical: Ints = np.empty(0, np.int64)
        """Each row's place in the order of symbols, which is how ties go in every ranking."""
        self._among: dict[tuple[str, frozenset[str | None]], Bools] = {}

    def __len__(self) -> int:
        return len(self.symbols)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        view = self._views.get(name)
        if view is None:
            view = self._views[name] = self._columns[name][: len(self.symbols)]
            # What is kept of texts in `among` has to hear of every change: they are written by `put_texts` alone.
            view.flags.writeable = view.dtype != np.object_
        return view

    def names(self) -> list[str]:
        """All columns, those of the catalogue and what is behind them."""
        return list(self._kinds)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def rows_of(self, symbols: Sequence[Symbol]) -> Ints:
        """Find the rows of symbols, making rows for those that are new."""
        row_of = self.row_of
        new = [symbol for symbol in dict.fromkeys(symbols) if symbol not in row_of]
        if new:
            self._add(new)
        return np.fromiter((row_of[symbol] for symbol in symbols), np.int64, len(symbols))

    def numbers(self, rows: Rows) -> Ints:
        """The rows by number."""
        return np.arange(len(self.symbols))[rows] if isinstance(rows, slice) else rows

    def put(self, name: str, rows: Rows, values: Floats) -> None:
        """Write numbers, rounded to the field's precision. Called some 30 times a cycle with every row."""
        column = self[name]
        target = column[rows] if isinstance(rows, slice) else np.empty(len(rows))
        scale = _SCALES[name]
        np.multiply(values, scale, out=target)
        np.rint(target, out=target)
        np.divide(target, scale, out=target)
        # A rounded -0.0 becomes 0.0: nobody wants to read the other.
        np.add(target, 0.0, out=target)
        if not isinstance(rows, slice):
            column[rows] = target

    def put_texts(self, name: str, rows: Rows, values: Iterable[str | None]) -> None:
        """Write texts, as many as there are rows."""
        column = self._columns[name][: len(self.symbols)]
        # Not from a list, which NumPy would look through for a common type.
        column[rows] = np.fromiter(values, object)
        self._among.clear()

    def among(self, name: str, words: frozenset[str | None]) -> Bools:
        """Tell in which rows a text is one of these words: texts change once a day, and are asked for all the time."""
        mask = self._among.get((name, words))
        if mask is None:
            if len(self._among) >= ANSWERS_KEPT:
                self._among.clear()
            mask = np.fromiter(map(words.__contains__, self[name]), np.bool_, len(self.symbols))
            mask.flags.writeable = False
            self._among[name, words] = mask
        return mask

    def overwrite(self, name: str, rows: Rows, values: npt.NDArray[Any], where: Bools) -> None:
        """Write values as they are, only where told."""
        if isinstance(rows, slice):
            np.copyto(self[name][rows], values, where=where, casting="unsafe")
        else:
            self[name][rows[where]] = values[where]

    def values(self, name: str, rows: Ints) -> list[object]:
        """Take values of a field as Python objects, null as None."""
        return python_values(BY_NAME[name], self[name][rows])

    def restore(
        self, symbols: Sequence[Symbol], columns: Mapping[str, npt.NDArray[Any] | Sequence[str | None]]
    ) -> None:
        """Be a board that was kept: these symbols in this order, and their columns; nothing of what it was stays."""
        self.symbols.clear()
        self.row_of.clear()
        self._views.clear()
        self._among.clear()
        for name, column in self._columns.items():
            column[:] = _NULLS[self._kinds[name]][1]
        self.rows_of(symbols)
        for name, values in columns.items():
            if self._kinds[name] is Kind.TEXT:
                self.put_texts(name, EVERY_ROW, values)
            else:
                self[name][:] = values

    def reset(self, names: Sequence[str]) -> None:
        """Make whole columns null again."""
        for name in names:
            self[name][:] = _NULLS[self._kinds[name]][1]

    def _add(self, new: Sequence[Symbol]) -> None:
        start = len(self.symbols)
        self.symbols.extend(new)
        self.row_of.update(zip(new, range(start, len(self.symbols)), strict=True))
        if len(self.symbols) > self._capacity:
            self._grow(max(len(self.symbols), 2 * self._capacity))
        self._views.clear()
        self.put_texts("symbol", slice(start, None), new)
        order = np.argsort(np.array(self.symbols, dtype=np.str_), kind="stable")
        self.alphabetical = np.empty(len(order), np.int64)
        self.alphabetical[order] = np.arange(len(order))

    def _grow(self, capacity: int) -> None:
        for name, column in self._columns.items():
            larger = _empty(self._kinds[name], capacity)
            larger[: len(column)] = column
            self._columns[name] = larger
        self._capacity = capacity


def python_values(field: Field, values: npt.NDArray[Any]) -> list[object]:
    """Turn a piece of a field's column into what JSON can say: null for the unknown, whole numbers without a point."""
    if field.kind is Kind.NUMBER:
        return _numbers(values, field.precision)
    if field.kind is Kind.TIME:
        return [value or None for value in values.tolist()]
    if field.kind is Kind.FLAG:
        return [None if value < 0 else bool(value) for value in values.tolist()]
    if field.kind is Kind.CODE:
        return [None if value < 0 else field.labels[value] for value in values.tolist()]
    return list(values.tolist())


def _numbers(values: Floats, precision: int) -> list[object]:
    unknown = np.isnan(values)
    some_unknown = bool(unknown.any())
    if not precision:
        whole = np.where(unknown, 0.0, values) if some_unknown else values
        plain: npt.NDArray[Any] = whole.astype(np.int64)
    else:
        plain = values
    if some_unknown:
        plain = plain.astype(object)
        plain[unknown] = None
    result: list[object] = plain.tolist()
    return result


def _empty(kind: Kind, capacity: int) -> npt.NDArray[Any]:
    dtype, null = _NULLS[kind]
    return np.full(capacity, null, dtype)
