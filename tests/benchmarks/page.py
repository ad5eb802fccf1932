"""The page under its full load in a headless browser, beside AG Grid community on the same feed in the same run.

A real server plays the rounds of `page_feed.py` ten times a second to the real page of eleven lists. What the main
thread spends is told twice: as the browser says (time that passed while it worked, to which other programs add) and as
the kernel counts its processor time. TRADEUL_BENCH_PAGE_S sets for how long heap and nodes are watched; 600 is its
full size. At the end both pages must hold the rows that the server published last.
"""

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from playwright.async_api import Browser, CDPSession, Page, Route, async_playwright

from tests.benchmarks.figure import Figure
from tests.benchmarks.page_feed import BEGINS_MS, STEP_MS, rounds
from tests.support.eventually import running
from tests.support.raw import HOST
from tests.support.stage import LISTS, ROOT, Round, Stage, staged
from tradeul.clock import SystemClock
from tradeul.domain.fields import DEFAULT_COLUMNS

HERE: Final = Path(__file__).parent
GRID: Final = HERE / "node_modules" / "ag-grid-community" / "dist" / "ag-grid-community.min.js"
EVERY_S: Final = 0.1
WINDOW_S: Final = 15.0
WATCHED_S: Final = float(os.environ.get("TRADEUL_BENCH_PAGE_S", "60"))
TURNS: Final = 2
WARM_S: Final = 4.0
FEW: Final = 4
FEW_EVERY_S: Final = 5.0
FEW_WINDOW_S: Final = 30.0
OPENINGS: Final = 7
SAME_S: Final = 60.0
MEGABYTE: Final = 1_000_000
FLAGS: Final = ("--no-sandbox", "--disable-features=LocalNetworkAccessChecks")
"""The grid's page is handed over by us and not by the server, to which it could not speak otherwise."""

WITNESS: Final = """
    globalThis.witness = {frames: 0, long: 0};
    const count = () => { witness.frames += 1; requestAnimationFrame(count); };
    if (%s) requestAnimationFrame(count);
    new PerformanceObserver((list) => { witness.long += list.getEntries().length; }).observe({type: "longtask"});
    new MutationObserver((_, observer) => {
        if (!document.querySelector("tr[data-symbol]")) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => { witness.firstRow = performance.now(); }));
    }).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ["data-symbol"]});
"""
OURS: Final = "Object.fromEntries(wanted.lists.map((name) => [name, tradeul.rows(name)]))"
THEIRS: Final = "Object.fromEntries(wanted.lists.map((name) => [name, rowsOf(name)]))"
SHOWN: Final = """Object.fromEntries(wanted.lists.map((name) => [name,
    [...document.querySelectorAll(`[data-list="${name}"] tr[data-symbol]`)].map((row) => row.dataset.symbol)]))"""
IN_COLUMNS: Final = """Object.fromEntries(wanted.lists.map((name) => [name,
    [...document.querySelector(`[data-list="${name}"] tr[data-symbol]`).querySelectorAll("[data-field]")]
        .map((cell) => cell.dataset.field)]))"""


@dataclass(frozen=True, slots=True)
class Spell:
    """What a page did for a while."""

    seconds: float
    frames: int
    long_tasks: int
    task_s: float
    cpu_s: float
    heap_mb: float
    """By which it grew; its garbage was collected before and after."""
    nodes: int

    def share(self, spent_s: float) -> float:
        return 100 * spent_s / self.seconds


class Player:
    """Plays the rounds to the server at their times, and knows which was the last."""

    def __init__(self, stage: Stage, script: Sequence[Round], every_s: float) -> None:
        self._stage = stage
        self._script = script
        self._every_s = every_s
        self._published = 1
        """A stage begins with the first."""

    @property
    def last(self) -> Round:
        return self._script[(self._published - 1) % len(self._script)]

    async def run(self) -> None:
        clock = SystemClock()
        due = clock.monotonic()
        while True:
            # Counted first: who is stopped while it is on its way has told the server already.
            self._published += 1
            await asyncio.shield(self._stage.round())
            due = max(due + self._every_s, clock.monotonic())
            await clock.pause(due - clock.monotonic())


async def run() -> list[Figure]:
    """Take turns with the grid, then watch the page alone; then few lists, and how it opens."""
    print(f"  load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=_browser(), args=FLAGS)
            try:
                return [*await _full_load(browser, Path(name)), *await _few_lists(browser, Path(name))]
            finally:
                await browser.close()


def _browser() -> str:
    found = os.environ.get("TRADEUL_TEST_BROWSER") or shutil.which("chromium-headless-shell")
    if found is None:
        sys.exit("no browser: sudo apt-get install chromium-headless-shell")
    return found


async def _full_load(browser: Browser, folder: Path) -> list[Figure]:
    script, ours, theirs = rounds(), list[Spell](), list[Spell]()
    async with staged(folder, script, 10, page=ROOT / "static") as stage:
        player = Player(stage, script, EVERY_S)
        for _ in range(TURNS):
            async with _opened(browser, stage, LISTS) as page:
                columns = await page.evaluate(IN_COLUMNS)
                ours.append(await _measured(browser, page, player, WINDOW_S))
                await _holds(page, OURS, player.last, whole=True)
                await _holds(page, SHOWN, player.last, whole=False)
            if GRID.exists():
                async with _grid(browser, stage, columns) as page:
                    theirs.append(await _measured(browser, page, player, WINDOW_S))
                    await _holds(page, THEIRS, player.last, whole=True)
        async with _opened(browser, stage, LISTS) as page:
            long = await _measured(browser, page, player, WATCHED_S)
            await _holds(page, OURS, player.last, whole=True)
    return [
        *_compared("ours", ours, theirs),
        *(_compared("AG Grid", theirs, []) if theirs else ()),
        Figure(f"heap gained in {WATCHED_S:.0f} s", "MB", [long.heap_mb]),
        Figure(f"nodes gained in {WATCHED_S:.0f} s", "", [long.nodes]),
    ]


def _compared(name: str, spells: Sequence[Spell], others: Sequence[Spell]) -> list[Figure]:
    frames = [each.frames / each.seconds for each in spells]
    cpu = [each.share(each.cpu_s) for each in spells]
    busy = [each.share(each.task_s) for each in spells]

    def better(values: Sequence[float], of_other: Callable[[Spell], float], *, more: bool = False) -> float | None:
        if not others:
            return None
        ratio = statistics.median(map(of_other, others)) / statistics.median(values)
        return 1 / ratio if more else ratio

    return [
        Figure(f"frames, 910 rows, {name}", "/s", frames, better(frames, lambda o: o.frames / o.seconds, more=True)),
        Figure(f"main thread's processor, {name}", "%", cpu, better(cpu, lambda o: o.share(o.cpu_s))),
        Figure(f"main thread busy, {name}", "%", busy, better(busy, lambda o: o.share(o.task_s))),
        Figure(f"long tasks in {WINDOW_S:.0f} s, {name}", "", [each.long_tasks for each in spells]),
    ]


async def _few_lists(browser: Browser, folder: Path) -> list[Figure]:
    """Four lists of 50 at a usual snapshot's pace, and how the page opens."""
    lists = LISTS[:FEW]
    script = rounds(lists, FEW * 50, 6)
    async with staged(folder, script, 10, page=ROOT / "static") as stage:
        player = Player(stage, script, FEW_EVERY_S)
        async with _opened(browser, stage, lists, frames=False) as page:
            calm = await _measured(browser, page, player, FEW_WINDOW_S)
        openings = [await _opening(browser, stage, lists) for _ in range(OPENINGS)]
    return [
        Figure("main thread's processor, 4 lists at 5 s", "%", [calm.share(calm.cpu_s)]),
        Figure("main thread busy, 4 lists at 5 s", "%", [calm.share(calm.task_s)]),
        Figure("first paint, nothing cached", "ms", [paint for paint, _ in openings]),
        Figure("first rows, nothing cached", "ms", [rows for _, rows in openings]),
    ]


# Opening pages.


@asynccontextmanager
async def _opened(browser: Browser, stage: Stage, lists: Sequence[str], *, frames: bool = True) -> AsyncIterator[Page]:
    """The page with these lists side by side, of which every row is known."""
    context = await browser.new_context(viewport={"width": 1920, "height": 1080})
    try:
        page = await context.new_page()
        panels = [{"kind": "list", "list": name, "w": 2, "h": 3} for name in lists]
        kept = orjson.dumps({"current": "First", "layouts": {"First": {"panels": panels}}}).decode()
        await page.add_init_script(f"globalThis.wanted = {{lists: {orjson.dumps(list(lists)).decode()}}};")
        await page.add_init_script(f"localStorage.setItem('tradeul.layouts', {orjson.dumps(kept).decode()});")
        await page.add_init_script(WITNESS % str(frames).lower())
        await page.route("**/api/v1/sparks*", _sparks)
        await page.goto(f"http://{HOST}:{stage.port}/")
        await _until(page, f"Object.values({SHOWN}).every((rows) => rows.length > 0)")
        yield page
    finally:
        await context.close()


async def _sparks(route: Route) -> None:
    """Lines such as a scanner that ran for a while has, of all symbols of the feed."""
    points = [100 + (number * 7) % 11 for number in range(60)]
    symbols = [f"{2 * chr(ord('A') + number)}{at}" for number in range(len(LISTS)) for at in range(100)]
    answer = {"step_ms": STEP_MS, "as_of": BEGINS_MS - STEP_MS, "rows": dict.fromkeys(symbols, points)}
    await route.fulfill(body=orjson.dumps(answer), content_type="application/json")


@asynccontextmanager
async def _grid(browser: Browser, stage: Stage, columns: dict[str, list[str]]) -> AsyncIterator[Page]:
    """AG Grid with the columns that our page shows, from the same origin, else the server would not talk to it."""
    wanted = {name: [field for field in fields if field in DEFAULT_COLUMNS] for name, fields in columns.items()}
    files = {"": HERE / "grid.html", "grid.js": HERE / "grid.js", GRID.name: GRID}
    context = await browser.new_context(viewport={"width": 1920, "height": 1080})

    async def answer(route: Route) -> None:
        await route.fulfill(path=files[route.request.url.rpartition("/")[2]])

    try:
        page = await context.new_page()
        known = orjson.dumps({"lists": list(wanted), "columns": wanted}).decode()
        await page.add_init_script(f"globalThis.wanted = {known};")
        await page.add_init_script(WITNESS % "true")
        await page.route("**/peer/*", answer)
        await page.goto(f"http://{HOST}:{stage.port}/peer/")
        await _until(page, f"Object.values({THEIRS}).every((rows) => rows.length > 0)")
        yield page
    finally:
        await context.close()


async def _opening(browser: Browser, stage: Stage, lists: Sequence[str]) -> tuple[float, float]:
    """When a page that was never seen painted first, and when its first row was painted."""
    async with _opened(browser, stage, lists, frames=False) as page:
        await _until(page, "witness.firstRow > 0")
        paint, row = await page.evaluate("[performance.getEntriesByName('first-paint')[0].startTime, witness.firstRow]")
    return float(paint), float(row)


async def _until(page: Page, condition: str) -> None:
    async with asyncio.timeout(SAME_S):
        while not await page.evaluate(condition):
            await page.wait_for_timeout(50)


# Measuring.


async def _measured(browser: Browser, page: Page, player: Player, seconds: float) -> Spell:
    clock, session = SystemClock(), await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    async with running(player.run):
        await clock.pause(WARM_S)
        before, began = await _totals(browser, page, session), clock.monotonic()
        await clock.pause(seconds)
        passed = clock.monotonic() - began
        after = await _totals(browser, page, session, collects_first=False)
        grown = await _totals(browser, page, session)
    cpu_s = max(after["cpu"][pid] - before["cpu"].get(pid, 0.0) for pid in after["cpu"])
    return Spell(
        passed,
        after["frames"] - before["frames"],
        after["long"] - before["long"],
        after["TaskDuration"] - before["TaskDuration"],
        cpu_s,
        (grown["JSHeapUsedSize"] - before["JSHeapUsedSize"]) / MEGABYTE,
        int(grown["Nodes"] - before["Nodes"]),
    )


async def _totals(browser: Browser, page: Page, session: CDPSession, *, collects_first: bool = True) -> dict[str, Any]:
    if collects_first:
        await session.send("HeapProfiler.collectGarbage")
    told = await session.send("Performance.getMetrics")
    processes = await (await browser.new_browser_cdp_session()).send("SystemInfo.getProcessInfo")
    renderers = [each["id"] for each in processes["processInfo"] if each["type"] == "renderer"]
    cpu = {pid: _main_thread_s(pid) for pid in renderers}
    seen: dict[str, Any] = await page.evaluate("witness")
    return {each["name"]: each["value"] for each in told["metrics"]} | seen | {"cpu": cpu}


def _main_thread_s(pid: int) -> float:
    """A process's main thread bears its number."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9


async def _holds(page: Page, rows: str, published: Round, *, whole: bool) -> None:
    """Nothing is published any more: what is held, or in view, must become what the server holds."""
    wanted = {name: [_plain(symbol, values) for symbol, values in each] for name, each in published.items()}
    held: dict[str, list[Any]] = {}
    async with asyncio.timeout(SAME_S):
        while True:
            held = await page.evaluate(rows)
            if all(_same(held[name], wanted[name], whole=whole) for name in wanted):
                return
            await page.wait_for_timeout(100)


def _plain(symbol: str, values: Sequence[object]) -> dict[str, object]:
    return {"symbol": symbol, **dict(zip(DEFAULT_COLUMNS, values, strict=True))}


def _same(held: Sequence[Any], wanted: Sequence[dict[str, object]], *, whole: bool) -> bool:
    if not whole:
        return bool(held) and list(held) == [row["symbol"] for row in wanted[: len(held)]]
    ranked = [{**row, "rank": place} for place, row in enumerate(wanted, 1)]
    return [{key: value for key, value in row.items() if value is not None} for row in held] == [
        {key: value for key, value in row.items() if value is not None} for row in ranked
    ]
