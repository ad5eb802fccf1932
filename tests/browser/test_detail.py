"""The chosen symbol's detail in a real browser, served by the whole program over the simulated market."""

import contextlib
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page

from tests.support.eventually import eventually
from tests.support.page import open_page, pressed, until
from tests.support.program import free_port
from tests.support.shown import address, assert_clean, live, program, ready, text_of
from tradeul.app import App
from tradeul.domain.events import Symbol

pytestmark = [pytest.mark.browser, pytest.mark.slow(18)]

FIRST_ROW = "[data-list=gappers_up] tr[data-symbol]"
PINNED = """(button => (button?.click(), button !== null))(
    document.querySelector('[data-list=one] [data-symbol] [data-field=pin] button'))"""
SAME = """({board, price}) => document.querySelector('.detail .facts [data-field=price]').textContent === price
    && Object.entries(tradeul.detail().values).every(([name, value]) => value === board[name])"""
SHOWN = "(tradeul.detail().live && document.querySelector('.detail .facts [data-field=price]').textContent)"


async def chosen(page: Page, row: str) -> str:
    """Press a row and wait until its symbol's values are there, and why it is in which list."""
    symbol = await pressed(page, row)
    await until(page, f"tradeul.detail().symbol === argument && {SHOWN}", symbol)
    await until(page, "document.querySelectorAll('[data-why]').length === tradeul.lists().length")
    return symbol


async def asked(app: App, method: str, path: str, **content: Any) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{address(app)}api/v1/{path}", **content) as response,
    ):
        assert response.ok, await response.text()


async def show_one(app: App, page: Page, symbol: str) -> None:
    """Give a symbol a list of its own, which it does not leave, and wait until it is seen there."""
    content = {"name": "one", "title": "One", "where": f'symbol == "{symbol}"', "global_filters": False}
    await asked(app, "POST", "scans", json=content)
    await until(page, "tradeul.lists().includes('one') && (tradeul.show('one'), true)")
    await until(page, "document.querySelector('[data-list=one] tr[data-symbol]')")


async def told(app: App, symbol: str) -> dict[str, Any]:
    """What the API says of a symbol."""
    async with aiohttp.ClientSession() as session, session.get(f"{address(app)}api/v1/ticker/{symbol}") as response:
        fields: dict[str, Any] = await response.json()
    return fields


def busiest_unlisted(app: App) -> Symbol:
    volumes: dict[Symbol, float] = dict(zip(app.board.symbols, app.board["volume_today"].tolist(), strict=True))
    return max(volumes.keys() - app.channels.members(), key=lambda symbol: volumes[symbol])


async def test_a_symbol_lives_while_it_is_chosen(browser: Browser) -> None:
    """Clicked in a list it shows its values; they go on when it has left every list, and end when it is let go."""
    async with program() as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        symbol = busiest_unlisted(app)
        # Whoever deletes a list while something is asked of it is told that there is none.
        async with page.expect_response(lambda answer: answer.url.endswith("sparks?list=one")):
            await show_one(app, page, symbol)
        clicked = await chosen(page, "[data-list=one] tr[data-symbol]")
        await asked(app, "DELETE", "scans/one")
        await until(page, "!document.querySelector('[data-list=one] tr[data-symbol]')")
        volume = "document.querySelector('.detail .facts [data-field=volume_today]').textContent"
        before = await page.evaluate(f"[tradeul.detail().values.volume_today, {volume}]")
        await until(page, "tradeul.detail().values.volume_today > argument", before[0])
        await until(page, f"{volume} !== argument", before[1])
        watched = app.watches.symbols()
        await page.keyboard.press("Escape")
        await until(page, "document.querySelector('.detail').hasAttribute('data-idle')")
        await eventually(lambda: not app.watches.symbols())

    assert clicked == symbol
    assert watched == {symbol}
    assert_clean(opened)


async def test_what_is_shown_is_what_the_board_says(browser: Browser) -> None:
    """Once the market stands still, the detail holds the board's own values."""
    async with program(start="2026-11-18T19:59:45-05:00") as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        symbol = await chosen(page, FIRST_ROW)
        await until(page, "document.documentElement.dataset.session === 'CLOSED'")

        async def is_the_boards() -> bool:
            # The last snapshot of the day may come after the close.
            board = await told(app, symbol)
            price = f"{board['price']:.{2 if board['price'] >= 1 else 4}f}"
            return bool(await page.evaluate(SAME, {"board": board, "price": price}))

        await eventually(is_the_boards, every_s=0.1)
        fields = await page.evaluate("Object.keys(tradeul.detail().values)")

    assert len(fields) > 10
    assert_clean(opened)


async def test_it_is_watched_again_after_a_restart(browser: Browser) -> None:
    """While the server is away the values are shown as old; when it is back they live again without a click."""
    async with contextlib.AsyncExitStack() as stack:
        port = free_port()
        async with program(port) as app:
            opened = await stack.enter_async_context(open_page(address(app), browser))
            page = opened.page
            await live(page)
            symbol = await chosen(page, FIRST_ROW)
        await until(page, "document.querySelector('.detail').hasAttribute('data-old')")
        note = await text_of(page, ".detail-head .note")
        kept = await text_of(page, ".detail .facts [data-field=price]")
        async with program(port) as again:
            await until(page, f"tradeul.detail().symbol === argument && {SHOWN}", symbol)
            watched = again.watches.symbols()

    assert note.startswith("as of ")
    assert float(kept) > 0
    assert watched == {symbol}


async def test_on_a_phone_a_press_leads_to_the_detail(browser: Browser) -> None:
    """There is room for one panel: who presses a row sees its symbol, and again after going back; a pin stays a pin."""
    async with program() as app, open_page(address(app), browser, {"width": 390, "height": 844}) as opened:
        page = opened.page
        await live(page)
        await show_one(app, page, busiest_unlisted(app))
        await until(page, PINNED)
        await eventually(lambda: len(app.own.pins.symbols()) == 1)
        stayed = await page.evaluate("document.querySelector('[data-list=one]').checkVisibility()")
        symbol = await chosen(page, "[data-list=one] tr[data-symbol]")
        first = await page.evaluate("document.querySelector('.detail').checkVisibility()")
        await page.evaluate("tradeul.show('one')")
        away = await page.evaluate("document.querySelector('.detail').checkVisibility()")
        await pressed(page, "[data-list=one] tr[data-symbol]")
        await until(page, "document.querySelector('.detail').checkVisibility()")
        again = await page.evaluate("tradeul.detail().symbol")

    assert (stayed, first, away) == (True, True, False)
    assert again == symbol
    assert_clean(opened)


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (390, 844)])
async def test_it_fits_the_screen(browser: Browser, width: int, height: int) -> None:
    """None of its values is cut off, and the lists are in view beside it; on a phone behind their tabs."""
    async with program() as app, open_page(address(app), browser, {"width": width, "height": height}) as opened:
        page = opened.page
        await ready(page)
        await chosen(page, "tr[data-symbol]")
        outside = await page.evaluate(
            """[...document.querySelectorAll('.detail, .detail-head, .detail .facts, .detail .facts *')]
                .map(part => part.getBoundingClientRect())
                .filter(box => box.left < 0 || box.right > innerWidth || box.bottom > innerHeight).length"""
        )
        cut = await page.evaluate(
            "[...document.querySelectorAll('.facts dd')].filter(dd => dd.scrollWidth > dd.clientWidth + 1).length"
        )
        await page.evaluate("document.querySelector('#tabs button').click()")
        await until(page, "[...document.querySelectorAll('tr[data-symbol]')].some(row => row.checkVisibility())")
        scrolls = await page.evaluate("document.documentElement.scrollHeight - innerHeight")

    assert (outside, cut, scrolls) == (0, 0, 0)
    assert_clean(opened)
