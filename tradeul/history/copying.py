"""Rows with arrays of fixed length as the database copies them in binary, made and read by NumPy.

A row is some short fields, read and written one by one, and then arrays: those of a thousand rows are one piece of
memory, so that half a million numbers cost the loop a few milliseconds and not a second. `slot_store` uses it.
"""

import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

BEGINNING: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END: Final = struct.pack(">h", -1)
PIECE_ROWS: Final = 64
"""Sent at once: some 400 KB, made in less than a millisecond."""

_OIDS: Final = {"f8": 701, "f4": 700, "i2": 21}
_COUNT: Final = struct.Struct(">h")
_LENGTH: Final = struct.Struct(">i")
_ARRAY_HEAD: Final = 5
"""Dimensions, nulls, type, length, first index: each four bytes."""


class ArrayColumn(NamedTuple):
    """An array column: its element's type (f8, f4, i2) and how many there are in each row."""

    name: str
    kind: str
    length: int


class RowForm:
    """The form of rows with `short` fields before `arrays`."""

    def __init__(self, short: int, arrays: Sequence[ArrayColumn]) -> None:
        self._short = short
        self._arrays = tuple(arrays)
        self._tail = np.dtype([part for column in arrays for part in _parts_of(column)])

    def rows(self, short: Sequence[Sequence[bytes]], arrays: Sequence[npt.NDArray[Any]]) -> bytes:
        """Some rows: their short fields as bytes, and each array column as a matrix."""
        tails = self._tails(len(short), arrays).tobytes()
        size, pieces = self._tail.itemsize, []
        for number, fields in enumerate(short):
            pieces.append(_COUNT.pack(self._short + len(self._arrays)))
            pieces += [_LENGTH.pack(len(field)) + field for field in fields]
            pieces.append(tails[number * size : (number + 1) * size])
        return b"".join(pieces)

    async def copied(
        self, short: Sequence[Sequence[bytes]], arrays: Sequence[npt.NDArray[Any]]
    ) -> AsyncIterator[bytes]:
        """All rows, piece by piece, with what the database wants around them."""
        yield BEGINNING
        for first in range(0, len(short), PIECE_ROWS):
            piece = slice(first, first + PIECE_ROWS)
            yield self.rows(short[piece], [array[piece] for array in arrays])
        yield END

    def _tails(self, count: int, arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        tails = np.zeros(count, self._tail)
        for column, array in zip(self._arrays, arrays, strict=True):
            element = np.dtype(column.kind).itemsize
            tails[f"{column.name} size"] = 4 * _ARRAY_HEAD + column.length * (4 + element)
            tails[f"{column.name} head"] = (1, 0, _OIDS[column.kind], column.length, 1)
            tails[column.name]["size"] = element
            tails[column.name]["value"] = array
        return tails

    def reader(self) -> "RowReader":
        """Something that reads such rows as they arrive."""
        return RowReader(self._short, self._tail, [column.name for column in self._arrays])


class RowReader:
    """Takes what the database sends, cut anywhere, and gives whole rows."""

    def __init__(self, short: int, tail: np.dtype[Any], names: Sequence[str]) -> None:
        self._short = short
        self._tail = tail
        self._names = names
        self._held = bytearray()
        self._begun = False

    def feed(self, data: bytes) -> None:
        """Take a piece."""
        self._held += data

    @property
    def held(self) -> int:
        """Bytes that were not read yet."""
        return len(self._held)

    def read(self, most: int | None = None) -> tuple[list[tuple[bytes, ...]], dict[str, npt.NDArray[Any]]]:
        """The short fields of the whole rows that are held, or of the first so many, and their arrays by name.

        These rows are then given, and not held any more.
        """
        if not self._begun and len(self._held) >= len(BEGINNING):
            self._begun = True
            del self._held[: len(BEGINNING)]
        short, tails, end = [], [], 0
        for fields, tail_at in islice(self._whole_rows(), most):
            short.append(fields)
            end = tail_at + self._tail.itemsize
            tails.append(bytes(self._held[tail_at:end]))
        del self._held[:end]
        read = np.frombuffer(b"".join(tails), self._tail)
        return short, {
            name: read[name]["value"].astype(read[name]["value"].dtype.newbyteorder("=")) for name in self._names
        }

    def _whole_rows(self) -> Iterator[tuple[tuple[bytes, ...], int]]:
        at = 0
        while self._begun and (found := self._row_at(at)) is not None:
            yield found
            at = found[1] + self._tail.itemsize

    def _row_at(self, at: int) -> tuple[tuple[bytes, ...], int] | None:
        """The short fields of the row that begins there, and where its arrays do; None if it is not whole yet."""
        held, at, fields = self._held, at + _COUNT.size, []
        for _ in range(self._short):
            if at + _LENGTH.size > len(held):
                return None
            (length,) = _LENGTH.unpack_from(held, at)
            fields.append(bytes(held[at + _LENGTH.size : at + _LENGTH.size + length]))
            at += _LENGTH.size + length
        return (tuple(fields), at) if at + self._tail.itemsize <= len(held) else None


def _parts_of(column: ArrayColumn) -> list[Any]:
    element = np.dtype([("size", ">i4"), ("value", f">{column.kind}")])
    name, head = column.name, (f"{column.name} head", ">i4", _ARRAY_HEAD)
    return [(f"{name} size", ">i4"), head, (name, element, column.length)]
