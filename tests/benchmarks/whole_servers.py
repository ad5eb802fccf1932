"""Whole programs from a snapshot's bytes to the viewers, each a process of its own: ours, and two that others write.

`plain` is what one writes first who knows the tools: `orjson`, NumPy columns, one text for each list, a loop of
`send_str`. `original` is how the design began that ours replaced: a model object per ticker, a sort for each list,
`send_json` for each viewer. Both make the seven lists that need no memory of the day, and are told what changed by the
very functions that tell it in ours; ours makes all eleven and every field. They obey the lines that
`tests/support/stage` names, but answer `round` once the last viewer was written to, and `lists` with what is shown.
"""

import asyncio
import logging
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from typing import Any, NamedTuple

import aiohttp
import orjson
import structlog
import uvloop
from aiohttp import WSMsgType, web

from tests.benchmarks.hot_reranks import live_bars
from tests.benchmarks.morning import BEGINS, Engine
from tests.benchmarks.whole_lists import COLUMNS, MEMORYLESS, Lists, in_models, in_numpy
from tests.support.market import NANOS, at
from tests.support.raw import HOST
from tests.support.stage import Spent, say
from tests.support.web import PAGE, StillView, no_aggregates
from tradeul import garbage
from tradeul.clock import ManualClock, SystemClock
from tradeul.domain.deltas import Change, ListState, Row, diff
from tradeul.domain.events import Nanos, Symbol
from tradeul.polygon.rest import SNAPSHOT_PATH, PolygonRest
from tradeul.supervisor import Stage, Supervisor
from tradeul.web import protocol
from tradeul.web.hub import Hub
from tradeul.web.server import Address, WebServer

MOST_CLIENTS = 12_000
PROBE_S = 0.001
Take = Callable[[], Awaitable[int]]
"""Gives the moment from which on time counts, by the machine's monotonic clock."""
Shown = Callable[[], dict[str, list[list[Any]]]]


class LastByte:
    """When the last byte of an answer came, by the machine's monotonic clock."""

    def __init__(self) -> None:
        self.at_ns = 0
        ended: Any = aiohttp.StreamReader.feed_eof

        def feed_eof(reader: aiohttp.StreamReader) -> None:
            self.at_ns = time.monotonic_ns()
            ended(reader)

        aiohttp.StreamReader.feed_eof = feed_eof  # type: ignore[assignment,method-assign]


class Program(NamedTuple):
    """The parts of ours, put together as it does."""

    engine: Engine
    rest: PolygonRest
    hub: Hub
    port: int

    async def delivered(self) -> None:
        """Wait until everybody was written to."""
        while not self.hub.settled:  # noqa: ASYNC110  # the hub tells nobody, as only benchmarks ask
            await asyncio.sleep(0)

    def shown(self) -> dict[str, list[list[Any]]]:
        found: dict[str, list[list[Any]]] = {}
        for name in MEMORYLESS:
            state = self.engine.channels.by_name[name].state
            price = state.columns.index("price")
            found[name] = [[row.symbol, row.values[price]] for row in state.rows]
        return found


@asynccontextmanager
async def _program(url: str) -> AsyncIterator[Program]:
    """It has taken one snapshot."""
    clock, view = SystemClock(), StillView(ManualClock(at("12:00")))
    engine = Engine(clock)
    hub = Hub(engine.channels, clock, view, no_aggregates())
    server = WebServer(hub, engine.channels, view, PAGE, clock, Address(HOST, 0), MOST_CLIENTS)
    supervisor = Supervisor(clock)
    async with PolygonRest(url, "bench", engine.market) as rest:
        await engine.take_image(await rest.snapshot())
        await server.start()
        supervisor.start("hub", hub.run, stage=Stage.SERVING)
        garbage.settle()
        yield Program(engine, rest, hub, server.port)


@asynccontextmanager
async def ours(url: str) -> AsyncIterator[tuple[int, Take, Shown]]:
    last_byte = LastByte()
    async with _program(url) as program:

        async def take() -> int:
            await program.engine.take_image(await program.rest.snapshot())
            await program.delivered()
            return last_byte.at_ns

        yield program.port, take, program.shown


@asynccontextmanager
async def hot(url: str) -> AsyncIterator[tuple[int, Take, Shown]]:
    """The same between two snapshots: followed symbols have other prices."""
    draw = random.Random(5)  # noqa: S311  # repeatable, no secret
    seconds = count(1)
    async with _program(url) as program:

        async def take() -> int:
            engine, end = program.engine, Nanos(BEGINS + next(seconds) * NANOS)
            bars = live_bars(engine.board, engine.channels, end, draw)
            came = time.monotonic_ns()
            await engine.take_live(bars)
            await program.delivered()
            return came

        yield program.port, take, program.shown


class Viewers:
    """Whoever looks at a server of others, over aiohttp's own sockets."""

    def __init__(self) -> None:
        self.states: dict[str, ListState] = {}
        self.followers: defaultdict[str, list[web.WebSocketResponse]] = defaultdict(list)

    async def welcome(self, request: web.Request) -> web.WebSocketResponse:
        viewer = web.WebSocketResponse(compress=False)
        await viewer.prepare(request)
        async for message in viewer:
            if message.type is WSMsgType.TEXT:
                name = orjson.loads(message.data)["list"]
                self.followers[name].append(viewer)
                await viewer.send_str(protocol.snapshot(name, "epoch-1", self.states[name]).decode())
        return viewer

    def published(self, lists: Lists) -> list[tuple[str, ListState, int, list[Change]]]:
        """Of each list that changed, what leads from its state before to the one of now."""
        changed = []
        for name, rows in lists.items():
            before = self.states.get(name, ListState(0, 0, COLUMNS, ()))
            now = tuple(Row(Symbol(symbol), tuple(row[column] for column in COLUMNS)) for symbol, row in rows)
            changes = diff(before.rows, now, COLUMNS)
            if changes:
                self.states[name] = ListState(before.sequence + 1, 0, COLUMNS, now)
                changed.append((name, self.states[name], before.sequence, changes))
        return changed

    def shown(self) -> dict[str, list[list[Any]]]:
        return {name: [[row.symbol, row.values[0]] for row in state.rows] for name, state in self.states.items()}


@asynccontextmanager
async def served(
    url: str, lists_of: Callable[[bytes], Lists], tell: Callable[[Viewers, Lists], Awaitable[None]]
) -> AsyncIterator[tuple[int, Take, Shown]]:
    """An application of aiohttp that asks for snapshots with aiohttp's client."""
    viewers, last_byte = Viewers(), LastByte()
    app = web.Application()
    app.router.add_get("/ws/scanner", viewers.welcome)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    async with aiohttp.ClientSession() as session:

        async def take() -> int:
            async with session.get(url + SNAPSHOT_PATH) as answer:
                body = await answer.read()
            await tell(viewers, lists_of(body))
            return last_byte.at_ns

        await take()
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0, backlog=1_024)
        await site.start()
        yield runner.addresses[0][1], take, viewers.shown


async def _send_texts(viewers: Viewers, lists: Lists) -> None:
    for name, state, sequence, changes in viewers.published(lists):
        text = protocol.delta(name, "epoch-1", sequence, state, changes).decode()
        for viewer in viewers.followers[name]:
            await viewer.send_str(text)


async def _send_json(viewers: Viewers, lists: Lists) -> None:
    for name, state, sequence, changes in viewers.published(lists):
        frame = orjson.loads(protocol.delta(name, "epoch-1", sequence, state, changes))
        for viewer in viewers.followers[name]:
            await viewer.send_json(frame)


SERVERS: dict[str, Callable[[str], AbstractAsyncContextManager[tuple[int, Take, Shown]]]] = {
    "ours": ours,
    "hot": hot,
    "plain": lambda url: served(url, in_numpy, _send_texts),
    "original": lambda url: served(url, in_models, _send_json),
}


async def _main(name: str, url: str) -> None:
    spent, over = Spent(), asyncio.Event()
    tasks = set[asyncio.Task[None]]()
    async with SERVERS[name](url) as (port, take, shown):

        async def round_() -> None:
            say(await take())

        async def probe() -> None:
            while True:
                before = time.perf_counter()
                await asyncio.sleep(PROBE_S)
                spent.stall_ms = max(spent.stall_ms, (time.perf_counter() - before - PROBE_S) * 1_000)

        def obey() -> None:
            lines = os.read(0, 4_096)
            if not lines:
                over.set()
            for word in lines.split():
                if word == b"round":
                    tasks.add(asyncio.get_running_loop().create_task(round_()))
                else:
                    say(shown() if word == b"lists" else tuple(spent.since(0)))

        tasks.add(asyncio.get_running_loop().create_task(probe()))
        asyncio.get_running_loop().add_reader(0, obey)
        say(port)
        await over.wait()
        os._exit(0)  # with a thousand viewers on, and nobody who wants to know


if __name__ == "__main__":
    logging.disable()  # the viewers leave without a word
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(sys.argv[1], sys.argv[2]))
