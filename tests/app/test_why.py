"""Why symbols are in lists or are not, asked of the whole program."""

from pathlib import Path
from typing import Any

from tests.support.eventually import eventually
from tests.support.whole import asked, learned, whole
from tradeul.app import App
from tradeul.engine.why import Why

SYMBOLS = 300
OWN: dict[str, Any] = {
    "where": "rvol > 0.1 and (sector in ('Technology') or price < 20)",
    "order": "rvol desc",
    "size": 5,
}


def misjudged(app: App) -> list[tuple[str, str]]:
    """Lists and symbols of which the verdicts are not the membership."""
    why, wrong = Why(app.board, app.scanner, app.channels), []
    for name, channel in app.channels.by_name.items():
        ranks = {row.symbol: rank for rank, row in enumerate(channel.state.rows, 1)}
        for symbol in app.board.symbols:
            found = why.of(name, symbol)
            passes = all(each.verdict == "pass" for each in found.predicates)
            if (found.rank, passes) != (ranks.get(symbol), symbol in ranks):
                wrong.append((name, str(symbol)))
    return wrong


async def test_every_verdict_is_the_membership(tmp_path: Path) -> None:
    """Of each symbol of the market in each list, the user's own too: who is in passes all, who is out fails first."""
    own = {"mine": OWN, "free": {"where": "price > 0", "order": "price", "global_filters": False, "size": 3}}
    # At this pace of the clock nothing new comes while we ask.
    async with whole(tmp_path, "10:30", SYMBOLS, speed=0.001, history={"dsn": "off"}, scans=own) as app:
        await learned(app)
        await eventually(lambda: len(app.channels.by_name["mine"].state.rows) > 1)
        while True:
            ranked = app.scanner.passed
            first, *others = [row.symbol for row in app.channels.by_name["mine"].state.rows]
            member = await asked(app, f"/api/v1/why/mine/{first}")
            absentee = await asked(app, f"/api/v1/why/losers/{first}")
            if app.scanner.passed is ranked:
                break  # else something was ranked while the program was asked
        # While the last of what history says is being taken, the lists are of the moment before.
        await eventually(lambda: not misjudged(app), every_s=0.1)

    assert (member["member"], member["rank"]) == (True, 1)
    assert member["neighbours"]["below"]["symbol"] == others[0]
    assert absentee["member"] == (absentee["first_failure"] is None)
