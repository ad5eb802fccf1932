"""A client of the simulated vendor's stream, as real programs are: over a socket, with aiohttp's client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from tests.support.eventually import PATIENT_S, eventually
from tests.support.market import at
from tests.support.simulated import SNAPSHOT, content_of, listening
from tradeul.clock import ManualClock
from tradeul.simulation.exchange.server import Exchange

Socket = aiohttp.ClientWebSocketResponse
CONNECTED = [{"ev": "status", "status": "connected", "message": "Connected Successfully"}]
ACCEPTED = [{"ev": "status", "status": "auth_success", "message": "authenticated"}]


@asynccontextmanager
async def reached(exchange: Exchange, **options: Any) -> AsyncIterator[Socket]:
    """A client that has connected and heard nothing yet."""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(exchange.ws_url, max_msg_size=0, **options) as socket,
    ):
        yield socket


@asynccontextmanager
async def connected(exchange: Exchange, key: str = "key", **options: Any) -> AsyncIterator[Socket]:
    """A client that has authenticated."""
    async with reached(exchange, **options) as socket:
        assert await received(socket) == CONNECTED
        await said(socket, "auth", key)
        assert await received(socket) == ACCEPTED
        yield socket


@asynccontextmanager
async def holding(
    channels: str, wall: str = "09:30", **options: Any
) -> AsyncIterator[tuple[Exchange, ManualClock, Socket]]:
    """An exchange, its clock and one client that holds these channels."""
    clock = ManualClock(at(wall))
    async with listening(clock, **options) as exchange, connected(exchange, autoping=False) as socket:
        await subscribed(exchange, socket, channels)
        yield exchange, clock, socket


async def said(socket: Socket, action: str, params: str) -> None:
    await socket.send_str(orjson.dumps({"action": action, "params": params}).decode())


async def received(socket: Socket) -> Any:
    return orjson.loads(await socket.receive_str(timeout=PATIENT_S))


async def asked(socket: Socket, action: str, params: str) -> list[str]:
    """Say something and give the messages of the answer."""
    await said(socket, action, params)
    return [status["message"] for status in await received(socket)]


async def caught_up(exchange: Exchange) -> None:
    """Let the market trade up to its clock; what came of it is on its way to the subscribers then."""
    await content_of(exchange, SNAPSHOT + "?tickers=F")


async def subscribed(exchange: Exchange, socket: Socket, channels: str) -> None:
    """Hold these channels, with the market brought up to its clock before."""
    await caught_up(exchange)
    await asked(socket, "subscribe", channels)


async def heard(exchange: Exchange, socket: Socket, channels: str) -> None:
    """Ask for channels, and wait until the exchange has taken that in, whatever it answers or does not."""
    await said(socket, "subscribe", channels)
    await eventually(lambda: set(channels.split(",")) <= exchange.held())


async def ticked(exchange: Exchange, clock: ManualClock, seconds: int = 1) -> None:
    """Let seconds pass one by one, as a running exchange does."""
    for _ in range(seconds):
        await clock.advance(1)
        await caught_up(exchange)


async def end_of(socket: Socket) -> tuple[int | None, str | None]:
    """The code and the reason that a connection ended with, after whatever comes before."""
    while True:
        message = await socket.receive(timeout=PATIENT_S)
        if message.type is aiohttp.WSMsgType.CLOSE:
            return message.data, message.extra
        if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR):
            return socket.close_code, None
