"""Viewers who say the same thing as fast as it is taken, are sent away, and come back as clients do."""

import asyncio
import contextlib
import random
import socket
from collections.abc import Mapping
from typing import Final

from tests.support.raw import HANDSHAKE, HOST, masked
from tests.support.web import EPOCH
from tradeul.clock import SystemClock
from tradeul.web.protocol import CloseCode, close_frame

SUBSCRIBE: Final = {"action": "subscribe_list", "list": "gappers_up"}
FLOODS: Final[Mapping[str, Mapping[str, object]]] = {
    "subscribe": SUBSCRIBE,
    "resync": {"action": "resync", "list": "gappers_up", "epoch": EPOCH, "last_sequence": 1},
    "unknown list": {"action": "subscribe_list", "list": "nothing"},
}
AT_ONCE: Final = 100
"""Messages in a packet."""
MOST_READ: Final = 65_536


class Flood:
    """One of them."""

    def __init__(self, port: int, kind: str, number: int) -> None:
        self.visits = 0
        self.sent_away = 0
        """How often the last thing it was told was that it is too fast."""
        self._port = port
        self._message = masked(FLOODS[kind])
        self._draw = random.Random(number)  # noqa: S311  # repeatable waits, no secret

    async def run(self, comeback_s: float = 2.0) -> None:
        while True:
            self.visits += 1
            self.sent_away += await self._visit()
            await SystemClock().pause(self._draw.uniform(0, comeback_s))

    async def _visit(self) -> bool:
        loop, heard = asyncio.get_running_loop(), bytearray()
        with socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
            await loop.sock_connect(sock, (HOST, self._port))
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(sock, HANDSHAKE + masked(SUBSCRIBE))
                while True:
                    await loop.sock_sendall(sock, AT_ONCE * self._message)
                    heard += _there(sock)
                    await asyncio.sleep(0)
            heard += _there(sock)
        return heard.endswith(close_frame(CloseCode.TOO_FAST))


def _there(sock: socket.socket) -> bytes:
    """What came, without waiting for more."""
    told = b""
    with contextlib.suppress(BlockingIOError, ConnectionError):
        while some := sock.recv(MOST_READ):
            told += some
    return told
