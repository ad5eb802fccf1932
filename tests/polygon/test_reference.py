"""The vendor's reference data: what is missing is empty, what is bad is counted, and the newest counts."""

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from tests.support.vendor import KEY, UnhurriedClock, Vendor, answers, says
from tradeul.domain.events import Closure, FloatShares, Listing, Nanos, Profile, Split, Symbol
from tradeul.errors import VendorRefused, VendorUnavailable
from tradeul.polygon import rest
from tradeul.polygon.reference import closures_of, profile_of
from tradeul.polygon.rest import PolygonRest

BRK = {
    "ticker": "BRK.B", "name": "Some  Company", "market": "stocks", "locale": "us", "primary_exchange": "XNYS",
    "type": "CS", "active": True, "currency_name": "usd", "cik": "0001067983", "composite_figi": None,
    "last_updated_utc": "2025-11-24T00:00:00Z",
}  # fmt: skip
DETAILS = BRK | {
    "market_cap": 1.0e12, "share_class_shares_outstanding": 1.3e9, "weighted_shares_outstanding": 2.1e9,
    "sic_code": "6331", "sic_description": "FIRE INSURANCE", "list_date": "1996-05-09", "address": {"city": "X"},
}  # fmt: skip
Ask = Callable[..., Any]


@pytest.fixture
async def source() -> AsyncIterator[Callable[[Vendor], PolygonRest]]:
    """Builds the client of a vendor and closes it afterwards."""
    built: list[PolygonRest] = []

    def build(vendor: Vendor) -> PolygonRest:
        built.append(PolygonRest(vendor.url, KEY, UnhurriedClock(), uniform=max))
        return built[-1]

    yield build
    for each in built:
        await each.close()


Source = Callable[[Vendor], PolygonRest]


def results(*rows: Any) -> web.Response:
    """A last page."""
    return says({"status": "OK", "results": rows})


async def test_listings_are_read(source: Source) -> None:
    """What is not said is empty; a symbol that is there twice is what was updated last; bad rows cost themselves."""
    older = BRK | {"name": "Old", "last_updated_utc": "2025-11-23T00:00:00Z"}
    bare = {"ticker": "BACpL", "name": None, "market": "stocks", "locale": "us", "type": None}
    with capture_logs() as logs:
        async with Vendor(answers(results(BRK, older, bare, {"ticker": "BA D"}, {"ticker": 5}))) as vendor:
            listings = await source(vendor).listings()

    assert listings == (
        Listing(Symbol("BACpL"), "", "", "", active=True, updated=Nanos(0), figi="", last_traded=None),
        Listing(
            Symbol("BRK.B"),
            "Some Company",
            "XNYS",
            "CS",
            active=True,
            updated=Nanos(1_763_942_400_000_000_000),
            figi="",
            last_traded=None,
        ),
    )
    assert logs == [
        {"event": "listings_dropped", "log_level": "warning", "duplicate": 1, "no_symbol": 1, "wrong_type": 1}
    ]


@pytest.mark.parametrize(("rows", "name"), [((BRK, BRK | {"name": "Later"}), "Later"), ((BRK,), "Some Company")])
async def test_of_two_equal_lines_the_later_counts(source: Source, rows: tuple[Any, ...], name: str) -> None:
    """The order in the list decides what times do not."""
    async with Vendor(answers(results(*rows))) as vendor:
        assert [listing.name for listing in await source(vendor).listings()] == [name]


async def test_delisted_symbols_can_be_asked_for(source: Source) -> None:
    """They are a list of their own, with the last day of each and which security it was."""
    gone = {"ticker": "GONE", "composite_figi": "BBG000000001", "delisted_utc": "2026-10-02T00:00:00Z"}
    async with Vendor(answers(results(gone))) as vendor:
        (listing,) = await source(vendor).listings(active=False)

    assert (vendor.asked[0].query["active"], listing.active) == ("false", False)
    assert (listing.figi, listing.last_traded) == ("BBG000000001", dt.date(2026, 10, 2))


async def test_a_profile_is_read(source: Source) -> None:
    """Sector and industry are not this vendor's; shares are of the class."""
    async with Vendor(answers(says({"status": "OK", "results": DETAILS}))) as vendor:
        profile = await source(vendor).profile(Symbol("BRK.B"))

    assert vendor.asked[0].path == f"{rest.LISTINGS_PATH}/BRK.B"
    assert profile == Profile(
        symbol=Symbol("BRK.B"),
        name="Some Company",
        market_cap=1.0e12,
        shares_outstanding=1.3e9,
        sic_code="6331",
        sic_description="FIRE INSURANCE",
        sector="",
        industry="",
        list_date=dt.date(1996, 5, 9),
        beta=None,
        is_etf=False,
        is_actively_trading=True,
    )


@pytest.mark.parametrize("value", [None, 0, -1, "1e9", True, [], 1e400, 10**400])
def test_what_of_a_profile_cannot_be_read_is_not_known(value: object) -> None:
    """One odd field costs only itself."""
    body = orjson.dumps({"results": DETAILS | {"market_cap": 17, "list_date": "soon", "type": 5, "active": "yes"}})

    profile = profile_of(Symbol("X"), body.replace(b'"market_cap":17', f'"market_cap":{json_of(value)}'.encode()))

    assert (profile.market_cap, profile.list_date, profile.is_etf, profile.is_actively_trading) == (None,) * 4
    assert profile.shares_outstanding == 1.3e9


def json_of(value: object) -> str:
    """The value as JSON, numbers beyond a float too."""
    return "1e400" if value == float("inf") else str(value) if isinstance(value, int) and value > 1 else (
        orjson.dumps(value).decode()
    )  # fmt: skip


def test_weighted_shares_stand_in() -> None:
    """Where those of the class are missing."""
    known = {key: value for key, value in DETAILS.items() if key != "share_class_shares_outstanding"}

    assert profile_of(Symbol("X"), orjson.dumps({"results": known})).shares_outstanding == 2.1e9


@pytest.mark.parametrize("body", [b"", b"[]", b'{"results":[]}', b"{}"])
def test_an_unreadable_profile_is_no_profile(body: bytes) -> None:
    """It is not the same as being unknown."""
    with pytest.raises(VendorUnavailable, match="cannot be read"):
        profile_of(Symbol("X"), body)


async def test_an_unknown_symbol_has_no_profile(source: Source) -> None:
    """404 with the vendor's words is an answer; 404 for the path is none."""
    unknown = says({"status": "NOT_FOUND", "message": "Ticker not found."}, 404)
    async with Vendor(answers(unknown, web.Response(status=404, body=b"404 page not found"))) as vendor:
        client = source(vendor)
        assert await client.profile(Symbol("NONE")) is None
        with pytest.raises(VendorRefused):
            await client.profile(Symbol("NONE"))


async def test_floats_are_read(source: Source) -> None:
    """In shares, as of their date, the newest of two; 0 is not set."""
    rows = [
        {"ticker": "B", "effective_date": "2025-11-01", "free_float": 5.0e6, "free_float_percent": 80.5},
        {"ticker": "A", "effective_date": "2025-11-02", "free_float": 7},
        {"ticker": "A", "effective_date": "2025-11-01", "free_float": 6},
        {"ticker": "C", "free_float": 0},
        {"ticker": "D", "free_float": 8},
    ]
    async with Vendor(answers(results(*rows))) as vendor:
        floats = await source(vendor).floats()

    assert floats == (
        FloatShares(Symbol("A"), dt.date(2025, 11, 2), 7.0, None),
        FloatShares(Symbol("B"), dt.date(2025, 11, 1), 5.0e6, None),
        FloatShares(Symbol("D"), None, 8.0, None),
    )
    assert vendor.asked[0].path_qs == f"{rest.FLOATS_PATH}?limit=5000"


async def test_splits_are_read(source: Source) -> None:
    """By date and symbol; repeated ones once, those without a date or a ratio not at all."""
    good = {"id": "x", "ticker": "A", "execution_date": "2025-11-25", "split_from": 10, "split_to": 1.0}
    bad = [good | change for change in ({"split_to": 0}, {"execution_date": "soon"}, {"execution_date": None})]
    rows = [good, good, good | {"ticker": "B", "execution_date": "2025-11-24"}, *bad]
    with capture_logs() as logs:
        async with Vendor(answers(results(*rows))) as vendor:
            splits = await source(vendor).splits(dt.date(2025, 11, 20))

    assert splits == (
        Split(Symbol("B"), dt.date(2025, 11, 24), old=10.0, new=1.0),
        Split(Symbol("A"), dt.date(2025, 11, 25), old=10.0, new=1.0),
    )
    assert dict(vendor.asked[0].query) == {"execution_date.gte": "2025-11-20", "limit": "1000"}
    assert logs == [{"event": "splits_dropped", "log_level": "warning", "duplicate": 1, "not_set": 3}]


async def test_closures_are_read(source: Source) -> None:
    """A bare array; the leading exchange speaks for all; early closes are moments, told in UTC."""
    rows = [
        {"date": "2025-11-28", "exchange": "NYSE", "name": "Thanksgiving", "status": "early-close",
         "open": "2025-11-28T14:30:00.000Z", "close": "2025-11-28T18:00:00.000Z"},
        {"date": "2025-11-27", "exchange": "NYSE", "name": "Thanksgiving", "status": "closed"},
        {"date": "2025-11-27", "exchange": "NASDAQ", "name": "Thanksgiving", "status": "closed"},
        {"date": "2025-12-01", "exchange": "OTC", "name": "Odd", "status": "closed"},
    ]  # fmt: skip
    async with Vendor(answers(says(rows))) as vendor:
        closures = await source(vendor).upcoming_closures()

    assert closures == (
        Closure(dt.date(2025, 11, 27), "Thanksgiving", None),
        Closure(dt.date(2025, 11, 28), "Thanksgiving", Nanos(1_764_352_800_000_000_000)),
    )


def test_a_closure_that_cannot_be_read_is_left_out() -> None:
    """An early close without its time must not pass for a day off."""
    rows: list[Any] = [
        {"date": "2025-11-28", "exchange": "NYSE", "status": "early-close"},
        {"date": "soon", "exchange": "NYSE", "status": "closed"},
        {"date": "2025-11-28", "exchange": "NYSE", "status": "open"},
        17,
    ]
    dropped: Counter[str] = Counter()

    assert closures_of(orjson.dumps(rows), dropped) == ()
    assert dropped == {"not_set": 3, "wrong_type": 1}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"status":"OK"}'])
def test_what_is_no_list_of_closures_is_none(body: bytes) -> None:
    """Nothing is guessed about the exchange's days."""
    with pytest.raises(VendorUnavailable):
        closures_of(body, Counter())
