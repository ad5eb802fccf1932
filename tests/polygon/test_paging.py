"""Lists that come in pages, over real sockets: all of them or an error, and never from anywhere else."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from aiohttp import web

from tests.support.vendor import KEY, UnhurriedClock, Vendor, answers, says
from tradeul.domain.events import Nanos, Symbol
from tradeul.errors import SnapshotRefused, VendorError, VendorRefused, VendorUnavailable
from tradeul.polygon import paging, rest
from tradeul.polygon.rest import PolygonRest

OTHER_BRAND = "https://api.example.com"


def page(symbols: Sequence[str], cursor: str = "", host: str = OTHER_BRAND, **more: Any) -> web.Response:
    """One page of listings; with a cursor it is not the last."""
    rows = [{"ticker": symbol, "name": symbol, "market": "stocks", "locale": "us"} for symbol in symbols]
    more_at = {"next_url": f"{host}{rest.LISTINGS_PATH}?cursor={cursor}"} if cursor else {}
    return says({"status": "OK", "count": len(rows), "results": rows, **more_at, **more})


@pytest.fixture
async def source() -> AsyncIterator[Callable[[str], PolygonRest]]:
    """Builds the client of an address and closes it afterwards."""
    built: list[PolygonRest] = []

    def build(url: str) -> PolygonRest:
        built.append(PolygonRest(url, KEY, UnhurriedClock(), uniform=max))
        return built[-1]

    yield build
    for each in built:
        await each.close()


Source = Callable[[str], PolygonRest]


async def test_all_pages_come_from_the_configured_host(source: Source) -> None:
    """The host of the other brand in `next_url` is never asked; path and cursor are kept, nothing is added."""
    async with Vendor(answers(page(["A"], "YWN0=/+"), page(["B"], "c2"), page([]))) as vendor:
        listings = await source(vendor.url).listings()

    assert [listing.symbol for listing in listings] == ["A", "B"]
    first, *others = vendor.asked
    assert dict(first.query) == {"market": "stocks", "active": "true", "limit": "1000", "sort": "ticker"}
    assert [(asked.path, dict(asked.query)) for asked in others] == [
        (rest.LISTINGS_PATH, {"cursor": "YWN0=/ "}),
        (rest.LISTINGS_PATH, {"cursor": "c2"}),
    ]
    assert {asked.headers["Authorization"] for asked in vendor.asked} == {f"Bearer {KEY}"}


async def test_a_key_in_the_next_address_is_left_out(source: Source) -> None:
    """The key travels in its header alone, whatever the vendor writes."""
    async with Vendor(answers(page(["A"], f"c1&apiKey={KEY}&APIKEY={KEY}"), page(["B"]))) as vendor:
        await source(vendor.url).listings()

    assert dict(vendor.asked[1].query) == {"cursor": "c1"}


@pytest.mark.parametrize("named", ["/px", ""])
async def test_a_base_below_a_path_is_kept(source: Source, named: str) -> None:
    """Behind a proxy the next page lies below the same path, whether the vendor names it or not."""
    async with Vendor(answers(page(["A"], "c1", OTHER_BRAND + named), page(["B"]))) as vendor:
        await source(vendor.url + "/px").listings()

    assert [asked.path for asked in vendor.asked] == [f"/px{rest.LISTINGS_PATH}"] * 2


@pytest.mark.parametrize(
    "next_url",
    [
        "https://api.example.com/v1/account?cursor=c",
        "https://api.example.com/v3/reference/tickers/../../../v1/account",
        "https://api.example.com/v3/reference/tickers/%2e%2e/%2e%2e/account",
        "//api.example.com",
        "file:///etc/passwd",
        "http://[::1",
    ],
)
async def test_a_next_page_elsewhere_is_not_followed(source: Source, next_url: str) -> None:
    """A page must lie where the first one did."""
    async with Vendor(answers(page(["A"], next_url=next_url), page(["B"]))) as vendor:
        with pytest.raises(VendorError):
            await source(vendor.url).listings()

    assert len(vendor.asked) == 1


async def test_pages_in_a_circle_end(source: Source) -> None:
    """A cursor that comes again would go on for ever."""
    async with Vendor(answers(page(["A"], "c1"), page(["B"], "c2"), page(["C"], "c1"))) as vendor:
        with pytest.raises(VendorUnavailable, match="circle"):
            await source(vendor.url).listings()

    assert len(vendor.asked) == 3


async def test_a_list_without_end_is_given_up(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """New cursors for ever are no list either."""
    monkeypatch.setattr(paging, "MOST_PAGES", 4)
    async with Vendor(answers(*(page(["A"], f"c{number}") for number in range(9)))) as vendor:
        with pytest.raises(VendorUnavailable, match="does not end"):
            await source(vendor.url).listings()

    assert len(vendor.asked) == 4


@pytest.mark.parametrize(
    ("failing", "kind", "asked"),
    [
        (says({"status": "ERROR", "error": "bad cursor"}, 400), VendorRefused, 2),
        (says({"status": "ERROR", "error": "oops"}, 500), VendorUnavailable, 4),
        (web.Response(body=b'{"status":"OK","results":[{"ticker":"B"},'), SnapshotRefused, 4),
        (says({"status": "ERROR", "error": "inside"}), VendorUnavailable, 4),
    ],
    ids=["400", "500", "cut", "error inside"],
)
async def test_half_a_list_is_never_returned(
    source: Source, failing: web.Response, kind: type[VendorError], asked: int
) -> None:
    """A page that fails, and goes on failing, fails the whole."""
    async with Vendor(answers(page(["A"], "c1"), failing)) as vendor:
        with pytest.raises(kind):
            await source(vendor.url).listings()

    assert len(vendor.asked) == asked


async def test_a_page_that_fails_once_is_asked_for_again(source: Source) -> None:
    """Only that page, and the list is whole."""
    async with Vendor(answers(page(["A"], "c1"), web.Response(status=503), page(["B"]))) as vendor:
        listings = await source(vendor.url).listings()

    assert [listing.symbol for listing in listings] == ["A", "B"]
    assert [asked.query.get("cursor") for asked in vendor.asked] == [None, "c1", "c1"]


async def test_a_delayed_plan_has_lists_too(source: Source) -> None:
    """The status DELAYED is a success."""
    async with Vendor(answers(page(["A"], status="DELAYED"))) as vendor:
        assert len(await source(vendor.url).listings()) == 1


async def test_bars_go_on_below_their_own_symbol(source: Source) -> None:
    """The path of a next page of bars has other edges, and the same symbol."""
    family = f"{rest.BARS_PATH}BRK.B/range/"
    more = f"{OTHER_BRAND}{family}5/minute/1764050400000/2025-11-25?cursor=c1"
    first = says({"status": "OK", "results": [{"t": 1764000000000, "c": 1.0}], "next_url": more})
    async with Vendor(answers(first, says({"status": "OK", "results": [{"t": 1764000300000, "c": 2.0}]}))) as vendor:
        bars = await source(vendor.url).bars(Symbol("BRK.B"), 5, Nanos(1_764_000_000_000_000_000), Nanos(2 * 10**18))

    assert bars.close.tolist() == [1.0, 2.0]
    assert [asked.path for asked in vendor.asked] == [
        f"{family}5/minute/1764000000000/2000000000000",
        f"{family}5/minute/1764050400000/2025-11-25",
    ]
