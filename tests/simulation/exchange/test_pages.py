"""Lists in pages: every path's pages are its whole, and every fault of paging is there on all of them."""

import base64
from typing import Any

import orjson
import pytest

from tests.support.market import CALENDAR, DAY, at
from tests.support.simulated import all_of, content_of, got, listening
from tradeul.simulation.exchange.server import Exchange

BARS = f"/v2/aggs/ticker/AAPL/range/1/minute/{CALENDAR.previous(DAY)}/{CALENDAR.previous(DAY)}"
PATHS = [
    "/v3/reference/tickers?limit=70",
    "/v3/reference/tickers?limit=70&order=desc&sort=name",
    "/stocks/vX/float?limit=50",
    "/v3/reference/splits?limit=9",
    "/stocks/v1/splits?limit=9",
    "/v3/reference/dividends?limit=90&ex_dividend_date.gte=2026-08-01",
    BARS + "?limit=300",
]
NOW = at("11:07:33")


def following(content: dict[str, Any], exchange: Exchange) -> str:
    """The path of the next page."""
    url: str = content["next_url"]
    return url.removeprefix(exchange.rest_url)


def key(row: dict[str, Any]) -> Any:
    """What tells rows apart."""
    return row.get("id") or row.get("t") or (row["ticker"], row.get("last_updated_utc"))


@pytest.mark.parametrize("path", PATHS)
async def test_pages_together_are_the_whole(path: str) -> None:
    """Each row comes once, and the order is that of one long page."""
    async with listening(NOW, symbols=400) as exchange:
        paged = await all_of(exchange, path)
        whole = await all_of(exchange, path.replace("limit=", "limit=1000&was="))

    assert len(paged) > 3 * 9
    assert paged == whole


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_may_fail(path: str) -> None:
    """The second page is refused; the first and another round are right."""
    async with listening(NOW, symbols=400) as exchange:
        exchange.faults.switch_on("bad_page", number=2.0)
        first = await content_of(exchange, path)
        status, body, _ = await got(exchange, following(first, exchange))
        exchange.faults.switch_off()
        again, _, _ = await got(exchange, following(first, exchange))

    assert (status, orjson.loads(body)["status"], again) == (400, "ERROR", 200)


@pytest.mark.parametrize("path", PATHS)
async def test_the_next_page_may_be_at_the_other_brand(path: str) -> None:
    """The host is another one; path and cursor are right."""
    async with listening(NOW, symbols=400) as exchange:
        exchange.faults.switch_on("other_host")
        content = await content_of(exchange, path)
        exchange.faults.switch_off()
        url = content["next_url"].removeprefix("https://api.polygon.io")
        second = await content_of(exchange, url)
        right = await content_of(exchange, following(await content_of(exchange, path), exchange))

    assert url.startswith("/")
    assert second["results"] == right["results"]


@pytest.mark.parametrize("path", PATHS)
async def test_the_last_page_may_be_empty(path: str) -> None:
    """There is one page more, without results; what came before is the whole."""
    async with listening(NOW, symbols=400) as exchange:
        whole = await all_of(exchange, path)
        exchange.faults.switch_on("empty_last_page")
        content, pages = await content_of(exchange, path), []
        while "next_url" in content:
            pages.append(content)
            content = await content_of(exchange, following(content, exchange))

    assert "results" not in content
    assert [row for page in pages for row in page["results"]] == whole


@pytest.mark.parametrize("path", PATHS)
async def test_rows_may_come_again(path: str) -> None:
    """Each page begins with the last row of the one before, and what tells when it was updated is a day older."""
    async with listening(NOW, symbols=400) as exchange:
        exchange.faults.switch_on("repeated_rows")
        first = await content_of(exchange, path)
        second = await content_of(exchange, following(first, exchange))
        exchange.faults.switch_off()
        third = await content_of(exchange, following(await content_of(exchange, following(first, exchange)), exchange))

    assert key(third["results"][0]) not in {key(row) for row in second["results"]}
    last, again = first["results"][-1], second["results"][0]
    changed = {name for name in last if last[name] != again[name]}
    assert changed == set(last) & {"last_updated_utc", "effective_date"}
    assert all(again[name] < last[name] for name in changed)
    assert key(second["results"][1]) != key(last)


@pytest.mark.parametrize("path", PATHS)
async def test_pages_may_have_no_end(path: str) -> None:
    """The next page is this one, again and again."""
    async with listening(NOW, symbols=400) as exchange:
        exchange.faults.switch_on("endless_pages")
        pages = [await content_of(exchange, path)]
        for _ in range(3):
            pages.append(await content_of(exchange, following(pages[-1], exchange)))

    assert all(page["results"] == pages[0]["results"] for page in pages)


async def test_the_key_is_not_in_the_next_page() -> None:
    """Whoever follows must add it again."""
    async with listening(NOW, key="secret") as exchange:
        content = await content_of(exchange, PATHS[0] + "&apiKey=secret")
        refused, _, _ = await got(exchange, following(content, exchange))
        status, _, _ = await got(exchange, following(content, exchange) + "&apiKey=secret")

    cursor = content["next_url"].partition("cursor=")[2]
    assert (refused, status) == (401, 200)
    assert b"secret" not in base64.urlsafe_b64decode(cursor)


async def test_numbered_pages_have_faults_too() -> None:
    """The bare lists of the other vendor fail, repeat and never end on demand."""
    path = "/stable/shares-float-all?limit=150&page="
    async with listening(NOW, symbols=400) as exchange:
        right = [await content_of(exchange, path + number) for number in "01234"]
        exchange.faults.switch_on("bad_page", number=2.0)
        bad, _, _ = await got(exchange, path + "1")
        exchange.faults.switch_off()
        exchange.faults.switch_on("repeated_rows")
        repeated = await content_of(exchange, path + "1")
        exchange.faults.switch_off()
        exchange.faults.switch_on("endless_pages")
        endless = await content_of(exchange, path + "99")

    assert [len(page) for page in right] == [150, 150, 150, 7, 0]
    assert bad == 400
    assert repeated[0]["symbol"] == right[0][-1]["symbol"]
    assert repeated[0]["date"] < right[0][-1]["date"]
    assert repeated[1:] == right[1]
    assert endless == right[3]


async def test_names_may_be_hostile() -> None:
    """Markup, marks that turn text around, NUL and very long ones come among the names; all else is as it was."""
    async with listening(NOW, symbols=400) as exchange:
        right = await all_of(exchange, PATHS[0])
        exchange.faults.switch_on("hostile_names")
        hostile = await all_of(exchange, PATHS[0])
        bars = await all_of(exchange, PATHS[-1])
        exchange.faults.switch_off()

        assert bars == await all_of(exchange, PATHS[-1])
    names = [row.pop("name") for row in hostile]
    assert [row for row in right if row.pop("name")] == hostile
    assert {mark for mark in ("<img ", "\u202e", "\x00", "W" * 10_000) if any(mark in name for name in names)} == {
        "<img ", "\u202e", "\x00", "W" * 10_000,
    }  # fmt: skip
