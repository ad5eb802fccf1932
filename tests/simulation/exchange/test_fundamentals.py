"""The other vendor: floats of all countries, caps, profiles, and its own refusals."""

import orjson
import pytest

from tests.support.market import DAY, at
from tests.support.simulated import content_of, got, listening
from tradeul.simulation.exchange.fundamentals import dashed
from tradeul.simulation.universe import Kind

NOW = at("11:07:33")
FLOATS = "/stable/shares-float-all"


@pytest.mark.parametrize(
    ("symbol", "kind", "other"),
    [
        ("BRK.B", Kind.COMMON, "BRK-B"),
        ("BACpL", Kind.PREFERRED, "BAC-PL"),
        ("BACPL", Kind.COMMON, "BACPL"),
        ("AVACU", Kind.UNIT, "AVACU"),
    ],
)
def test_symbols_are_spelt_with_dashes(symbol: str, kind: Kind, other: str) -> None:
    """Classes and preferreds have a dash, others are as everywhere."""
    assert dashed(symbol, kind) == other


async def test_floats_of_all_countries_come_by_the_page() -> None:
    """Pages are counted from 0 and end with a short one; foreign symbols are among ours, each once."""
    async with listening(NOW, symbols=400) as exchange:
        pages = [await content_of(exchange, f"{FLOATS}?page={page}&limit=200") for page in range(4)]
        usual = await content_of(exchange, FLOATS)

    rows = [row for page in pages for row in page]
    symbols = [row["symbol"] for row in rows]
    assert [len(page) for page in pages] == [200, 200, 57, 0]
    assert usual == rows
    assert len(symbols) == len(set(symbols))
    assert any(symbol.endswith(".SZ") for symbol in symbols)
    assert {"BRK-B", "BAC-PL", "BACPL"} <= set(symbols)
    assert all(0 <= row["freeFloat"] <= 100 and row["floatShares"] <= row["outstandingShares"] for row in rows)
    assert rows[0]["date"] == f"{DAY} 11:07:33"


async def test_both_vendors_agree_about_the_float() -> None:
    """A float here is the float there."""
    async with listening(NOW) as exchange:
        here = (await content_of(exchange, "/stable/shares-float?symbol=BRK-B"))[0]
        there = (await content_of(exchange, "/stocks/vX/float?ticker=BRK.B"))["results"][0]
        nobody = await content_of(exchange, "/stable/shares-float?symbol=BRK.B")

    assert here["floatShares"] == there["free_float"]
    assert here["freeFloat"] == pytest.approx(there["free_float_percent"], abs=0.01)
    assert here["source"]
    assert nobody == []


async def test_market_caps_come_in_batches() -> None:
    """Who has one is answered, who has none or is unknown is left out."""
    async with listening(NOW) as exchange:
        rows = await content_of(exchange, "/stable/market-capitalization-batch?symbols=AAPL,SPY,NOBODY,BRK-B")
        facts = (await content_of(exchange, "/v3/reference/tickers/AAPL"))["results"]

    assert [row["symbol"] for row in rows] == ["AAPL", "BRK-B"]
    assert rows[0]["marketCap"] == int(facts["market_cap"])
    assert rows[0]["date"] == DAY.isoformat()


async def test_a_profile_says_what_a_company_does() -> None:
    """Sector, industry, beta and employees as text; a fund has none of them, nobody has an empty list."""
    async with listening(NOW) as exchange:
        apple, fund = [
            (await content_of(exchange, f"/stable/profile?symbol={symbol}"))[0] for symbol in ("AAPL", "SPY")
        ]
        nobody = await content_of(exchange, "/stable/profile?symbol=aapl")

    assert (apple["sector"], apple["companyName"], apple["exchange"]) == ("Technology", "Apple Inc.", "NASDAQ")
    assert isinstance(apple["fullTimeEmployees"], str)
    assert 0 < apple["beta"] < 3
    assert fund["isEtf"]
    assert "sector" not in fund
    assert nobody == []


async def test_its_older_paths_are_closed() -> None:
    """Whoever asks there is told that they are legacy."""
    async with listening(NOW) as exchange:
        answers = [await got(exchange, path) for path in ("/api/v3/profile/AAPL", "/api/v4/shares_float/all")]

    assert [status for status, _, _ in answers] == [403, 403]
    assert all(orjson.loads(body)["Error Message"].startswith("Legacy Endpoint") for _, body, _ in answers)


async def test_it_says_no_in_its_own_words() -> None:
    """Missing and wrong keys, limits and plans are told in its one shape."""
    async with listening(NOW, key="right") as exchange:
        missing = await got(exchange, FLOATS)
        wrong = await got(exchange, FLOATS + "?apikey=wrong")
        right = await got(exchange, FLOATS + "?apikey=right")
        exchange.faults.switch_on("rate_limited", retry_after=7.0)
        limited = await got(exchange, FLOATS + "?apikey=right")
        exchange.faults.switch_off()
        exchange.faults.switch_on("error_inside")
        inside = await got(exchange, FLOATS + "?apikey=right")

    assert [answer[0] for answer in (missing, wrong, right, limited, inside)] == [401, 401, 200, 429, 200]
    for _, body, _ in (missing, wrong, limited, inside):
        assert list(orjson.loads(body)) == ["Error Message"]
    assert b"Invalid API KEY" in missing[1]
    assert limited[2]["Retry-After"] == "7"


@pytest.mark.parametrize("query", ["page=x", "limit=0", "limit=-1"])
async def test_pages_that_are_none_are_refused(query: str) -> None:
    """Wrong numbers are the asker's mistake."""
    async with listening(NOW) as exchange:
        status, body, _ = await got(exchange, f"{FLOATS}?{query}")

    assert status == 400
    assert "Error Message" in orjson.loads(body)


async def test_it_does_not_count_towards_the_first_vendors_limit() -> None:
    """A free account of the one may ask the other as often as it likes."""
    async with listening(NOW, plan="free") as exchange:
        statuses = {(await got(exchange, "/stable/shares-float?symbol=AAPL"))[0] for _ in range(7)}

    assert statuses == {200}
