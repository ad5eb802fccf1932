"""Alerts on the page in a real browser: rules by hand, what rings, which window is heard, and what did not ring.

One program serves the whole file.
"""

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page

from tests.support.eventually import eventually
from tests.support.page import open_page, until
from tests.support.shared import shared_program
from tests.support.shown import TOLD, assert_clean, text_of

pytestmark = [pytest.mark.browser, pytest.mark.slow(20)]

HIDDEN = """
    Object.defineProperty(document, 'hidden', { get: () => true });
    window.requestAnimationFrame = () => 0;
    const later = window.setTimeout;
    window.setTimeout = (act, ms, ...more) => later(act, Math.max(1000, ms ?? 0), ...more);
"""
"""No frames, and no timer below a second: what a browser leaves to a tab that nobody sees."""
RANG = """[...document.querySelectorAll('#alerts tr[data-fired=yes]')]
    .filter(line => line.children[2].textContent === argument)"""
"""All that rang by a rule: toasts go after some seconds, and there are never many."""
HELD_BACK = """[...document.querySelectorAll('#alerts tr[data-fired=no]')]
    .find(line => line.children[2].textContent === 'highs' && line.lastElementChild.textContent === 'quiet hours')"""
"""A storm is held back for other reasons."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the program is that all tests of this file look at."""
    with shared_program(speed=10.0) as place:
        yield f"{place}/"


async def opened_alerts(page: Page) -> None:
    """Open them, and wait until the rules that there are are told: later they would be shown over those made since."""
    await until(page, TOLD)
    await page.keyboard.press("b")
    await until(page, "document.querySelector('#alerts[open] .rules li')")


async def saved(page: Page, name: str) -> None:
    """Save the rule in the form, and wait until it is shown anew: the form is filled anew then, too."""
    await page.evaluate("for (const each of document.querySelectorAll('[data-rule]')) each.dataset.old = ''")
    await page.keyboard.press("Control+Enter")
    await until(page, "document.querySelector(`[data-rule=${argument}]:not([data-old])`)", name)


async def made(page: Page, name: str) -> None:
    """Make a rule that rings for whoever enters the new highs, by hand."""
    await opened_alerts(page)
    await page.select_option("#rule-on", "entered")
    await page.select_option("#rule-list", "new_highs")
    await page.fill("#rule-cooldown_s", "0")
    await page.fill("#rule-name", name)
    await saved(page, name)


async def dropped(page: Page, name: str) -> None:
    """Delete a rule by hand: the button asks once."""
    await page.click(f"[data-rule={name}]")
    await page.click("#rule .danger")
    await page.click("#rule .danger")
    await until(page, "!document.querySelector(`[data-rule=${argument}]`)", name)


async def test_a_rule_is_made_rings_is_changed_and_deleted(browser: Browser, url: str) -> None:
    """What rings shows up, is in the history and leads to its symbol; a rule in quiet hours says why it is silent."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await made(page, "highs")
        await until(page, f"document.querySelector('.toast') && {RANG}.length > 0", "highs")
        # It rings up to MUTE_MS after it shows: who cannot be heard yet lets other windows go first.
        await until(page, "tradeul.bell().rang > 0")
        await page.fill("#rule-quiet", "00:00-23:59")
        await saved(page, "highs")

        async def held_back() -> bool:
            await page.click("#alerts section button:has-text('Look again')")
            return bool(await page.evaluate(f"{HELD_BACK} !== undefined"))

        await eventually(held_back, every_s=0.5)
        await dropped(page, "highs")
        symbol = await until(
            page, f"(name => (name?.click(), name?.textContent))({HELD_BACK}?.querySelector('.symbol'))"
        )
        await until(page, "tradeul.detail().symbol === argument && tradeul.detail().live", symbol)

    assert_clean(opened)


async def test_what_is_wrong_is_said_in_its_place(browser: Browser, url: str) -> None:
    """Names are completed; an unknown one is marked in the text, and the server's suggestion is a press away."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await opened_alerts(page)
        await page.fill("#rule-name", "wrong")
        await page.focus("#rule-where")
        await page.keyboard.type("rvo")
        suggested = await text_of(page, "#rule .suggestions li b")
        await page.keyboard.press("Enter")
        await page.keyboard.type(" > 2 and prise > 1")
        await page.keyboard.press("Control+Enter")
        await until(page, "document.querySelector('#rule .under mark')")
        marked = await text_of(page, "#rule .under mark")
        await page.click("#rule .offer")
        mended = await page.input_value("#rule-where")
        await page.fill("#rule-cooldown_s", "soon")
        await page.keyboard.press("Control+Enter")
        await until(page, "document.querySelector('[data-part=cooldown_s] .problem').textContent")
        open_still = await page.evaluate("document.querySelector('#alerts').open")
    # A refusal is the server's 400, of which the browser makes a line of its own.
    opened.errors = [error for error in opened.errors if "400" not in error]

    assert suggested.startswith("rvol")
    assert marked == "prise"
    assert "price > 1" in mended
    assert open_still
    assert_clean(opened)


async def test_several_windows_ring_once_though_nobody_sees_them(browser: Browser, url: str) -> None:
    """Hidden windows have no frames and late timers; each alert is heard all the same, and in one of them."""
    async with open_page("about:blank", browser) as opened:
        context = opened.page.context
        await context.add_init_script(HIDDEN)
        windows = [await context.new_page() for _ in range(2)]
        for window in windows:
            await window.goto(url)
            await until(window, "tradeul.state() === 'LIVE'")
            await window.mouse.click(5, 5)
            await until(window, "tradeul.bell().audible")
        await made(windows[0], "once")
        await until(windows[0], f"{RANG}.length > 2", "once")
        await until(windows[1], "Number(document.querySelector('#alerts-unseen').textContent) > 2")
        await windows[0].request.delete(f"{url}api/v1/alerts/once")
        history = await windows[0].request.get(f"{url}api/v1/alerts/history?rule=once&limit=1000")
        fired: int = sum(alert["fired"] for alert in (await history.json())["alerts"])

        async def rung() -> int:
            return sum([await window.evaluate("tradeul.bell().rang") for window in windows])

        async def all_rung() -> bool:
            return await rung() >= fired

        await eventually(all_rung, every_s=0.05)
        rang = await rung()

    assert fired > 2
    assert rang == fired
