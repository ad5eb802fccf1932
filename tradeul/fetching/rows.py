"""Rows of a long array decoded in steps as their bytes arrive: strict and fast on slices, patient with single rows.

A slice in which anything is wrong is read again row by row, so that a bad row costs itself only and is counted by
reason. A field that is null counts as not sent. Each vendor's package derives its decoders from this.
"""

import json
import math
from abc import ABC, abstractmethod
from collections import Counter, deque
from typing import ClassVar, Generic, TypeVar

import msgspec
from isal import isal_zlib

from tradeul.errors import SnapshotRefused
from tradeul.fetching.slicing import SLICE_BYTES, UNREADABLE, RecordSlicer, records_in

Row = TypeVar("Row", bound=msgspec.Struct)

BAD_ROWS_ALLOWED = 0.05
"""A larger share of unusable rows means that the whole is not to be trusted."""

ROWS_PER_DOUBTFUL_STEP = 64
"""Row by row costs ten times as much as by the slice: this keeps a step as short."""

LONGEST_SYMBOL = 24


class RowDecoder(ABC, Generic[Row]):
    """`feed` bytes, `step` until it returns False, and after the last byte `end` and `step` once more in the same way.

    A step decodes one slice at most, so a caller that yields between steps never holds the loop for long.
    """

    few_bad_rows: ClassVar[int] = 0
    """So many are put up with in any case: in a short list they are no sign that the whole is bad."""

    def __init__(self, array: str, row_type: type[Row]) -> None:
        self._slicer = RecordSlicer(array)
        self._row_type = row_type
        self._rows = msgspec.json.Decoder(list[row_type])  # type: ignore[valid-type]  # a type made at run time
        self._doubtful: deque[bytes] = deque()
        self._seen = 0
        self.checksum = 0
        """CRC-32 of the bytes fed so far."""
        self.dropped: Counter[str] = Counter()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the decompressed body."""
        # isal's CRC-32 equals zlib's and takes a fifth of the time.
        self.checksum = isal_zlib.crc32(chunk, self.checksum)
        self._slicer.feed(chunk)

    def hurry(self) -> None:
        """The end is near: leave little undone until then."""
        self._slicer.hurry()

    def end(self) -> None:
        """The body is complete."""
        self._slicer.end()

    def step(self) -> bool:
        """Decode one slice if one is there; False if there was nothing to do."""
        if self._doubtful:
            self._read_doubtful()
            return True
        piece = self._slicer.next_slice()
        if piece is None:
            return False
        if len(piece) > 2 * SLICE_BYTES or not self._read(piece):
            self._doubtful.extend(self._rows_of(piece))
        return True

    @abstractmethod
    def _take(self, rows: list[Row]) -> None:
        """Keep what is needed of these rows, none of which is bad in itself."""

    def _well_named(self, rows: list[Row], symbols: list[str]) -> list[Row]:
        """The rows whose symbol can be one: a glance at all of them at once, as all but none are."""
        together = "".join(symbols)
        if symbolic(together):
            return rows
        good = [row for row, symbol in zip(rows, symbols, strict=True) if symbolic(symbol)]
        self.dropped["no_symbol"] += len(rows) - len(good)
        return good

    def _complete(self) -> bytes:
        """Do what is left to do, judge the whole, and return the envelope around the rows."""
        self.end()
        while self.step():
            pass
        bad = self.dropped.total()
        if bad > max(self.few_bad_rows, BAD_ROWS_ALLOWED * self._seen):
            raise SnapshotRefused("bad_rows", f"{bad} of {self._seen} rows cannot be used: {dict(self.dropped)}")
        return self._slicer.envelope

    def _read(self, piece: bytes | bytearray) -> bool:
        try:
            rows = self._rows.decode(piece)
        except UNREADABLE:
            return False
        self._seen += len(rows)
        self._take(rows)
        return True

    def _rows_of(self, piece: bytes | bytearray) -> list[bytes]:
        """The rows of a slice that could not be read as one; where even its commas are in doubt, cut at the marker."""
        try:
            return [bytes(raw) for raw in msgspec.json.decode(piece, type=list[msgspec.Raw])]
        except UNREADABLE:
            marker = self._slicer.marker
            before, *rows = bytes(piece[1:-1]).split(marker) if marker else (bytes(piece[1:-1]),)
            return [record for row in (before, *(marker + row for row in rows)) for record in records_in(row)]

    def _read_doubtful(self) -> None:
        good: list[Row] = []
        for _ in range(min(ROWS_PER_DOUBTFUL_STEP, len(self._doubtful))):
            row = row_or_flaw(self._doubtful.popleft(), self._row_type)
            self._seen += 1
            if isinstance(row, str):
                self.dropped[row] += 1
            else:
                good.append(row)
        if good:
            self._take(good)


def row_or_flaw(raw: bytes, row_type: type[Row]) -> Row | str:
    """One row read as generously as is safe, or the reason why it cannot be used."""
    try:
        return msgspec.json.decode(raw, type=row_type)
    except UNREADABLE:
        pass
    try:
        plain = json.loads(raw, parse_float=_number, parse_constant=_number, object_pairs_hook=without_nulls)
        return msgspec.convert(plain, row_type)
    except OverflowError:
        return "not_finite"
    except msgspec.ValidationError as error:
        return _flaw(str(error))
    except (ValueError, RecursionError):
        return "malformed"


def plain_document(raw: bytes) -> object:
    """A whole small body as plain values; None if it is no JSON. What is null or beyond a float is left out."""
    try:
        return json.loads(raw, parse_float=plain_number, parse_constant=plain_number, object_pairs_hook=without_nulls)
    except (ValueError, RecursionError):
        return None


def without_nulls(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object in which null is the same as not sent."""
    return {key: value for key, value in pairs if value is not None}


def plain_number(text: str) -> float | int | None:
    """A JSON number with a fraction or an exponent: whole ones as int, as the vendor writes some of its ints so.

    None if it is beyond what a float holds, or is the word for such a one.
    """
    value = float(text)
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def symbolic(symbol: str) -> bool:
    """Whether the text can be a symbol."""
    return symbol.isascii() and symbol.isprintable() and " " not in symbol


def _number(text: str) -> float | int:
    value = plain_number(text)
    if value is None:
        raise OverflowError(text)
    return value


def _flaw(complaint: str) -> str:
    if "missing required field" in complaint or "of length" in complaint:
        return "no_symbol"
    if ">=" in complaint:
        return "negative"
    return "out_of_range" if "<=" in complaint else "wrong_type"
