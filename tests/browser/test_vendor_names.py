"""Companies whose names are attacks: on the page they are letters, and nothing else happens."""

import re

import pytest
from playwright.async_api import Browser, ViewportSize

from tests.support.page import open_page, pressed, until
from tests.support.shown import READY, address, assert_clean, program
from tradeul import jobs
from tradeul.fetching.wording import LONGEST

pytestmark = [pytest.mark.browser, pytest.mark.slow(6)]

OPENS = "2026-11-18T09:31:00-05:00"
EVERYTHING = {
    "everything": {
        "where": "price > 0",
        "order": "price desc",
        "global_filters": False,
        "size": 100,
        "columns": ["name", "sector", "price"],
    }
}
TALL = ViewportSize(width=1920, height=3_000)
"""Rows of every kind of name are in view."""
ROWS = 8
"""Are chosen one after another, which shows their names larger."""
FIRST = f"""[...document.querySelectorAll('[data-list=everything] tr[data-symbol]')]
    .slice(0, {ROWS}).map(row => row.dataset.symbol)"""
NAMES = "tradeul.rows('everything').map(row => row.name)"
MARKUP = ("<img src=x", "<svg/onload", "</td></tr></table><script>")
TURNING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
ELEMENTS = """[...document.querySelectorAll('*')].filter(({localName, attributes}) =>
    ['img', 'iframe', 'object', 'embed', 'math'].includes(localName)
    || [...attributes].some(({name, value}) => name.startsWith('on') || /^javascript:/i.test(value))).length"""
SCRIPTS = "document.querySelectorAll('script').length"


async def test_a_name_is_never_more_than_a_text(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Markup makes no element and no report of the policy; marks that turn text around and NUL never reach the page."""
    monkeypatch.setattr(jobs, "COMPANIES_PER_SECOND", 200.0)
    async with program(symbols=100, dsn="embedded", speed=1.0, start=OPENS, scans=EVERYTHING) as app:
        assert app.exchange is not None
        app.exchange.faults.switch_on("hostile_names")
        async with open_page(address(app), browser, TALL) as opened:
            page = opened.page
            await until(page, f"{READY} && (tradeul.show('everything'), true)")
            scripts = await page.evaluate(SCRIPTS)
            for word in MARKUP:
                await until(page, "document.body.textContent.includes(argument)", word)
            await until(page, f"Math.max(...{NAMES}.map(name => name?.length ?? 0)) >= argument", LONGEST)
            # The first rows may change places; who was chosen already would be let go of.
            for symbol in await until(page, f"{FIRST}.length === argument && {FIRST}", ROWS):
                await pressed(page, f"[data-list=everything] tr[data-symbol='{symbol}']")
                await until(page, "tradeul.detail().symbol === argument", symbol)
            names = await page.evaluate(NAMES)
            shown = await page.evaluate("document.body.textContent")
            made = await page.evaluate(ELEMENTS)
            harmed = await page.evaluate("globalThis.harmed ?? null")
            scripts_after = await page.evaluate(SCRIPTS)

    assert [word for word in MARKUP if not any(name and name.startswith(word) for name in names)] == []
    assert max(len(name) for name in names if name) == LONGEST
    assert (made, harmed, scripts_after) == (0, None, scripts)
    assert TURNING.findall(shown) == TURNING.findall("".join(filter(None, names))) == []
    assert_clean(opened)
