"""The vendor's bars over REST."""

import datetime as dt
from typing import Any

import numpy as np
import orjson
import pytest

from tests.support.market import CALENDAR, DAY, at
from tests.support.simulated import SNAPSHOT, all_of, bars_of, content_of, got, listening, small_market

GROUPED = "/v2/aggs/grouped/locale/us/market/stocks/"
RANGE = "/v2/aggs/ticker/{}/range/{}/{}/{}"
YESTERDAY = CALENDAR.previous(DAY)


async def test_daily_bars_are_the_previous_day_of_the_snapshot() -> None:
    """The grouped bars of the session before hold what prevDay holds, at its close."""
    yesterday = CALENDAR.previous(DAY)
    async with listening(at("09:29")) as exchange:
        rows = await content_of(exchange, SNAPSHOT)
        content = await content_of(exchange, GROUPED + yesterday.isoformat())

    bars = {row["T"]: row for row in content["results"]}
    before = {row["ticker"]: row["prevDay"] for row in rows["tickers"] if row["prevDay"]["v"]}
    assert content["resultsCount"] == len(bars)
    assert set(before) <= set(bars)
    assert all(bars[symbol][key] == before[symbol][key] for symbol in before for key in "ohlcv")
    assert {row["t"] for row in bars.values()} == {at("16:00", yesterday) // 10**6}


@pytest.mark.parametrize("date", ["2026-11-15", "2026-11-26", "2026-11-18", "2026-11-19"])
async def test_a_day_without_finished_trading_has_no_bars(date: str) -> None:
    """A weekend, a holiday, the running day and the future have a count of 0 and no list."""
    async with listening(at("15:59")) as exchange:
        content = await content_of(exchange, GROUPED + date)

    assert content["resultsCount"] == 0
    assert "results" not in content


async def test_a_date_that_is_none_is_refused() -> None:
    """A wrong date is the asker's mistake."""
    async with listening(at("15:59")) as exchange:
        status, body, _ = await got(exchange, GROUPED + "yesterday")

    assert status == 400
    assert orjson.loads(body)["status"] == "ERROR"


async def test_todays_bars_are_there_after_the_close() -> None:
    """From 16:00 on the running date has its official bars, with the closes that the snapshot shows."""
    async with listening(at("16:20")) as exchange:
        rows = await content_of(exchange, SNAPSHOT)
        content = await content_of(exchange, GROUPED + DAY.isoformat())

    closes = {row["T"]: row["c"] for row in content["results"]}
    assert all(closes[row["ticker"]] == row["day"]["c"] for row in rows["tickers"] if row["day"]["c"])


async def test_a_range_has_the_vendors_envelope() -> None:
    """Ticker, whether adjusted, counts, status, an id, and rows with prices, volume, start and trades."""
    async with listening(at("11:07:33")) as exchange:
        content = await content_of(exchange, RANGE.format("AAPL", "5/minute", YESTERDAY, YESTERDAY))

    rows = content.pop("results")
    assert content.pop("request_id")
    assert content == {
        "ticker": "AAPL", "adjusted": True, "queryCount": content["queryCount"], "resultsCount": len(rows),
        "status": "OK",
    }  # fmt: skip
    assert content["queryCount"] > 4 * len(rows) > 600
    assert all(set(row) == set("ohlcvtn") | {"vw"} for row in rows)
    assert all(row["l"] - 1e-4 <= row["vw"] <= row["h"] + 1e-4 for row in rows)


@pytest.mark.parametrize("symbol", ["NOBODY", "aapl", "BACPl"])
async def test_an_unknown_symbol_has_no_bars(symbol: str) -> None:
    """It is no error: the count is 0 and the list is left out."""
    async with listening(at("11:07:33")) as exchange:
        content = await content_of(exchange, RANGE.format(symbol, "1/day", YESTERDAY, DAY))

    assert content["resultsCount"] == 0
    assert "results" not in content


@pytest.mark.parametrize(
    "path",
    [
        RANGE.format("AAPL", "1/second", DAY, DAY),
        RANGE.format("AAPL", "1/fortnight", DAY, DAY),
        RANGE.format("AAPL", "0/day", DAY, DAY),
        RANGE.format("AAPL", "x/day", DAY, DAY),
        RANGE.format("AAPL", "1/day", "yesterday", DAY),
        RANGE.format("AAPL", "1/day", DAY, "2026-13-01"),
        RANGE.format("AAPL", "1/day", DAY, YESTERDAY),
        RANGE.format("AAPL", "1/day", "0001-01-01", DAY),
        RANGE.format("AAPL", "1/day", DAY, "9" * 30),
        RANGE.format("AAPL", "1/day", DAY, DAY) + "?limit=50001",
        RANGE.format("AAPL", "1/day", DAY, DAY) + "?limit=many",
        RANGE.format("AAPL", "1/day", DAY, DAY) + "?sort=up",
        RANGE.format("AAPL", "1/day", DAY, DAY) + "?cursor=nonsense",
        RANGE.format("AAPL", "1/day", DAY, DAY) + "?cursor=e30x",
        RANGE.format("AAPL", "1/day", DAY, DAY) + "?cursor=eyJxdWVyeSI6IHt9LCAic3RhcnQiOiAieCJ9",
        RANGE.format("AAPL", "1/day", DAY, DAY) + "?cursor=%C3%BC",
    ],
)
async def test_what_cannot_be_read_is_refused(path: str) -> None:
    """Spans, dates, limits and cursors that are none are the asker's mistake."""
    async with listening(at("11:07:33")) as exchange:
        status, body, _ = await got(exchange, path)

    content = orjson.loads(body)
    assert (status, content["status"]) == (400, "ERROR")
    assert content["error"]
    assert content["request_id"]


async def test_the_limit_counts_minutes_and_the_rest_is_a_page_away() -> None:
    """With a limit of 100, five-minute bars come about twenty at a time, and the pages are the whole."""
    path = RANGE.format("AAPL", "5/minute", YESTERDAY, YESTERDAY)
    async with listening(at("11:07:33")) as exchange:
        whole = (await content_of(exchange, path))["results"]
        first = await content_of(exchange, path + "?limit=100")
        paged = await all_of(exchange, path + "?limit=100")
        backwards = await all_of(exchange, path + "?limit=100&sort=desc")
        base = exchange.rest_url

    assert 20 <= first["resultsCount"] < 60
    assert first["next_url"].startswith(
        f"{base}/v2/aggs/ticker/AAPL/range/5/minute/{whole[first['resultsCount']]['t']}/"
    )
    assert paged == whole
    assert backwards == whole[::-1]


async def test_times_may_be_milliseconds() -> None:
    """From 10:02 to 10:13 in milliseconds is the bars of 10:00, 10:05 and 10:10."""
    start, end = at("10:02", YESTERDAY) // 10**6, at("10:13", YESTERDAY) // 10**6
    async with listening(at("11:07:33")) as exchange:
        rows = (await content_of(exchange, RANGE.format("AAPL", "5/minute", start, end)))["results"]

    assert [row["t"] for row in rows] == [at(wall, YESTERDAY) // 10**6 for wall in ("10:00", "10:05", "10:10")]


@pytest.mark.parametrize("factor", [10.0, 0.25])
async def test_prices_are_adjusted_for_splits_unless_told_not_to(factor: float) -> None:
    """On the morning of a split the day before is in new shares, everywhere alike; unadjusted it is as it was."""
    traits = small_market().universe.traits
    row = int(np.flatnonzero(traits.split_factor == factor)[0])
    symbol = small_market().universe.symbols[row]
    turn = DAY - dt.timedelta(days=(DAY.toordinal() - int(traits.split_offset[row])) % 200)
    today = turn if CALENDAR.is_trading_day(turn) else CALENDAR.following(turn)
    before = CALENDAR.previous(today)
    async with listening(at("09:45", today), symbols=400) as exchange:
        whole = await bars_of(exchange, symbol, "1/day", before, before)
        raw = await bars_of(exchange, symbol, "1/day", before, before, "&adjusted=false")
        minutes = await bars_of(exchange, symbol, "1/minute", before, before)
        previous = await all_of(exchange, f"/v2/aggs/ticker/{symbol}/prev")
        previous_raw = await all_of(exchange, f"/v2/aggs/ticker/{symbol}/prev?adjusted=false")
        grouped = {each["T"]: each for each in await all_of(exchange, GROUPED + before.isoformat())}
        grouped_raw = {each["T"]: each for each in await all_of(exchange, f"{GROUPED}{before}?adjusted=false")}
        row_now = (await content_of(exchange, f"{SNAPSHOT}/{symbol}"))["ticker"]

    assert whole[0]["c"] == pytest.approx(raw[0]["c"] * factor, abs=1e-4)
    assert whole[0]["v"] == pytest.approx(raw[0]["v"] / factor, abs=1)
    assert row_now["prevDay"]["c"] == previous[0]["c"] == grouped[symbol]["c"] == whole[0]["c"]
    assert previous_raw[0]["c"] == grouped_raw[symbol]["c"] == raw[0]["c"]
    assert abs(row_now["todaysChangePerc"]) < 40
    assert sum(bar["v"] for bar in minutes) == pytest.approx(raw[0]["v"] / factor)
    assert max(bar["h"] for bar in minutes) >= whole[0]["h"] - 1e-4


async def test_the_day_before_stands_at_its_close() -> None:
    """One row, with its symbol and the time of the close."""
    async with listening(at("11:07:33")) as exchange:
        content = await content_of(exchange, "/v2/aggs/ticker/AAPL/prev")
        nobody = await content_of(exchange, "/v2/aggs/ticker/NOBODY/prev")

    row = content["results"][0]
    assert (row["T"], row["t"]) == ("AAPL", at("16:00", YESTERDAY) // 10**6)
    assert (content["resultsCount"], nobody["resultsCount"], "results" in nobody) == (1, 0, False)


async def test_while_post_market_goes_on_todays_bars_grow() -> None:
    """At 16:20 the grouped bar of today is the running daily bar, with the volume so far."""
    async with listening(at("16:20")) as early, listening(at("20:00")) as late:
        before = {row["T"]: row for row in await all_of(early, GROUPED + DAY.isoformat())}
        running = (await bars_of(early, "AAPL", "1/day", DAY, DAY))[0]
        after = {row["T"]: row for row in await all_of(late, GROUPED + DAY.isoformat())}

    assert all(before["AAPL"][name] == running[name] for name in "ohlcv")
    assert before["AAPL"]["v"] < after["AAPL"]["v"]
    assert before["AAPL"]["c"] == after["AAPL"]["c"]


async def test_a_delayed_account_sees_a_quarter_of_an_hour_less() -> None:
    """The last bar is as old as the account's data, and the status says so."""
    async with listening(at("11:07:33"), plan="starter") as exchange:
        content = await content_of(exchange, RANGE.format("AAPL", "1/minute", DAY, DAY))

    assert content["status"] == "DELAYED"
    assert content["results"][-1]["t"] == at("10:52") // 10**6


@pytest.mark.parametrize(
    ("wall", "path", "status"),
    [
        ("11:07", RANGE.format("AAPL", "1/day", YESTERDAY, YESTERDAY), 200),
        ("11:07", RANGE.format("AAPL", "1/day", YESTERDAY, DAY), 403),
        ("16:30", GROUPED + DAY.isoformat(), 403),
        ("20:00", GROUPED + DAY.isoformat(), 200),
        ("20:00", RANGE.format("AAPL", "1/minute", DAY, DAY), 200),
        ("11:07", GROUPED + YESTERDAY.isoformat(), 200),
    ],
)
async def test_a_free_account_sees_a_day_when_it_is_over(wall: str, path: str, status: int) -> None:
    """Today's bars are refused until 20:00, with the words about the end of the day."""
    async with listening(at(wall), plan="free") as exchange:
        answer = await got(exchange, path)

    content: dict[str, Any] = orjson.loads(answer[1])
    assert answer[0] == status
    if status == 403:
        assert content["message"].startswith("Attempted to request today's data before end of day.")


async def test_a_free_account_may_ask_five_times_a_minute() -> None:
    """The sixth request of a minute is one too many."""
    path = RANGE.format("AAPL", "1/day", YESTERDAY, YESTERDAY)
    async with listening(at("11:07"), plan="free") as exchange:
        statuses = [(await got(exchange, path))[0] for _ in range(6)]

    assert statuses == [200] * 5 + [429]
