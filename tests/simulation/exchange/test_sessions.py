"""The vendor's newer snapshot over REST."""

from typing import Any

import orjson
import pytest

from tests.support.market import at
from tests.support.simulated import SNAPSHOT, all_of, content_of, got, listening

PATH = "/v3/snapshot"
FEW = "?ticker.any_of=AAPL,BRK.B,BACpL"


async def both(wall: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows of both snapshots by ticker."""
    async with listening(at(wall)) as exchange:
        old = {row["ticker"]: row for row in (await content_of(exchange, SNAPSHOT))["tickers"]}
        new = {row["ticker"]: row for row in await all_of(exchange, PATH + "?limit=250")}
    return old, new


@pytest.mark.parametrize(
    ("wall", "status"), [("08:00", "early_trading"), ("11:07", "open"), ("17:00", "late_trading"), ("22:00", "closed")]
)
async def test_it_shows_what_the_older_one_shows(wall: str, status: str) -> None:
    """Prices, volume and changes are those of the older snapshot; the status is the session's."""
    old, new = await both(wall)

    compared = 0
    for symbol, row in old.items():
        session = new[symbol]["session"]
        assert new[symbol]["market_status"] == status
        assert session["previous_close"] == row["prevDay"]["c"]
        assert session["volume"] == row["min"]["av"]
        if "lastTrade" in row:
            assert session["price"] == new[symbol]["last_trade"]["price"] == row["lastTrade"]["p"]
            if row["prevDay"]["c"]:
                assert session["change"] == row["todaysChange"]
                compared += 1
    assert compared > 30


async def test_sessions_are_told_apart() -> None:
    """After the close the change is that of the regular session and, on top of it, that of the evening."""
    old, new = await both("18:30")

    for symbol in ("AAPL", "TSLA", "SPY"):
        session, row = new[symbol]["session"], old[symbol]
        assert session["regular_trading_change"] == pytest.approx(row["day"]["c"] - row["prevDay"]["c"], abs=1e-4)
        late = session["late_trading_change"]
        assert session["change"] == pytest.approx(session["regular_trading_change"] + late, abs=2e-4)
        assert "early_trading_change" in session


async def test_in_the_morning_only_the_early_session_has_a_change() -> None:
    """Before the open the whole change is the early one."""
    _, new = await both("08:45")

    session = new["AAPL"]["session"]
    assert session["change"] == session["early_trading_change"]
    assert not {"regular_trading_change", "late_trading_change", "open"} & set(session)


async def test_tickers_are_asked_for_by_name_and_page() -> None:
    """Ten come unless more are asked for, at most 250; an unknown one has an error in its row."""
    async with listening(at("11:07")) as exchange:
        usual = await content_of(exchange, PATH)
        named = await content_of(exchange, PATH + FEW + ",aapl,NOBODY")
        many, _, _ = await got(exchange, PATH + "?limit=251")

    rows = {row["ticker"]: row for row in named["results"]}
    assert len(usual["results"]) == 10
    assert usual["next_url"]
    assert set(rows) == {"AAPL", "BRK.B", "BACpL", "aapl", "NOBODY"}
    assert rows["NOBODY"] == {"ticker": "NOBODY", "error": "NOT_FOUND", "message": "Ticker not found."}
    assert many == 400


async def test_plans_hold_for_it_too() -> None:
    """A free account has none, a delayed one no quotes."""
    async with listening(at("11:07"), plan="free") as free, listening(at("11:07"), plan="developer") as late:
        status, body, _ = await got(free, PATH + FEW)
        row = (await content_of(late, PATH + "?ticker.any_of=AAPL"))["results"][0]

    assert (status, orjson.loads(body)["status"]) == (403, "NOT_AUTHORIZED")
    assert row["timeframe"] == "DELAYED"
    assert "last_trade" in row
    assert "last_quote" not in row
