"""Scan recall on the page: in the sheet of the coverage, list by list; a press shows the symbols, a press loads one."""

import pytest
from playwright.async_api import Browser

from tests.support.page import open_page, until
from tests.support.recalls import SYMBOLS, ScriptedRecalls, named, recall
from tests.support.shown import address, assert_clean, live, program
from tradeul import app as whole_program
from tradeul.domain.events import Symbol
from tradeul.web.routes.scan_recall import ScanRecallRoutes

pytestmark = [pytest.mark.browser, pytest.mark.slow(5)]

CELLS = "[...document.querySelectorAll('[data-recall-list=winners] > *')].map(each => each.textContent)"


async def test_what_a_list_missed_is_a_press_away(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of every list, the reason of each symbol, one verdict alone; and the symbol is looked at on a press."""
    symbols: list[dict[str, object]] = []
    recalls = ScriptedRecalls(recall(), symbols)
    monkeypatch.setattr(whole_program, "ScanRecallRoutes", lambda _none: ScanRecallRoutes(recalls))
    async with program(symbols=300) as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        known = await page.evaluate("tradeul.rows('winners')[0].symbol")
        symbols += [*SYMBOLS, *named(SYMBOLS[1:2], Symbol(known))]
        await page.click("#coverage")
        await until(page, "document.querySelectorAll('[data-recall-list]').length === 2")
        about = await page.text_content("#scan-recall")
        cells = await page.evaluate(CELLS)
        await page.click("[data-recall-list=winners] button")
        await until(page, "document.querySelectorAll('[data-recall-symbol]').length === 7")
        first = await page.text_content("[data-recall-symbol]")
        await page.select_option("#scan-recall select", "late")
        await until(page, "document.querySelectorAll('[data-recall-symbol]').length === 2")
        await page.click(f"[data-recall-symbol='{known}'] button")
        await until(page, f"document.querySelector('[data-kind=detail]')?.textContent.includes('{known}')")
        closed = await page.evaluate("!document.querySelector('#coverage-sheet').open")

    assert "11,940 symbols by slots, 191 images" in (about or "")
    assert "No list was made from 10:00:00 to 10:05:00: the program was down." in (about or "")
    assert cells == ["Winners", "75.0 %", "2", "1", "1", "1", "1", "1"]
    assert (first or "").startswith("=GONEmissed12:00:00")
    assert (first or "").endswith("3value unknown then: avg_volume_30d")
    assert closed
    assert_clean(opened)
