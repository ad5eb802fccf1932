"""The time machine in a real browser, as a trader uses it: a list, a day, a second, who came and went, and a file.

One program serves the whole file; its market runs fast, so that there soon are minutes to go back to.
"""

import asyncio
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, ViewportSize

from tests.browser.test_accessible import ASKED, RULES
from tests.support.eventually import eventually
from tests.support.page import open_page, until
from tests.support.shared import shared_program
from tests.support.shown import assert_clean, ready, text_of
from tradeul.domain.events import Nanos
from tradeul.domain.session import local_time
from tradeul.web.parameters import MS_NS

pytestmark = [pytest.mark.browser, pytest.mark.slow(40)]

SPEED = 10.0
PAST_MS = 90_000
"""Of the market; a slider goes no further back."""
THEN = "#machine tr[data-then]"
AT = "Number(document.querySelector('#machine > input').value)"
STANDS = f"Number(document.querySelector('#machine').dataset.at) === {AT} && document.querySelector('{THEN}')"
"""What is shown is of the moment at which the slider stands."""
WORDS = "#machine .resolution"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the program is that all tests of this file look at."""
    with shared_program(SPEED) as place:
        yield f"{place}/"


async def past_is_kept(page: Page, name: str) -> None:
    """Wait until there is a past of a list to look at."""

    async def kept() -> bool:
        days = (await asked(page, f"lists/{name}/days"))["days"]
        return bool(days) and days[0]["last"] - days[0]["first"] > PAST_MS

    await eventually(kept, every_s=0.5)


async def opened_machine(page: Page) -> None:
    """Press the key once there is a past to look at, and wait until it stands there."""
    await ready(page)
    await page.evaluate("tradeul.show('winners')")
    await past_is_kept(page, "winners")
    await page.keyboard.press("h")
    await until(page, STANDS)


async def listed(page: Page) -> list[str]:
    """The symbols of the list as it stood, in their order."""
    found: list[str] = await page.eval_on_selector_all(THEN, "rows => rows.map(row => row.dataset.then)")
    return found


async def told(page: Page, at: int) -> Any:
    """What the API says of the same moment."""
    return await asked(page, f"lists/winners?at={at}")


async def asked(page: Page, path: str) -> Any:
    """What the history answers to the page's own browser."""
    return await page.evaluate("path => fetch(path).then(answer => answer.json())", f"/api/v1/history/{path}")


async def settled(page: Page) -> Any:
    """Wait until the list of the moment is shown; what the API says of it."""
    there = await told(page, await until(page, f"{STANDS} && {AT}"))
    await until(
        page,
        f"JSON.stringify([...document.querySelectorAll('{THEN}')].map(row => row.dataset.then)) === argument",
        "[" + ",".join(f'"{row["symbol"]}"' for row in there["rows"]) + "]",
    )
    return there


async def test_a_list_is_shown_as_it_stood(browser: Browser, url: str) -> None:
    """By the key, the slider and a typed time: what the API says of that second, with its resolution in words."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await opened_machine(page)
        chosen = await page.eval_on_selector("#machine select", "select => select.value")
        latest = await settled(page)
        await page.keyboard.press("ArrowLeft")
        await page.keyboard.press("PageDown")
        back = await page.evaluate(AT)
        earlier = await settled(page)
        await page.fill("#machine .time", "9:31:20")
        await page.keyboard.press("Tab")
        typed = await settled(page)
        words = await text_of(page, WORDS)
        spoken = await page.get_attribute("#machine > input", "aria-valuetext")
        await page.fill("#machine .time", "soon")
        await page.keyboard.press("Tab")
        complaint = await text_of(page, WORDS)

    assert chosen == "winners"
    assert latest["rows"]
    assert back == latest["at"] - 61_000
    assert earlier["timestamp"] <= back
    assert spoken is not None
    assert re.search(r"kept about every \d+ seconds$", words)
    assert typed["timestamp"] < latest["timestamp"]
    assert complaint == "a time such as 09:31 or 15:59:30 is wanted"
    assert_clean(opened)


async def test_what_is_wrong_with_a_time_is_said_until_it_is_mended(browser: Browser, url: str) -> None:
    """The answer to an earlier question is shown, and does not take the complaint away."""
    goes_on = asyncio.Event()

    async def late(route: Route) -> None:
        await goes_on.wait()
        await route.continue_()

    async with open_page(url, browser) as opened:
        page = opened.page
        await opened_machine(page)
        await page.route("**/history/lists/winners?at=*", late)
        for time in ("9:31:20", "soon"):
            await page.fill("#machine .time", time)
            await page.keyboard.press("Tab")
        goes_on.set()
        await until(page, STANDS)
        complaint = await text_of(page, WORDS)

    assert complaint == "a time such as 09:31 or 15:59:30 is wanted"
    assert_clean(opened)


async def test_who_came_and_went_around_it(browser: Browser, url: str) -> None:
    """Entries and exits of five minutes before and after, told apart; a press looks at the symbol."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await opened_machine(page)
        # Who stood there at the first snapshot entered then; whether anybody did later is luck.
        await page.focus("#machine > input")
        await page.keyboard.press("Home")
        at = await until(page, f"{STANDS} && document.querySelector('#machine .around tr.entered[data-when]') && {AT}")
        there = await asked(page, f"events?list=winners&from={at - 300_000}&to={at + 300_000}&limit=500")
        events = [each for each in there["events"] if each["event"] != "peak"]
        shown = await page.eval_on_selector_all(
            "#machine .around tbody tr", "rows => rows.map(row => row.querySelector('.symbol').textContent)"
        )
        symbol = (await listed(page))[0]
        await page.click(f"#machine tr[data-then='{symbol}'] .symbol")
        await until(page, "tradeul.detail().symbol === argument && !document.querySelector('#machine').open", symbol)

    assert set(shown) <= {each["symbol"] for each in events}
    assert shown
    assert_clean(opened)


async def test_what_is_shown_can_be_kept_as_a_file(browser: Browser, url: str, tmp_path: Path) -> None:
    """As CSV, named after list and moment, with the same rows."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await opened_machine(page)
        there = await settled(page)
        async with page.expect_download() as download:
            await page.click("#machine .save")
        file = await download.value
        await file.save_as(tmp_path / "list.csv")
        name = file.suggested_filename

    with (tmp_path / "list.csv").open(newline="") as kept:
        rows = list(csv.DictReader(kept))
    assert [row["symbol"] for row in rows] == [row["symbol"] for row in there["rows"]]
    assert name == f"winners-{local_time(Nanos(there['timestamp'] * MS_NS)):%Y-%m-%d-%H%M%S}.csv"
    assert_clean(opened)


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (390, 844)])
async def test_it_is_accessible_and_fits(browser: Browser, url: str, width: int, height: int) -> None:
    """Under the rules of WCAG 2 AA, dark and light; nothing sticks out of it, and Escape closes it."""
    async with open_page("about:blank", browser, ViewportSize(width=width, height=height)) as opened:
        page = opened.page
        await page.add_init_script(path=RULES)
        await page.goto(url)
        await ready(page)
        await past_is_kept(page, "gappers_up")
        await page.click("#machine-open")
        await until(page, STANDS)
        dark = await page.evaluate(ASKED)
        await page.evaluate("document.documentElement.dataset.theme = 'light'")
        light = await page.evaluate(ASKED)
        box = await page.eval_on_selector("#machine", "each => [each.scrollWidth, each.clientWidth, innerWidth]")
        await page.keyboard.press("Escape")
        await until(page, "!document.querySelector('#machine').open")

    assert dark == light == []
    assert box[0] <= box[1] <= box[2]
    assert opened.policy_reports == []
    assert opened.errors == []
