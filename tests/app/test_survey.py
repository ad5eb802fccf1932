"""The market behind the lists, asked of the whole program."""

from pathlib import Path

from tests.support.whole import learned, unmoved, whole

SYMBOLS = 400


async def test_what_is_told_of_the_market_agrees_with_itself(tmp_path: Path) -> None:
    """Who passes and who is dropped are the market, and gappers are of who passes."""
    # At this pace of the clock nothing new comes while we ask.
    async with whole(tmp_path, "10:30", SYMBOLS, speed=0.001, history={"dsn": "off"}) as app:
        await learned(app)
        paths = ("filtered?limit=1000", "dropped", "gappers?min_gap=0.5&limit=1000")
        filtered, dropped, gappers = await unmoved(app, *(f"/api/v1/scanner/{path}" for path in paths))

    rows = filtered["rows"]
    assert 0 < len(rows) == filtered["count"]
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    assert filtered["count"] + sum(reason["count"] for reason in dropped["reasons"].values()) == len(app.board)
    assert {row["symbol"] for row in gappers["up"]} == {row["symbol"] for row in rows if row["gap_percent"] >= 0.5}
    assert {row["symbol"] for row in gappers["down"]} == {row["symbol"] for row in rows if row["gap_percent"] <= -0.5}
    assert gappers["as_of"] == dropped["as_of"] == filtered["as_of"]
