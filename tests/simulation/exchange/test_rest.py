"""What the simulated vendor answers over REST."""

import asyncio
import datetime as dt
import gzip
from typing import Any

import orjson
import pytest

from tests.support.market import CALENDAR, DAY, at
from tests.support.simulated import SNAPSHOT, content_of, got, listening, small_market, state_of, tape_at
from tradeul.clock import ManualClock

MOVERS = "/v2/snapshot/locale/us/markets/stocks/"


async def rows_at(wall: str, day: dt.date = DAY, query: str = "") -> dict[str, Any]:
    async with listening(at(wall, day)) as exchange:
        content = await content_of(exchange, SNAPSHOT + query)
    return {row["ticker"]: row for row in content["tickers"]}


async def test_every_answer_says_that_the_market_is_simulated() -> None:
    """The header names the world, on answers and refusals alike."""
    async with listening(at("09:29"), key="right") as exchange:
        answers = [await got(exchange, path) for path in ("/v1/marketstatus/now?apiKey=right", SNAPSHOT, "/nowhere")]

    assert [headers["X-Simulated-Market"] for _, _, headers in answers] == ["sim-1"] * 3
    assert [status for status, _, _ in answers] == [200, 401, 404]


async def test_keys_are_asked_for_as_the_vendor_does() -> None:
    """The key comes in the query or as bearer; a missing and a wrong one are told apart."""
    path = "/v1/marketstatus/now"
    async with listening(at("09:29"), key="right") as exchange:
        missing = await got(exchange, path)
        wrong = await got(exchange, path + "?apiKey=wrong")
        bearer = await got(exchange, path, Authorization="Bearer right")

    assert (missing[0], orjson.loads(missing[1])["error"]) == (401, "API Key was not provided")
    assert (wrong[0], orjson.loads(wrong[1])["error"]) == (401, "Unknown API Key")
    assert bearer[0] == 200


async def test_an_unknown_path_is_answered_in_plain_text() -> None:
    """As at the vendor, a route that does not exist is no JSON."""
    async with listening(at("09:29")) as exchange:
        status, body, headers = await got(exchange, "/v3/reference/nothing")

    assert (status, body) == (404, b"404 page not found")
    assert headers["Content-Type"].startswith("text/plain")


async def test_the_snapshot_is_the_tape() -> None:
    """Volume, last price, minute and day of every row are what the tape at that second shows."""
    async with listening(at("11:07:33"), symbols=400) as exchange:
        content = await content_of(exchange, SNAPSHOT)

    rows = {row["ticker"]: row for row in content["tickers"]}
    tape = tape_at("11:07:33")
    state = state_of(tape)
    checked = 0
    for place, symbol in enumerate(small_market().universe.symbols):
        if symbol not in rows or not state["traded_at"][place]:
            continue
        row = rows[symbol]
        assert row["min"]["av"] == state["volume"][place]
        assert row["lastTrade"]["p"] == state["price"][place] / 10_000
        assert row["lastTrade"]["t"] == state["traded_at"][place]
        assert row["day"]["h"] == state["regular high"][place] / 10_000
        checked += 1
    assert checked > 100


@pytest.mark.parametrize(("wall", "opened"), [("03:45", False), ("09:29:30", False), ("09:45", True), ("18:00", True)])
async def test_the_day_is_zero_until_the_open(wall: str, opened: bool) -> None:
    """The day's object stays all zero before 09:30, whatever traded earlier."""
    rows = await rows_at(wall)

    days = [row["day"]["c"] > 0 for row in rows.values()]
    assert any(days) is opened
    assert all(row["day"]["v"] > 0 for row in rows.values() if row["day"]["c"])


async def test_nothing_of_today_is_there_after_the_clear() -> None:
    """At 03:45 everything of today is zero or left out, and the previous day has rolled."""
    rows, evening = await rows_at("03:45"), await rows_at("21:00", CALENDAR.previous(DAY))

    for row in rows.values():
        assert row["updated"] == row["todaysChange"] == row["min"]["t"] == row["min"]["av"] == 0
        assert "lastTrade" not in row
        assert "lastQuote" not in row
    both = [symbol for symbol in rows if evening.get(symbol, {}).get("day", {}).get("c")]
    assert len(both) > 100
    assert all(rows[symbol]["prevDay"]["c"] == evening[symbol]["day"]["c"] for symbol in both)
    assert all(rows[symbol]["prevDay"]["v"] == evening[symbol]["day"]["v"] for symbol in both)


async def test_a_weekend_shows_the_last_session() -> None:
    """On Saturday the market stands as Friday left it."""
    friday, saturday = dt.date(2026, 11, 20), dt.date(2026, 11, 21)

    assert await rows_at("12:00", saturday) == await rows_at("23:00", friday)


async def test_changes_are_against_the_previous_close() -> None:
    """todaysChange and its percentage compare the last trade with prevDay, and are 0 where there is none."""
    rows = await rows_at("10:30")

    for row in rows.values():
        close = row["prevDay"]["c"]
        if close and "lastTrade" in row:
            change = row["lastTrade"]["p"] - close
            assert row["todaysChange"] == pytest.approx(change, abs=1e-4)
            assert row["todaysChangePerc"] == pytest.approx(100 * change / close, abs=1e-3)
        else:
            assert row["todaysChange"] == row["todaysChangePerc"] == 0


async def test_bars_and_quotes_hang_together() -> None:
    """Lows are low, averages lie between, quotes do not cross, and no time lies in the future."""
    now = at("13:13:13")
    rows = await rows_at("13:13:13")

    for row in rows.values():
        for bar in (row["day"], row["min"], row["prevDay"]):
            assert bar["l"] <= min(bar["o"], bar["c"]) <= max(bar["o"], bar["c"]) <= bar["h"]
            assert bar["l"] - 1e-4 <= bar["vw"] <= bar["h"] + 1e-4
        if "lastQuote" in row:
            quote, trade = row["lastQuote"], row["lastTrade"]
            assert 0 < quote["p"] <= trade["p"] <= quote["P"]
            assert quote["p"] < quote["P"]
            assert row["min"]["t"] * 10**6 <= trade["t"] <= row["updated"] <= now


async def test_nothing_is_ever_null() -> None:
    """What is unknown is left out or zero: the official clients choke on null."""
    async with listening(at("09:45")) as exchange:
        _, body, _ = await got(exchange, SNAPSHOT + "?include_otc=true")

    assert b"null" not in body
    assert b"NaN" not in body


async def test_symbols_can_be_asked_for_by_name() -> None:
    """Names are taken as they are spelt; unknown ones are left out in silence."""
    rows = await rows_at("09:45", query="?tickers=BACpL,BRK.B,aapl,NOTHING")

    assert set(rows) == {"BACpL", "BRK.B"}


async def test_counts_come_in_odd_forms() -> None:
    """Some volumes arrive as floats, some in powers of ten, and they mean the same number."""
    async with listening(at("15:30"), symbols=400) as exchange:
        _, body, _ = await got(exchange, SNAPSHOT)

    assert b"e+0" in body
    assert b".0," in body


async def test_foreign_shares_come_on_request_only() -> None:
    """Over-the-counter shares are left out unless asked for, and marked."""
    async with listening(at("12:00"), symbols=1500) as exchange:
        plain = await content_of(exchange, SNAPSHOT)
        whole = await content_of(exchange, SNAPSHOT + "?include_otc=true")

    listed = {row["ticker"] for row in plain["tickers"]}
    foreign = [row for row in whole["tickers"] if row["ticker"] not in listed]
    assert foreign
    assert all(row["day"]["otc"] and row["ticker"][-1] in "FY" for row in foreign)
    assert plain["count"] == len(plain["tickers"])


async def test_the_same_seed_and_clock_give_the_same_bytes() -> None:
    """A market that was followed for minutes and one started just now answer alike, byte for byte."""
    clock = ManualClock(at("09:29:40"))
    async with listening(clock) as followed, listening(at("09:31:40")) as fresh:
        for _ in range(12):
            await got(followed, SNAPSHOT)
            await clock.advance(10)
        one, other = await got(followed, SNAPSHOT), await got(fresh, SNAPSHOT)

    assert one[1] == other[1]


async def test_two_answers_at_once_are_both_whole() -> None:
    """Concurrent requests neither mix nor differ."""
    async with listening(at("09:45")) as exchange:
        answers = await asyncio.gather(*(got(exchange, SNAPSHOT) for _ in range(3)))

    assert len({body for _, body, _ in answers}) == 1


async def test_long_answers_are_compressed_when_asked_and_enabled() -> None:
    """With compression on, a client that takes gzip gets gzip."""
    async with listening(at("09:45"), compress=True) as exchange:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(exchange.rest_url.rsplit(":", 1)[1]))
        writer.write(f"GET {SNAPSHOT} HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    assert b"content-encoding: gzip" in head.lower()
    assert orjson.loads(gzip.decompress(body))["status"] == "OK"


@pytest.mark.parametrize(
    ("wall", "day", "market", "early", "late"),
    [
        ("05:00", DAY, "extended-hours", True, False),
        ("12:00", DAY, "open", False, False),
        ("17:00", DAY, "extended-hours", False, True),
        ("21:00", DAY, "closed", False, False),
        ("12:00", dt.date(2026, 11, 26), "closed", False, False),
        ("14:00", dt.date(2026, 11, 27), "extended-hours", False, True),
    ],
)
async def test_the_status_follows_the_session(wall: str, day: dt.date, market: str, *, early: bool, late: bool) -> None:
    """The market's status says which side of the day it is, with New York's offset in its time."""
    async with listening(at(wall, day)) as exchange:
        content = await content_of(exchange, "/v1/marketstatus/now")

    assert (content["market"], content["earlyHours"], content["afterHours"]) == (market, early, late)
    assert content["serverTime"] == f"{day}T{wall}:00-05:00"


async def test_closures_ahead_are_listed() -> None:
    """Upcoming closures come as a bare list, one row per exchange; half days with their hours in UTC."""
    async with listening(at("09:29")) as exchange:
        content = await content_of(exchange, "/v1/marketstatus/upcoming")

    assert content[0] == {
        "date": "2026-11-26",
        "name": "Thanksgiving Day",
        "status": "closed",
        "exchange": "NYSE",
    }
    half = next(row for row in content if row["status"] == "early-close")
    assert (half["open"], half["close"]) == ("2026-11-27T14:30:00.000Z", "2026-11-27T18:00:00.000Z")
    assert len(content) == 9


async def test_a_client_that_hangs_up_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Gone before the answer began or in its middle: the vendor shrugs."""
    async with listening(at("09:45")) as exchange:
        host, port = exchange.rest_url.removeprefix("http://").split(":")
        for wait in (False, True):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {SNAPSHOT} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer x\r\n\r\n".encode())
            await writer.drain()
            if wait:
                await reader.read(100)
            writer.transport.abort()
        await got(exchange, "/v1/marketstatus/now")

    assert [record.message for record in caplog.records if record.name.startswith("aiohttp")] == []


@pytest.mark.parametrize(
    ("says", "market", "early", "late"),
    [
        ("closed", "closed", False, False),
        ("open", "open", False, False),
        ("early", "extended-hours", True, False),
        ("late", "extended-hours", False, True),
    ],
)
async def test_the_market_may_be_said_to_do_something_else(says: str, market: str, early: bool, late: bool) -> None:
    """By a fault: all of the answer agrees, and the clock in it is right."""
    async with listening(at("10:30")) as exchange:
        exchange.faults.switch_on("other_hours", says=says)
        status = await content_of(exchange, "/v1/marketstatus/now")

    assert (status["market"], status["exchanges"]["nyse"]) == (market, market)
    assert (status["earlyHours"], status["afterHours"]) == (early, late)
    assert status["serverTime"] == "2026-11-18T10:30:00-05:00"


@pytest.mark.parametrize(
    ("close", "row"),
    [
        ("", {"status": "closed"}),
        ("13:00", {"status": "early-close", "open": "2026-11-20T14:30:00.000Z", "close": "2026-11-20T18:00:00.000Z"}),
    ],
)
async def test_a_plain_day_may_be_announced_to_be_short(close: str, row: dict[str, str]) -> None:
    """By a fault: the second trading day from now, for all exchanges, in the order of the dates."""
    async with listening(at("10:30")) as exchange:
        exchange.faults.switch_on("announced", ahead=2, close=close)
        closures = await content_of(exchange, "/v1/marketstatus/upcoming")

    assert closures[:3] == [
        {"date": "2026-11-20", "name": "Day of Mourning", **row, "exchange": name} for name in ("NYSE", "NASDAQ", "OTC")
    ]
    assert closures[3]["date"] == "2026-11-26"


async def test_one_ticker_is_the_row_of_the_whole() -> None:
    """Asked for alone, a ticker's row is the one that the whole market has, as an object."""
    async with listening(at("10:30")) as exchange:
        rows = {row["ticker"]: row for row in (await content_of(exchange, SNAPSHOT))["tickers"]}
        alone = await content_of(exchange, SNAPSHOT + "/BRK.B")

    assert alone["status"] == "OK"
    assert alone["request_id"]
    assert alone["ticker"] == rows["BRK.B"]


@pytest.mark.parametrize("symbol", ["brk.b", "aapl", "NOBODY", "BACPl"])
async def test_an_unknown_ticker_is_not_found(symbol: str) -> None:
    """So is a known one in another case."""
    async with listening(at("10:30")) as exchange:
        status, body, _ = await got(exchange, f"{SNAPSHOT}/{symbol}")

    content = orjson.loads(body)
    assert (status, content["status"], content["message"]) == (404, "NotFound", "Ticker not found.")


async def test_who_moved_most_comes_first() -> None:
    """At most twenty gainers and losers, by percent, of those that traded ten thousand shares."""
    async with listening(at("10:30"), symbols=400) as exchange:
        rows = (await content_of(exchange, SNAPSHOT))["tickers"]
        up = (await content_of(exchange, MOVERS + "gainers"))["tickers"]
        down = (await content_of(exchange, MOVERS + "losers"))["tickers"]

    traded = [row for row in rows if row["min"]["av"] >= 10_000 and row["prevDay"]["c"]]
    ranked = sorted(traded, key=lambda row: row["todaysChangePerc"])
    assert [row["todaysChangePerc"] for row in up] == [row["todaysChangePerc"] for row in ranked[::-1][:20]]
    assert [row["todaysChangePerc"] for row in down] == [row["todaysChangePerc"] for row in ranked[:20]]


@pytest.mark.parametrize("path", [SNAPSHOT, SNAPSHOT + "/AAPL", MOVERS + "gainers"])
async def test_a_free_account_has_no_snapshots(path: str) -> None:
    """All three ways to the market now are refused."""
    async with listening(at("10:30"), plan="free") as exchange:
        status, body, _ = await got(exchange, path)

    assert (status, orjson.loads(body)["status"]) == (403, "NOT_AUTHORIZED")


async def test_a_delayed_account_is_told_the_true_state_of_the_market() -> None:
    """At 09:35 the market is open for everybody; only the data is as of 09:20."""
    async with listening(at("09:35"), plan="developer") as exchange:
        status = await content_of(exchange, "/v1/marketstatus/now")
        snapshot = await content_of(exchange, SNAPSHOT)

    assert status["market"] == "open"
    assert snapshot["status"] == "DELAYED"
    newest = max(row["updated"] for row in snapshot["tickers"])
    assert at("09:19") < newest <= at("09:20")
    assert not any("lastQuote" in row for row in snapshot["tickers"])
