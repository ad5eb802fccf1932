"""One connected viewer: what it was sent, what it is owed, and how it is written to without ever waiting for it.

There is no queue of states and no task. `flush` hands over the newest state of each list and of each watched symbol,
or leaves everything for later when the socket still holds an earlier frame; so a slow viewer skips states and delays
nobody. The hub owns viewers and calls every method here.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from tradeul.domain.events import Symbol
from tradeul.web.frames import Sight
from tradeul.web.protocol import RequestId, close_frame
from tradeul.web.standings import BLOCK_BYTES, Sequences, Standing, Step

UNSENT_BYTES: Final = 16_384
"""How much the kernel may hold unsent. Without it megabytes of old states hide there (3.8 MB were measured)."""
TCP_NOTSENT_LOWAT: Final = getattr(socket, "TCP_NOTSENT_LOWAT", 25)
"""Linux's number, which Python names since 3.12 only."""
MAX_OWED: Final = 256
"""Replies that may wait for one viewer. Whoever asks this much and reads nothing is too slow, and cut as such."""

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, for 0 seconds: what is unsent is thrown away, and the kernel keeps nothing of the connection."""


class Source(Protocol):
    """Where a viewer's frames come from."""

    def onward(self, standing: Standing) -> Step | None:
        """What leads on from what was sent of lists; None where nothing is due."""

    @property
    def sights(self) -> Mapping[Symbol, Sight]:
        """The newest of every watched symbol."""

    @property
    def interval_s(self) -> float:
        """How long a viewer rests between two frames of one symbol."""

    def heartbeat(self, names: Mapping[str, object], request_id: RequestId | None) -> bytes:
        """Make a heartbeat about the lists named."""


class Shown(NamedTuple):
    """What a viewer was last sent of a watched symbol, None before the first frame, and when the next may go."""

    sight: Sight | None
    due: float


UNSEEN: Final = Shown(None, 0.0)


class Viewer:
    """`standing` is what it was sent last of each subscribed list."""

    __slots__ = (
        *("_beats", "_replies", "_transport", "early", "ended", "heard_at", "pinged_at", "spoke", "standing"),
        *("watched", "written_at"),
    )

    def __init__(self, transport: asyncio.WriteTransport, now: float, standing: Standing) -> None:
        self.standing = standing
        self.watched: dict[Symbol, Shown] = {}
        self.early = False
        """Some watched symbol has other values already, but was told of a moment ago: flush again soon."""
        self.spoke = False
        """It asked for something valid."""
        self.ended = False
        """It was told that the connection is over; nothing more is written."""
        self.written_at = now
        self.heard_at = now
        """When anything came of it, be it the answer to a ping."""
        self.pinged_at = now
        self._transport = transport
        self._replies: deque[bytes] = deque()
        self._beats: deque[RequestId | None] = deque()
        _keep_buffers_small(transport)

    @property
    def sent(self) -> Sequences:
        """The lists it is subscribed to, and at which sequence."""
        return self.standing.sequences

    @property
    def waiting_bytes(self) -> int:
        """How much was written and not yet taken by the kernel."""
        return self._transport.get_write_buffer_size()

    def owe(self, reply: bytes) -> bool:
        """Put a frame before everything else that is due; false when too much is waiting already."""
        self._replies.append(reply)
        return len(self._replies) + len(self._beats) <= MAX_OWED

    def owe_heartbeat(self, request_id: RequestId | None) -> bool:
        """Put a heartbeat behind everything that is due, so that the viewer holds what it tells about."""
        if request_id is not None or None not in self._beats:
            self._beats.append(request_id)
        return len(self._replies) + len(self._beats) <= MAX_OWED

    def flush(self, source: Source, now: float) -> bool:
        """Write what is owed, all at once and as far as the socket takes it; false when something may be left.

        Frames go straight to the transport, beside the close frames of aiohttp's own writer. That is safe because
        either side hands over whole frames in single writes, and compression, which would tie frames together, is
        off. aiohttp's `send_frame` takes no frame that was made before, and copies each for each viewer.
        """
        transport = self._transport
        if transport.is_closing():
            return True
        if transport.get_write_buffer_size():
            return False
        self.early = False
        if not (self._replies or self._beats or self.watched):
            return self._flush_lists(source, now)
        for block in self._owed(source, now):
            transport.write(block)
            self.written_at = now
            if transport.get_write_buffer_size():
                return False
        return True

    def _flush_lists(self, source: Source, now: float) -> bool:
        """Write what is due of the lists and nothing else, as to most viewers: each instruction counts thousandfold."""
        transport = self._transport
        while (step := source.onward(self.standing)) is not None:
            transport.write(step.block)
            self.standing = step.then
            self.written_at = now
            if step.last:
                break  # nothing is left to decide; whether the kernel took it is seen when more is due
            if transport.get_write_buffer_size():
                return False
        return True

    def _owed(self, source: Source, now: float) -> Iterator[bytes]:
        """Yield what is due in order, each piece marked as sent when it is asked for.

        A call to the kernel costs more than all that goes into it, so little is yielded apart. Most viewers are due
        one step of their lists and nothing else, and joining that alone copies nothing.
        """
        parts = list(self._replies)
        self._replies.clear()
        while (step := source.onward(self.standing)) is not None:
            self.standing = step.then
            parts.append(step.block)
            if sum(map(len, parts)) > BLOCK_BYTES:
                yield b"".join(parts)
                parts.clear()
        if self.watched:
            parts += self._news(source, now)
        while self._beats:
            parts.append(source.heartbeat(self.sent, self._beats.popleft()))
        if parts:
            yield b"".join(parts)

    def _news(self, source: Source, now: float) -> Iterator[bytes]:
        """Yield the watched symbols' frames that differ from what was shown of them and may go now."""
        for symbol, shown in self.watched.items():
            sight = source.sights[symbol]
            if not sight.differs(shown.sight):
                continue
            if now < shown.due:
                self.early = True
                continue
            self.watched[symbol] = Shown(sight, now + source.interval_s)
            yield sight.frame()

    def end(self, code: int, last_words: bytes = b"") -> None:
        """Say that it is over, unless that was said. The hub sees to it that the viewer closes."""
        if not self.ended and not self._transport.is_closing():
            # An answer that waits for its turn may say why; to whom takes nothing there is no telling.
            owed = () if self._transport.get_write_buffer_size() else self._replies
            self._transport.write(b"".join([*owed, last_words, close_frame(code)]))
        self.ended = True

    def close(self, code: int) -> None:
        """Answer the viewer's own goodbye, let what was written go out, and close."""
        self.end(code)
        self._transport.close()

    def abort(self) -> None:
        """End the connection now and leave nothing behind, neither here nor in the kernel."""
        sock = self._transport.get_extra_info("socket")
        # A socket that is gone already says so by either error, depending on the event loop.
        with contextlib.suppress(OSError, ValueError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()


def _keep_buffers_small(transport: asyncio.WriteTransport) -> None:
    """Keep old states from piling up where they cannot be replaced by newer ones. (aiohttp has set TCP_NODELAY.)"""
    transport.set_write_buffer_limits(BLOCK_BYTES)
    sock = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):  # not every system has it; without it a slow viewer is only served older states
        sock.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES)
