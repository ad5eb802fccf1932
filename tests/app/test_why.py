"""Why symbols are in lists or are not, asked of the whole program."""

from pathlib import Path
from typing import Any

from tests.support.eventually import eventually
from tests.support.whole import asked, whole
from tradeul.engine.why import Why

SYMBOLS = 300
OWN: dict[str, Any] = {
    "where": "rvol > 1 and (sector in ('Technology') or price < 20)",
    "order": "rvol desc",
    "size": 5,
}


async def test_every_verdict_is_the_membership(tmp_path: Path) -> None:
    """Of each symbol of the market in each list, the user's own too: who is in passes all, who is out fails first."""
    own = {"mine": OWN, "free": {"where": "price > 0", "order": "price", "global_filters": False, "size": 3}}
    # At this pace of the clock nothing new comes while we ask.
    async with whole(tmp_path, "10:30", SYMBOLS, speed=0.001, history={"dsn": "off"}, scans=own) as app:
        await eventually(lambda: len(app.channels.by_name["mine"].state.rows) == OWN["size"])
        why = Why(app.board, app.scanner, app.channels)
        for name, channel in app.channels.by_name.items():
            ranks = {row.symbol: rank for rank, row in enumerate(channel.state.rows, 1)}
            for symbol in app.board.symbols:
                found = why.of(name, symbol)
                passes = all(each.verdict == "pass" for each in found.predicates)
                assert (found.rank, passes) == (ranks.get(symbol), symbol in ranks), (name, symbol)
        first, *others = [row.symbol for row in app.channels.by_name["mine"].state.rows]
        member = await asked(app, f"/api/v1/why/mine/{first}")
        absentee = await asked(app, f"/api/v1/why/losers/{first}")

    assert (member["member"], member["rank"], len(others)) == (True, 1, 4)
    assert member["neighbours"]["below"]["symbol"] == others[0]
    assert absentee["member"] == (absentee["first_failure"] is None)
