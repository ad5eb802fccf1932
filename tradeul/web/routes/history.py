"""What happened in the lists: `/api/v1/history/events`, `/api/v1/history/scans` and `/api/v1/history/lists/{list}`.

The newest events are answered from memory, everything else from what was kept; without a database memory is all
there is. Moments are told in milliseconds.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from aiohttp import web

from tradeul.domain.events import ListEvent, ListRecord, ListRow, Nanos
from tradeul.engine.channels import Channels
from tradeul.engine.ports import Annals, Span
from tradeul.engine.visits import RecentEvents
from tradeul.errors import HistoryUnavailable, UsageError
from tradeul.web import shapes
from tradeul.web.answers import answer, bad_parameter, history_unavailable, no_history, refused
from tradeul.web.api import CSV, JSON, Asked, asked_of, operation
from tradeul.web.failures import HISTORY_UNAVAILABLE, NOTHING_KEPT, UNKNOWN_LIST
from tradeul.web.parameters import (
    LIST_PART,
    MS_NS,
    any_text,
    choice,
    end_of,
    moment,
    plain_text,
    symbol,
    whole_number,
)
from tradeul.web.protocol import milliseconds
from tradeul.web.spreadsheet import csv_answer

DEFAULT_LIMIT: Final = 500
LARGEST_LIMIT: Final = 5_000
LONGEST_CURSOR: Final = 256

S_MS: Final = 1_000

STATE_S: Final = 5
"""A list's state is kept after each snapshot, so about this often."""

EVENT_COLUMNS: Final = ("timestamp", "list", "symbol", "event", "rank", "price", "reason")
ROW_COLUMNS: Final = (
    *("timestamp", "list", "rank", "symbol", "price", "volume", "rvol", "change_percent", "market_cap"),
)

SPAN: Final = (
    any_text("list", "Of this list only.", "gappers_up"),
    symbol("Of this symbol only."),
    moment("from", "The first moment."),
    moment("to", "The last moment."),
    whole_number("limit", "How many at most, the newest first.", LARGEST_LIMIT, DEFAULT_LIMIT),
    choice("format", "`csv` is for a spreadsheet.", ("json", "csv"), "json"),
)
CURSOR: Final = plain_text(
    "cursor",
    "Where the page begins: `next_cursor` of the one before.",
    LONGEST_CURSOR,
    "`next_cursor` of the page before",
)
AT: Final = moment("at", "The moment that is asked about.", required=True)


class History:
    """Answers from `recent` and `annals`; None where history is off."""

    def __init__(self, channels: Channels, recent: RecentEvents, annals: Annals | None) -> None:
        self._channels = channels
        self._recent = recent
        self._annals = annals

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/history/events", self.events),
            web.get("/api/v1/history/scans", self.scans),
            web.get("/api/v1/history/lists/{list}", self.list_at),
        ]

    @operation("History", shapes.Events, parameters=SPAN, failures=(UNKNOWN_LIST,), media=(JSON, CSV))
    async def events(self, request: web.Request) -> web.Response:
        """Entries, exits and peaks, newest first; `complete` is false where some may be missing."""
        asked = self._asked(request)
        if isinstance(asked, web.Response):
            return asked
        events, complete = await self._find_events(_span_of(asked), asked["limit"])
        rows = [_event_cells(event) for event in events]
        if asked["format"] == "csv":
            return csv_answer("events.csv", EVENT_COLUMNS, rows)
        return answer({"events": _named(EVENT_COLUMNS, rows), "complete": complete})

    @operation(
        "History",
        shapes.ScanResults,
        parameters=(*SPAN, CURSOR),
        failures=(UNKNOWN_LIST, HISTORY_UNAVAILABLE),
        media=(JSON, CSV),
    )
    async def scans(self, request: web.Request) -> web.Response:
        """Who was in which list when, minute by minute, newest first; as CSV the next page is in the `Link` header."""
        asked = self._asked(request)
        if isinstance(asked, web.Response):
            return asked
        if self._annals is None:
            return no_history()
        try:
            found, cursor = await self._annals.results(_span_of(asked), asked["limit"], asked["cursor"])
        except HistoryUnavailable as unavailable:
            return history_unavailable(unavailable)
        except UsageError as complaint:
            return bad_parameter("cursor", str(complaint))
        rows = [_row_cells(row) for row in found]
        if asked["format"] != "csv":
            return answer({"rows": _named(ROW_COLUMNS, rows), "next_cursor": cursor})
        response = csv_answer("scans.csv", ROW_COLUMNS, rows)
        if cursor is not None:
            response.headers["Link"] = f'<{request.rel_url.update_query(cursor=cursor)}>; rel="next"'
        return response

    @operation(
        "History",
        shapes.ListThen,
        parameters=(LIST_PART, AT),
        failures=(UNKNOWN_LIST, NOTHING_KEPT, HISTORY_UNAVAILABLE),
    )
    async def list_at(self, request: web.Request) -> web.Response:
        """The list as it stood at a moment, with the time of the state and how finely it is known."""
        name = request.match_info["list"]
        if name not in self._channels.by_name:
            return refused(UNKNOWN_LIST)
        asked = self._asked(request)
        if isinstance(asked, web.Response):
            return asked
        if self._annals is None:
            return no_history()
        try:
            record = await self._annals.list_at(name, end_of(asked["at"]))
        except HistoryUnavailable as unavailable:
            return history_unavailable(unavailable)
        if record is None:
            return refused(NOTHING_KEPT)
        return answer(_contents(record, asked["at"]))

    async def _find_events(self, span: Span, limit: int) -> tuple[Sequence[ListEvent], bool]:
        """Find events and say whether all that is asked for was looked through.

        Memory first: some of the newest are not in the database yet, so only what is older is asked of it.
        """
        since, newest = self._recent.complete_since, self._recent.find(span, limit)
        if since is not None and span.first is not None and since <= span.first:
            return newest, True
        certain = [event for event in newest if since is not None and since <= event.at]
        if len(certain) == limit:
            return newest, True
        if self._annals is None:
            return newest, False
        try:
            older = await self._annals.events(_before(span, since), limit - len(certain))
        except HistoryUnavailable:
            return newest, False
        return [*certain, *older], True

    def _asked(self, request: web.Request) -> Asked | web.Response:
        values = asked_of(request)
        if isinstance(values, web.Response):
            return values
        if values.get("list") is not None and values["list"] not in self._channels.by_name:
            return refused(UNKNOWN_LIST)
        return values


def _span_of(asked: Asked) -> Span:
    first, last = asked["from"], asked["to"]
    return Span(
        asked["list"],
        asked["symbol"],
        None if first is None else Nanos(first * MS_NS),
        None if last is None else end_of(last),
    )


def _before(span: Span, since: Nanos | None) -> Span:
    if since is None:
        return span
    return replace(span, last=Nanos(since - 1 if span.last is None else min(span.last, since - 1)))


def _event_cells(event: ListEvent) -> tuple[object, ...]:
    return (milliseconds(event.at), *event[1:])


def _row_cells(row: ListRow) -> tuple[object, ...]:
    return (milliseconds(row.at), *row[1:])


def _named(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[dict[str, object]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _contents(record: ListRecord, asked_ms: int) -> dict[str, object]:
    names = ("rank", "symbol", "price", "change_percent", "rvol", "volume", "market_cap")
    rows = list(zip(range(1, len(record.symbols) + 1), *record[2:], strict=True))
    timestamp = milliseconds(record.at)
    return {
        "list": record.list,
        "at": asked_ms,
        "timestamp": timestamp,
        # A state stands for the moments after it; how many those were is how finely the past is known here.
        "resolution_s": max(STATE_S, -((timestamp - asked_ms) // S_MS)),
        "rows": _named(names, rows),
    }
