"""One peer of the simulated vendor's stream: what it holds, and writing to it, which never waits.

A peer that does not read is dropped once its bounded buffer is full. Everything written passes `Mischief`.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterable
from typing import Final

import orjson

from tradeul.simulation.exchange.events import Batch
from tradeul.simulation.exchange.mischief import TOO_SLOW, Farewell, Mischief, Reset
from tradeul.simulation.exchange.stream_frames import close_frame, listed, packed, ping_frame, pong_frame
from tradeul.simulation.exchange.subscriptions import Status, Subscriptions

_ANSWERS_PER_FRAME: Final = 1000
_LINGER_NOT: Final = struct.pack("ii", 1, 0)
"""The kernel's way of closing with a reset, whatever is still to be sent."""


class Connection:
    """Writes at once or not at all."""

    def __init__(
        self, transport: asyncio.Transport, held: Subscriptions, buffer_bytes: int, mischief: Mischief
    ) -> None:
        self.held = held
        self.leaving: Farewell | None = None
        """How it was told to go; what it does not take soon after, it will not get."""
        self._transport = transport
        self._buffer_bytes = buffer_bytes
        self._mischief = mischief
        self._postponed: list[Status] = []

    def say(self, *statuses: Status) -> None:
        """Send statuses in as few frames as there should be."""
        for start in range(0, len(statuses), _ANSWERS_PER_FRAME):
            payload = listed(map(orjson.dumps, statuses[start : start + _ANSWERS_PER_FRAME]))
            self._write(self._mischief.frames(payload, events=False))

    def answer(self, statuses: list[Status]) -> None:
        """Confirm a request, or keep the confirmations for later."""
        if self._mischief.strikes("acks_apart"):
            self._postponed.extend(reversed(statuses))
        else:
            self.say(*statuses)

    def deliver(self, batches: Iterable[Batch]) -> None:
        """Send what it holds of these events."""
        for payload in packed(self.held.picked(batches)):
            self._write(self._mischief.frames(payload, events=True))

    def say_postponed(self) -> None:
        """Send the confirmations that were kept, one a frame."""
        kept, self._postponed = self._postponed, []
        for each in kept:
            self.say(each)

    def ping(self) -> None:
        self._control(ping_frame())

    def pong(self, data: bytes) -> None:
        self._control(pong_frame(data))

    def refuse(self, why: Status) -> None:
        """Say why, and drop it without a close frame."""
        self.say(why)
        self._transport.close()

    def end(self, how: Farewell | Reset) -> None:
        """End it now, whatever waits to be sent."""
        if isinstance(how, Reset):
            self.reset(hard=how.hard)
            return
        if not self._transport.is_closing():
            words = b"" if how.said is None else self._mischief.frames(listed([orjson.dumps(how.said)]), events=False)
            self._transport.write(words + close_frame(how.code, how.reason))
            self._transport.close()
        self.held.clear()
        self.leaving = how

    def reset(self, *, hard: bool = True) -> None:
        """Cut it without a word."""
        reset(self._transport, hard=hard)

    def _control(self, frame: bytes) -> None:
        if not self._mischief.strikes("silence"):
            self._write(frame)

    def _write(self, frames: bytes) -> None:
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > self._buffer_bytes:
            self.end(TOO_SLOW)
            return
        self._transport.write(frames)


def reset(transport: asyncio.Transport, *, hard: bool = True) -> None:
    """End a TCP connection at once: with RST, or with FIN."""
    if hard:
        # A socket that is gone already says so by either error, depending on the event loop.
        with contextlib.suppress(OSError, ValueError):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()
