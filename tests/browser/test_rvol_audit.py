"""The audit of relative volumes on the page: in the sheet of the coverage, day by day, and where there is none yet."""

import pytest
from playwright.async_api import Browser, ViewportSize

from tests.support.auditing import audit_of
from tests.support.eventually import PATIENT_S, eventually
from tests.support.market import CALENDAR, DAY
from tests.support.page import open_page, until
from tests.support.shown import address, assert_clean, live, program, text_of
from tradeul.app import App
from tradeul.history import rvol_audit_store as store

pytestmark = [pytest.mark.browser, pytest.mark.slow(8)]

OPEN = "2026-11-18T09:31:00-05:00"
YESTERDAY, EARLIER = CALENDAR.last_sessions(DAY, 2)
SUMMARY = "#rvol-audit .summary"


async def keep(app: App) -> None:
    """Have two nights be kept, the earlier of which found more."""
    assert app.loading is not None
    async with app.loading.lender.lent() as connection:
        await store.keep(connection, audit_of(EARLIER, median=7.0))
        await store.keep(connection, audit_of(YESTERDAY))


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (390, 844)])
async def test_people_see_how_right_it_was(browser: Browser, width: int, height: int) -> None:
    """First that nothing is audited; then the newest night's figures, picture and worst, and those of another."""
    viewport = ViewportSize(width=width, height=height)
    async with (
        program(symbols=200, dsn="embedded", start=OPEN, speed=1.0) as app,
        open_page(address(app), browser, viewport) as opened,
    ):
        page = opened.page
        await live(page)
        # Until the database is up, what else the sheet asks is answered with 503, of which the browser makes a line.
        await eventually(lambda: app.past is not None and app.past.ready, within_s=PATIENT_S)
        # A phone has no room for the coverage in its header; the state of the feed, which it has, opens it too.
        opens = "#coverage" if width > height else "#feed"
        await page.click(opens)
        await until(page, f"document.querySelector('{SUMMARY}')?.textContent")
        none = await text_of(page, SUMMARY)
        await page.keyboard.press("Escape")
        await keep(app)
        await page.click(opens)
        await until(page, "document.querySelector('#rvol-audit [data-of=ACME]') !== null")
        newest = await text_of(page, SUMMARY)
        worst = await page.evaluate(
            "[...document.querySelectorAll('#rvol-audit [data-of=ACME] td')].map(cell => cell.textContent)"
        )
        strokes = await page.evaluate(
            """['exact', 'curve'].map(of =>
                document.querySelector(`path.spread.${of}`).getAttribute('d').split('M').length - 1)"""
        )
        shaded = await page.evaluate("document.querySelectorAll('#rvol-audit .silent').length")
        fits = await page.evaluate("document.querySelector('#coverage-sheet').scrollWidth <= innerWidth")
        await page.select_option("#rvol-audit select", str(EARLIER))
        await until(page, f"document.querySelector('{SUMMARY}').textContent.startsWith('{EARLIER}')")
        earlier = await text_of(page, SUMMARY)

    assert none != ""
    assert newest == (f"{YESTERDAY}: 6 values compared, 87.50 % within 1 %, median off by 0.20 %, p99 4.00 %")
    assert worst == ["09:40", "exact", "carried", "3.1000", "2.5000", "+24.00"]
    assert (strokes, shaded, fits) == ([2, 1], 2, True)
    assert "median off by 7.00 %" in earlier
    assert_clean(opened)
