"""A body's content encoding undone while it arrives, in pieces small enough for one step of a decoder.

Refuses what does not unpack, what ends too early and what unpacks to more than any market (a bomb). `transport` owns
one per answer.
"""

from collections.abc import Iterator

from isal import isal_zlib

from tradeul.errors import SnapshotRefused, VendorUnavailable

PIECE_BYTES = 64 * 1024
"""Bounds what one step unpacks and hands on."""

BODY_BYTES_ALLOWED = 64 * 1024 * 1024
"""Ten times a snapshot of today's market."""

_GZIP_WINDOW = 31


class Inflater:
    """Bytes as they came in, the body's own bytes out."""

    def __init__(self, encoding: str | None, allowed: int = BODY_BYTES_ALLOWED) -> None:
        packing = (encoding or "identity").strip().lower()
        if packing not in {"identity", "gzip", "x-gzip"}:
            raise VendorUnavailable(f"the vendor packed its answer in a way that was not asked for: {packing[:20]!r}")
        self._packed = packing != "identity"
        self._gzip = isal_zlib.decompressobj(_GZIP_WINDOW)
        self._left = allowed

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds to the body."""
        for piece in self._unpacked(data) if self._packed else _cut(data):
            self._left -= len(piece)
            if self._left < 0:
                raise SnapshotRefused("too_big", "the vendor's answer is larger than any market")
            yield piece

    def end(self) -> None:
        """The last byte came in."""
        if self._packed and not self._gzip.eof:
            raise SnapshotRefused("truncated", "the vendor's packed answer is cut short")

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        while data:
            try:
                yield self._gzip.decompress(data, PIECE_BYTES)
            except isal_zlib.error as error:  # type: ignore[misc]  # its stub names an instance, not a class
                raise SnapshotRefused("corrupt", f"the vendor's answer does not unpack: {error}") from error
            if self._gzip.eof and self._gzip.unused_data:
                # The format allows several parts, one after the other.
                data, self._gzip = self._gzip.unused_data, isal_zlib.decompressobj(_GZIP_WINDOW)
            else:
                data = self._gzip.unconsumed_tail


def _cut(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE_BYTES):
        yield data[start : start + PIECE_BYTES]
