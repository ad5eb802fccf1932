"""A server over channels that a test publishes into, and viewers that talk to it through real sockets."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import aiohttp
import orjson

from tests.support.eventually import settle
from tests.support.market import CALENDAR, at
from tests.support.raw import HANDSHAKE, HOST, masked
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.deltas import Row
from tradeul.domain.events import Symbol
from tradeul.domain.scans import Scan
from tradeul.domain.session import Moment, TradingCalendar, moment_at
from tradeul.engine.channels import Channels
from tradeul.engine.playback import Playing
from tradeul.engine.ports import Annals, FeedState, JobNews
from tradeul.engine.visits import RecentEvents
from tradeul.engine.watches import Watches
from tradeul.web.aggregates import Aggregates
from tradeul.web.files import PageFile
from tradeul.web.gate import Rules
from tradeul.web.hub import Hub
from tradeul.web.routes.history import History
from tradeul.web.server import Address, Part, WebServer

EPOCH = "epoch-1"
NOON = at("12:00")
COLUMNS = ("name", "price", "volume_today")
PAGE = MappingProxyType(
    {
        "index.html": PageFile(b"<!doctype html>", "text/html; charset=utf-8", '"page"'),
        "main.js": PageFile(b"export {};", "text/javascript; charset=utf-8", '"main"'),
    }
)

Message = dict[str, Any]


def scan(name: str, size: int = 200) -> Scan:
    return Scan(name, name.title(), "price > 0", "price desc", size=size, columns=COLUMNS)


def row(symbol: str, price: float | None = 10.0, name: str | None = "A name", volume: int | None = 100) -> Row:
    return Row(Symbol(symbol), (name, price, volume))


class StillView:
    """A view that says what the test set."""

    def __init__(self, clock: ManualClock) -> None:
        self.calendar: TradingCalendar = CALENDAR
        self.name: Literal["live", "delayed", "simulated", "replay"] = "simulated"
        self.state = FeedState("live", NOON, "", 1_200)
        self.report: dict[str, object] = {"status": "ok", "reasons": []}
        self.replay: Playing | None = None
        self._clock = clock

    def playing(self) -> Playing | None:
        return self.replay

    def market(self) -> Literal["live", "delayed", "simulated", "replay"]:
        return self.name

    def moment(self) -> Moment:
        return moment_at(self.calendar, self._clock.now())

    def feed(self) -> FeedState:
        return self.state

    def age_ms(self) -> int | None:
        return self.state.age_ms

    def health(self) -> dict[str, object]:
        return self.report

    def scanner_status(self) -> dict[str, object]:
        return {"session": self.moment().session}


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens, with what stands behind it."""

    clock: ManualClock
    channels: Channels
    view: StillView
    hub: Hub
    server: WebServer
    recent: RecentEvents

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server.port}"

    def publish(self, rows: Iterable[Row], name: str = "alpha") -> None:
        self.channels.publish({name: tuple(rows)}, self.clock.now() // 1_000_000)


def no_aggregates() -> Aggregates:
    """Of a market in which there is nothing to watch."""
    board = Board(capacity=1)
    return Aggregates(board, Watches(board.row_of), lambda: NOON, 100)


@contextlib.asynccontextmanager
async def served(  # noqa: PLR0913  # what is optional is named
    names: Iterable[str] = ("alpha", "beta"),
    max_clients: int = 100,
    *,
    page: Mapping[str, PageFile] = PAGE,
    clock: ManualClock | None = None,
    annals: Annals | None = None,
    more: Iterable[Part] = (),
    under_way: Callable[[], tuple[JobNews, ...]] = lambda: (),
    aggregates: Aggregates | None = None,
    rules: Rules | None = None,
) -> AsyncIterator[Served]:
    """Serve lists with nothing in them; `run` of the hub and of the server are not started."""
    clock = clock or ManualClock(NOON)
    channels = Channels(EPOCH, [scan(name) for name in names], clock)
    view = StillView(clock)
    hub = Hub(channels, clock, view, aggregates or no_aggregates(), under_way)
    recent = RecentEvents()
    history = History(channels, recent, annals, view)
    address = Address(HOST, 0, rules or Rules())
    server = WebServer(hub, channels, view, page, clock, address, max_clients, [history, *more])
    await server.start()
    try:
        yield Served(clock, channels, view, hub, server, recent)
    finally:
        await settle()  # whoever has come is let in before the door is closed, or the loop calls it an error
        await server.close()


class TestViewer:
    """A viewer that sends raw messages and gives frames back as they come."""

    __test__ = False

    def __init__(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket_

    async def say(self, **message: object) -> None:
        await self.socket.send_str(orjson.dumps(message).decode())

    async def subscribe(self, name: str = "alpha", **more: Any) -> None:
        await self.say(action="subscribe_list", list=name, **more)

    async def hear(self, *kinds: str) -> Message:
        """Wait for the next frame, or the next of the given kinds; no other frame is skipped than `status`."""
        while True:
            received = await self.socket.receive()
            assert received.type is aiohttp.WSMsgType.TEXT, received
            message: Message = orjson.loads(received.data)
            if message["type"] != "status" or "status" in kinds:
                assert not kinds or message["type"] in kinds, message
                return message

    async def hear_all(self) -> list[Message]:
        """Hear everything that is on its way: up to the answer to a ping, which comes after all else."""
        await self.say(action="ping", id="last")
        heard = []
        while (message := await self.hear()).get("id") != "last":
            heard.append(message)
        return heard

    async def close_code(self) -> int | None:
        """Read to the end of the connection."""
        while not self.socket.closed:
            await self.socket.receive()
        return self.socket.close_code


@contextlib.asynccontextmanager
async def viewer(world: Served, query: str = "?protocol=1", *, greeted: bool = True) -> AsyncIterator[TestViewer]:
    """Connect, and by default take the hello away."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{world.url}/ws/scanner{query}", max_msg_size=0) as connection,
    ):
        connected = TestViewer(connection)
        if greeted:
            await connected.hear("hello")
        yield connected


def payload(frame: bytes) -> Message:
    """Take the frame apart by the RFC's rules, independently of how it was made."""
    assert frame[0] == 0x81
    size = {126: 2, 127: 8}.get(frame[1], 0)
    length = int.from_bytes(frame[2 : 2 + size]) if size else frame[1]
    body = frame[2 + size :]
    assert len(body) == length
    message: Message = orjson.loads(body)
    return message


@contextlib.asynccontextmanager
async def deaf(world: Served, *messages: Mapping[str, object]) -> AsyncIterator[socket.socket]:
    """Connect a viewer that says something and then never reads a byte."""
    loop = asyncio.get_running_loop()
    with socket.socket() as sock:
        sock.settimeout(0)
        await loop.sock_connect(sock, (HOST, world.server.port))
        await loop.sock_sendall(sock, HANDSHAKE + b"".join(masked(message) for message in messages))
        yield sock


Answer = tuple[int, dict[str, str], bytes]
"""Status, headers with their names in lower case, and body."""


async def raw_answer(world: Served, request: bytes) -> Answer:
    """Send one request as it is."""
    return (await raw_answers(world, [request]))[0]


async def raw_answers(world: Served, requests: Iterable[bytes]) -> list[Answer]:
    """Send requests as they are over one connection, each after the answer to the one before."""
    reader, writer = await asyncio.open_connection(HOST, world.server.port)
    answers = []
    for request in requests:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        answers.append((int(head[0].split()[1]), headers, body))
    writer.close()
    await writer.wait_closed()
    return answers
