"""The whole program over a small simulated market, for its page to be looked at in a browser."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Final

from playwright.async_api import Page

from tests.history.worlds import place
from tests.support.page import OpenPage, until
from tradeul.app import App
from tradeul.settings import Settings

SPEED: Final = 5.0
SYMBOLS: Final = 800
TOLD: Final = "globalThis.tradeul?.state() === 'LIVE' && document.querySelector('#scan-columns input')"
"""Every list is in step, and the fields are known: names are completed from them, and tables made anew by them."""
READY: Final = f"{TOLD} && document.querySelector('tr[data-symbol]')"


@asynccontextmanager
async def program(
    port: int = 0,
    *,
    symbols: int = SYMBOLS,
    dsn: str = "off",
    speed: float = SPEED,
    start: str = "",
    folder: Path | None = None,
    scans: Mapping[str, object] | None = None,
) -> AsyncIterator[App]:
    """Run the whole program on a small simulated market, in a folder of its own unless a test keeps one for it."""
    with place() if folder is None else nullcontext(folder) as home:
        settings = {
            "server": {"port": port},
            "simulation": {"symbols": symbols},
            "clock": {"speed": speed, "start": start},
            "history": {"dsn": dsn, "data_dir": str(home)},
            "scans": scans or {},
        }
        app = App(Settings.model_validate(settings))
        await app.start()
        try:
            yield app
        finally:
            app.supervisor.request_stop("the test is over")
            await app.supervisor.run_until_stopped()


def address(app: App) -> str:
    assert app.server is not None
    return f"http://127.0.0.1:{app.server.port}/"


async def ready(page: Page) -> None:
    """Wait until the page is as it stays: live, with what it asks for as it opens, and rows."""
    await until(page, READY)


async def live(page: Page) -> None:
    """Wait until the page is ready and shows the winners too."""
    await until(page, f"{READY} && (tradeul.show('winners'), true)")
    await until(page, f"{READY} && document.querySelector('[data-list=winners] tr[data-symbol]')")


async def text_of(page: Page, selector: str) -> str:
    return (await page.text_content(selector) or "").strip()


def assert_clean(opened: OpenPage) -> None:
    """Nothing went wrong in the browser, and nothing left the machine."""
    assert opened.policy_reports == []
    assert opened.external_requests == []
    assert opened.errors == []
