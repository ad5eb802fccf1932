"""The page in a real browser, served by the whole program over the simulated market."""

import contextlib

import pytest
from playwright.async_api import Browser

from tests.support.eventually import eventually
from tests.support.page import open_page, rows_of, until
from tests.support.program import free_port
from tests.support.shown import address, assert_clean, live, program, ready, text_of
from tradeul import jobs
from tradeul.domain.deltas import wire_rows
from tradeul.history.jobs import metadata

pytestmark = [pytest.mark.browser, pytest.mark.slow(20)]

COMPANY = "/v3/reference/tickers/"
SEEN = "document.querySelector('#jobs-fact').checkVisibility()"
FIRST_LISTS = ("gappers_up", "gappers_down", "momentum_up", "anomalies", "new_highs", "high_volume")


async def test_rows_appear_and_change(browser: Browser) -> None:
    """The first layout's lists are there, rows come in and move, and the page says which market it shows."""
    async with program() as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        before = await rows_of(page, "winners")
        await until(
            page,
            "[...document.querySelectorAll('[data-list=winners] [data-field=price]')].map(c => c.textContent)"
            ".join() !== argument",
            ",".join(row["fields"]["price"] for row in before),
        )
        shown = await page.eval_on_selector_all("[data-list]", "all => all.map(panel => panel.dataset.list)")
        lists = await page.evaluate("tradeul.lists()")
        market = await text_of(page, "#market")

    assert shown == [*FIRST_LISTS, "winners"]
    assert set(lists) == set(app.channels.by_name)
    assert "SIMULATED" in market
    assert all(row["fields"]["price"] for row in before)
    assert_clean(opened)


async def test_the_page_holds_what_the_server_ranks(browser: Browser) -> None:
    """At the sequence it shows, each list in the browser is the server's own state."""
    async with program() as app, open_page(address(app), browser) as opened:
        await live(opened.page)
        for name, channel in app.channels.by_name.items():
            sequence, rows = await opened.page.evaluate(f"[tradeul.sequence('{name}'), tradeul.rows('{name}')]")
            state = channel.at(sequence)
            assert state is not None
            assert rows == wire_rows(state)

    assert_clean(opened)


async def test_what_is_painted_is_what_is_held(browser: Browser) -> None:
    """Once the market stands still, the symbols on the screen are the server's, from the first rank down."""
    async with program(start="2026-11-18T19:59:50-05:00") as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        await until(page, "document.documentElement.dataset.session === 'CLOSED'")
        await until(page, "document.querySelector('#feed').textContent.toLowerCase().includes('closed')")

        async def is_the_servers() -> bool:
            shown = [row["symbol"] for row in await rows_of(page, "winners")]
            held = [row.symbol for row in app.channels.by_name["winners"].state.rows]
            return bool(shown) and shown == held[: len(shown)]

        await eventually(is_the_servers, every_s=0.1)


async def test_what_is_loaded_is_said_and_then_shown(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar says what is loaded while it is, and nothing once it is; by then rows have names and sectors."""
    opens = "2026-11-18T09:31:00-05:00"
    monkeypatch.setattr(jobs, "COMPANIES_PER_SECOND", 200.0)
    monkeypatch.setattr(metadata, "AT_ONCE", 1)
    async with program(symbols=60, dsn="embedded", speed=1.0, start=opens) as app:
        assert app.exchange is not None
        # Companies take their time until that was seen, two minutes in all.
        app.exchange.faults.switch_on("slow", path=COMPANY, delay_s=2.0)
        async with open_page(address(app), browser) as opened:
            page = opened.page
            await live(page)
            await until(page, rf"{SEEN} && /^metadata \d+ % · /.test(document.querySelector('#jobs').textContent)")
            app.exchange.faults.switch_off()
            await until(page, f"!{SEEN} && document.querySelector('#jobs').textContent === ''")
            await until(page, "tradeul.rows('winners').some(row => row.name && row.sector && row.market_cap)")

    assert_clean(opened)


async def test_it_comes_back_by_itself(browser: Browser) -> None:
    """When the server goes the page says so and keeps its rows; when it is back the page is live again."""
    async with contextlib.AsyncExitStack() as stack:
        port = free_port()
        async with program(port) as app:
            opened = await stack.enter_async_context(open_page(address(app), browser))
            page = opened.page
            await live(page)
        await until(page, "!document.querySelector('#link').textContent.startsWith('LIVE')")
        kept = await rows_of(page, "winners")
        said = await text_of(page, "#link")
        async with program(port):
            await live(page)
            await until(page, "document.querySelector('#link').textContent.startsWith('LIVE')")

    assert kept
    assert said != "LIVE"
    assert opened.policy_reports == []
    assert opened.external_requests == []


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (390, 844)])
async def test_it_fits_the_screen(browser: Browser, width: int, height: int) -> None:
    """No page scroll, on a wide screen or a phone; there at least one list is in view with rows."""
    async with program() as app, open_page(address(app), browser, {"width": width, "height": height}) as opened:
        await ready(opened.page)
        overflow = await opened.page.evaluate(
            "(({scrollWidth, scrollHeight}) => [scrollWidth - innerWidth, scrollHeight - innerHeight])"
            "(document.documentElement)"
        )

    assert max(overflow) <= 0
    assert_clean(opened)
