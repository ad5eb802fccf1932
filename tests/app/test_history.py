"""The whole program on an embedded Postgres: what happened in the lists is there after a restart."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from tests.history.worlds import place
from tests.support.eventually import eventually
from tests.support.market import NANOS, at
from tradeul.app import App
from tradeul.clock import PacedClock
from tradeul.domain.events import Nanos
from tradeul.settings import Settings

SPEED = 20.0
MS = 1_000_000


@asynccontextmanager
async def program(folder: Path, begins: Nanos, symbols: int = 200, **more: Any) -> AsyncIterator[App]:
    """A simulated market from a moment on, and all that is kept of it in a folder."""
    settings = Settings(
        server={"port": 0},
        market={"source": "simulation"},
        simulation={"symbols": symbols, "seed": 7},
        history={"data_dir": str(folder)},
        **more,
    )
    app = App(settings, PacedClock(begins, SPEED))
    await app.start()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(app.supervisor.run_until_stopped)
        stack.callback(app.supervisor.request_stop, "the test is over")
        yield app


async def asked(app: App, path: str, status: int = 200) -> Any:
    assert app.server is not None
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{app.server.port}{path}") as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def rows_as_yet(app: App) -> list[dict[str, Any]]:
    """Of minute results; none while the database has other things to do."""
    assert app.server is not None
    url = f"http://127.0.0.1:{app.server.port}/api/v1/history/scans?limit=5000"
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        rows: list[dict[str, Any]] = (await answer.json()).get("rows", [])
        return rows


def written(app: App) -> int:
    assert app.past is not None
    return app.past.writer.report.written


@pytest.mark.slow(10)
async def test_what_happened_is_there_after_a_restart() -> None:
    """Entries, minute results and states of a run are answered by the next one, from the database."""
    since = f"from={at('09:45') // MS}"
    with place() as folder:
        async with program(folder, at("09:45")) as app:
            await eventually(lambda: has_minutes(app, 3), every_s=0.1)
            before = await asked(app, f"/api/v1/history/events?{since}&limit=5000")
            ended = app.clock.now()
        assert app.supervisor.abandoned == ()

        async with program(folder, Nanos(ended + 60 * NANOS)) as app:
            await eventually(lambda: written(app) > 0 and app.past and not app.past.writer.report.spooled_bytes)
            span = f"{since}&to={ended // MS}"
            after = await asked(app, f"/api/v1/history/events?{span}&limit=5000")
            rows = (await asked(app, f"/api/v1/history/scans?{span}&limit=5000"))["rows"]
            second = sorted({row["timestamp"] for row in rows})[1]
            state = await asked(app, f"/api/v1/history/lists/{rows[0]['list']}?at={second}")
            await eventually(lambda: is_well(app), every_s=0.1)

    told = {(event["timestamp"], event["list"], event["symbol"], event["event"]) for event in before["events"]}
    kept = {(event["timestamp"], event["list"], event["symbol"], event["event"]) for event in after["events"]}
    assert told
    assert told <= kept
    moments = {row["timestamp"] for row in rows}
    assert len({moment // 60_000 for moment in moments}) == len(moments) > 1
    assert [row["rank"] for row in state["rows"]] == list(range(1, len(state["rows"]) + 1))
    assert state["timestamp"] <= second


async def has_minutes(app: App, count: int) -> bool:
    """Whether the results of so many minutes can be asked for."""
    if app.past is None or not app.past.ready:
        return False
    return len({row["timestamp"] for row in await rows_as_yet(app)}) >= count


async def is_well(app: App) -> bool:
    """Whether the database is there, and nothing is said against it."""
    database = (await asked(app, "/health"))["database"]
    return database["connected"] is True and database["trouble"] == ""


async def waits(app: App) -> bool:
    """Whether health says so of history."""
    return any("history waits" in reason for reason in (await asked(app, "/health"))["reasons"])


async def ten_events(app: App) -> bool:
    return len((await asked(app, "/api/v1/history/events?limit=10"))["events"]) == 10


@pytest.mark.slow
async def test_a_database_that_is_not_there_is_said_and_waited_for(tmp_path: Path) -> None:
    """Lists and events go on, what must be written waits on the disk, and health says why."""
    settings = Settings(
        server={"port": 0},
        market={"source": "simulation"},
        simulation={"symbols": 200},
        history={"data_dir": str(tmp_path), "dsn": "postgresql://nobody:s3cret@127.0.0.1:1/none"},
    )
    app = App(settings, PacedClock(at("09:45"), SPEED))
    await app.start()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(app.supervisor.run_until_stopped)
        stack.callback(app.supervisor.request_stop, "the test is over")
        past = app.past
        assert past is not None
        await eventually(lambda: past.writer.report.spooled_bytes > 0)
        await eventually(lambda: waits(app), every_s=0.1)
        await eventually(lambda: ten_events(app), every_s=0.1)

        scans = await asked(app, "/api/v1/history/scans", status=503)
        health = await asked(app, "/health")

    assert scans["error"]["code"] == "history_unavailable"
    assert health["status"] == "degraded"
    assert "s3cret" not in repr(health)


def kept_of_today(app: App) -> dict[str, tuple[Any, ...]]:
    """What of today no snapshot tells, by symbol."""
    names = ("high", "low", "last_high_at", "last_low_at", "premarket_high")
    columns = [app.board.values(name, np.arange(len(app.board))) for name in names]
    return {str(symbol): row for symbol, row in zip(app.board.symbols, zip(*columns, strict=True), strict=True)}


@pytest.mark.slow
async def test_today_survives_a_restart(tmp_path: Path) -> None:
    """Highs, lows and when they were made are there again after a restart, and none of them is taken back."""

    def settings() -> Settings:
        return Settings(
            server={"port": 0},
            market={"source": "simulation"},
            simulation={"symbols": 200, "seed": 7},
            history={"data_dir": str(tmp_path), "dsn": "off"},
        )

    first = App(settings(), PacedClock(at("09:20"), SPEED))
    await first.start()
    await eventually(lambda: first.vitals.snapshots_accepted >= 8)
    first.supervisor.request_stop("for a moment")
    await first.supervisor.run_until_stopped()
    before = kept_of_today(first)

    second = App(settings(), PacedClock(Nanos(first.clock.now() + 20 * NANOS), SPEED))
    await second.start()
    restored = kept_of_today(second)
    await eventually(lambda: second.vitals.snapshots_accepted >= 2)
    second.supervisor.request_stop("the test is over")
    await second.supervisor.run_until_stopped()
    after = kept_of_today(second)

    assert any(row[0] is not None for row in before.values())
    assert restored == before
    for symbol, (high, low, *_, premarket_high) in before.items():
        if high is not None:
            assert after[symbol][0] >= high
            assert after[symbol][1] <= low
            assert after[symbol][4] >= premarket_high
