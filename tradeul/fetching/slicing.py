"""A JSON body that holds one long array of records, cut into slices of whole records while it arrives.

The cut is the last comma before a record's opening (`{"ticker":`), learned from the body's first record, so that
it holds for any order of keys that the records share. Nothing is parsed here but the envelope's edges; a body that
ends too early, or is none of this, is refused. `rows.RowDecoder` feeds it and decodes what it hands out.
"""

import json
import re
from collections.abc import Iterator

import msgspec

from tradeul.errors import SnapshotRefused

SLICE_BYTES = 48 * 1024
"""Decoding this much holds the loop well under a millisecond, and so little is left to do after the last byte."""

LAST_SLICE_BYTES = 8 * 1024
"""Near the end everybody waits for the last byte: what comes before it is decoded while it is on its way."""

HEAD_BYTES = 256 * 1024
"""The array has opened by then, or the body is read as a whole at its end."""

UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What msgspec raises at bytes that are not the JSON asked for."""

_SPACE = b" \t\r\n"
_COMMA, _OPEN, _CLOSE = b",[]"
_BETWEEN = re.compile(r"[ \t\r\n]*,?[ \t\r\n]*")
_scan = json.JSONDecoder().raw_decode


class RecordSlicer:
    """Bytes in through `feed` and `end`; slices, each a JSON array of its own, out of `next_slice`."""

    def __init__(self, array: str) -> None:
        self._array = array
        self._opening = re.compile(
            rb'("' + re.escape(array.encode()) + rb'"\s*:\s*)\[[^\]"]*?(\{\s*"[^"\\]*"\s*:)',
        )
        # Once the array has opened it always starts with `[`, so that a slice needs no copying to become an array.
        self._held = bytearray()
        self._head = b""
        self._searched = 0
        self._slice_bytes = SLICE_BYTES
        self._ended = False
        self._done = False
        self.marker = b""
        """How a record opens; empty until the first one was seen."""
        self.envelope = b""
        """The body without its records; there once `next_slice` has handed out the last slice."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        self._held += chunk

    def hurry(self) -> None:
        """The end is near: hand out smaller slices, sooner."""
        self._slice_bytes = LAST_SLICE_BYTES

    def end(self) -> None:
        """The body is complete: what is held now is all there is."""
        self._ended = True

    def next_slice(self) -> bytes | bytearray | None:
        """The next records as one JSON array, or None until more bytes have come; after `end`, None means done."""
        if self._done:
            return None
        if not self.marker and not self._opened():
            return self._whole() if self._ended else None
        if len(self._held) >= self._slice_bytes and (comma := self._boundary()) > 0:
            return self._cut(comma)
        return self._last() if self._ended else None

    def _opened(self) -> bool:
        found = self._opening.search(self._held, 0, HEAD_BYTES)
        if found is None:
            return False
        bracket = found.end(1)
        self._head, self.marker = bytes(self._held[: bracket + 1]), found[2]
        del self._held[:bracket]
        return True

    def _boundary(self) -> int:
        """Where the comma stands that may end a slice now; 0 while there is none."""
        if (
            not self._searched
            and (start := self._record_before(self._slice_bytes))
            and (comma := self._comma_before(start))
        ):
            return comma
        start = self._held.find(self.marker, max(self._searched, self._slice_bytes - len(self.marker)))
        while start > 0:
            if comma := self._comma_before(start):
                return comma
            start = self._held.find(self.marker, start + 1)
        self._searched = len(self._held) - len(self.marker) + 1
        return 0

    def _record_before(self, limit: int) -> int:
        """Where the last record starts that opens before `limit`; 0 if only the first one does."""
        start = self._held.rfind(self.marker, 1, limit)
        while start > 0 and not self._comma_before(start):
            start = self._held.rfind(self.marker, 1, start)
        return max(start, 0)

    def _comma_before(self, start: int) -> int:
        before = start - 1
        while self._held[before] in _SPACE:
            before -= 1
        return before if self._held[before] == _COMMA else 0

    def _cut(self, comma: int) -> bytearray:
        """Everything up to the comma, which becomes the bracket that closes this slice and opens the next."""
        piece = self._held[: comma + 1]
        piece[-1] = _CLOSE
        del self._held[:comma]
        self._held[0] = _OPEN
        self._searched = 0
        return piece

    def _last(self) -> bytearray:
        """The rest of the array, its end found by reading on from the last record that opens in it."""
        start = self._record_before(len(self._held)) or self._held.find(self.marker)
        # One character a byte: only positions matter to the scan.
        text = self._held[start:].decode("latin-1")
        try:
            end = start + _array_end(text)
        except (ValueError, IndexError, RecursionError) as error:
            raise self._refusal() from error
        piece = self._held[: end + 1]
        self.envelope = self._head + self._held[end:]
        self._done = True
        return piece

    def _whole(self) -> bytes:
        """The array of a body in which no record was seen to open: it is empty, missing, or oddly written."""
        try:
            fields = msgspec.json.decode(self._held, type=dict[str, msgspec.Raw])
        except UNREADABLE as error:
            raise self._refusal() from error
        self.envelope = bytes(self._held)
        self._done = True
        array = bytes(fields.get(self._array, b""))
        return array if array.startswith(b"[") else b"[]"

    def _refusal(self) -> SnapshotRefused:
        if self._head or self._held.lstrip(_SPACE).startswith(b"{"):
            return SnapshotRefused("truncated", "the vendor's answer is cut short")
        return SnapshotRefused("malformed", "the vendor's answer is no JSON object")


def records_in(piece: bytes) -> Iterator[bytes]:
    """The elements of an array without its brackets; from the first that cannot be made out, the rest is one."""
    text, end = piece.decode("latin-1"), 0
    while (start := _next_record(text, end)) < len(text):
        try:
            end = _scan(text, start)[1]
        except (ValueError, RecursionError):
            end = len(text)
        yield piece[start:end]


def _next_record(text: str, position: int) -> int:
    between = _BETWEEN.match(text, position)
    return between.end() if between else position


def _array_end(text: str) -> int:
    """Where the array closes whose last records `text` starts with."""
    position = 0
    while True:
        position = _after_space(text, _scan(text, position)[1])
        if text[position] == "]":
            return position
        if text[position] != ",":
            raise ValueError(text[position])
        position = _after_space(text, position + 1)


def _after_space(text: str, position: int) -> int:
    while text[position] in " \t\r\n":
        position += 1
    return position
