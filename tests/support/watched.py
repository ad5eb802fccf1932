"""A small market that a test moves by hand, served to viewers who watch its symbols; and one who is nobody's client."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import websockets

from tests.support.eventually import running, settle
from tests.support.market import CALENDAR, bar, image, live, take, traded
from tests.support.web import NOON, Message, Served, served
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.deltas import Times
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.fields import LIVE_FIELDS
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.watches import Watches
from tradeul.web.aggregates import Aggregates
from tradeul.web.viewer import Viewer

MS = 1_000_000
INTERVAL_MS = 100


@dataclass(frozen=True, slots=True)
class Watched:
    """A server, and the market behind it."""

    web: Served
    board: Board
    enrichment: Enrichment
    watches: Watches[Viewer]
    aggregates: Aggregates

    async def trade(
        self, symbol: str, price: float, volume: float = 1_000.0, times: Times | None = None, **more: Any
    ) -> None:
        """Let a bar move a symbol, and the engine have it looked at; what comes of it at once is written."""
        end = Nanos(self.web.clock.now())
        live(self.enrichment, [bar(symbol, end, price, volume, **more)])
        await self.scanned(times)

    async def snapshot(self, *rows: dict[str, Any]) -> None:
        """Let an image of the market be taken."""
        now = self.web.clock.now()
        take(self.enrichment, image(*rows, feed_time=now), now)
        await self.scanned()

    async def scanned(self, times: Times | None = None) -> None:
        self.aggregates.look(times)
        await settle()

    def shown(self, symbol: str) -> Message:
        """What the board says of a symbol, as it goes over the wire."""
        rows = np.array([self.board.row_of[Symbol(symbol)]])
        values: Message = orjson.loads(
            orjson.dumps({name: self.board.values(name, rows)[0] for name in LIVE_FIELDS}),
        )
        return values


@contextlib.asynccontextmanager
async def watched(
    symbols: Sequence[str] = ("A", "B", "BRK.B"), interval_ms: int = INTERVAL_MS
) -> AsyncIterator[Watched]:
    """Serve a market at noon, in which every symbol has traded at 12 dollars; the hub runs."""
    clock, board = ManualClock(NOON), Board()
    enrichment, watches = Enrichment(board, CALENDAR), Watches[Viewer](board.row_of)
    aggregates = Aggregates(board, watches, lambda: enrichment.as_of, interval_ms)
    if symbols:
        take(enrichment, image(*(traded(symbol, 12.0, 500.0, NOON) for symbol in symbols)), NOON)
    async with served(clock=clock, aggregates=aggregates) as web, running(web.hub.run):
        yield Watched(web, board, enrichment, watches, aggregates)


class Stranger:
    """A viewer made of another library than ours; it keeps whatever aggregates come."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection
        self.heard: list[Message] = []

    async def say(self, **message: object) -> None:
        await self._connection.send(orjson.dumps(message).decode())

    async def hear(self, count: int) -> None:
        """Hear so many aggregates."""
        while count:
            frame = orjson.loads(await self._connection.recv())
            if frame["type"] == "aggregate":
                self.heard.append(frame)
                count -= 1

    async def catch_up(self) -> list[Message]:
        """Hear everything up to the answer to a ping, which comes after all else; gives the new aggregates."""
        await self.say(action="ping", id="fence")
        before = len(self.heard)
        while (frame := orjson.loads(await self._connection.recv())).get("id") != "fence":
            if frame["type"] == "aggregate":
                self.heard.append(frame)
        return self.heard[before:]


@contextlib.asynccontextmanager
async def stranger(world: Served) -> AsyncIterator[Stranger]:
    address = f"{world.url}/ws/scanner?protocol=1".replace("http:", "ws:")
    async with websockets.connect(address, compression=None) as connection:
        yield Stranger(connection)
