"""Opens the page in a real headless browser and reads it the way a person's script would: by its data attributes.

`open_page` collects what must never happen on the page (errors, refusals of the content security policy, requests that
leave the server) for the test to assert on. Each page has a context of its own, which is a browser that has seen
nothing yet; the browser itself starts once for all tests of a process, as the fixture `browser`.

Whatever the page does in its own time is read by `until`: what is read after it was waited for may be another one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypedDict, cast
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Error, Page, Request, ViewportSize, async_playwright

from tests.support.eventually import PATIENT_S
from tradeul.clock import SystemClock

_WIDE = ViewportSize(width=1920, height=1080)
_ATTEMPT_EVERY_MS = 50
_PRESSED = "(row => (row?.click(), row?.dataset.symbol))(document.querySelector(argument))"
_HUNG_S = 20.0
_STANDING = """() => {
    const panels = [...document.querySelectorAll(".panel")].map(panel => [panel.dataset.list ?? panel.dataset.kind,
        panel.querySelectorAll("tr[data-symbol]").length, Math.round(panel.getBoundingClientRect().height)].join(" "));
    const told = frames => ({state: globalThis.tradeul?.state(), hidden: document.hidden, frames, panels});
    return new Promise(done => {
        requestAnimationFrame(() => done(told("come")));
        setTimeout(() => done(told("do not come")), 2_000);
    });
}"""
"""What a page shows, panel by panel with its rows and height, and whether anything it paints can be seen."""
_POLICY_WORDS = "Content Security Policy"


class ShownRow(TypedDict):
    """One row in view: its symbol and the text of its cells by field."""

    symbol: str
    fields: dict[str, str]


@dataclass(slots=True)
class OpenPage:
    """A page in a browser, and all that went wrong on it so far."""

    page: Page
    errors: list[str] = field(default_factory=list)
    policy_reports: list[str] = field(default_factory=list)
    external_requests: list[str] = field(default_factory=list)


@asynccontextmanager
async def launched(browser_path: str) -> AsyncIterator[Browser]:
    """Start a browser, and close it in the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox"], timeout=PATIENT_S * 1_000
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_page(url: str, browser: Browser, viewport: ViewportSize = _WIDE) -> AsyncIterator[OpenPage]:
    """Open `url` and hand it over once its first document is loaded."""
    context = await browser.new_context(viewport=viewport)
    context.set_default_timeout(PATIENT_S * 1_000)
    try:
        opened = OpenPage(await context.new_page())
        _watch(opened, urlsplit(url).netloc)
        await opened.page.goto(url)
        try:
            yield opened
        except Exception as error:
            # Nobody is there to look.
            for each in [*opened.errors, *opened.policy_reports, *[await _standing(page) for page in context.pages]]:
                error.add_note(each)
            raise
    finally:
        await context.close()


async def _standing(page: Page) -> str:
    try:
        async with asyncio.timeout(_HUNG_S):
            return f"{page.url} {await page.evaluate(_STANDING)}"
    except (Error, TimeoutError) as error:
        return f"{page.url} {error!r}"


def _watch(opened: OpenPage, home: str) -> None:
    def said(message: ConsoleMessage) -> None:
        if _POLICY_WORDS in message.text:
            opened.policy_reports.append(message.text)
        elif message.type == "error":
            opened.errors.append(message.text)

    def requested(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.netloc != home:
            opened.external_requests.append(request.url)

    opened.page.on("console", said)
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on("request", requested)
    opened.page.on("websocket", lambda socket: _note_foreign_socket(opened, socket.url, home))


def _note_foreign_socket(opened: OpenPage, url: str, home: str) -> None:
    if urlsplit(url).netloc != home:
        opened.external_requests.append(url)


async def until(page: Page, condition: str, argument: object = None) -> Any:
    """Wait for a JavaScript expression of `argument` to be true; what it is then.

    One that cannot be answered, because what it speaks of is not there yet or the page is just being left, is not true.
    Playwright's own wait would be refused by the page's policy.
    """
    clock, why = SystemClock(), ""
    deadline = clock.monotonic() + PATIENT_S
    while clock.monotonic() < deadline:
        try:
            if found := await page.evaluate(f"argument => {condition}", argument):
                return found
        except Error as error:
            why = f": {error.message}"
        await page.wait_for_timeout(_ATTEMPT_EVERY_MS)
    raise AssertionError(f"did not happen on the page: {condition}{why}")


async def pressed(page: Page, row: str) -> str:
    """Press the first such row as soon as there is one; its symbol.

    By the script's own click: rows change places under a slow hand, and are made anew when their columns are others.
    """
    symbol: str = await until(page, _PRESSED, row)
    return symbol


async def rows_of(page: Page, list_name: str) -> list[ShownRow]:
    """Read the rows of a list that are in view, from the top."""
    shown = await page.evaluate(
        """name => [...document.querySelectorAll(`[data-list="${name}"] [data-symbol]`)].map(row => ({
            symbol: row.dataset.symbol,
            fields: Object.fromEntries(
                [...row.querySelectorAll("[data-field]")].map(cell => [cell.dataset.field, cell.textContent])),
        }))""",
        list_name,
    )
    return cast(list[ShownRow], shown)
