"""The audit of relative volumes over HTTP: as JSON, as a spreadsheet, and where there is none."""

import csv
import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

import aiohttp
import orjson
import pytest

from tests.support.auditing import audit_of
from tests.support.contract import complaints
from tests.support.market import CALENDAR, DAY
from tests.support.web import served
from tradeul.domain.rvol_audit import RvolAudit
from tradeul.errors import HistoryUnavailable
from tradeul.web.routes.rvol_audit import COLUMNS, RvolAuditRoutes

PATH = "/api/v1/audit/rvol"
BEFORE = CALENDAR.previous(DAY)


class Kept:
    """Audits that a test holds in its hand."""

    def __init__(self, *audits: RvolAudit, away: bool = False) -> None:
        self._audits = {audit.date: audit for audit in audits}
        self._away = away

    async def days(self) -> Sequence[dt.date]:
        if self._away:
            raise HistoryUnavailable("the database is away")
        return sorted(self._audits, reverse=True)

    async def of(self, day: dt.date) -> RvolAudit | None:
        return self._audits.get(day)


async def asked(kept: Kept | None, query: str = "") -> tuple[int, Any, Any]:
    """Status, content, and the document that describes it."""
    async with served(more=[RvolAuditRoutes(kept)]) as world, aiohttp.ClientSession() as session:
        async with session.get(f"{world.url}/openapi.json") as answer:
            document = await answer.json()
        async with session.get(f"{world.url}{PATH}{query}") as answer:
            body = await answer.read()
            json = answer.content_type == "application/json"
            return answer.status, orjson.loads(body) if json else body.decode(), document


async def test_the_newest_is_told_as_it_is_documented() -> None:
    """Whole, with the slots' ends on New York's wall, and the days that there are."""
    status, content, document = await asked(Kept(audit_of(), audit_of(BEFORE, median=9.5)))
    schema = document["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    assert status == 200
    assert complaints(document, schema, content) == []
    assert (content["date"], content["days"]) == ("2026-11-18", ["2026-11-18", "2026-11-17"])
    assert content["errors"] == {
        "n": 6, "median": 0.2, "p90": 1.5, "p99": 4.0, "max": 9.0, "within": 87.5, "bias": -0.05,
    }  # fmt: skip
    assert [(each["slot"], each["time"], each["method"], each["median"]) for each in content["slots"]] == [
        (66, "09:35", "exact", 0.2), (66, "09:35", "curve", 30.0), (67, "09:40", "exact", 0.2),
    ]  # fmt: skip
    assert content["coverage"]["unpublished"] == 3
    assert content["worst"] == [
        {
            "symbol": "ACME", "slot": 67, "time": "09:40", "method": "exact", "source": "carried", "published": 3.1,
            "recomputed": 2.5, "error": 24.0, "median": 0.3,
        }
    ]  # fmt: skip


async def test_a_day_can_be_asked_for() -> None:
    """Another one than the newest."""
    status, content, _ = await asked(Kept(audit_of(), audit_of(BEFORE, median=9.5)), f"?day={BEFORE}")

    assert (status, content["date"], content["errors"]["median"]) == (200, str(BEFORE), 9.5)


async def test_slots_go_into_a_spreadsheet() -> None:
    """A line for each slot's end and method."""
    status, content, _ = await asked(Kept(audit_of()), "?format=csv")
    rows = list(csv.reader(io.StringIO(content)))

    assert status == 200
    assert tuple(rows[0]) == COLUMNS
    assert rows[1] == ["2026-11-18", "66", "09:35", "exact", "2", "0.2", "1.5", "4.0", "9.0", "87.5", "-0.05"]
    assert len(rows) == 4


@pytest.mark.parametrize(
    ("kept", "query", "status", "code", "words"),
    [
        (Kept(), "", 404, "not_audited", "no day is audited yet"),
        (Kept(audit_of()), "?day=2026-11-16", 404, "not_audited", "that day is not audited: 2026-11-18 to 2026-11-18"),
        (Kept(), "?day=18.11.2026", 400, "bad_parameter", "day: a day such as 2026-11-18"),
        (Kept(), "?day=20261118", 400, "bad_parameter", "day: a day such as 2026-11-18"),
        (Kept(away=True), "", 503, "history_unavailable", "the database is away"),
        (None, "", 503, "history_unavailable", "no history is kept"),
    ],
)
async def test_what_there_is_not_is_said(kept: Kept | None, query: str, status: int, code: str, words: str) -> None:
    """In the one shape of errors."""
    answered, content, _ = await asked(kept, query)

    assert (answered, content["error"]["code"]) == (status, code)
    assert content["error"]["message"].startswith(words)


@pytest.mark.parametrize(
    ("kept", "days", "words"),
    [
        (Kept(audit_of(), audit_of(BEFORE)), [str(DAY), str(BEFORE)], ""),
        (Kept(), [], "no day is audited yet"),
        (Kept(away=True), [], "the database is away"),
        (None, [], "no history is kept"),
    ],
)
async def test_the_days_are_always_told(kept: Kept | None, days: list[str], words: str) -> None:
    """The newest first, and why there are none."""
    status, content, document = await asked(kept, "/days")
    schema = document["paths"][f"{PATH}/days"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    assert complaints(document, schema, content) == []
    assert (status, content["days"]) == (200, days)
    assert content["reason"].startswith(words) if words else content["reason"] == ""
