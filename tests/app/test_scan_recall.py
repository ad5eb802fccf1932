"""The whole program: a session ends, its jobs load it, and what its lists showed is held against the full day."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.history.worlds import place
from tests.support.eventually import eventually
from tests.support.whole import asked, sent, typed, whole
from tradeul.app import App

pytestmark = pytest.mark.slow(20)

ROOT = Path(__file__).parents[2]
DAY = "2026-11-18"
MOVERS = {"where": "known(change_percent)", "order": "change_percent desc", "size": 5, "global_filters": False}


async def kept_of(app: App, name: str) -> object:
    """The rows of a list's first minute, once they are kept."""
    return (await asked(app, f"/api/v1/history/scans?list={name}&limit=1")).get("rows")


async def loaded(app: App, name: str) -> None:
    """Have a job done for the last session."""
    await eventually(lambda: app.past is not None and app.past.ready)
    status, content = await sent(app, "POST", f"/api/v1/jobs/{name}", {"days": 1})
    assert status == HTTPStatus.ACCEPTED
    run: dict[str, Any] = {}

    async def ended() -> object:
        runs = (await asked(app, "/api/v1/jobs"))["runs"]
        run.update(next(each for each in runs if each["run"] == content["run"]))
        return run["finished_at"]

    await eventually(ended, every_s=0.1)
    assert (run["state"], run["error"]) == ("done", "")


async def scraped(app: App) -> str:
    assert app.server is not None
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{app.server.port}/metrics") as answer:
        return await answer.text()


async def test_a_night_tells_what_the_day_s_lists_showed() -> None:
    """The day was mostly over when the program began: that is the reason of what it missed, and nothing else is."""
    with place() as folder:
        async with whole(folder, "19:55", 45, scans={"movers": MOVERS}) as app:
            await eventually(lambda: kept_of(app, "movers"), every_s=0.1)
        async with whole(folder, "20:30", 45, scans={"movers": MOVERS}) as app:
            for job in ("daily", "slots", "prices", "scan_recall"):
                await loaded(app, job)
            lists, movers = await typed(app, "recall"), await typed(app, "recall", "--day", DAY, "--list", "movers")
            told = await asked(app, f"/api/v1/audit/recall?day={DAY}&list=movers")
            metrics = [line for line in (await scraped(app)).splitlines() if line.startswith("tradeul_scan_recall_")]
            states = {job["name"]: job["last_success"] for job in (await asked(app, "/api/v1/jobs"))["jobs"]}

    assert states["scan_recall"]["rows"] > 0
    (list_,) = told["lists"]
    assert (told["day"], told["days"]) == (DAY, [DAY])
    assert list_["met"] >= list_["missed"] + list_["late"] > 0
    assert [each["why"] for each in told["silences"]][:1] == ["the program was down"]
    late = [each for each in told["symbols"] if each["verdict"] in ("late", "missed")]
    early = [each for each in late if each["due_at"] < told["silences"][0]["last"]]
    assert early
    assert all(each["reason"].startswith("the program was down from 04:00:00 to 19:5") for each in early)
    assert (lists[0], movers[0]) == (0, 0)
    assert f"scan recall of {DAY}" in lists[1]
    assert "the program was down from 04:00:00" in movers[1]
    assert {line.split("{")[0] for line in metrics} >= {"tradeul_scan_recall_ratio", "tradeul_scan_recall_symbols"}
