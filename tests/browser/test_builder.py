"""Lists of one's own and pins, made in a real browser by hand: typed, clicked, looked at."""

import json
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, ViewportSize

from tests.history.worlds import place
from tests.support.eventually import eventually
from tests.support.page import OpenPage, open_page, until
from tests.support.program import free_port
from tests.support.shown import READY, address, assert_clean, program, text_of
from tests.support.shown import live as live_winners
from tradeul.app import App
from tradeul.domain.deltas import wire_rows

pytestmark = [pytest.mark.browser, pytest.mark.slow(30)]

OPEN = "2026-11-18T09:31:00-05:00"
SYMBOLS = 400
BUSY = "rvol >= 1 and volume_today > 1k"
REFUSED = "Failed to load resource: the server responded with a status of 4"
"""What the browser itself writes down when a half-typed condition is refused."""
NOTING_GREETINGS = """
    window.greetings = [];
    const Plain = WebSocket;
    window.WebSocket = class extends Plain {
        constructor(address) {
            super(address);
            this.addEventListener("message", ({data}) => {
                const {type, code} = JSON.parse(data);
                if (["hello", "error", "bye"].includes(type)) window.greetings.push(code ?? type);
            });
        }
    };
"""
"""Notes in the page, among thousands of frames, how often it was greeted and what it was refused."""
HEADS = "[...document.querySelectorAll('[data-list=busy_now] thead th')].map(head => head.textContent).slice(5)"
"""Of what a list's rows show, after what every list shows of them."""
USUAL_IS_KNOWN = "tradeul.rows('high_volume').length > 3"
"""Of which relative volumes come; what is looked at before that has none."""
SEEN_TWICE = """(rows => rows.filter(row => row.closest("[data-list=winners]")).map(row => row.dataset.symbol)
    .find(symbol => rows.filter(row => row.dataset.symbol === symbol).length > 1))(
    [...document.querySelectorAll("tbody [data-symbol]:has([data-field=pin])")])"""
"""A winner that stands in another list in view, too."""
PIN = "(button => (button?.click(), button !== null))(document.querySelector(argument))"
"""Pressed by the script: another row may be there when a hand arrives."""
EVERY_ROW_IS_MARKED = """(() => {
  const rows = [...document.querySelectorAll(`tbody [data-symbol='${argument}']:has([data-field=pin])`)];
  return rows.length > 1 && rows.every((row) => row.querySelector("button[aria-pressed=true]"));
})()"""


def panel(page: Page, name: str) -> Locator:
    return page.locator(f"[data-list={name}]")


async def live(page: Page) -> None:
    await live_winners(page)
    await until(page, USUAL_IS_KNOWN)


async def filled(page: Page, name: str) -> None:
    await until(page, "document.querySelector(`[data-list=${argument}] [data-symbol]`)", name)


async def gone(page: Page, name: str) -> None:
    await until(page, "!document.querySelector(`[data-list=${argument}]`)", name)


async def previewed(page: Page) -> None:
    await until(page, "document.querySelector('#builder-preview:not([data-faded]) [data-preview]')")


async def problem_of(page: Page, part: str) -> str:
    said: str = await until(page, "document.querySelector(argument).textContent", f"[data-part={part}] .problem")
    return said


async def saved(page: Page) -> None:
    """Save what is in the form, and wait until the server took it."""
    await page.click("#builder-save")
    await until(page, "!document.querySelector('#builder').open")


async def make(page: Page, title: str, where: str = BUSY) -> None:
    await page.keyboard.press("n")
    await page.fill("#scan-where", where)
    await page.fill("#scan-title", title)
    await saved(page)


def assert_clean_but_for_refusals(opened: OpenPage) -> None:
    opened.errors = [error for error in opened.errors if not error.startswith(REFUSED)]
    assert_clean(opened)


def definition_of(app: App, name: str) -> dict[str, Any]:
    content: dict[str, Any] = app.own.book.entry(name).definition.model_dump(exclude_none=True)
    return content


async def test_a_list_is_made_and_fills(browser: Browser) -> None:
    """Typed conditions show at once what qualifies; the list that is made of them fills, beside those that stay."""
    async with program(start=OPEN, symbols=SYMBOLS) as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        await page.evaluate("window.kept = document.querySelector('[data-list=winners]')")
        await page.keyboard.press("n")
        await page.locator("#scan-where").press_sequentially(BUSY)
        await page.fill("#scan-order", "volume_today desc")
        await page.fill("#scan-title", "Busy now")
        await previewed(page)
        counted = await text_of(page, "#builder-preview p")
        await saved(page)
        await filled(page, "busy_now")
        await until(page, "tradeul.state() === 'LIVE'")
        kept = await page.evaluate("window.kept === document.querySelector('[data-list=winners]')")
        sequence, rows = await page.evaluate("[tradeul.sequence('busy_now'), tradeul.rows('busy_now')]")
        state = app.channels.by_name["busy_now"].at(sequence)
        title = await text_of(page, "[data-list=busy_now] h2")

    assert "qualify" in counted
    assert kept
    assert title == "Busy now"
    assert state is not None
    assert rows == wire_rows(state)
    assert definition_of(app, "busy_now")["order"] == "volume_today desc"
    assert_clean_but_for_refusals(opened)


async def test_an_error_is_shown_at_its_place(browser: Browser) -> None:
    """The wrong word is marked in the text, said beside it with what was probably meant, and mended by one click."""
    async with program(start=OPEN, symbols=SYMBOLS) as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        await page.keyboard.press("n")
        await page.fill("#scan-where", "\n rvol >= 1 and prce > 1")
        said = await problem_of(page, "where")
        marked = await text_of(page, "[data-part=where] mark")
        await page.click("[data-part=where] .offer")
        await previewed(page)
        mended = await page.input_value("#scan-where")
        await page.fill("#scan-size", "500")
        size = await problem_of(page, "size")
        await page.fill("#scan-size", "5")
        await page.fill("#scan-name", "winners")
        await page.click("#builder-save")
        taken = await problem_of(page, "name")
        focused = await page.evaluate("document.activeElement.id")

    assert "'prce'" in said
    assert "column 15" in said
    assert marked == "prce"
    assert mended == "\n rvol >= 1 and price > 1"
    assert "200" in size
    assert "winners" in taken
    assert focused == "scan-name"
    assert_clean_but_for_refusals(opened)


async def test_names_of_fields_are_completed(browser: Browser) -> None:
    """Typing a name suggests fields, Tab takes one; keys and Escape belong to the text and not to the page."""
    async with program(start=OPEN, symbols=SYMBOLS) as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        theme = await page.evaluate("document.documentElement.dataset.theme")
        await page.keyboard.press("n")
        await page.locator("#scan-where").press_sequentially("chang")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Tab")
        await page.keyboard.type(" > 1 and t")
        await page.keyboard.press("Escape")
        typed = await page.input_value("#scan-where")
        still_open = await page.evaluate("document.querySelector('#builder').open")
        await page.keyboard.press("Escape")
        await until(page, "!document.querySelector('#builder').open")
        await page.keyboard.press("n")
        kept = await page.input_value("#scan-where")
        same_theme = await page.evaluate("document.documentElement.dataset.theme")

    assert typed == "change_percent > 1 and t"
    assert still_open
    assert kept == typed
    assert same_theme == theme


async def test_columns_and_title_are_changed_in_place(browser: Browser) -> None:
    """A list's own columns stand in the order in which they were chosen, under its new title, in the same panel."""
    async with program(start=OPEN, symbols=SYMBOLS) as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        await make(page, "Busy now")
        await filled(page, "busy_now")
        await panel(page, "busy_now").locator(".edit").click(force=True)
        await until(page, "document.querySelector('#builder-save').textContent === 'Save'")
        await page.click("#builder-more summary")
        for name in ("rvol", "price", "exchange"):
            await page.check(f"#scan-columns [value={name}]")
        await page.fill("#scan-title", "Busier")
        await saved(page)
        await until(page, "tradeul.rows('busy_now')[0] && !('gap_percent' in tradeul.rows('busy_now')[0])")
        await until(page, f"{HEADS}.join() === argument", "RVol,Price,Exchange")
        await until(page, "document.querySelector('[data-list=busy_now] h2').textContent === 'Busier'")
        approximate = await until(
            page, "document.querySelector('[data-list=busy_now] tr[data-symbol] [data-field=rvol]').textContent"
        )

    assert approximate.startswith("~")
    assert_clean_but_for_refusals(opened)


async def test_a_list_is_deleted_and_made_again(browser: Browser) -> None:
    """Deleting asks once more, takes the panel away, and leaves the name free for a list that fills again."""
    async with program(start=OPEN, symbols=SYMBOLS) as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        await make(page, "Busy now")
        await filled(page, "busy_now")
        await page.keyboard.press("e")
        await until(page, "document.querySelector('#scan-name').value === 'busy_now'")
        await page.click("#builder-delete")
        question = await text_of(page, "#builder-question")
        await page.click("#builder-keep")
        await page.click("#builder-delete")
        await page.click("#builder-sure")
        await until(page, "document.querySelector('#notice').textContent === 'Busy now is deleted'")
        await gone(page, "busy_now")
        await make(page, "Busy now")
        await filled(page, "busy_now")
        await until(page, "tradeul.state() === 'LIVE'")
        sequence, rows = await page.evaluate("[tradeul.sequence('busy_now'), tradeul.rows('busy_now')]")
        state = app.channels.by_name["busy_now"].at(sequence)

    assert question == "Delete Busy now?"
    assert state is not None
    assert rows == wire_rows(state)
    assert_clean_but_for_refusals(opened)


async def test_a_built_in_list_is_changed_and_restored(browser: Browser) -> None:
    """Of a built-in list only what was changed is the user's own; restored, it is as it was."""
    async with program(start=OPEN, symbols=SYMBOLS) as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        await panel(page, "high_volume").locator(".edit").click(force=True)
        await until(page, "document.querySelector('#scan-name').value === 'high_volume'")
        await page.fill("#scan-size", "3")
        await saved(page)
        await until(page, "tradeul.rows('high_volume').length === 3")
        changed = definition_of(app, "high_volume")
        await panel(page, "high_volume").locator(".edit").click(force=True)
        await until(page, "document.querySelector('#scan-size').value === '3'")
        await page.click("#builder-delete")
        await page.click("#builder-sure")
        await until(page, "tradeul.rows('high_volume').length > 3")

    assert changed == {"size": 3, "enabled": True}
    assert definition_of(app, "high_volume") == {"enabled": True}
    assert_clean_but_for_refusals(opened)


async def test_lists_and_pins_outlive_a_restart(browser: Browser) -> None:
    """A list and a pin are there in the program's next life, and a page that was open all along shows them again."""
    with place() as folder:
        port = free_port()
        async with program(port, start=OPEN, symbols=SYMBOLS, folder=folder) as app:
            opening = open_page(address(app), browser)
            opened = await opening.__aenter__()
            page = opened.page
            await live(page)
            await make(page, "Busy now")
            await filled(page, "busy_now")
            await until(page, PIN, "[data-list=busy_now] [data-symbol] [data-field=pin] button")
            await eventually(lambda: len(app.own.pins.symbols()) == 1)
            (pinned,) = app.own.pins.symbols()
        try:
            await until(page, "!document.querySelector('#link').textContent.startsWith('LIVE')")
            async with program(port, start=OPEN, symbols=SYMBOLS, folder=folder) as again:
                await until(page, "document.querySelector('#link').textContent.startsWith('LIVE')")
                await filled(page, "busy_now")
                await until(page, "document.querySelector('[data-list=busy_now] .pinned')")
                lists = await page.eval_on_selector_all("[data-list]", "all => all.map(each => each.dataset.list)")
        finally:
            await opening.__aexit__(None, None, None)

    assert lists[-1] == "busy_now"
    assert again.own.pins.symbols() == {pinned}
    assert opened.policy_reports == []


async def test_a_symbol_is_pinned_in_every_list(browser: Browser) -> None:
    """One click marks a symbol wherever it stands, another window sees it, and `p` over the row lets it go."""
    async with program(start=OPEN, symbols=SYMBOLS, speed=0.02) as app, open_page(address(app), browser) as opened:
        page = opened.page
        await live(page)
        twice = await until(page, SEEN_TWICE)
        await until(page, PIN, f"[data-list=winners] [data-symbol='{twice}'] [data-field=pin] button")
        await eventually(lambda: len(app.own.pins.symbols()) == 1)
        (symbol,) = app.own.pins.symbols()
        await until(page, EVERY_ROW_IS_MARKED, symbol)
        await page.reload()
        await live(page)
        await until(page, "document.querySelector('[data-list=winners] .pinned')")
        await panel(page, "winners").locator(f"[data-symbol='{symbol}'] [data-field=price]").hover()
        await page.keyboard.press("p")
        await eventually(lambda: not app.own.pins.symbols())
        await until(page, "!document.querySelector('tbody .pinned')")

    assert symbol == twice
    assert_clean(opened)


async def test_why_a_list_is_not_made_is_said(browser: Browser) -> None:
    """A list that this version cannot make has no panel; the overview and its form say why, and it can be mended."""
    with place() as folder:
        kept = {"version": 1, "revision": 1, "scans": {"older": {"where": "no_such_field > 1", "title": "Older"}}}
        (folder / "user.json").write_text(json.dumps(kept))
        async with (
            program(start=OPEN, symbols=SYMBOLS, folder=folder) as app,
            open_page(address(app), browser) as opened,
        ):
            page = opened.page
            await live(page)
            await page.keyboard.press("n")
            await until(page, "document.querySelector('[data-scan=older]')")
            reason = await text_of(page, "[data-scan=older] .reason")
            await page.click("[data-scan=older]")
            await until(page, "document.querySelector('#builder-reason').textContent.includes('not made')")
            await page.fill("#scan-where", BUSY)
            await page.click("#builder-save")
            await filled(page, "older")

    assert "no_such_field" in reason


async def test_a_hundred_lists_of_ones_own(browser: Browser) -> None:
    """111 lists come into step, and the server never has to say that the page talks too fast."""
    scans = {f"own_{number}": {"where": f"price > {number}", "columns": ["price"]} for number in range(100)}
    async with (
        program(start=OPEN, symbols=SYMBOLS, speed=0.2, scans=scans) as app,
        open_page("about:blank", browser) as opened,
    ):
        page = opened.page
        await page.add_init_script(NOTING_GREETINGS)
        await page.goto(address(app))
        await live(page)
        shown = len(await page.evaluate("tradeul.lists()"))
        greetings = await page.evaluate("window.greetings")

    assert shown == 111
    assert greetings == ["hello"]
    assert opened.policy_reports == []


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (390, 844)])
async def test_the_builder_fits_the_screen(browser: Browser, width: int, height: int) -> None:
    """The button that makes the list is in reach, whatever is open; nothing sticks out to the side."""
    viewport = ViewportSize(width=width, height=height)
    async with program(start=OPEN, symbols=SYMBOLS) as app, open_page(address(app), browser, viewport) as opened:
        page = opened.page
        await until(page, f"{READY} && {USUAL_IS_KNOWN}")
        await page.click("#new-list")
        await page.fill("#scan-where", BUSY)
        await previewed(page)
        await page.click("#builder-more summary")
        box = await page.locator("#builder-save").bounding_box()
        wider = await page.evaluate(
            "[...document.querySelectorAll('#builder, #scan')].map(each => each.scrollWidth - each.clientWidth)"
        )

    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= height
    assert max(wider) <= 0
    assert_clean_but_for_refusals(opened)
