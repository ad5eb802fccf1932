"""Float, splits and dividends over REST."""

import datetime as dt

import orjson
import pytest

from tests.support.market import CALENDAR, DAY, at
from tests.support.simulated import all_of, content_of, got, listening

FLOAT = "/stocks/vX/float"
SPLITS = "/v3/reference/splits"
NEW_SPLITS = "/stocks/v1/splits"
DIVIDENDS = "/v3/reference/dividends"
NOW = at("11:07:33")


async def test_floats_fit_the_shares() -> None:
    """The percentage is of the shares that the details say, and only companies are listed."""
    async with listening(NOW, symbols=400) as exchange:
        rows = {row["ticker"]: row for row in await all_of(exchange, FLOAT + "?limit=5000")}
        facts = (await content_of(exchange, "/v3/reference/tickers/AAPL"))["results"]

    part = 100 * rows["AAPL"]["free_float"] / facts["share_class_shares_outstanding"]
    assert rows["AAPL"]["free_float_percent"] == pytest.approx(part, abs=0.01)
    assert all(0 < row["free_float_percent"] <= 100 and isinstance(row["free_float"], int) for row in rows.values())
    assert 200 < len(rows) < 270
    assert not {"SPY", "AVACU", "BACpL"} & set(rows)


async def test_floats_can_be_filtered() -> None:
    """By ticker, by several, and by how free they are."""
    async with listening(NOW, symbols=400) as exchange:
        one = await all_of(exchange, FLOAT + "?ticker=AAPL")
        two = await all_of(exchange, FLOAT + "?ticker.any_of=MSFT,AAPL,NOBODY")
        free = await all_of(exchange, FLOAT + "?free_float_percent.gte=90&free_float_percent.lt=95")
        backwards = await all_of(exchange, FLOAT + "?sort=ticker.desc")

    assert [row["ticker"] for row in one] == ["AAPL"]
    assert [row["ticker"] for row in two] == ["AAPL", "MSFT"]
    assert free
    assert all(90 <= row["free_float_percent"] < 95 for row in free)
    assert [row["ticker"] for row in backwards] == sorted((row["ticker"] for row in backwards), reverse=True)


async def test_splits_are_listed_with_their_ratio() -> None:
    """Reverse splits are 10 to 1, forward ones 1 to 4; some were, some are to come."""
    async with listening(NOW, symbols=3000) as exchange:
        recent = await all_of(exchange, f"{SPLITS}?limit=1000&execution_date.gte={DAY - dt.timedelta(days=60)}")
        reverse = await all_of(exchange, SPLITS + "?limit=1000&reverse_split=true")
        forward = await all_of(exchange, SPLITS + "?limit=1000&reverse_split=false&order=asc")

    dates = [row["execution_date"] for row in recent]
    assert dates == sorted(dates, reverse=True)
    assert dates[0] > DAY.isoformat() > dates[-1] >= (DAY - dt.timedelta(days=60)).isoformat()
    assert {(row["split_from"], row["split_to"]) for row in reverse} == {(10.0, 1.0)}
    assert {(row["split_from"], row["split_to"]) for row in forward} == {(1.0, 4.0)}
    assert len({row["id"] for row in recent}) == len(recent)
    assert forward[0]["execution_date"] < forward[-1]["execution_date"]


async def test_the_newer_splits_say_more() -> None:
    """Kind and cumulative factor come with them: what a price before it is multiplied by."""
    async with listening(NOW, symbols=400) as exchange:
        rows = await all_of(exchange, NEW_SPLITS + "?limit=1000")
        symbol = next(row["ticker"] for row in rows if row["adjustment_type"] == "forward_split")
        own = await all_of(exchange, f"{NEW_SPLITS}?ticker={symbol}&execution_date.lte={DAY}")

    assert {row["adjustment_type"] for row in rows} == {"reverse_split", "forward_split"}
    assert [row["historical_adjustment_factor"] for row in own[:3]] == [0.25, 0.0625, 0.015625]


async def test_a_split_takes_place_where_prices_jump() -> None:
    """On the execution date unadjusted prices change by the ratio."""
    async with listening(NOW, symbols=400) as exchange:
        rows = await all_of(exchange, f"{SPLITS}?limit=1000&execution_date.lt={DAY}")
        split = rows[0]
        day = dt.date.fromisoformat(split["execution_date"])
        path = f"/v2/aggs/ticker/{split['ticker']}/range/1/day/{CALENDAR.previous(day)}/{day}?adjusted=false"
        before, after = (await content_of(exchange, path))["results"]

    assert after["o"] / before["c"] == pytest.approx(split["split_from"] / split["split_to"], rel=0.5)


async def test_dividends_are_quarterly() -> None:
    """Who pays does so four times a year, and the dates are in order."""
    async with listening(NOW, symbols=400) as exchange:
        rows = await all_of(exchange, DIVIDENDS + "?limit=1000&ex_dividend_date.gte=2026-01-01")
        own = await all_of(exchange, f"{DIVIDENDS}?ticker={rows[0]['ticker']}")

    assert all(row["frequency"] == 4 and row["cash_amount"] > 0 for row in rows)
    assert all(row["declaration_date"] < row["ex_dividend_date"] < row["pay_date"] for row in rows)
    assert {row["ticker"] for row in own} == {rows[0]["ticker"]}
    assert 4 <= len(own) <= 6


@pytest.mark.parametrize(
    "path",
    [
        FLOAT + "?limit=5001",
        FLOAT + "?free_float_percent.gt=much",
        FLOAT + "?sort=colour",
        SPLITS + "?limit=1001",
        SPLITS + "?execution_date=soon",
        DIVIDENDS + "?ex_dividend_date.lt=2026-02-30",
    ],
)
async def test_what_cannot_be_read_is_refused(path: str) -> None:
    """Limits, numbers and dates that are none are the asker's mistake."""
    async with listening(NOW) as exchange:
        status, body, _ = await got(exchange, path)

    assert (status, orjson.loads(body)["status"]) == (400, "ERROR")
