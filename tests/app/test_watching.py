"""The whole program when somebody watches symbols that no list holds."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.eventually import eventually
from tests.support.held import HeldClock
from tests.support.market import at
from tests.support.onlooker import Onlooker
from tradeul.app import App
from tradeul.domain.fields import LIVE_FIELDS
from tradeul.settings import Settings

SPEED = 5.0
BEGINS = at("19:58:30")
"""Shortly before it closes."""


@asynccontextmanager
async def program(folder: Path, clock: HeldClock) -> AsyncIterator[App]:
    """A simulated market, of which one snapshot is taken: what moves later is followed."""
    settings = Settings(
        server={"port": 0},
        market={"source": "simulation"},
        simulation={"symbols": 300},
        history={"dsn": "off", "data_dir": str(folder)},
        polygon={"snapshot_interval_s": 3600},
    )
    app = App(settings, clock)
    await app.start()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(app.supervisor.run_until_stopped)
        stack.callback(app.supervisor.request_stop, "the test is over")
        await eventually(lambda: app.stream and app.stream.state.desired)
        yield app


async def board_of(address: str, symbol: str) -> dict[str, Any]:
    """What the API says of a symbol, as far as a watcher is told it."""
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}/api/v1/ticker/{symbol}") as response:
        fields = await response.json()
    return {name: fields[name] for name in LIVE_FIELDS}


async def test_what_is_watched_is_followed_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Symbols of no list are asked of the vendor at once, their bars are told, and the API says the same at the end."""
    monkeypatch.setattr("tradeul.simulation.floor.MOST_SECONDS_CAUGHT_UP", 10**9)  # a held machine skips none
    clock = HeldClock(BEGINS, SPEED)
    async with program(tmp_path, clock) as app:
        assert app.server is not None
        assert app.stream is not None
        stream, address = app.stream, f"127.0.0.1:{app.server.port}"
        volumes = dict(zip(app.board.symbols, app.board["volume_today"].tolist(), strict=True))
        unlisted = sorted(volumes.keys() - stream.state.desired, key=lambda symbol: -volumes[symbol])[:30]
        async with Onlooker(f"ws://{address}/ws/scanner?protocol=1") as viewer:
            await viewer.watch(*unlisted)
            while not all(viewer.watched.values()):
                await viewer.look()
            desired = stream.state.desired
            await eventually(lambda: set(unlisted) <= stream.state.confirmed)
            clock.go()
            stamps: dict[str, list[int]] = {symbol: [] for symbol in unlisted}
            while (frame := await viewer.look()).get("session") != "CLOSED":
                if frame["type"] == "aggregate":
                    stamps[frame["symbol"]].append(frame["timestamp"])
            for symbol in unlisted:
                while viewer.watched[symbol]["data"] != await board_of(address, symbol):
                    await viewer.look()

    assert set(unlisted) <= desired
    # What is looked for once a second only would be told every 5 seconds of the market.
    assert min(later - earlier for told in stamps.values() for earlier, later in pairwise(told)) < 2_500
