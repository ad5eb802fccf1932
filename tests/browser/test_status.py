"""The status page in a real browser: how the program is, and what is wrong as soon as something is."""

import pytest
from playwright.async_api import Browser

from tests.support.page import open_page, until
from tests.support.shown import program, text_of

pytestmark = [pytest.mark.browser, pytest.mark.slow(5)]

TEXT = "document.querySelector('{}')?.textContent"


async def test_people_see_how_it_is_and_what_is_wrong(browser: Browser) -> None:
    """All is well; then the vendor fails, and the page says so with the part, the reason and since when."""
    async with program(symbols=300, speed=1.0) as app:
        assert app.server is not None
        assert app.exchange is not None
        async with open_page(f"http://127.0.0.1:{app.server.port}/status", browser) as opened:
            page = opened.page
            well = await until(
                page, f"document.querySelector('#state').dataset.state === 'ok' && {TEXT.format('#well')}"
            )
            market = await text_of(page, "[data-group=market] [data-fact=market] td")
            app.exchange.faults.switch_on("server_error", path="/v2/snapshot")
            failed = TEXT.format("[data-part=snapshots]")
            await until(page, rf"/the last (\d+ )?snapshots? failed/.test({failed})")
            state = await text_of(page, "#state")

    assert (well, market, state) == ("Nothing is wrong.", "simulated", "degraded")
    assert opened.errors == opened.policy_reports == opened.external_requests == []
