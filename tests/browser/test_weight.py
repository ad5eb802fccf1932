"""How much a newcomer's browser loads before the page is whole, its chart included."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Response

from tests.support.page import open_page, pressed, until
from tests.support.shared import shared_program

pytestmark = [pytest.mark.browser, pytest.mark.slow(5)]

MOST_BYTES = 250_000
CHART = "/static/vendor/lightweight-charts.js"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the program is."""
    with shared_program() as place:
        yield f"{place}/"


async def test_it_is_light(browser: Browser, url: str) -> None:
    """The page, its styles, modules and chart weigh less than 250 kB as they are sent."""
    answers: list[Response] = []

    def answered(answer: Response) -> None:
        answers.append(answer)

    async with open_page("about:blank", browser) as opened:
        opened.page.on("response", answered)
        await opened.page.goto(url)
        await pressed(opened.page, "[data-list] tr[data-symbol]")
        await until(opened.page, "document.querySelector('[data-kind=detail] canvas')")
        of_page = [each for each in answers if "/api/" not in each.url]
        sizes = [await each.request.sizes() for each in of_page]
        weight = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)

    assert any(each.url.endswith(CHART) for each in of_page)
    assert len(of_page) > 60
    assert 100_000 < weight < MOST_BYTES
