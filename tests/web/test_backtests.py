"""Backtests over HTTP: what is taken, what is refused and where, and what is answered."""

from typing import Any

import aiohttp
import pytest

from tests.support.market import DAY
from tests.support.trials import DONE, HALF, ScriptedTrials
from tests.support.web import served
from tradeul.definitions import ScanDefinition
from tradeul.engine.scan_book import ScanBook
from tradeul.engine.trials import Trials
from tradeul.web.routes.backtests import BacktestRoutes
from tradeul.web.shapes import Backtest, Backtests

PATH = "/api/v1/backtests"
WISH = {"what": "winners", "from": "2026-11-16", "to": "2026-11-18"}
BOOK = ScanBook(own={"mine": ScanDefinition(where="rvol > 2", order="rvol desc", size=7)})


async def asked(trials: Trials | None, method: str = "GET", path: str = "", **more: Any) -> tuple[int, Any, str]:
    """Ask a server; gives status, content and its type."""
    async with (
        served(more=[BacktestRoutes(trials, BOOK)]) as world,
        aiohttp.ClientSession() as session,
        session.request(method, f"{world.url}{PATH}{path}", **more) as answer,
    ):
        kind = answer.content_type
        return answer.status, await (answer.json() if kind == "application/json" else answer.text()), kind


async def test_a_list_is_tried_as_it_is_defined() -> None:
    """By its name, the user's own too; order and size can be others."""
    trials = ScriptedTrials(HALF)

    status, content, _ = await asked(trials, "POST", json=WISH | {"what": "mine", "size": 9})
    await asked(trials, "POST", json=WISH)

    (mine, winners) = trials.wishes
    assert (status, content) == (202, {"id": 1})
    assert (mine.scan.name, mine.scan.where, mine.scan.order, mine.scan.size) == ("mine", "rvol > 2", "rvol desc", 9)
    assert (winners.scan.where, winners.scan.size) == ("change_percent >= 5", 50)
    assert (str(mine.first), str(mine.last)) == ("2026-11-16", "2026-11-18")


async def test_a_condition_is_tried_as_a_list_without_a_limit_of_its_own() -> None:
    """As large as a list may be, by score unless told otherwise."""
    trials = ScriptedTrials(HALF)

    await asked(trials, "POST", json=WISH | {"what": " gap_percent >= 4 and rvol > 2 "})

    (wish,) = trials.wishes
    assert (wish.scan.where, wish.scan.order, wish.scan.size) == ("gap_percent >= 4 and rvol > 2", "score desc", 200)


@pytest.mark.parametrize(
    ("change", "parameter", "column", "words"),
    [
        ({"what": "gap_percent >= 4 and rvolx > 2"}, "what", 22, "there is no field 'rvolx'; did you mean 'rvol'?"),
        ({"what": "winers"}, "what", None, "there is no list 'winers'; did you mean 'winners'?"),
        ({"order": "pricee desc"}, "order", 1, "there is no field 'pricee'"),
        ({"size": 0}, "size", None, "greater than or equal to 1"),
        ({"from": "2026-11-31"}, "from", None, "a day such as 2026-11-18"),
        ({"to": "soon"}, "to", None, "pattern"),
        ({"from": "2026-11-18", "to": "2026-11-16"}, "from", None, "the first day is after the last"),
        ({"from": "2020-01-01"}, "from", None, "at most 400 days at a time"),
        ({"from": "2026-11-19", "to": "2026-12-01"}, "from", None, "the market's date is 2026-11-19"),
        ({"days": 3}, "days", None, "not permitted"),
    ],
)
async def test_what_cannot_be_read_is_named(
    change: dict[str, object], parameter: str, column: int | None, words: str
) -> None:
    """The part, the place in its text, and what it should have been."""
    status, content, _ = await asked(ScriptedTrials(HALF), "POST", json=WISH | change)

    assert status == 400
    assert content["error"]["details"].get("parameter") == parameter
    assert content["error"]["details"].get("column") == column
    assert words in content["error"]["message"]


async def test_too_many_are_refused_and_other_pages_are() -> None:
    """409 where some wait already; 403 to a page of another site."""
    full = await asked(ScriptedTrials(HALF, full=True), "POST", json=WISH)
    foreign = await asked(ScriptedTrials(HALF), "POST", json=WISH, headers={"Origin": "http://evil.example"})

    assert (full[0], full[1]["error"]["code"]) == (409, "too_many")
    assert foreign[0] == 403


async def test_how_it_stands_is_told_as_documented() -> None:
    """With its result once it is done; without it in the list of all."""
    _, content, _ = await asked(ScriptedTrials(DONE), path="/1")
    _, listed, _ = await asked(ScriptedTrials(HALF))

    told = Backtest.model_validate(content, strict=False)
    assert told.result is not None
    assert told.result.entries == 3
    assert Backtests.model_validate(listed, strict=False).backtests[0].done == 191


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "99999999999999999999"])
async def test_one_that_there_is_none_of(number: str) -> None:
    """404, to look at and to cancel."""
    looked = await asked(ScriptedTrials(HALF), path=f"/{number}")
    cancelled = await asked(ScriptedTrials(HALF), "DELETE", f"/{number}")

    assert looked[0] == cancelled[0] == 404
    assert looked[1]["error"]["code"] == "unknown_backtest"


async def test_cancelling_ends_it() -> None:
    """And says so."""
    trials = ScriptedTrials(HALF)

    assert await asked(trials, "DELETE", "/1") == (200, {"cancelled": 1}, "application/json")
    assert trials.cancelled == [1]


async def test_entries_come_as_a_spreadsheet() -> None:
    """A line an entry; what is missing says why, and no symbol is a formula."""
    status, text, kind = await asked(ScriptedTrials(DONE), path="/1?format=csv")
    lines = text.splitlines()

    assert (status, kind) == (200, "text/csv")
    assert lines[0].startswith("timestamp,symbol,rank,price,filled_at,fill,1m_change,1m_worst,1m_best,5m_change")
    assert len(lines) == 4
    assert ",'=D," in lines[3]
    assert lines[3].endswith("did not trade at the next image")
    assert str(DAY) not in lines[0]


async def test_without_a_database_there_are_none() -> None:
    """503, and it says which setting."""
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/1"), ("DELETE", "/1")):
        status, content, _ = await asked(None, method, path)
        assert (status, content["error"]["message"]) == (503, "no history is kept: `history.dsn` is off")
