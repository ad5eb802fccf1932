"""From the vendor's socket to a viewer's row: a scripted market, everything else real."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from tests.support.eventually import eventually, running
from tests.support.market import at
from tests.support.onlooker import Onlooker
from tests.support.vendor import KEY, Vendor
from tradeul.app import App
from tradeul.clock import Clock, PacedClock, SystemClock
from tradeul.domain.deltas import wire_rows
from tradeul.domain.scans import BUILT_IN
from tradeul.settings import Settings

SPEED = 20.0
BEGINS = at("09:31")

# Price of each symbol at each snapshot; the previous close of all is 10. None: the row is missing.
STORY: list[dict[str, float]] = [
    {"UP": 10.4, "DOWN": 9.2, "FLAT": 10.0, "LATE": 10.1},
    {"UP": 10.6, "DOWN": 9.1, "FLAT": 10.0, "LATE": 10.1},
    {"UP": 10.7, "DOWN": 9.6, "FLAT": 10.0, "LATE": 11.0},
    {"UP": 10.2, "DOWN": 9.0, "FLAT": 10.0, "LATE": 11.5},
    {"UP": 10.9, "DOWN": 8.8, "FLAT": 10.0, "LATE": 10.9},
]
OPENS = {"UP": 10.3, "DOWN": 9.5, "FLAT": 10.0, "LATE": 10.0}


class ScriptedVendor:
    """Tells the story one snapshot a request, ends on its last page, and takes subscriptions."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.told = 0
        """So many snapshots."""
        self.page = 0
        self.begun = False
        """Until then every snapshot is the first page."""
        self.subscribed: set[str] = set()
        self.socket: web.WebSocketResponse | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/stocks":
            return await self._stream(request)
        if "snapshot" in request.path:
            return web.json_response(self._snapshot(), dumps=lambda body: orjson.dumps(body).decode())
        if "grouped" in request.path:
            rows = [{"T": name, "o": 10, "h": 10.5, "l": 9.5, "c": 10, "v": 1e5, "t": 0} for name in OPENS]
            return web.json_response({"status": "OK", "resultsCount": len(rows), "results": rows})
        server_time = "2026-11-18T09:31:00-05:00"
        return web.json_response({"market": "open", "serverTime": server_time, "exchanges": {}, "currencies": {}})

    def _snapshot(self) -> dict[str, Any]:
        prices = STORY[min(self.page, len(STORY) - 1)]
        self.page += self.begun
        self.told += 1
        now = self.clock.now()
        volume = 40_000 + 100 * self.told
        bar = {"v": volume, "vw": 10.0, "o": 10.0}
        return {
            "status": "OK",
            "tickers": [
                {
                    "ticker": name,
                    "updated": now,
                    "day": bar | {"o": OPENS[name], "h": price, "l": price, "c": price},
                    "min": bar
                    | {"av": volume, "t": now // 10**6 // 60_000 * 60_000, "h": price, "l": price, "c": price},
                    "prevDay": bar | {"h": 10.0, "l": 10.0, "c": 10.0},
                    "lastTrade": {"p": price, "s": 100, "t": now},
                }
                for name, price in prices.items()
            ],
        }

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.socket = socket = web.WebSocketResponse()
        await socket.prepare(request)
        await self.says({"ev": "status", "status": "connected", "message": "Connected Successfully"})
        async for message in socket:
            heard = orjson.loads(message.data)
            if heard["action"] == "auth":
                assert heard["params"] == KEY
                await self.says({"ev": "status", "status": "auth_success", "message": "authenticated"})
            elif heard["action"] == "subscribe":
                names = heard["params"].split(",")
                self.subscribed.update(names)
                await self.says(
                    *({"ev": "status", "status": "success", "message": f"subscribed to: {name}"} for name in names)
                )
        return socket

    async def says(self, *events: dict[str, Any]) -> None:
        assert self.socket is not None
        await self.socket.send_str(orjson.dumps(events).decode())

    async def trades(self, symbol: str, price: float) -> None:
        now_ms = self.clock.now() // 10**6
        bar = {"v": 10, "av": 60_000, "op": OPENS[symbol], "a": 10.1, "o": price, "c": price, "h": price, "l": price}
        await self.says({"ev": "A", "sym": symbol, "s": now_ms - 1_000, "e": now_ms, **bar})


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[tuple[App, ScriptedVendor, Onlooker]]:
    """The program between a scripted vendor and a viewer, at twenty times the market's pace."""
    clock = PacedClock(BEGINS, SPEED)
    script = ScriptedVendor(clock)
    async with Vendor(script.answer) as vendor, contextlib.AsyncExitStack() as stack:
        polygon = {"api_key": KEY, "rest_url": vendor.url, "ws_url": f"ws://{vendor.address}/stocks"}
        settings = Settings(
            server={"port": 0},
            market={"source": "polygon"},
            polygon=polygon,
            history={"dsn": "off", "data_dir": str(tmp_path)},
        )
        app = App(settings, clock)
        await app.start()
        stack.push_async_callback(app.supervisor.run_until_stopped)
        stack.callback(app.supervisor.request_stop, "the test is over")
        assert app.server is not None
        async with Onlooker(f"ws://127.0.0.1:{app.server.port}/ws/scanner?protocol=1") as viewer:
            await viewer.subscribe(*(scan.name for scan in BUILT_IN))
            while len(viewer.held) < len(BUILT_IN):
                await viewer.look()
            script.begun = True
            yield app, script, viewer


async def told(app: App, script: ScriptedVendor, viewer: Onlooker) -> None:
    """Look on until the last page was ranked, and the viewer holds what came of it."""

    def behind() -> bool:
        return any(each.state.sequence != viewer.sequence[name] for name, each in app.channels.by_name.items())

    while script.page < len(STORY) + 2 or behind():
        await viewer.look()


async def test_a_viewer_holds_what_the_server_ranks_at_every_sequence(
    stage: tuple[App, ScriptedVendor, Onlooker],
) -> None:
    """Rows built from deltas equal the server's own state, sequence by sequence, through the whole story."""
    app, script, viewer = stage

    await told(app, script, viewer)

    seen = {name for name, _, rows in viewer.story if rows}
    assert {"gappers_up", "gappers_down", "momentum_up", "winners", "losers", "reversals"} <= seen
    for name, sequence, rows in viewer.story:
        state = app.channels.by_name[name].at(sequence)
        assert state is not None
        assert wire_rows(state) == rows


async def test_the_lists_are_what_the_story_says(stage: tuple[App, ScriptedVendor, Onlooker]) -> None:
    """Members, ranks and numbers of the last page, worked out by hand."""
    app, script, viewer = stage
    await told(app, script, viewer)

    lists = {name: [row["symbol"] for row in rows] for name, rows in viewer.held.items()}
    up = next(row for row in viewer.held["winners"] if row["symbol"] == "UP")

    assert lists["winners"] == ["LATE", "UP"]
    assert lists["losers"] == ["DOWN"]
    assert lists["momentum_up"] == ["LATE", "UP"]
    assert lists["gappers_up"] == ["UP"]
    assert lists["gappers_down"] == ["DOWN"]
    assert lists["reversals"] == []
    assert (up["price"], up["change_percent"], up["gap_percent"]) == (10.9, 9.0, 3.0)
    assert up["change_from_open"] == 5.8252
    assert viewer.hello["market"] == "live"


async def test_a_listed_symbol_is_followed_live(stage: tuple[App, ScriptedVendor, Onlooker]) -> None:
    """Its subscription goes out, and a bar of it reaches the viewer as a delta between two snapshots."""
    _, script, viewer = stage
    while "A.UP" not in script.subscribed or "winners" not in viewer.held:
        await viewer.look()

    async def trading() -> None:
        # Again and again: one that comes together with a snapshot is as good as older than that.
        while True:
            await script.trades("UP", 12.34)
            await SystemClock().pause(0.05)

    prices = set()
    async with running(trading):
        while 12.34 not in prices:
            frame = await viewer.look()
            prices |= {change.get("data", {}).get("price") for change in frame.get("deltas", [])}

    assert "A.FLAT" not in script.subscribed


async def test_stopping_leaves_nothing_behind(stage: tuple[App, ScriptedVendor, Onlooker]) -> None:
    """A stop is announced to viewers and ends every part in time."""
    app, _, viewer = stage
    await eventually(lambda: app.vitals.snapshots_accepted)

    app.supervisor.request_stop("test")
    stopping = app.supervisor.run_until_stopped()
    await stopping
    frame: dict[str, Any] = {}
    while frame.get("type") != "bye":
        frame = await viewer.look()

    assert frame["reason"] == "restart"
    assert app.supervisor.abandoned == ()
