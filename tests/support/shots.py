"""Pictures of the page as a trader sees it: `python -m tests.support.shots [FOLDER]`, which is `make shots`.

The whole program runs over a small simulated market a few minutes into the open; each view is taken at a wide screen, a
laptop and a phone, dark and light, into `.cache/shots` or the folder given.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.async_api import Page, ViewportSize

from tests.support.page import launched, open_page, until
from tests.support.shown import address, program

FOLDER: Final = Path(".cache/shots")
SCREENS: Final = ((1920, 1080), (1280, 800), (390, 844))
OPEN: Final = "2026-11-18T09:30:20-05:00"
SETTLES_MS: Final = 8_000
TO_THE_DETAIL: Final = """[...document.querySelectorAll('#tabs button')]
    .find(tab => tab.textContent === 'Detail' && tab.checkVisibility())?.click()"""
"""Where there is room for one panel."""


async def take(folder: Path, browser_path: str) -> None:
    """Take every picture."""
    async with program(start=OPEN, speed=4.0) as app, launched(browser_path) as browser:
        for width, height in SCREENS:
            viewport = ViewportSize(width=width, height=height)
            async with open_page(address(app), browser, viewport) as opened:
                await _views(opened.page, folder, f"{width}x{height}")


async def _views(page: Page, folder: Path, size: str) -> None:
    async def picture(name: str) -> None:
        await page.screenshot(path=folder / f"{size}-{name}.png")

    await until(page, "tradeul.state() === 'LIVE' && document.querySelector('tr[data-symbol]')")
    await page.wait_for_timeout(SETTLES_MS)
    await picture("lists")
    await page.keyboard.press("1")
    await page.keyboard.press("ArrowDown")
    await until(page, "tradeul.detail().live")
    await page.evaluate(TO_THE_DETAIL)
    await picture("chosen")
    await page.keyboard.press("t")
    await picture("light")
    await page.keyboard.press("t")
    await page.keyboard.press("1")
    for key, name in (("s", "panel"), ("l", "setup"), ("n", "builder"), ("h", "machine"), ("?", "keys")):
        await page.keyboard.press(key)
        await until(page, "document.querySelector('dialog[open]')")
        await picture(name)
        await page.keyboard.press("Escape")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    found = (
        os.environ.get("TRADEUL_TEST_BROWSER") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    )
    if found is None:
        sys.exit("no browser: sudo apt-get install chromium-headless-shell")
    asyncio.run(take(folder, found))


if __name__ == "__main__":
    main()
