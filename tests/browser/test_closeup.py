"""A symbol looked at closely in a real browser: its day, what is known of it, the activity, the search, the keyboard.

One program and one browser serve the whole file.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page

from tests.support.page import open_page, pressed, until
from tests.support.shared import shared_program
from tests.support.shown import READY, assert_clean, text_of

pytestmark = [pytest.mark.browser, pytest.mark.slow(20)]

ROW = "[data-list=high_volume] tr[data-symbol]"
DETAIL = "[data-kind=detail] .detail"
PAGE = f"{DETAIL} .page"
SEEN_LIVE = f"document.querySelector('{DETAIL}:not([data-old])')"
COLOURS = """(() => { const seen = new Set();
    for (const canvas of document.querySelectorAll('.canvas canvas')) {
        if (canvas.width === 0 || canvas.height === 0) continue;
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3]) seen.add(`${data[at]} ${data[at + 1]} ${data[at + 2]}`);
        }
    }
    return seen.size; })()"""
"""How many are painted in the chart."""
BOTH_LENGTHS = """(() => { const { textContent } = document.querySelector('.legend');
    document.querySelector("[data-minutes='1']").click();
    return [textContent, document.querySelector('.legend').textContent]; })()"""
"""What the last bar of five minutes says, and that of one minute at the same moment."""
USUAL_IS_LOADED = "fetch('/api/v1/ticker/AAPL').then(answer => answer.json()).then(known => known.avg_volume_30d > 0)"
NAMES_ARE_LOADED = """Promise.all(['ticker/BACpL', 'symbols?q=apple'].map(path => fetch(`/api/v1/${path}`)))
    .then(answers => Promise.all(answers.map(answer => answer.json())))
    .then(([one, found]) => one.name && found.symbols[0]?.symbol === 'AAPL')"""
LINE = "[data-kind=log] tr[data-symbol]:not([hidden])"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the program is that all tests of this file look at."""
    with shared_program() as place:
        yield f"{place}/"


async def live(page: Page) -> None:
    await until(page, f"{READY} && document.querySelector('{ROW}')")


async def chosen(page: Page) -> str:
    """Press the first row of a list, and wait until its symbol lives in the detail."""
    await live(page)
    return await looked_at(page, ROW)


async def looked_at(page: Page, row: str) -> str:
    """Press a row, and wait until its symbol is seen live: what was missed before that is asked for anew."""
    symbol = await pressed(page, row)
    await until(page, f"tradeul.detail().symbol === argument && tradeul.detail().live && {SEEN_LIVE}", symbol)
    return symbol


async def test_the_day_is_drawn_and_lives(browser: Browser, url: str) -> None:
    """The library comes with the first detail and not before; the chart is drawn, and its last bar moves by itself."""
    async with open_page(url, browser) as opened:
        page = opened.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await live(page)
        before = await page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name).join()")
        await chosen(page)
        await until(
            page,
            "document.querySelector('.canvas canvas')"
            " && / Vol .*usual/.test(document.querySelector('.legend').textContent)",
        )
        await until(page, f"({COLOURS}) > 10")
        asked.clear()
        legend = await text_of(page, ".legend")
        await until(page, "document.querySelector('.legend').textContent !== argument", legend)
        by_itself = [each for each in asked if "/bars" in each or "/usual" in each]
        await page.click("[data-minutes='5']")
        five, one = await page.evaluate(BOTH_LENGTHS)

    assert "vendor" not in before
    assert by_itself == []
    assert "usual" in legend
    assert (one[:3], int(one[3:5]) // 5 * 5) == (five[:3], int(five[3:5]))
    assert_clean(opened)


async def test_all_that_is_known_is_there_with_its_meaning(browser: Browser, url: str) -> None:
    """Every field of the catalogue stands in its group; what it means is said on hover."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await live(page)
        # What is known is asked for once, as the symbol is chosen; some of it is loaded only after the start.
        await until(page, USUAL_IS_LOADED)
        await page.goto(f"{url}?symbol=AAPL")
        await until(page, f"{READY} && tradeul.detail().live && {SEEN_LIVE}")
        await page.click("[data-tab=fields]")
        known = f"document.querySelector('{PAGE} [data-field=avg_volume_30d]').textContent"
        await until(page, f"![argument, ''].includes({known})", "\u2013")
        meaning = await page.evaluate(
            f"document.querySelector('{PAGE} [data-field=rvol]').previousElementSibling.title"
        )
        fields = await page.evaluate(
            f"[...document.querySelectorAll('{PAGE} [data-field]')].map(cell => cell.dataset.field)"
        )
        catalogue = await page.evaluate(
            "fetch('/api/v1/fields').then(answer => answer.json()).then(({ fields }) => fields.map(({ name }) => name))"
        )

    assert "usual for this moment" in meaning
    assert sorted([*fields, "symbol"]) == sorted(catalogue)
    assert_clean(opened)


async def test_lists_say_why(browser: Browser, url: str) -> None:
    """Each list says that the symbol is in it, or what keeps it out; opened, all that has to be passed."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await live(page)
        # It does not leave such a list meanwhile.
        symbol = await until(page, "tradeul.rows('high_volume')[0]?.symbol")
        one = {"name": "one", "where": f'symbol == "{symbol}"', "global_filters": False}
        assert (await page.request.post(f"{url}api/v1/scans", data=one)).ok
        await until(page, "tradeul.lists().includes('one') && (tradeul.show('one'), true)")
        await looked_at(page, "[data-list=one] tr[data-symbol]")
        await until(page, "document.querySelectorAll('[data-why]').length === 12")
        member = await text_of(page, "[data-why=one] summary")
        outside = await text_of(page, "[data-member=no] summary")
        await page.click("[data-why=high_volume] summary")
        parts = await page.eval_on_selector_all("[data-why=high_volume] li", "all => all.map(li => li.textContent)")

    assert "in, rank 1" in member
    assert "out: " in outside
    assert any("price range" in part for part in parts)
    assert_clean(opened)


async def test_the_activity_is_filtered_and_leads_to_symbols(browser: Browser, url: str) -> None:
    """It is filled on load, goes on without a question, keeps to its filters; a press looks at the symbol."""
    async with open_page(url, browser) as opened:
        page = opened.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await live(page)
        await until(page, f"document.querySelectorAll('{LINE}').length > 5")
        newest = await until(page, f"document.querySelector('{LINE}').textContent")
        asked.clear()
        await until(page, f"document.querySelector('{LINE}').textContent !== argument", newest)
        by_itself = [each for each in asked if "history" in each]
        await page.select_option("[data-kind=log] select[aria-label=List]", "new_highs")
        await until(
            page,
            f"document.querySelector('{LINE}')"
            f" && [...document.querySelectorAll('{LINE} .list')].every(cell => cell.textContent === 'New highs')",
        )
        symbol = await until(
            page, "(name => (name?.click(), name?.textContent))(document.querySelector(argument))", f"{LINE} button"
        )
        await until(page, "tradeul.detail().symbol === argument && tradeul.detail().live", symbol)
        await page.click("[data-tab=visits]")
        await until(page, f"document.querySelector('{DETAIL} .visits tbody').textContent.includes('New highs')")

    assert by_itself == []
    assert_clean(opened)


async def test_a_symbol_is_found_by_keyboard_alone(browser: Browser, url: str) -> None:
    """`/`, a word of a name or a symbol as it is written, Enter: it is looked at; Esc lets it go."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await live(page)
        await until(page, NAMES_ARE_LOADED)
        await page.keyboard.press("/")
        await page.keyboard.type("BACpL")
        await page.keyboard.press("Enter")
        await until(page, "tradeul.detail().symbol === 'BACpL' && tradeul.detail().live")
        await until(page, f"document.querySelector('{DETAIL} .name').textContent.startsWith('Bank of America')")
        await page.keyboard.press("/")
        await page.keyboard.type("apple")
        # Who types slowly is shown what begins with less of it first.
        await until(page, "document.querySelector('#search li b').textContent === 'AAPL'")
        await page.keyboard.press("Escape")
        await until(page, "!document.querySelector('#search').open")
        await page.keyboard.press("Escape")
        await until(page, "tradeul.detail().symbol === ''")

    assert_clean(opened)


async def test_a_key_right_after_a_search_is_not_typed_into_it(browser: Browser, url: str) -> None:
    """The field that was typed into still has the keys for a moment when its dialog is closed."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await chosen(page)
        await page.keyboard.press("/")
        await until(page, "document.querySelector('#search').open")
        await page.evaluate(
            """() => {
                const search = document.querySelector('#search'), field = search.querySelector('input');
                search.close();
                field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}));
            }"""
        )
        await until(page, "tradeul.detail().symbol === ''")

    assert_clean(opened)


async def test_what_is_seen_is_saved_and_copied(browser: Browser, url: str) -> None:
    """`v` saves the rows of the panel, all of them and as they are ordered; `c` copies the chosen symbol."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        symbol = await chosen(page)
        await page.focus("[data-list=high_volume] .region")
        await page.hover(f"{ROW} >> nth=2")
        await until(page, "document.querySelector('[data-list=high_volume] .note').textContent.startsWith('held')")
        async with page.expect_download() as saving:
            await page.keyboard.press("v")
        download = await saving.value
        text = (await download.path()).read_text(encoding="utf-8-sig")
        seen = await page.eval_on_selector_all(ROW, "rows => rows.map(row => row.dataset.symbol)")
        await page.keyboard.press("c")
        await until(page, "document.querySelector('#notice').textContent.includes('is copied')")
        copied = await page.evaluate("navigator.clipboard.readText()")

    assert text.startswith("rank,symbol,price,")
    saved = [line.split(",")[1] for line in text.splitlines()[1:]]
    assert len(saved) > len(seen)
    assert saved[: len(seen)] == seen
    assert download.suggested_filename.startswith("high_volume-")
    assert copied == symbol
    assert_clean(opened)


async def test_how_long_it_takes_from_the_vendor_to_the_screen(browser: Browser, url: str) -> None:
    """Stage by stage as the server measured it, and in all as this window did, in the sheet of the coverage."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await live(page)
        await until(page, "tradeul.latency()?.count > 5")
        await page.click("#coverage")
        await until(
            page,
            "[...document.querySelectorAll('#latency dt')].filter(each => / m?s /.test(each.textContent)).length > 3",
        )
        words = await page.eval_on_selector_all("#latency dd", "all => all.map(each => each.textContent)")
        figures = await page.evaluate("tradeul.latency()")
        status = await page.evaluate("fetch('/api/v1/scanner/status').then(answer => answer.json())")

    assert words[0] == "from the newest event to the snapshot that holds it"
    assert words[-1] == "from the newest event to this screen, in all"
    assert 0 <= figures["p50"] <= figures["p99"]
    assert status["latency"]["scan"]["p50"] <= status["latency"]["scan"]["p99"]
    assert_clean(opened)


TIPS = """[...document.querySelectorAll('tr[data-symbol]:not([hidden]) > [data-field=symbol]')].map(cell => {
    cell.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
    return cell.title;
})"""
"""What is said on hover of every row in view."""
HOVERED = "[...document.querySelectorAll(':hover')].map(each => each.title)"
"""What is said where the pointer is."""


async def found(page: Page, told: str, words: str) -> str:
    """Wait until one of these texts holds some words, and give it as it was then: it may say another thing soon."""
    await until(page, f"(globalThis.found = ({told}).find(text => text.includes(argument)))", words)
    text: str = await page.evaluate("globalThis.found")
    return text


async def test_a_row_says_how_old_it_is_and_where_that_time_went(browser: Browser, url: str) -> None:
    """Of the chosen symbol, followed live, in the detail; of rows on hover."""
    async with open_page(url, browser) as opened:
        page = opened.page
        await chosen(page)
        detail = await found(page, f"[document.querySelector('{DETAIL} .way').textContent]", "by the live feed")
        # Rows keep their places while the pointer is over them.
        await page.locator(f"{ROW} > [data-field=symbol]").first.hover()
        await until(page, f"{HOVERED}.some(title => title.includes(' old'))")
        # That one comes by snapshot is luck, where whatever is shown is followed live; `ways.test.mjs` has those.
        live_tip = await found(page, TIPS, "by the live feed")
        named = await found(page, TIPS, "\n")
        await page.click("#coverage")
        await until(page, "[...document.querySelectorAll('#latency dd')].length > 5")
        words = await page.eval_on_selector_all("#latency dd", "all => all.map(each => each.textContent)")

    took = r"(<1 ms|[\d.]+ m?s|\d+ min)"
    stages = f"ranked {took} → published {took} → here {took},? in all {took}"
    assert re.match(f".+ old by the live feed: event → arrived {took} → {stages}", detail)
    assert re.search(f"(^|\n).+ old; by the live feed: event → arrived {took} → {stages}$", live_tip)
    assert re.match(r"\w.*\n.+ old; ", named), "the name stays above it"
    assert "from their publication to this screen" in words
    assert_clean(opened)
