"""A way to the server that breaks: it passes bytes on, and cuts a viewer's connection after as many as it is told.

Only connections that carry the live protocol are cut, so that the page itself always loads; nobody is told of a cut,
the connection is reset.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from tests.support.eventually import running
from tests.support.raw import HOST

LIVE = b"GET /ws/"
PIECE = 65_536


class Relay:
    """`after` is how many bytes the next live connection may bring to its viewer; None: as many as come."""

    def __init__(self, to: int) -> None:
        self._to = to
        self.port = 0
        self.after: int | None = None
        self.cuts = 0
        self.carried = 0
        """How many live connections there were."""
        self._live: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self._carriers: set[asyncio.Task[object]] = set()

    def cut(self) -> None:
        """Reset what is open."""
        for writer in self._live:
            writer.transport.abort()
        self.cuts += len(self._live)
        self._live.clear()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it, or its bytes are used up."""
        if (carrier := asyncio.current_task()) is not None:
            self._carriers.add(carrier)
            carrier.add_done_callback(self._carriers.discard)
        self._open.add(writer)
        with contextlib.suppress(ConnectionError):
            if first := await reader.read(PIECE):
                await self._onward(first, reader, writer)
        writer.transport.abort()
        self._open.discard(writer)

    async def _onward(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection(HOST, self._to)
        self._open.add(onward)
        onward.write(first)
        live = first.startswith(LIVE)
        if live:
            self._live.add(writer)
            self.carried += 1
        try:
            async with running(partial(_pass, reader, onward, None)):
                await _pass(there, writer, self.after if live else None)
        finally:
            onward.transport.abort()
            self._open.discard(onward)
            if writer in self._live:
                self._live.discard(writer)
                self.cuts += 1

    async def close(self) -> None:
        """End what is carried still."""
        while self._carriers:
            for writer in self._open:
                writer.transport.abort()
            await asyncio.wait(self._carriers, timeout=0.05)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None) -> None:
    left = most
    with contextlib.suppress(ConnectionError):
        while left is None or left > 0:
            piece = await reader.read(PIECE if left is None else left)
            if not piece:
                return
            writer.write(piece)
            await writer.drain()
            left = None if left is None else left - len(piece)


@asynccontextmanager
async def relayed(to: int) -> AsyncIterator[Relay]:
    """Listen for viewers of the server at port `to`."""
    relay = Relay(to)
    server = await asyncio.start_server(relay.carry, HOST, 0)
    relay.port = server.sockets[0].getsockname()[1]
    async with server:
        yield relay
        await relay.close()
