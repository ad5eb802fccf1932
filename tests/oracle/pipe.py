"""The boundary of the kernel: a transport whose other end reads, does not read, or is gone; and what travels on it."""

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

KERNEL_BYTES: Final = 600
"""What the kernel takes of a stream that nobody reads; little, so that short histories fill it."""
CLOSE: Final = 0x88
TEXT: Final = 0x81
PING: Final = 0x89


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it arrived: its text, or the code it closes with, or a ping, which has neither."""

    text: bytes
    code: int | None = None

    @property
    def pings(self) -> bool:
        return not self.text and self.code is None


class _NoSocket:
    """The options of a socket that is none."""

    def setsockopt(self, *_: object) -> None:
        """Take an option."""


_SOCKET: Final = _NoSocket()


class Pipe(asyncio.Transport):
    """The server's end. `arrived` hears each whole frame at the other end, `lost` that the connection is over."""

    def __init__(
        self, written: Callable[[bytes], None], arrived: Callable[[Frame], None], lost: Callable[[], None]
    ) -> None:
        super().__init__()
        self.read = True
        """The other end reads."""
        self.most_buffered = 0
        self._written = written
        self._arrived = arrived
        self._lost = lost
        self._buffer = bytearray()
        self._kernel = bytearray()
        self._partial = bytearray()
        self._closing = False
        self._over = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing:
            return
        self._written(bytes(data))
        self._buffer += data
        self._move()
        self.most_buffered = max(self.most_buffered, len(self._buffer))

    def get_write_buffer_size(self) -> int:
        return len(self._buffer)

    def is_closing(self) -> bool:
        return self._closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take the limits; what is written is looked at, not held up."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return _SOCKET if name == "socket" else default

    def close(self) -> None:
        self._closing = True
        self._move()

    def abort(self) -> None:
        """Throw away what is unsent, here and in the kernel."""
        self._closing = True
        self._buffer.clear()
        self._kernel.clear()
        self._end()

    def read_on(self, *, reads: bool) -> None:
        self.read = reads
        self._move()

    def _move(self) -> None:
        room = len(self._buffer) if self.read else max(0, KERNEL_BYTES - len(self._kernel))
        self._kernel += self._buffer[:room]
        del self._buffer[:room]
        if self.read:
            self._partial += self._kernel
            self._kernel.clear()
            self._take_apart()
        if self._closing and not self._buffer:
            self._end()

    def _take_apart(self) -> None:
        held, start = self._partial, 0
        while (frame := frame_at(held, start)) is not None:
            found, start = frame
            self._arrived(found)
        del held[:start]

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._lost()


def frame_at(held: bytes | bytearray, start: int) -> tuple[Frame, int] | None:
    """The frame that begins there, and where it ends; None while it is not whole."""
    if len(held) < start + 2:
        return None
    size = {126: 2, 127: 8}.get(held[start + 1], 0)
    begin = start + 2 + size
    length = int.from_bytes(held[start + 2 : begin]) if size else held[start + 1]
    if len(held) < begin + length:
        return None
    body = bytes(held[begin : begin + length])
    if held[start] == CLOSE:
        return Frame(b"", struct.unpack("!H", body[:2])[0]), begin + length
    assert held[start] == (TEXT if body else PING), held[start : start + 20]
    return Frame(body), begin + length
