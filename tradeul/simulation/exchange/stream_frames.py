"""WebSocket frames as a server sends them, whole, unmasked and uncompressed, and the packing of events into them."""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

LARGEST_FRAME: Final = 900_000
"""The official clients refuse more than 1 MB."""
TEXT: Final = 0x81
BINARY: Final = 0x82
_CLOSE: Final = 0x88
_PING: Final = 0x89
_PONG: Final = 0x8A
_SMALL, _LARGE = 126, 65536


def packed(events: Iterable[bytes]) -> Iterator[bytes]:
    """Put events into as few lists as the size of a frame allows."""
    held: list[bytes] = []
    size = 0
    for event in events:
        if size + len(event) > LARGEST_FRAME:
            yield listed(held)
            held, size = [], 0
        held.append(event)
        size += len(event) + 1
    if held:
        yield listed(held)


def listed(events: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(events) + b"]"


def frame(payload: bytes, kind: int = TEXT) -> bytes:
    """Wrap a message."""
    size = len(payload)
    if size < _SMALL:
        return struct.pack("!BB", kind, size) + payload
    if size < _LARGE:
        return struct.pack("!BBH", kind, _SMALL, size) + payload
    return struct.pack("!BBQ", kind, _SMALL + 1, size) + payload


def close_frame(code: int, reason: str) -> bytes:
    """A goodbye; with code 0 one that gives no reason at all."""
    return frame(struct.pack("!H", code) + reason.encode() if code else b"", _CLOSE)


def ping_frame() -> bytes:
    return frame(b"", _PING)


def pong_frame(data: bytes) -> bytes:
    return frame(data, _PONG)
