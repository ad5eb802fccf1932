"""The page at /docs in a real browser."""

import pytest
from playwright.async_api import Browser

from tests.support.page import open_page, until
from tests.support.shown import assert_clean
from tests.support.web import served
from tradeul.web.routes.page import read_page
from tradeul.world import page_folder

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (390, 844)])
async def test_it_is_read_without_scrolling_sideways(browser: Browser, width: int, height: int) -> None:
    """On a wide screen and on a phone, down to the end; nothing is refused and nothing comes from elsewhere."""
    async with (
        served(page=read_page(page_folder())) as world,
        open_page(f"{world.url}/docs", browser, {"width": width, "height": height}) as opened,
    ):
        overflow = await opened.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        await opened.page.evaluate("document.querySelector('#shape-Row').scrollIntoView()")
        await until(
            opened.page,
            "scrollY > 10000 && Math.abs(document.querySelector('#shape-Row').getBoundingClientRect().top) < argument",
            height,
        )

    assert overflow <= 0
    assert_clean(opened)


async def test_the_contents_stay_in_sight(browser: Browser) -> None:
    """Beside the text on a wide screen, wherever one reads."""
    async with served(page=read_page(page_folder())) as world, open_page(f"{world.url}/docs", browser) as opened:
        await opened.page.evaluate("document.querySelector('#protocol').scrollIntoView()")
        await until(
            opened.page, "scrollY > 1000 && document.querySelector('.contents').getBoundingClientRect().top === 0"
        )


async def test_it_is_as_dark_as_the_page(browser: Browser) -> None:
    """Dark until the reader wants it light, which is kept for both pages."""
    async with served(page=read_page(page_folder())) as world, open_page(f"{world.url}/docs", browser) as opened:
        theme = "document.documentElement.dataset.theme"
        await until(opened.page, f"{theme} === 'dark'")
        await opened.page.click("#theme")
        chosen = await opened.page.evaluate(theme)
        await opened.page.reload()
        await until(opened.page, f"{theme} !== undefined")
        kept = await opened.page.evaluate(f"[{theme}, localStorage.getItem('tradeul.theme')]")

    assert (chosen, kept) == ("light", ["light", "light"])
    assert_clean(opened)
