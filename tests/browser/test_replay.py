"""A recording on the page, as somebody who trains on yesterday's open uses it: pause, step, speed, another time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page, Route

from tests.support.eventually import eventually
from tests.support.market import at
from tests.support.page import open_page, until
from tests.support.recorded import recorded, recording_in, replayed, snapshots
from tests.support.shown import text_of
from tradeul.app import App

pytestmark = [pytest.mark.browser, pytest.mark.slow(20)]

PAUSED = "document.querySelector('#replay-state').textContent === 'paused'"
SHOWN = """tradeul.rows('gappers_down').length === argument.length
    && document.querySelector('[data-list=gappers_down] tr[data-symbol]')
    && [...document.querySelectorAll('[data-list=gappers_down] tr[data-symbol]')]
        .every((row, place) => row.dataset.symbol === argument[place])"""
LINES = "[...document.querySelectorAll('[data-kind=log] tr[data-symbol]:not([hidden]) td:first-child')]"
LOGGED = f"{LINES}.length > 0"
LOGGED_BY_NOW = f"{LINES}.every(cell => cell.textContent <= document.querySelector('#replay-time').textContent)"
"""Nothing in the log is of the replay's future."""
Asked = Callable[[], Awaitable[dict[str, Any]]]


def asking(app: App) -> Asked:
    """What the server says of its replay."""

    async def asked() -> dict[str, Any]:
        assert app.server is not None
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"http://127.0.0.1:{app.server.port}/api/v1/replay") as answer,
        ):
            content: dict[str, Any] = await answer.json()
            return content

    return asked


@asynccontextmanager
async def late_speeds(page: Page) -> AsyncIterator[None]:
    """What is asked of the speed arrives late: nothing that is asked afterwards overtakes it."""
    goes_on, wishes = asyncio.Event(), list[str]()

    async def late(route: Route) -> None:
        wish = route.request.post_data or ""
        if wish:
            wishes.append(wish)
        if "speed" in wish:
            await goes_on.wait()
        await route.continue_()

    await page.route("**/api/v1/replay", late)
    try:
        yield
        # Once this is answered, whatever was sent before it is known.
        await page.evaluate("fetch('/api/v1/replay').then(answer => answer.ok)")
        assert len(wishes) == 1
    finally:
        goes_on.set()


async def use(page: Page, asked: Asked) -> None:
    """Move every control, by pointer and by keyboard, and see what comes of it."""
    await until(page, "tradeul.state() === 'LIVE' && tradeul.rows('gappers_down').length > 0")
    await until(page, "document.querySelector('#market').textContent === 'REPLAY'")
    await page.click("#replay-play")
    await until(page, PAUSED)
    before = await asked()
    await page.keyboard.press("Escape")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press(".")

    async def went_on() -> bool:
        return bool((await asked())["at"] > before["at"])

    await eventually(went_on, every_s=0.05)
    await until(
        page, f"{PAUSED} && Number(document.querySelector('#replay-at').value) >= {before['at'] // 1000 * 1000}"
    )
    stepped = await asked()
    await page.keyboard.press("+")
    await until(page, "document.querySelector('#replay-speed').value === '1'")
    await page.select_option("#replay-speed", "max")
    await page.keyboard.press(" ")
    await until(page, "document.querySelector('#replay-state').textContent === 'at its end'")
    ended = await asked()
    await until(page, LOGGED)
    async with late_speeds(page):
        await page.select_option("#replay-speed", "0.5")
        await page.keyboard.press("Escape")
        await page.evaluate("document.activeElement.blur()")
        await page.keyboard.press("g")
        await page.keyboard.press("Home")
    await until(page, "document.querySelector('#replay-state').textContent === ''")
    begun_again = await asked()
    await page.keyboard.press(" ")
    await until(page, PAUSED)
    await until(page, LOGGED_BY_NOW)
    await page.keyboard.press("End")

    assert begun_again["at"] < ended["at"]
    assert not begun_again["ended"]
    assert before["at"] < stepped["at"] < ended["at"]
    assert stepped["paused"]
    assert (ended["ended"], ended["speed"], ended["differs"]) == (True, None, "")


async def test_a_recording_is_played_on_the_page(browser: Browser, tmp_path: Path) -> None:
    """With the banner REPLAY and controls that do what they say; the lists at the end are those that were live."""
    async with recorded(tmp_path, at("09:29:40")) as live:
        await snapshots(live, 14)
    file = recording_in(tmp_path)

    # Slowly, as on a page that is long in coming it could be over before its first control is moved.
    async with replayed(file, tmp_path, 0.5) as app:
        assert app.server is not None
        async with open_page(f"http://127.0.0.1:{app.server.port}", browser) as opened:
            page = opened.page
            await use(page, asking(app))
            await until(page, "document.querySelector('#replay-state').textContent === 'at its end'")
            await until(page, SHOWN, rows(live))
            name = await text_of(page, "#replay-name")
            await page.keyboard.press("?")
            sheet = await text_of(page, "#sheet")

    assert name == "sim-7, 2026-11-18"
    assert "of a replay" in sheet
    assert (tmp_path / "replay-sim-7-2026-11-18").is_dir()
    assert opened.errors == opened.policy_reports == opened.external_requests == []


def rows(app: App) -> list[str]:
    return [row.symbol for row in app.channels.by_name["gappers_down"].state.rows]


async def test_no_controls_where_the_market_is_no_replay(browser: Browser, tmp_path: Path) -> None:
    """Nor do their keys do anything."""
    async with recorded(tmp_path, at("10:00")) as app:
        assert app.server is not None
        async with open_page(f"http://127.0.0.1:{app.server.port}", browser) as opened:
            page = opened.page
            await until(page, "tradeul.state() === 'LIVE'")
            await page.keyboard.press(" ")
            visible = await page.is_visible("#transport")
            said = await asking(app)()

    assert not visible
    assert said["error"]["code"] == "no_replay"
    assert opened.errors == []
