"""The simulated exchange as a process of its own, with a relay before its stream that makes it as busy as is asked.

Every second's bars of the exchange leave the relay spread over the next second, each told in as many growing pieces as
the rate needs, as the vendor does that sends a bar again when trades come late. What was sent, and when by the
machine's monotonic clock, is written to a file in the end: `vendor(...)` runs it all and gives that.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import orjson
import structlog
import uvloop
from aiohttp import WSMsgType, web

from tests.support.program import free_port
from tradeul.clock import PacedClock
from tradeul.settings import Settings
from tradeul.simulation.exchange.server import Exchange
from tradeul.simulation.market import Market
from tradeul.world import calendar_of, market_clock

ROOT = Path(__file__).parents[2]
TICK_S = 0.005
SPREAD_S = 0.9
SECOND_MS = 1_000
STARTING_S = 40.0

Bar = dict[str, Any]


class Sent(NamedTuple):
    """One bar as it left the relay."""

    symbol: str
    end_ms: int
    at_ns: int
    """By the machine's monotonic clock."""
    volume_today: float
    high: float
    low: float


@dataclass
class Vendor:
    """Where it is, and, once it has ended, what it sent."""

    rest_url: str
    ws_url: str
    anchor: str
    sent: list[Sent] = field(default_factory=list)


def pieces(bar: Bar, count: int, draw: random.Random) -> Iterator[Bar]:
    """Tell a bar so often, each time with more in it; the last one is the bar itself."""
    high_from, low_from = draw.randint(1, count), draw.randint(1, count)
    for number in range(1, count + 1):
        share = number / count
        volume = round(bar["v"] * share)
        close = bar["c"] if number == count else bar["o"]
        yield bar | {
            "v": volume,
            "av": bar["av"] - bar["v"] + volume,
            "c": close,
            "h": bar["h"] if number >= high_from else max(bar["o"], close),
            "l": bar["l"] if number >= low_from else min(bar["o"], close),
            "e": bar["s"] + round(SECOND_MS * share),
        }


class Relay:
    """Stands between one client and the exchange's stream."""

    def __init__(self, upstream: str, rate: int) -> None:
        self._upstream = upstream
        self._rate = rate
        self._draw = random.Random(3)  # noqa: S311  # repeatable, no secret
        self._due: list[tuple[float, Bar]] = []
        self.sent: list[Sent] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        client = web.WebSocketResponse(compress=False)
        await client.prepare(request)
        async with aiohttp.ClientSession() as session, session.ws_connect(self._upstream, max_msg_size=0) as exchange:
            parts = [self._up(client, exchange), self._down(exchange, client), self._trickle(client)]
            tasks = [asyncio.get_running_loop().create_task(part) for part in parts]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return client

    async def _up(self, client: web.WebSocketResponse, exchange: aiohttp.ClientWebSocketResponse) -> None:
        async for message in client:
            await exchange.send_str(message.data)

    async def _down(self, exchange: aiohttp.ClientWebSocketResponse, client: web.WebSocketResponse) -> None:
        async for message in exchange:
            if message.type is WSMsgType.TEXT:
                elements = orjson.loads(message.data)
                self._spread([each for each in elements if each["ev"] == "A"])
                if said := [each for each in elements if each["ev"] != "A"]:
                    await client.send_bytes(orjson.dumps(said))

    def _spread(self, bars: list[Bar]) -> None:
        if not bars:
            return
        began, count = time.monotonic(), max(1, round(self._rate / len(bars)))
        for bar in bars:
            first = self._draw.uniform(0.0, SPREAD_S / count)
            times = (began + first + SPREAD_S * number / count for number in range(count))
            self._due += zip(times, pieces(bar, count, self._draw), strict=True)
        self._due.sort(key=lambda each: each[0])

    async def _trickle(self, client: web.WebSocketResponse) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            count = next((place for place, (due, _) in enumerate(self._due) if due > now), len(self._due))
            batch, self._due = [bar for _, bar in self._due[:count]], self._due[count:]
            if batch:
                frame = orjson.dumps(batch)
                at_ns = time.monotonic_ns()
                await client.send_bytes(frame)
                self.sent += [Sent(b["sym"], b["e"], at_ns, b["av"], b["h"], b["l"]) for b in batch]


@contextlib.asynccontextmanager
async def vendor(folder: Path, start: str, symbols: int, rate: int) -> AsyncIterator[Vendor]:
    """Run it beside the block; what it sent is known once the block is left."""
    rest, stream, anchor = free_port(), free_port(), dt.datetime.now(dt.UTC).isoformat()
    told = folder / "sent.json"
    command = [sys.executable, "-m", "tests.benchmarks.vendor", start, anchor, *map(str, (symbols, rate, rest, stream))]
    process = subprocess.Popen([*command, str(told)], cwd=ROOT, env=os.environ)
    at = Vendor(f"http://127.0.0.1:{rest}", f"ws://127.0.0.1:{stream}/stocks", anchor)
    try:
        until = time.monotonic() + STARTING_S
        while not await _answers(at.rest_url):
            assert time.monotonic() < until, "the vendor does not start"
            await asyncio.sleep(0.1)
        yield at
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.to_thread(process.wait, 20)
        at.sent += _read(told)


async def _answers(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as client, client.get(f"{url}/v1/marketstatus/now?apiKey=bench") as answer:
            return answer.ok
    except aiohttp.ClientError:
        return False


def _read(told: Path) -> Iterable[Sent]:
    return [Sent(*each) for each in orjson.loads(told.read_bytes())] if told.exists() else []


async def _serve(arguments: argparse.Namespace) -> list[Sent]:
    settings = Settings(clock={"start": arguments.start, "anchor": arguments.anchor})
    clock = market_clock(settings.clock, simulated=True)
    assert isinstance(clock, PacedClock)
    exchange = Exchange(Market(1, arguments.symbols, calendar_of(clock)), clock, port=arguments.rest, compress=True)
    await exchange.start()
    relay = Relay(exchange.ws_url, arguments.rate)
    app = web.Application()
    app.router.add_get("/stocks", relay.serve)
    server = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", arguments.stream).start()
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, over.set)
    running = asyncio.get_running_loop().create_task(exchange.run())
    await over.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return relay.sent


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("start", "anchor"):
        parser.add_argument(name)
    for name in ("symbols", "rate", "rest", "stream"):
        parser.add_argument(name, type=int)
    parser.add_argument("told")
    return parser.parse_args()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        wishes = _arguments()
        Path(wishes.told).write_bytes(orjson.dumps([tuple(each) for each in runner.run(_serve(wishes))]))
