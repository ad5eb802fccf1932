"""What happened in the lists: `/api/v1/history/events`, `/api/v1/history/scans` and `/api/v1/history/lists/{list}`.

The newest events are answered from memory, everything else from what was kept; without a database memory is all
there is. Moments are told in milliseconds.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from aiohttp import web

from tradeul.domain.events import ListEvent, ListRecord, ListRow, Nanos
from tradeul.domain.session import NANOS, ONE_DAY, DayHours, local_time
from tradeul.engine.channels import Channels
from tradeul.engine.ports import Annals, KeptDay, Span, View
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

FORMAT: Final = choice("format", "`csv` is for a spreadsheet.", ("json", "csv"), "json")
SPAN: Final = (
    any_text("list", "Of this list only.", "gappers_up"),
    symbol("Of this symbol only."),
    moment("from", "The first moment."),
    moment("to", "The last moment."),
    whole_number("limit", "How many at most, the newest first.", LARGEST_LIMIT, DEFAULT_LIMIT),
    FORMAT,
)
CURSOR: Final = plain_text(
    "cursor",
    "Where the page begins: `next_cursor` of the one before.",
    LONGEST_CURSOR,
    "`next_cursor` of the page before",
)
AT: Final = moment("at", "The moment that is asked about.", required=True)
DAYS_BACK: Final = 31
"""Of the calendar: as long as lists are kept by the minute."""
THEN_COLUMNS: Final = ("rank", "symbol", "price", "change_percent", "rvol", "volume", "market_cap")
MINUTE_S: Final = 60


class History:
    """Answers from `recent` and `annals`; None where history is off."""

    def __init__(self, channels: Channels, recent: RecentEvents, annals: Annals | None, view: View) -> None:
        self._channels = channels
        self._view = view
        self._recent = recent
        self._annals = annals

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/history/events", self.events),
            web.get("/api/v1/history/scans", self.scans),
            web.get("/api/v1/history/lists/{list}", self.list_at),
            web.get("/api/v1/history/lists/{list}/days", self.days),
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
        parameters=(LIST_PART, AT, FORMAT),
        failures=(UNKNOWN_LIST, NOTHING_KEPT, HISTORY_UNAVAILABLE),
        media=(JSON, CSV),
    )
    async def list_at(self, request: web.Request) -> web.Response:
        """The list as it stood at a moment, with the time of the state and how finely it is known."""
        name = request.match_info["list"]
        asked = self._asked(request)
        if isinstance(asked, web.Response) or name not in self._channels.by_name:
            return asked if isinstance(asked, web.Response) else refused(UNKNOWN_LIST)
        record = await self._record(name, end_of(asked["at"]))
        if isinstance(record, web.Response):
            return record
        if asked["format"] == "csv":
            filename = f"{name}-{local_time(record.at):%Y-%m-%d-%H%M%S}.csv"
            return csv_answer(filename, ("timestamp", *THEN_COLUMNS), _then_cells(record))
        return answer(_contents(record, asked["at"]))

    async def _record(self, name: str, at: Nanos) -> ListRecord | web.Response:
        if self._annals is None:
            return no_history()
        try:
            record = await self._annals.list_at(name, at)
        except HistoryUnavailable as unavailable:
            return history_unavailable(unavailable)
        return refused(NOTHING_KEPT) if record is None else record

    @operation("History", shapes.ListDays, parameters=(LIST_PART,), failures=(UNKNOWN_LIST, HISTORY_UNAVAILABLE))
    async def days(self, request: web.Request) -> web.Response:
        """The days on which the list is kept, the newest first: from when to when, and how finely."""
        name = request.match_info["list"]
        if name not in self._channels.by_name:
            return refused(UNKNOWN_LIST)
        if self._annals is None:
            return no_history()
        today, calendar = self._view.moment().trading_date, self._view.calendar
        dates = [today - number * ONE_DAY for number in range(DAYS_BACK)]
        hours = [calendar.hours(date) for date in dates if calendar.is_trading_day(date)]
        turns = [(calendar.date_turn(each.date), Nanos(each.post_market_end + MINUTE_S * NANOS)) for each in hours]
        try:
            kept = await self._annals.kept_days(name, turns)
        except HistoryUnavailable as unavailable:
            return history_unavailable(unavailable)
        told = [_day(each, day) for each, day in zip(hours, kept, strict=True) if _ends(day)]
        return answer({"list": name, "days": told})

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
    timestamp = milliseconds(record.at)
    return {
        "list": record.list,
        "at": asked_ms,
        "timestamp": timestamp,
        # A state stands for the moments after it; how many those were is how finely the past is known here.
        "resolution_s": max(STATE_S, -((timestamp - asked_ms) // S_MS)),
        "rows": _named(THEN_COLUMNS, _rows_then(record)),
    }


def _rows_then(record: ListRecord) -> list[tuple[object, ...]]:
    return list(zip(range(1, len(record.symbols) + 1), *record[2:], strict=True))


def _then_cells(record: ListRecord) -> list[tuple[object, ...]]:
    return [(milliseconds(record.at), *row) for row in _rows_then(record)]


def _ends(day: KeptDay) -> list[Nanos]:
    """Every moment that is known of a day."""
    return [each for each in day if each is not None]


def _day(hours: DayHours, day: KeptDay) -> dict[str, object]:
    ends = _ends(day)
    return {
        "date": str(hours.date),
        "first": milliseconds(min(ends)),
        "last": milliseconds(max(ends)),
        "market_open": milliseconds(hours.market_open),
        "market_close": milliseconds(hours.closes_at),
        "resolution_s": MINUTE_S if day.fine_first is None else STATE_S,
    }
