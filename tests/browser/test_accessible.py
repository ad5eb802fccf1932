"""Every view under the rules of WCAG 2 AA, as far as a program can tell, wide and on a phone."""

from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Page, ViewportSize

from tests.support.page import open_page, until
from tests.support.shown import address, program, ready

pytestmark = [pytest.mark.browser, pytest.mark.slow(12)]

RULES: Final = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
ASKED: Final = """async () => {
    const {violations} = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]});
    return violations.map(({id, nodes}) => `${id}: ${nodes.map(node => node.target.join(" ")).slice(0, 3).join(", ")}`);
}"""
OPEN: Final = "2026-11-18T09:31:00-05:00"
SHEETS: Final = ("s", "l", "n", "?")


async def complaints(page: Page, *, colours: bool) -> dict[str, list[str]]:
    """What is wrong with each view, by its name, where anything is."""
    await ready(page)
    # The keyboard chooses among rows of the first panel, once it has some.
    await until(page, "document.querySelector('.panel').querySelector('tr[data-symbol]')")
    found = {"lists": await page.evaluate(ASKED)}
    await page.keyboard.press("1")
    await page.keyboard.press("ArrowDown")
    await until(page, "tradeul.detail().live")
    for theme in ("light", "dark"):
        await page.keyboard.press("t")
        for palette in ("safe", "usual") if colours else ():
            await page.evaluate("palette => { document.documentElement.dataset.palette = palette }", palette)
            found[f"{theme} {palette}"] = await page.evaluate(ASKED)
    for key in SHEETS:
        await page.keyboard.press(key)
        await until(page, "document.querySelector('dialog[open]')")
        found[f"sheet {key}"] = await page.evaluate(ASKED)
        await page.keyboard.press("Escape")
        await until(page, "!document.querySelector('dialog[open]')")
    return {view: wrong for view, wrong in found.items() if wrong}


@pytest.mark.parametrize(("width", "height", "colours"), [(1920, 1080, True), (390, 844, False)])
async def test_every_view_is_accessible(browser: Browser, width: int, height: int, colours: bool) -> None:
    """Nothing is found on the lists, the chosen symbol and any sheet, nor in either theme in either palette, which are
    the same on a phone.
    """
    viewport = ViewportSize(width=width, height=height)
    async with (
        program(start=OPEN, symbols=400, speed=1.0) as app,
        open_page("about:blank", browser, viewport) as opened,
    ):
        await opened.page.add_init_script(path=RULES)
        await opened.page.goto(address(app))
        wrong = await complaints(opened.page, colours=colours)

    assert wrong == {}
    assert opened.policy_reports == []
    assert opened.errors == []
