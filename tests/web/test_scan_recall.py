"""Scan recall over HTTP: a day and its lists, the symbols of one, as JSON and as a spreadsheet; and what is refused."""

from typing import Any

import aiohttp
import pytest

from tests.support.recalls import ScriptedRecalls, recall
from tests.support.web import served
from tradeul.engine.recall_ports import ScanRecalls
from tradeul.web.routes.scan_recall import ScanRecallRoutes
from tradeul.web.shapes import ScanRecall

PATH = "/api/v1/audit/recall"


async def asked(recalls: ScanRecalls | None, query: str = "") -> tuple[int, Any, str]:
    """Ask a server; gives status, content and its type."""
    async with (
        served(more=[ScanRecallRoutes(recalls)]) as world,
        aiohttp.ClientSession() as session,
        session.get(f"{world.url}{PATH}{query}") as answer,
    ):
        kind = answer.content_type
        return answer.status, await (answer.json() if kind == "application/json" else answer.text()), kind


@pytest.mark.parametrize("query", ["", "?day=2026-11-18", "?list=winners", "?day=2026-11-18&list=losers"])
async def test_a_day_is_told_as_documented(query: str) -> None:
    """Whatever of it is asked for."""
    status, content, _ = await asked(ScriptedRecalls(recall()), query)

    assert status == 200
    told = ScanRecall.model_validate(content, strict=False)
    assert (told.day, told.days) == ("2026-11-18", ("2026-11-18",))


async def test_lists_come_without_symbols_and_one_list_with_them() -> None:
    """Thousands of rows go out only where they are asked for."""
    _, every, _ = await asked(ScriptedRecalls(recall()))
    _, one, _ = await asked(ScriptedRecalls(recall()), "?list=winners")

    assert ([each["list"] for each in every["lists"]], every["symbols"]) == (["winners", "losers"], [])
    assert [each["list"] for each in one["lists"]] == ["winners"]
    assert [each["verdict"] for each in one["symbols"]] == [
        *("in_time", "late", "missed", "below_cut", "extra", "filtered"),
    ]


async def test_before_the_first_night_there_is_an_empty_answer() -> None:
    """And no error: nothing is wrong."""
    status, content, _ = await asked(ScriptedRecalls())

    assert status == 200
    assert ScanRecall.model_validate(content, strict=False).day is None


async def test_spreadsheets() -> None:
    """The lists, or the symbols of one; no symbol is a formula."""
    _, lists, kind = await asked(ScriptedRecalls(recall()), "?format=csv")
    _, symbols, _ = await asked(ScriptedRecalls(recall()), "?format=csv&list=winners")

    assert kind == "text/csv"
    assert lists.splitlines()[0].startswith(
        "list,size,met,shown,in_time,late,missed,below_cut,extra,filtered,recall_pct"
    )
    assert lists.splitlines()[1] == "winners,3,5,4,2,1,1,1,1,1,75.0,50.0,65.0,65.0,65.0,by slots"
    assert symbols.splitlines()[0] == "symbol,verdict,reason,due_at,shown_at,late_s,best_rank,images_due,images_shown"
    assert symbols.splitlines()[3].startswith("'=GONE,missed,value unknown then: avg_volume_30d,")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?day=2026-11-17", 404, "not_recalled"),
        ("?list=winers", 404, "unknown_list"),
        ("?day=yesterday", 400, "bad_parameter"),
        ("?day=20261118", 400, "bad_parameter"),
        ("?format=xml", 400, "bad_parameter"),
    ],
)
async def test_what_there_is_not_is_refused(query: str, status: int, code: str) -> None:
    """By its name."""
    found, content, _ = await asked(ScriptedRecalls(recall()), query)

    assert (found, content["error"]["code"]) == (status, code)


async def test_without_a_database_and_while_it_is_away() -> None:
    """503, and why."""
    off, away = await asked(None), await asked(ScriptedRecalls(recall(), away=True))

    assert (off[0], off[1]["error"]["message"]) == (503, "no history is kept: `history.dsn` is off")
    assert (away[0], away[1]["error"]["message"]) == (503, "Postgres does not answer")
