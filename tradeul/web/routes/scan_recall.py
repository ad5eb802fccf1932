"""`/api/v1/audit/recall`: what lists should have shown on a day that is over, what they did show, and why."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from tradeul.engine.recall_ports import ScanRecalls
from tradeul.errors import HistoryUnavailable
from tradeul.web import shapes
from tradeul.web.answers import answer, history_unavailable, no_history, refused
from tradeul.web.api import CSV, JSON, asked_of, operation
from tradeul.web.failures import HISTORY_UNAVAILABLE, NOTHING_RECALLED, UNKNOWN_LIST
from tradeul.web.parameters import any_text, choice, day
from tradeul.web.spreadsheet import csv_answer

DAY: Final = day("day", "A day that is over; where none is given, the newest of which there is something.")
LIST: Final = any_text("list", "Tell of this list only, and of its symbols.", "gappers_up")
FORMAT: Final = choice("format", "`csv` gives the symbols of `list`, or without it the lists.", ("json", "csv"), "json")
LIST_COLUMNS: Final = (
    "list", "size", "met", "shown", "in_time", "late", "missed", "below_cut", "extra", "filtered", "recall_pct",
    "in_time_pct", "late_p50_s", "late_p90_s", "late_max_s", "note",
)  # fmt: skip
SYMBOL_COLUMNS: Final = (
    "symbol", "verdict", "reason", "due_at", "shown_at", "late_s", "best_rank", "images_due", "images_shown",
)  # fmt: skip
NOTHING: Final[Mapping[str, object]] = {"day": None, "made_at": None, "sources": (), "silences": (), "lists": ()}


class ScanRecallRoutes:
    """Answers from `recalls`; None where there is no database to read."""

    def __init__(self, recalls: ScanRecalls | None) -> None:
        self._recalls = recalls

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/audit/recall", self.recall)]

    @operation(
        "History",
        shapes.ScanRecall,
        parameters=(DAY, LIST, FORMAT),
        failures=(NOTHING_RECALLED, UNKNOWN_LIST, HISTORY_UNAVAILABLE),
        media=(JSON, CSV),
    )
    async def recall(self, request: web.Request) -> web.Response:
        """What met each list's definition on a day that is over, and was shown in time, late or never, and why.

        It is worked out every night, from the full day: as it is stored by five-minute slots, and from every recording
        of it. The reasons are those of `/api/v1/why`, where a recording tells what the board knew.
        """
        asked = asked_of(request)
        if isinstance(asked, web.Response):
            return asked
        if self._recalls is None:
            return no_history()
        try:
            return await self._answer(self._recalls, asked["day"], asked["list"], asked["format"])
        except HistoryUnavailable as unavailable:
            return history_unavailable(unavailable)

    async def _answer(self, recalls: ScanRecalls, date: dt.date | None, name: str | None, form: str) -> web.Response:
        days = await recalls.days()
        wanted = date or (days[0] if days else None)
        told = None if wanted is None else await recalls.day(wanted)
        if told is None and date is not None:
            return refused(NOTHING_RECALLED)
        content: dict[str, Any] = {**(told or NOTHING), "days": days, "symbols": ()}
        if name is not None and told is not None and wanted is not None:
            content["lists"] = [each for each in told["lists"] if each["list"] == name]
            if not content["lists"]:
                return refused(UNKNOWN_LIST)
            content["symbols"] = await recalls.symbols(wanted, name)
        return _spreadsheet(content, name) if form == "csv" else answer(content)


def _spreadsheet(content: Mapping[str, Any], name: str | None) -> web.Response:
    columns, rows = (LIST_COLUMNS, content["lists"]) if name is None else (SYMBOL_COLUMNS, content["symbols"])
    return csv_answer("scan-recall.csv", columns, _cells(columns, rows))


def _cells(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> list[list[object]]:
    return [[row[column] for column in columns] for row in rows]
