"""`/api/v1/audit/rvol`: what the night's audit found of a day's relative volumes, held against that day's minutes."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from tradeul.domain.rvol_audit import RvolAudit, Spread
from tradeul.domain.session import PRE_MARKET_START
from tradeul.domain.slots import SLOT_SECONDS
from tradeul.engine.past_ports import RvolAudits
from tradeul.errors import HistoryUnavailable
from tradeul.web import shapes
from tradeul.web.answers import answer, history_unavailable, no_history, refused
from tradeul.web.api import CSV, JSON, asked_of, operation
from tradeul.web.failures import HISTORY_UNAVAILABLE, NOT_AUDITED
from tradeul.web.parameters import choice, day
from tradeul.web.protocol import milliseconds
from tradeul.web.spreadsheet import csv_answer

COLUMNS: Final = ("date", "slot", "time", "method", *Spread._fields)


DAY: Final = day("day", "The trading date that was audited; without it the newest.")
FORMAT: Final = choice("format", "`csv` gives the slots one by one, for a spreadsheet.", ("json", "csv"), "json")


class RvolAuditRoutes:
    """Answers from `audits`; None where no history is kept."""

    def __init__(self, audits: RvolAudits | None) -> None:
        self._audits = audits

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/audit/rvol", self.audit), web.get("/api/v1/audit/rvol/days", self.days)]

    @operation("History", shapes.AuditedDays)
    async def days(self, _request: web.Request) -> web.Response:
        """The days whose relative volumes were audited, the newest first; always answered, with why there are none."""
        if self._audits is None:
            return answer({"days": [], "reason": "no history is kept: `history.dsn` is off"})
        try:
            days = await self._audits.days()
        except HistoryUnavailable as unavailable:
            return answer({"days": [], "reason": str(unavailable)})
        return answer({"days": [each.isoformat() for each in days], "reason": "" if days else _what_is_there(days)})

    @operation(
        "History",
        shapes.RvolAudit,
        parameters=(DAY, FORMAT),
        failures=(NOT_AUDITED, HISTORY_UNAVAILABLE),
        media=(JSON, CSV),
    )
    async def audit(self, request: web.Request) -> web.Response:
        """How far a day's published relative volumes were off what its minutes say, by slot and by method.

        Errors are in percent of what should have been published, without their sign but for `bias` and `error`.
        """
        if self._audits is None:
            return no_history()
        asked = asked_of(request)
        if isinstance(asked, web.Response):
            return asked
        try:
            days = await self._audits.days()
            wanted = asked["day"] or next(iter(days), None)
            found = None if wanted is None else await self._audits.of(wanted)
        except HistoryUnavailable as unavailable:
            return history_unavailable(unavailable)
        if found is None:
            return refused(NOT_AUDITED, _what_is_there(days))
        if asked["format"] == "csv":
            return csv_answer(f"rvol-audit-{found.date}.csv", COLUMNS, _cells(found))
        return answer(told(found, days))


def told(audit: RvolAudit, days: Sequence[dt.date]) -> dict[str, object]:
    """An audit in JSON-ready words."""
    return {
        "date": audit.date.isoformat(),
        "audited_at": milliseconds(audit.audited_at),
        "symbols": audit.symbols,
        "failed": audit.failed,
        "coverage": audit.coverage._asdict(),
        "errors": audit.errors._asdict(),
        "methods": [{"method": each.method, "source": each.source, **each.errors._asdict()} for each in audit.methods],
        "slots": [
            {"slot": each.slot, "time": _end_of(each.slot), "method": each.method, **each.errors._asdict()}
            for each in audit.slots
        ],
        "silent_slots": audit.silent_slots,
        "worst": [{**each._asdict(), "time": _end_of(each.slot)} for each in audit.worst],
        "days": [each.isoformat() for each in days],
    }


def _end_of(slot: int) -> str:
    """A slot's end on New York's wall."""
    begins = dt.datetime.combine(dt.date.min, PRE_MARKET_START)
    return f"{begins + dt.timedelta(seconds=(slot + 1) * SLOT_SECONDS):%H:%M}"


def _cells(audit: RvolAudit) -> list[tuple[object, ...]]:
    day = audit.date.isoformat()
    return [(day, each.slot, _end_of(each.slot), each.method, *each.errors) for each in audit.slots]


def _what_is_there(days: Sequence[dt.date]) -> str:
    if not days:
        return "no day is audited yet: the job rvol_audit does it in the night, or now with `load rvol_audit`"
    return f"that day is not audited: {days[-1]} to {days[0]} are, {len(days)} of them"
