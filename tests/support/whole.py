"""The whole program inside the test's loop, on a small simulated market, with what is kept of it in a folder."""

import asyncio
import contextlib
import datetime as dt
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.eventually import eventually
from tests.support.market import DAY, at
from tradeul.app import App
from tradeul.clock import PacedClock
from tradeul.settings import Settings

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def whole(
    folder: Path, wall: str, symbols: int, *, speed: float = 1.0, day: dt.date = DAY, **sections: Mapping[str, Any]
) -> AsyncIterator[App]:
    """Run it from a moment of the day on; `sections` are further settings."""
    usual: dict[str, Mapping[str, Any]] = {
        "server": {"port": 0},
        "market": {"source": "simulation"},
        "simulation": {"symbols": symbols, "seed": 7},
        "history": {"data_dir": str(folder)},
    }
    settings = {name: {**usual.get(name, {}), **sections.get(name, {})} for name in {**usual, **sections}}
    app = App(Settings.model_validate(settings), PacedClock(at(wall, day), speed))
    await app.start()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(app.supervisor.run_until_stopped)
        stack.callback(app.supervisor.request_stop, "the test is over")
        yield app


async def learned(app: App) -> None:
    """Wait for what history says, which changes what is known of every symbol."""
    await eventually(lambda: app.vitals.sessions_wanted and not app.vitals.history_failure)
    await eventually(lambda: app.vitals.sessions_loaded == app.vitals.sessions_wanted)


async def unmoved(app: App, *paths: str) -> list[Any]:
    """What several questions are answered while nothing is ranked between them; asked again where something was."""
    while True:
        ranked = app.scanner.passed
        found = [await asked(app, path) for path in paths]
        if app.scanner.passed is ranked:
            return found


async def is_live(app: App) -> bool:
    """Whether the feed is said to be; on a machine that does much else a snapshot may have been late."""
    return bool((await asked(app, "/api/v1/scanner/status"))["feed"]["state"] == "live")


async def typed(app: App, command: str, *words: str) -> tuple[int | None, str, str]:
    """A command that asks the running program, as a person types it: its exit code, and what it says."""
    assert app.server is not None
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tradeul", command, *words, "--url", f"http://127.0.0.1:{app.server.port}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def sent(app: App, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """What it answers to something that may change it, and the status."""
    assert app.server is not None
    url = f"http://127.0.0.1:{app.server.port}{path}"
    async with aiohttp.ClientSession() as client, client.request(method, url, json=body) as answer:
        return answer.status, await answer.json()


async def asked(app: App, path: str) -> Any:
    """What it answers, whatever the status."""
    assert app.server is not None
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{app.server.port}{path}") as answer:
        return await answer.json()
