"""The whole program and the command: a backtest over days that its own jobs have loaded, in a process of its own."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.history.worlds import place
from tests.support.eventually import eventually
from tests.support.whole import asked, is_live, whole
from tradeul.app import App

pytestmark = pytest.mark.slow(20)

ROOT = Path(__file__).parents[2]
PLACE = ("09:31", 45)
SPAN = ("2026-11-13", "2026-11-18")


def address(app: App) -> str:
    assert app.server is not None
    return f"http://127.0.0.1:{app.server.port}"


async def backtest(app: App, *arguments: str) -> tuple[int | None, str, str]:
    """The command, as a person types it."""
    pipe = asyncio.subprocess.PIPE
    words = (sys.executable, "-m", "tradeul", "backtest", *arguments, "--url", address(app))
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=pipe, env=environ)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def loaded(app: App) -> None:
    """The jobs that load whole days have ended."""

    def done() -> bool:
        report: Any = app.loading.desk.report()["jobs"] if app.loading is not None else []
        return {"slots", "daily", "prices"} <= {job["name"] for job in report if job["last_success"]}

    await eventually(done)


async def posted(app: App, **wish: object) -> int:
    async with aiohttp.ClientSession() as session, session.post(f"{address(app)}/api/v1/backtests", json=wish) as said:
        return int((await said.json())["id"])


async def test_a_list_is_tried_on_the_days_that_were_loaded(tmp_path: Path) -> None:
    """Three sessions, the running one missing; tables in the terminal and a page; the market went on meanwhile."""
    report = tmp_path / "report.html"
    with place() as folder:
        async with whole(folder, *PLACE) as app:
            await loaded(app)
            what = "change_percent >= 1 or change_percent <= -1"
            code, out, err = await backtest(app, what, "--from", SPAN[0], "--to", SPAN[1], "--report", str(report))
            told = await asked(app, "/api/v1/backtests/1")
            await eventually(lambda: is_live(app), every_s=0.1)
        assert app.supervisor.abandoned == ()

    assert (code, err) == (0, "")
    assert "3 days played, 1 missing" in out
    assert "missing: 2026-11-18: it is not over yet" in out
    assert report.read_text().startswith("<!doctype html>")
    result = told["result"]
    assert [day["date"] for day in result["days"]] == ["2026-11-13", "2026-11-16", "2026-11-17"]
    assert {day["average_sessions"] for day in result["days"]} == {30}
    assert {day["baseline_sessions"] for day in result["days"]} == {5}
    assert result["entries"] > 20
    assert 0 < result["filled"] <= result["entries"]
    assert next(each for each in result["horizons"] if each["horizon"] == "15m")["low"] is not None


async def test_one_that_is_cancelled_ends_and_the_next_one_goes() -> None:
    """Its process is gone; a bad condition costs nobody anything."""
    with place() as folder:
        async with whole(folder, *PLACE) as app:
            await loaded(app)
            assert app.loading is not None
            trials = app.loading.backtests
            first = await posted(app, **{"what": "rvol > 1", "from": "2026-10-12", "to": "2026-11-17"})
            second = await posted(app, **{"what": "rvol > 1", "from": "2026-11-17", "to": "2026-11-17"})
            await eventually(lambda: (trials.told(first) or {})["done"])
            cancelled = trials.cancel(first)
            await eventually(lambda: (trials.told(second) or {})["state"] == "done")
            states = [each["state"] for each in trials.all()]
            forgotten = trials.cancel(first), trials.cancel(first)

    assert cancelled
    assert states == ["done", "cancelled"]
    assert forgotten == (True, False)
    assert [each["id"] for each in trials.all()] == [second]
