"""The vendor's reference data over REST."""

import datetime as dt
from typing import Any

import orjson
import pytest

from tests.support.market import CALENDAR, DAY, at
from tests.support.simulated import SNAPSHOT, all_of, bars_of, content_of, got, listening, small_market

TICKERS = "/v3/reference/tickers"
NOW = at("11:07:33")


async def listed(query: str = "", symbols: int = 400) -> list[dict[str, Any]]:
    async with listening(NOW, symbols=symbols) as exchange:
        return await all_of(exchange, f"{TICKERS}?limit=1000{query}")


async def test_the_list_is_the_market() -> None:
    """Whatever the snapshot shows is in the list, and nothing else is active."""
    async with listening(NOW, symbols=400) as exchange:
        rows = await all_of(exchange, TICKERS + "?limit=1000")
        shown = (await content_of(exchange, SNAPSHOT + "?include_otc=true"))["tickers"]

    assert {row["ticker"] for row in rows} == {row["ticker"] for row in shown}
    assert [row["ticker"] for row in rows] == sorted(row["ticker"] for row in rows)
    assert all(row["active"] and row["locale"] == "us" and row["name"] for row in rows)
    assert {row["market"] for row in rows} <= {"stocks", "otc"}


async def test_what_is_not_known_is_left_out() -> None:
    """Types, exchanges, numbers and identifiers are missing at times, never null."""
    async with listening(NOW, symbols=1500) as exchange:
        _, body, _ = await got(exchange, TICKERS + "?limit=1000")
    rows = orjson.loads(body)["results"]

    assert b"null" not in body
    for name in ("type", "primary_exchange", "cik", "composite_figi"):
        assert 0 < sum(name not in row for row in rows) < 200


async def test_a_ticker_may_come_twice() -> None:
    """The older line is the one that was updated earlier."""
    rows = await listed("&ticker=BAC")

    assert [row["ticker"] for row in rows] == ["BAC", "BAC"]
    assert rows[0]["last_updated_utc"] > rows[1]["last_updated_utc"]
    assert rows[0]["name"] != rows[1]["name"]


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("&ticker.gte=B&ticker.lt=C", lambda row: row["ticker"][0] == "B"),
        ("&ticker.gt=BRK.A&ticker.lte=BRK.B", lambda row: row["ticker"] == "BRK.B"),
        ("&ticker=BACpL", lambda row: row["ticker"] == "BACpL"),
        ("&type=ETF", lambda row: row["type"] == "ETF"),
        ("&exchange=ARCX", lambda row: row["primary_exchange"] == "ARCX"),
        ("&market=otc", lambda row: row["market"] == "otc"),
        ("&market=stocks", lambda row: row["market"] == "stocks"),
        ("&active=false", lambda row: not row["active"] and row["delisted_utc"] <= f"{DAY}T00:00:00Z"),
        ("&search=apple", lambda row: "Apple" in row["name"]),
        ("&ticker.any_of=AAPL,NOBODY,F", lambda row: row["ticker"] in {"AAPL", "F"}),
        (f"&cik={int(small_market(1500).registry.cik(3) or 0)}", lambda row: row["ticker"]),
    ],
)
async def test_filters_leave_what_they_say(query: str, holds: Any) -> None:
    """Each filter leaves something, and only what fits it."""
    rows = await listed(query, 1500)

    assert rows
    assert all(holds(row) for row in rows)


async def test_symbols_are_told_apart_by_case() -> None:
    """A preferred and its upper-case twin are two; lower case finds nobody."""
    assert await listed("&ticker=aapl") == []
    assert [row["ticker"] for row in await listed("&ticker.any_of=BACPL,BACpL")] == ["BACPL", "BACpL"]


async def test_a_date_shows_the_list_of_that_day() -> None:
    """Months ago others were on the market."""
    earlier = DAY - dt.timedelta(days=100)
    async with listening(NOW, symbols=400) as exchange:
        now = {row["ticker"] for row in await all_of(exchange, TICKERS + "?limit=1000")}
        then = {row["ticker"] for row in await all_of(exchange, f"{TICKERS}?limit=1000&date={earlier}")}

    assert now - then
    assert then - now


@pytest.mark.parametrize(
    "query", ["limit=1001", "limit=0", "limit=x", "sort=colour", "order=up", "date=today", "cursor=?"]
)
async def test_what_cannot_be_read_is_refused(query: str) -> None:
    """Limits, orders and dates that are none are the asker's mistake."""
    async with listening(NOW) as exchange:
        status, body, _ = await got(exchange, f"{TICKERS}?{query}")

    assert (status, orjson.loads(body)["status"]) == (400, "ERROR")


async def test_the_list_can_be_turned_round_and_sorted() -> None:
    """Backwards is the reverse; by name is by name."""
    plain, backwards, named = [await listed(query) for query in ("", "&order=desc", "&sort=name")]

    assert [row["ticker"] for row in backwards] == [row["ticker"] for row in plain][::-1]
    assert [row["name"] for row in named if "(formerly)" not in row["name"]] == sorted(
        row["name"] for row in plain if "(formerly)" not in row["name"]
    )


async def test_details_fit_the_market() -> None:
    """The market cap is the last close times the weighted shares; industry and listing date are there."""
    yesterday = CALENDAR.previous(DAY)
    async with listening(NOW) as exchange:
        facts = (await content_of(exchange, TICKERS + "/AAPL"))["results"]
        close = (await bars_of(exchange, "AAPL", "1/day", yesterday, yesterday))[0]["c"]

    assert facts["market_cap"] == close * facts["weighted_shares_outstanding"]
    assert (facts["sic_code"], facts["sic_description"]) == ("3571", "ELECTRONIC COMPUTERS")
    assert facts["list_date"] < DAY.isoformat()
    assert {"ticker_root", "round_lot", "total_employees", "homepage_url", "share_class_shares_outstanding"} <= set(
        facts
    )


@pytest.mark.parametrize("symbol", ["AVACU", "AVACW", "SPY"])
async def test_units_warrants_and_funds_have_no_shares(symbol: str) -> None:
    """Market cap and share counts are left out."""
    async with listening(NOW) as exchange:
        facts = (await content_of(exchange, f"{TICKERS}/{symbol}"))["results"]

    assert not {name for name in facts if "shares" in name or name == "market_cap"}


async def test_a_class_has_a_root_and_a_suffix() -> None:
    """BRK.B is the B of BRK."""
    async with listening(NOW) as exchange:
        facts = (await content_of(exchange, TICKERS + "/BRK.B"))["results"]

    assert (facts["ticker_root"], facts["ticker_suffix"]) == ("BRK", "B")


async def test_details_of_nobody_are_not_found() -> None:
    """An unknown ticker is 404, with the vendor's words."""
    async with listening(NOW) as exchange:
        status, body, _ = await got(exchange, TICKERS + "/NOBODY")

    content = orjson.loads(body)
    assert (status, content["status"], content["message"]) == (404, "NOT_FOUND", "Ticker not found.")


async def test_the_kinds_can_be_looked_up() -> None:
    """Every type that the list uses is explained."""
    async with listening(NOW, symbols=1500) as exchange:
        kinds = await content_of(exchange, TICKERS + "/types")
        rows = await all_of(exchange, TICKERS + "?limit=1000")

    assert {row["type"] for row in rows if "type" in row} <= {kind["code"] for kind in kinds["results"]}
    assert kinds["count"] == len(kinds["results"])


async def test_an_old_symbol_is_there_as_inactive() -> None:
    """Of a company that changed its symbol the old one last traded on the session before the new one was listed."""
    market = small_market()
    row, *_ = [place for place, offset in enumerate(market.universe.traits.rename_offset.tolist()) if offset >= 0]
    name = market.registry.name(row)
    async with listening(NOW, symbols=400) as exchange:
        gone = [each for each in await all_of(exchange, TICKERS + "?active=false&limit=1000") if each["name"] == name]
        here = [each for each in await all_of(exchange, TICKERS + "?limit=1000") if each["name"] == name]
        facts = (await content_of(exchange, f"{TICKERS}/{here[0]['ticker']}"))["results"]

    assert (len(gone), len(here)) == (1, 1)
    assert gone[0]["delisted_utc"][:10] == CALENDAR.previous(dt.date.fromisoformat(facts["list_date"])).isoformat()
    assert gone[0].get("composite_figi") == here[0].get("composite_figi")
