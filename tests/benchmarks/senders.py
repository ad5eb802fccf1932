"""Other servers that send the very same frames: what ours is compared with. One each as a process of its own.

`plain` is how one writes it first with aiohttp, `texts` when one knows that a text can be shared, `websockets` that
library's own broadcast, `socketify` its uWebSockets. `bare` and `c` are no WebSocket servers at all: they hand each
socket its bytes, the least that can be done in Python, and at all. They obey the lines of `tests/support/stage`.
"""

import asyncio
import base64
import ctypes
import hashlib
import importlib
import logging
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import orjson
import uvloop
from aiohttp import WSMsgType, web
from websockets.asyncio.server import ServerConnection, broadcast, serve

from tests.support.program import free_port
from tests.support.raw import HOST
from tests.support.stage import Spent, answering, say

Frames = list[dict[str, str]]
"""Of each round, each list's frame; the first ones are snapshots."""
Send = Callable[[dict[str, str]], Awaitable[None]]
ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Rounds:
    """Which round it is, and who follows which list."""

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self.now = 0
        self.followers: defaultdict[str, list[Any]] = defaultdict(list)
        self._tasks: set[asyncio.Task[None]] = set()

    def first(self, message: str | bytes, viewer: Any) -> str:
        """What is sent to a viewer that subscribes."""
        name = orjson.loads(message)["list"]
        self.followers[name].append(viewer)
        return self.frames[self.now][name]

    def obey(self, send: Send, end: Callable[[], object]) -> None:
        spent = Spent()

        def next_round() -> None:
            self.now += 1
            task = asyncio.get_running_loop().create_task(cast("Any", send(self.frames[self.now])))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        answering(next_round, lambda: spent.since(0), end)


async def plain(rounds: Rounds, over: asyncio.Event) -> None:
    """A loop over the viewers that awaits `send_json` for each."""
    decoded = [{name: orjson.loads(frame) for name, frame in each.items()} for each in rounds.frames]

    async def send(_frames: dict[str, str]) -> None:
        for name, frame in decoded[rounds.now].items():
            for viewer in rounds.followers[name]:
                await viewer.send_json(frame)

    await _in_aiohttp(rounds, send, over)


async def texts(rounds: Rounds, over: asyncio.Event) -> None:
    """A loop over the viewers that awaits `send_str` of a text that is made once."""

    async def send(frames: dict[str, str]) -> None:
        for name, frame in frames.items():
            for viewer in rounds.followers[name]:
                await viewer.send_str(frame)

    await _in_aiohttp(rounds, send, over)


async def _in_aiohttp(rounds: Rounds, send: Send, over: asyncio.Event) -> None:
    async def welcome(request: web.Request) -> web.WebSocketResponse:
        viewer = web.WebSocketResponse(compress=False)
        await viewer.prepare(request)
        async for message in viewer:
            if message.type is WSMsgType.TEXT:
                await viewer.send_str(rounds.first(message.data, viewer))
        return viewer

    app = web.Application()
    app.router.add_get("/ws/scanner", welcome)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0, backlog=1_024)
    await site.start()
    rounds.obey(send, over.set)
    say(runner.addresses[0][1])
    await over.wait()


async def broadcasting(rounds: Rounds, over: asyncio.Event) -> None:
    """The library's `broadcast`, without compression, as ours."""

    async def welcome(viewer: ServerConnection) -> None:
        async for message in viewer:
            await viewer.send(rounds.first(message, viewer))

    async def send(frames: dict[str, str]) -> None:
        for name, frame in frames.items():
            broadcast(rounds.followers[name], frame)

    async with serve(welcome, HOST, 0, compression=None, ping_interval=None) as server:
        rounds.obey(send, over.set)
        say(next(iter(server.sockets)).getsockname()[1])
        await over.wait()


class Bare(asyncio.Protocol):
    """Knows as much of the protocol as its one client needs."""

    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self.descriptor = -1
        self.lists: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self.descriptor = transport.get_extra_info("socket").fileno()

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET"):
            accept = base64.b64encode(hashlib.sha1(base64.b64encode(bytes(16)) + ACCEPT).digest())  # noqa: S324  # the RFC's
            self._transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            return
        place = 0
        while place < len(data):
            end = place + 6 + (data[place + 1] & 0x7F)
            self._transport.write(framed(self._rounds.first(data[place + 6 : end], self)))
            self.lists.append(orjson.loads(data[place + 6 : end])["list"])
            place = end


def framed(text: str) -> bytes:
    payload = text.encode()
    length = len(payload)
    return (b"\x81\x7e" + length.to_bytes(2) if length < 65_536 else b"\x81\x7f" + length.to_bytes(8)) + payload


Hand = Callable[[list[tuple[int, bytes]]], None]


def _writes(handed: list[tuple[int, bytes]]) -> None:
    for descriptor, block in handed:
        os.write(descriptor, block)


def _in_c(folder: str) -> Hand:
    """A loop of `send` that is compiled."""
    library = Path(folder, "sending.so")
    source = Path(__file__).with_name("sending.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    fan_out = ctypes.CDLL(str(library)).fan_out

    def hand(handed: list[tuple[int, bytes]]) -> None:
        count = len(handed)
        sockets = (ctypes.c_int * count)(*(descriptor for descriptor, _ in handed))
        blocks = (ctypes.c_char_p * count)(*(block for _, block in handed))
        sizes = (ctypes.c_size_t * count)(*(len(block) for _, block in handed))
        fan_out(ctypes.c_size_t(count), sockets, blocks, sizes)

    return hand


async def bare(rounds: Rounds, over: asyncio.Event, hand: Hand = _writes) -> None:
    """One `write` of ready bytes to each socket."""

    async def send(frames: dict[str, str]) -> None:
        blocks, handed = dict[tuple[str, ...], bytes](), list[tuple[int, bytes]]()
        for viewer in {viewer for followers in rounds.followers.values() for viewer in followers}:
            names = tuple(viewer.lists)
            if names not in blocks:
                blocks[names] = b"".join(framed(frames[name]) for name in names)
            handed.append((viewer.descriptor, blocks[names]))
        hand(handed)

    server = await asyncio.get_running_loop().create_server(lambda: Bare(rounds), HOST, 0, backlog=1_024)
    rounds.obey(send, over.set)
    say(server.sockets[0].getsockname()[1])
    await over.wait()


async def in_c(rounds: Rounds, over: asyncio.Event) -> None:
    """The same, compiled."""
    with tempfile.TemporaryDirectory() as folder:
        hand = _in_c(folder)
    await bare(rounds, over, hand)


def in_socketify(rounds: Rounds) -> None:
    """uWebSockets, whose loop is its own: each list is a topic, which it publishes to."""
    socketify = importlib.import_module("socketify")
    app = socketify.App()

    def heard(viewer: Any, message: Any, _code: Any) -> None:
        name = orjson.loads(message)["list"]
        viewer.subscribe(name)
        viewer.send(rounds.frames[rounds.now][name], socketify.OpCode.TEXT)

    async def send(frames: dict[str, str]) -> None:
        for name, frame in frames.items():
            app.publish(name, frame, socketify.OpCode.TEXT)

    def listening(config: Any) -> None:
        def begin() -> None:
            rounds.obey(send, lambda: os._exit(0))
            say(config.port)

        app.loop.loop.call_soon(begin)  # once it runs

    settings = {"compression": socketify.CompressOptions.DISABLED, "max_payload_length": 4_096, "message": heard}
    app.ws("/ws/scanner", settings)
    app.listen(socketify.AppListenOptions(port=free_port(), host=HOST), listening)
    app.run()


SERVERS = {"plain": plain, "texts": texts, "websockets": broadcasting, "bare": bare, "c": in_c}


async def _main(name: str, frames: Frames) -> None:
    await SERVERS[name](Rounds(frames), asyncio.Event())
    os._exit(0)  # with a thousand viewers on, and nobody who wants to know


if __name__ == "__main__":
    logging.disable()  # the viewers leave without a word
    read: Frames = orjson.loads(Path(sys.argv[2]).read_bytes())
    if sys.argv[1] == "socketify":
        in_socketify(Rounds(read))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(sys.argv[1], read))
