"""Servers that answer one list over HTTP, each a process of its own: ours, and aiohttp used plainly.

`python -m tests.benchmarks.answering NAME` prints its port once it listens, and ends when its input does. All have the
same list of 50 with the default columns.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

import orjson
import uvloop
from aiohttp import web

from tests.support.raw import HOST
from tests.support.web import NOON, PAGE, StillView, no_aggregates
from tradeul.clock import ManualClock, SystemClock
from tradeul.domain.deltas import Row
from tradeul.domain.events import Symbol
from tradeul.domain.fields import BY_NAME, DEFAULT_COLUMNS
from tradeul.domain.scans import Scan
from tradeul.engine.channels import Channels
from tradeul.web.hub import Hub
from tradeul.web.server import Address, WebServer

PATH: Final = "/api/v1/scanner/categories/alpha"
ROWS: Final = 50
NOW_MS: Final = 1_795_100_000_000


def _rows() -> tuple[Row, ...]:
    def value(name: str, number: int) -> object:
        kind = BY_NAME[name].format
        if kind == "text":
            return f"Company {number} of the simulated market"
        return number % 2 == 0 if kind == "flag" else round(1.2345 * (number + 1), 4)

    return tuple(
        Row(Symbol(f"SYM{number}"), tuple(value(name, number) for name in DEFAULT_COLUMNS)) for number in range(ROWS)
    )


def _channels() -> Channels:
    scan = Scan("alpha", "Alpha", "price > 0", "price desc", size=ROWS, columns=DEFAULT_COLUMNS)
    channels = Channels("epoch-1", [scan], SystemClock())
    channels.publish({"alpha": _rows()}, NOW_MS)
    return channels


def _content() -> dict[str, object]:
    """What ours answers, put together once more."""
    rows = [
        {"rank": rank, "symbol": row.symbol, **dict(zip(DEFAULT_COLUMNS, row.values, strict=True))}
        for rank, row in enumerate(_rows(), 1)
    ]
    return {"list": "alpha", "epoch": "epoch-1", "sequence": 1, "timestamp": NOW_MS, "rows": rows}


@contextlib.asynccontextmanager
async def ours() -> AsyncIterator[int]:
    """The web server of the program."""
    clock, channels, view = SystemClock(), _channels(), StillView(ManualClock(NOON))
    hub = Hub(channels, clock, view, no_aggregates())
    server = WebServer(hub, channels, view, PAGE, clock, Address(HOST, 0), 1_000)
    await server.start()
    yield server.port
    await server.close()


@contextlib.asynccontextmanager
async def bare() -> AsyncIterator[int]:
    """The least that aiohttp can be: no routes, the bytes ready."""
    body = orjson.dumps(_content())

    async def handle(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=body, content_type="application/json", charset="utf-8")

    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@contextlib.asynccontextmanager
async def json_response() -> AsyncIterator[int]:
    """An application as it is written first: a route, and `json_response` of what there is."""
    content = _content()

    async def handle(_request: web.Request) -> web.Response:
        return web.json_response(content)

    app = web.Application()
    app.router.add_get(PATH, handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


SERVERS: Final[Mapping[str, Callable[[], AbstractAsyncContextManager[int]]]] = {
    "ours": ours,
    "bare": bare,
    "json_response": json_response,
}


async def main(name: str) -> None:
    async with SERVERS[name]() as port:
        print(port, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1]))
