"""The panels as a trader arranges them, by hand and by keys, over one simulated market and in one browser."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.support.page import open_page, until
from tests.support.shown import address, assert_clean, program, ready

pytestmark = [pytest.mark.browser, pytest.mark.slow(15)]

OPEN = "2026-11-18T09:31:00-05:00"
SYMBOLS = 400
EVERYONE = {"everyone": {"where": "price > 0", "order": "change_percent desc", "size": 200, "global_filters": False}}
"""A list that no row leaves; they change places in it."""
WRITES = """() => {
    const seen = window.writes = {wasted: 0, written: 0, moved: 0};
    const watch = new MutationObserver(all => all.forEach(each => {
        if (each.type === "childList") seen.moved += 1;
        else if (each.oldValue === each.target.data) seen.wasted += 1;
        else seen.written += 1;
    }));
    for (const rows of document.querySelectorAll("#lists .panel[data-list] tbody")) watch.observe(rows, {
        subtree: true, childList: true, characterData: true, characterDataOldValue: true
    });
}"""
"""Counts what is written into the rows: another text, the same text again, and whatever is moved."""


PRICES = """(async () => {
    const frame = () => new Promise(requestAnimationFrame), before = tradeul.sequence("high_volume");
    await frame().then(frame);
    if (tradeul.sequence("high_volume") !== before) return null;
    const price = new Map(tradeul.rows("high_volume").map(row => [row.symbol, row.price]));
    return [...document.querySelectorAll("[data-list=high_volume] tr[data-symbol]")].slice(0, 5)
        .map(row => price.get(row.dataset.symbol));
})()"""
"""Of the first rows as they are shown, when all that came is painted."""


async def shown_by(page: Page) -> list[str]:
    """What the panels show, in their order."""
    panels: list[str] = await page.eval_on_selector_all(
        ".panel", "all => all.map(panel => panel.dataset.list ?? panel.dataset.kind)"
    )
    return panels


async def width_of(page: Page, name: str) -> float:
    width: float = await page.eval_on_selector(f"[data-list={name}]", "panel => panel.getBoundingClientRect().width")
    return width


async def dragged(page: Page, grip: str, onto: str) -> None:
    """Take hold of one thing and let go over another."""
    await page.hover(grip)
    await page.mouse.down()
    await page.hover(onto)
    await page.mouse.up()


async def heads_of(page: Page, name: str) -> list[str]:
    heads: list[str] = await page.eval_on_selector_all(
        f"[data-list={name}] th[data-column]", "all => all.map(head => head.dataset.column)"
    )
    return heads


async def symbols_of(page: Page, name: str) -> list[str]:
    symbols: list[str] = await page.eval_on_selector_all(
        f"[data-list={name}] tr[data-symbol]", "all => all.map(row => row.dataset.symbol)"
    )
    return symbols


async def add_winners(page: Page) -> None:
    await page.keyboard.press("a")
    await page.select_option("#setup select >> nth=0", "winners")
    await page.click("#setup button:text-is('Add')")


async def filed_as(page: Page, name: str, place: Path) -> dict[str, Any]:
    """Keep the layout under a name, and take it to a file."""
    await page.keyboard.press("l")
    await page.fill("#setup input >> nth=0", name)
    await page.click("#setup button:text-is('Keep as a new one')")
    async with page.expect_download() as download:
        await page.click("#setup button:text-is('To a file')")
    await (await download.value).save_as(place)
    return content_of(place)


def content_of(place: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(place.read_text())
    return content


async def test_panels_are_arranged_and_kept(browser: Browser, tmp_path: Path) -> None:
    """Panels are added, moved, widened and taken away by keys and pointer; that is kept, named, filed and handed on."""
    async with program(start=OPEN, symbols=SYMBOLS, speed=1.0) as app, open_page(address(app), browser) as opened:
        page = opened.page
        await ready(page)
        first = await shown_by(page)
        await add_winners(page)
        added = await shown_by(page)
        await page.keyboard.press("<")
        moved = await shown_by(page)
        await dragged(page, "[data-list=winners] h2", "[data-list=gappers_up] h2")
        dropped = await shown_by(page)
        narrow = await width_of(page, "winners")
        await page.keyboard.press("Shift+ArrowRight")
        wide = await width_of(page, "winners")
        filed = await filed_as(page, "Mine", tmp_path / "mine.json")
        problem = await self_written(page, tmp_path, filed)
        theirs = page.url
        await page.go_back()
        await until(page, "document.querySelectorAll('.panel').length > 2")
        await page.reload()
        await ready(page)
        reloaded = await shown_by(page)
        await page.keyboard.press("2")
        await page.keyboard.press("x")
        fewer = await shown_by(page)
        shared = json.dumps([{"kind": "list", "list": "high_volume"}])
        await page.goto(f"{address(app)}?layout=Gift&symbol=XOFG&panels={shared}")
        await ready(page)
        gift, chosen = await shown_by(page), await page.evaluate("tradeul.detail().symbol")

    assert added == [*first, "winners"]
    assert moved == [*first[:-1], "winners", first[-1]]
    assert dropped == ["winners", *first]
    assert wide > narrow
    assert filed["panels"][0]["list"] == "winners"
    assert problem == "broken.json: panel 1: kind is one of list, log, detail"
    assert "layout=Theirs" in theirs
    assert reloaded == dropped
    assert fewer == [name for index, name in enumerate(dropped) if index != 1]
    assert (gift, chosen) == (["high_volume"], "XOFG")
    assert_clean(opened)


async def self_written(page: Page, folder: Path, filed: dict[str, Any]) -> str:
    """Open a file that is no good, then one with the first two panels; what was said of the first."""
    broken, good = folder / "broken.json", folder / "good.json"
    broken.write_text(json.dumps(filed | {"panels": [{"kind": "clock"}]}))
    good.write_text(json.dumps(filed | {"name": "Theirs", "panels": filed["panels"][:2]}))
    await page.set_input_files("#setup input[type=file]", broken)
    problem: str = await until(page, "document.querySelector('#setup .problem').textContent")
    # The address takes what follows within a second for one step.
    another_step = await page.evaluate("performance.now() + 1000")
    await until(page, "performance.now() > argument", another_step)
    await page.set_input_files("#setup input[type=file]", good)
    await until(page, "location.search.includes('Theirs')")
    await page.keyboard.press("Escape")
    return problem


async def choose_columns(page: Page, name: str) -> None:
    """Sort a list by price, and have the average range in the place of the price."""
    await page.click(f"[data-list={name}] th[data-column=price] button")
    await until(page, "document.querySelector(`[data-list=${argument}] [aria-sort=descending]`)", name)
    await page.keyboard.press("s")
    await page.uncheck("#panel-sheet input[value=price]")
    await page.check("#panel-sheet input[value=atr_percent]")
    await page.keyboard.press("Escape")
    await until(page, "'atr_percent' in (tradeul.rows(argument)[0] ?? {})", name)


async def test_a_panel_is_the_readers(browser: Browser) -> None:
    """Columns and sort of one panel are its own; a field that its list did not send comes from then on."""
    async with program(start=OPEN, symbols=SYMBOLS, speed=1.0) as app, open_page(address(app), browser) as opened:
        page = opened.page
        await ready(page)
        await choose_columns(page, "high_volume")
        heads = await heads_of(page, "high_volume")
        prices = await until(page, PRICES)

    assert "price" not in heads
    assert len(prices) == 5
    assert prices == sorted(prices, reverse=True)
    assert "atr_percent" in app.channels.by_name["high_volume"].state.columns
    assert_clean(opened)


async def test_rows_stay_where_the_pointer_is(browser: Browser) -> None:
    """Under the pointer places are held while values go on, and nothing is written that is not another; a pin is on
    top in every window, which follow one symbol.
    """
    async with (
        program(start=OPEN, symbols=150, speed=3.0, scans=EVERYONE) as app,
        open_page(address(app), browser) as opened,
    ):
        page = opened.page
        await ready(page)
        await page.evaluate("tradeul.show('everyone')")
        await until(page, "document.querySelectorAll('[data-list=everyone] tr[data-symbol]').length > 3")
        async with page.expect_popup() as popup:
            await page.keyboard.press("o")
        window = await popup.value
        await ready(window)
        await page.hover("[data-list=everyone] tr[data-symbol] >> nth=3")
        await until(page, "document.querySelector('[data-list=everyone] .note').textContent.startsWith('held')")
        held = await symbols_of(page, "everyone")
        await page.evaluate(WRITES)
        before = await page.evaluate("tradeul.sequence('everyone')")
        await until(page, "tradeul.sequence('everyone') > argument + 10 && writes.written > 0", before)
        still = await symbols_of(page, "everyone")
        writes: dict[str, Any] = await page.evaluate("window.writes")
        await page.keyboard.press("p")
        await page.mouse.move(2, 2)
        on_top = "document.querySelector('[data-list=everyone] tbody tr[data-pinned]')?.dataset.symbol === argument"
        await until(page, on_top, held[3])
        await until(window, on_top, held[3])
        alone = await shown_by(window)
        await window.click("tr[data-symbol] >> nth=0")
        await until(page, "tradeul.detail().symbol === argument", held[3])

    assert still == held
    assert (writes["wasted"], writes["moved"]) == (0, 0)
    assert alone == ["everyone"]
    assert_clean(opened)
