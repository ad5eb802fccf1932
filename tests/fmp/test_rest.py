"""The second vendor over real sockets: whole lists or errors."""

from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from tests.support.vendor import KEY, UnhurriedClock, Vendor, answers, says
from tradeul.domain.events import Symbol
from tradeul.errors import VendorError, VendorRefused, VendorUnavailable
from tradeul.fmp import rest
from tradeul.fmp.rest import FmpRest

Source = Callable[[Vendor], FmpRest]


@pytest.fixture
async def source(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Source]:
    """Builds the client of a vendor, whose pages hold three rows, and closes it afterwards."""
    monkeypatch.setattr(rest, "FLOATS_A_PAGE", 3)
    built: list[FmpRest] = []

    def build(vendor: Vendor) -> FmpRest:
        built.append(FmpRest(vendor.url, KEY, UnhurriedClock(), uniform=max))
        return built[-1]

    yield build
    for each in built:
        await each.close()


def page(*names: str) -> web.Response:
    """A page of floats."""
    return says([{"symbol": name, "floatShares": 5, "outstandingShares": 9} for name in names])


@pytest.mark.parametrize("last", [("D",), ()], ids=["short", "empty"])
async def test_pages_end_with_a_short_or_an_empty_one(source: Source, last: tuple[str, ...]) -> None:
    """Counted from 0; the key is in the address, as this vendor has no header for it."""
    async with Vendor(answers(page("A", "BRK-B", "000001.SZ"), page("C", "X.DE", "Y.DE"), page(*last))) as vendor:
        floats = await source(vendor).floats()

    assert [each.symbol for each in floats] == ["A", "BRK.B", "C", *last]
    assert [(asked.path, dict(asked.query)) for asked in vendor.asked] == [
        (rest.FLOATS_PATH, {"page": str(number), "limit": "3", "apikey": KEY}) for number in range(3)
    ]


async def test_bad_rows_do_not_make_a_page_short(source: Source) -> None:
    """A page counts with what was dropped of it, which is said once."""
    spoilt = says([{"symbol": "A", "floatShares": 5}, {"symbol": 5}, {"symbol": "B", "floatShares": 0}])
    with capture_logs() as logs:
        async with Vendor(answers(spoilt, page("C"))) as vendor:
            floats = await source(vendor).floats()

    assert [each.symbol for each in floats] == ["A", "C"]
    assert logs == [{"event": "second_vendor_floats_dropped", "log_level": "warning", "wrong_type": 1, "not_set": 1}]


@pytest.mark.parametrize(
    ("failing", "kind"),
    [
        (says({"Error Message": "Limit Reach"}, 429), VendorUnavailable),
        (says({"Error Message": "Premium Query Parameter"}, 402), VendorRefused),
        (says({"Error Message": "Legacy Endpoint"}), VendorRefused),
        (web.Response(body=b'[{"symbol":"D"},'), VendorError),
    ],
)
async def test_half_a_list_is_never_returned(source: Source, failing: web.Response, kind: type[VendorError]) -> None:
    """A page that fails fails the whole."""
    async with Vendor(answers(page("A", "B", "C"), failing)) as vendor:
        with pytest.raises(kind):
            await source(vendor).floats()


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_refusals_are_told_in_the_vendors_words(source: Source, status: int) -> None:
    """Key and plan; asking again changes nothing."""
    async with Vendor(answers(says({"Error Message": "Invalid API KEY."}, status))) as vendor:
        with pytest.raises(VendorRefused, match=f"{status}: Invalid API KEY."):
            await source(vendor).floats()

    assert len(vendor.asked) == 1


async def test_the_same_page_again_is_no_next_one(source: Source) -> None:
    """A vendor that ignores the number of the page would go on for ever."""
    async with Vendor(answers(page("A", "B", "C"))) as vendor:
        with pytest.raises(VendorUnavailable, match="repeat"):
            await source(vendor).floats()

    assert len(vendor.asked) == 2


async def test_a_list_without_end_is_given_up(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """New rows for ever are no list either."""
    monkeypatch.setattr(rest, "MOST_PAGES", 4)
    async with Vendor(answers(*(page("A", "B", f"C{number}") for number in range(9)))) as vendor:
        with pytest.raises(VendorUnavailable, match="does not end"):
            await source(vendor).floats()

    assert len(vendor.asked) == 4


async def test_market_values_come_a_hundred_at_a_time(source: Source) -> None:
    """In the vendor's symbols; those it cannot have are not asked for."""
    names = [Symbol(f"S{number}") for number in range(100)]
    answer = says([{"symbol": "BRK-B", "marketCap": 1.0e12}, {"symbol": "S1", "marketCap": 5}])
    async with Vendor(answers(answer)) as vendor:
        caps = await source(vendor).market_caps([*names, Symbol("BRK.B"), Symbol("MRTpA.CL")])

    assert caps == {"BRK.B": 1.0e12, "S1": 5.0}
    assert [asked.query["symbols"] for asked in vendor.asked] == [",".join(names), "BRK-B"]


async def test_a_profile_is_fetched(source: Source) -> None:
    """An array of one; empty, of another symbol or not askable: the vendor does not know it."""
    row = {"symbol": "BRK-B", "companyName": "Some Company", "sector": "Financials", "isEtf": False, "beta": 0.8}
    async with Vendor(answers(says([row]), says([]), says([row]))) as vendor:
        client = source(vendor)
        known = await client.profile(Symbol("BRK.B"))
        unknown = [await client.profile(Symbol(name)) for name in ("NONE", "OTHER", "MRTpA.CL")]

    assert known is not None
    assert (known.symbol, known.sector, known.beta) == ("BRK.B", "Financials", 0.8)
    assert unknown == [None, None, None]
    assert [asked.query["symbol"] for asked in vendor.asked] == ["BRK-B", "NONE", "OTHER"]


async def test_an_unreadable_profile_is_no_answer(source: Source) -> None:
    """It is not the same as being unknown."""
    async with Vendor(answers(says([{"symbol": "A", "beta": "high"}]))) as vendor:
        with pytest.raises(VendorUnavailable, match="cannot be read"):
            await source(vendor).profile(Symbol("A"))
