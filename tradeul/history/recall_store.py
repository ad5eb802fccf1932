"""What is asked of the database about scan recall: what is kept of a day's lists, and the verdicts on them.

Values travel as parameters only; the caller guards the connection. A day's verdicts are replaced as a whole.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from tradeul.domain.day_volumes import SLOT_NS
from tradeul.domain.events import ListEvent, Nanos, Symbol
from tradeul.domain.recall_reasons import Filled, Silence
from tradeul.domain.scan_recall import LATE_BOUNDS_S, Line, Outcome
from tradeul.domain.scans import Scan
from tradeul.domain.session import DayHours
from tradeul.history.batches import storable
from tradeul.history.database import Connection, whole_or_nothing
from tradeul.history.partitions import instant_of_moment, moment_of

KEPT_DAYS: Final = 400
FILLED_IN: Final = 2
"""The source of a slot that was asked for later."""
MORE: Final = "more"

_ANY_SHOWN: Final = "SELECT EXISTS (SELECT FROM list_results WHERE time >= $1 AND time < $2)"
_MOVES: Final = """
SELECT time, list, symbol, event, rank, price, reason FROM list_events
WHERE time >= $1 AND time < $2 AND event <> 'peak' ORDER BY time, event DESC"""
_ROWS: Final = """
SELECT time, list, cardinality(symbols) FROM list_results WHERE time >= $1 AND time < $2 ORDER BY time, list"""
_STATE_TIMES: Final = "SELECT DISTINCT time FROM list_states WHERE time >= $1 AND time < $2 ORDER BY time"
_SOURCES: Final = "SELECT symbol, sources FROM slot_days WHERE date = $1 AND symbol = ANY($2)"
_SESSIONS_AT: Final = "SELECT max(loaded_at) FROM daily_sessions WHERE date >= $1 AND date < $2"
_DEFINED_AT: Final = "SELECT name, updated_at FROM user_scans WHERE updated_at > $1"

_DAY_FORGOTTEN: Final = "DELETE FROM scan_recall_days WHERE date = $1"
_OLD_FORGOTTEN: Final = "DELETE FROM scan_recall_days WHERE date < $1"
_DAY_KEPT: Final = """
INSERT INTO scan_recall_days (date, made_at, sources, silences)
VALUES ($1, $2, $3::text::jsonb, $4::text::jsonb)"""
_LIST_KEPT: Final = """
INSERT INTO scan_recall (date, number, list, title, size, met, shown, in_time, late, missed, below_cut, extra, filtered,
    recall_pct, in_time_pct, late_p50_s, late_p90_s, late_max_s, late_within, filtered_by, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19::text::jsonb,
    $20::text::jsonb, $21)"""
_LINE_COLUMNS: Final = (
    "date", "list", "number", "symbol", "verdict", "reason", "due_at", "shown_at", "late_s", "best_rank", "images_due",
    "images_shown",
)  # fmt: skip

_DAYS: Final = "SELECT date FROM scan_recall_days WHERE date <= $1 ORDER BY date DESC LIMIT $2"
_DAY: Final = "SELECT date, made_at, sources::text, silences::text FROM scan_recall_days WHERE date = $1"
_LISTS: Final = """
SELECT list, title, size, met, shown, in_time, late, missed, below_cut, extra, filtered, recall_pct, in_time_pct,
    late_p50_s, late_p90_s, late_max_s, late_within::text, filtered_by::text, note
FROM scan_recall WHERE date = $1 ORDER BY number"""
_LINES: Final = """
SELECT symbol, verdict, reason, due_at, shown_at, late_s, best_rank, images_due, images_shown
FROM scan_recall_symbols WHERE date = $1 AND list = $2 ORDER BY number"""


class Kept(NamedTuple):
    """What is kept of a day's lists, oldest first."""

    moves: Sequence[ListEvent]
    times: Sequence[Nanos]
    """When anything was made."""
    rows: Mapping[str, tuple[Sequence[Nanos], Sequence[int]]]
    """By list: when it was made, to the minute, and how many rows it had."""


class Verdicts(NamedTuple):
    """A day's verdicts. `sources` say in JSON-ready words what the full day was made of."""

    date: dt.date
    made_at: Nanos
    sources: Sequence[Mapping[str, object]]
    silences: Sequence[Silence]
    lists: Sequence[tuple[Scan, Outcome, str]]
    """With a note on each."""


async def any_shown(connection: Connection, first: Nanos, last: Nanos) -> bool:
    """Whether any list was made then."""
    return bool(await connection.fetchval(_ANY_SHOWN, moment_of(first), moment_of(last)))


async def kept(connection: Connection, first: Nanos, last: Nanos) -> Kept:
    """Read what lists were then."""
    span = (moment_of(first), moment_of(last))
    moves = [
        ListEvent(instant_of_moment(row[0]), *row[1:]) for row in map(tuple, await connection.fetch(_MOVES, *span))
    ]
    rows: dict[str, tuple[list[Nanos], list[int]]] = {}
    times = {instant_of_moment(row[0]) for row in await connection.fetch(_STATE_TIMES, *span)}
    for moment, name, count in map(tuple, await connection.fetch(_ROWS, *span)):
        at = instant_of_moment(moment)
        times.add(at)
        made, counts = rows.setdefault(name, ([], []))
        made.append(at)
        counts.append(count)
    return Kept(moves, sorted(times), rows)


async def filled_in(
    connection: Connection, hours: DayHours, symbols: Collection[Symbol]
) -> dict[Symbol, frozenset[Nanos]]:
    """Find the ends of those slots of some symbols that were not seen live."""
    rows = await connection.fetch(_SOURCES, hours.date, list(map(storable, symbols)))
    return {
        symbol: frozenset(
            Nanos(hours.pre_market_start + (slot + 1) * SLOT_NS)
            for slot, source in enumerate(sources)
            if source == FILLED_IN
        )
        for symbol, sources in map(tuple, rows)
    }


async def sessions_at(connection: Connection, first: dt.date, before: dt.date) -> Nanos | None:
    """When the last of the sessions from one day on and before another came."""
    moment = await connection.fetchval(_SESSIONS_AT, first, before)
    return None if moment is None else instant_of_moment(moment)


async def defined_after(connection: Connection, at: Nanos) -> dict[str, Nanos]:
    """Which of the user's lists were defined, or changed, after a moment."""
    rows = await connection.fetch(_DEFINED_AT, moment_of(at))
    return {name: instant_of_moment(moment) for name, moment in map(tuple, rows)}


async def keep(connection: Connection, verdicts: Verdicts) -> int:
    """Keep a day's verdicts in place of those that are kept of it; how many rows."""
    date = verdicts.date
    lines = [
        _line_row(date, scan.name, number, line)
        for scan, outcome, _ in verdicts.lists
        for number, line in enumerate(outcome.lines)
    ]
    async with whole_or_nothing(connection):
        await connection.execute(_DAY_FORGOTTEN, date)
        await connection.execute(
            _DAY_KEPT,
            date,
            moment_of(verdicts.made_at),
            orjson.dumps(verdicts.sources).decode(),
            orjson.dumps([_silence(each) for each in verdicts.silences]).decode(),
        )
        told = [_list_row(date, number, *each) for number, each in enumerate(verdicts.lists)]
        await connection.executemany(_LIST_KEPT, told)
        await connection.copy_records_to_table("scan_recall_symbols", records=lines, columns=_LINE_COLUMNS)
        await connection.execute(_OLD_FORGOTTEN, date - dt.timedelta(days=KEPT_DAYS))
    return len(told) + len(lines)


async def days(connection: Connection, until: dt.date, most: int) -> list[dt.date]:
    """The days of which verdicts are kept, up to one, the newest first."""
    return [row[0] for row in await connection.fetch(_DAYS, until, most)]


async def day(connection: Connection, date: dt.date) -> dict[str, Any] | None:
    """A day's verdicts in JSON-ready words, without the symbols; None where there are none."""
    row = await connection.fetchrow(_DAY, date)
    if row is None:
        return None
    return {
        "day": row[0],
        "made_at": _ms(row[1]),
        "sources": orjson.loads(row[2]),
        "silences": orjson.loads(row[3]),
        "lists": [_list_told(dict(each)) for each in await connection.fetch(_LISTS, date)],
    }


async def lines(connection: Connection, date: dt.date, name: str) -> list[dict[str, Any]]:
    """The symbols of a list, in JSON-ready words: by their best rank."""
    told = [dict(row) for row in await connection.fetch(_LINES, date, storable(name))]
    return [each | {"due_at": _ms(each["due_at"]), "shown_at": _ms(each["shown_at"])} for each in told]


def filled_of(kept_rows: tuple[Sequence[Nanos], Sequence[int]], size: int) -> tuple[Sequence[Nanos], list[Filled]]:
    """How full a list was when."""
    times, counts = kept_rows
    return times, [Filled(count, size) for count in counts]


def _list_row(date: dt.date, number: int, scan: Scan, outcome: Outcome, note: str) -> tuple[object, ...]:
    counts, late = outcome.counts, outcome.late_s
    return (
        date, number, scan.name, storable(scan.title), scan.size, outcome.met, outcome.shown,
        *(counts.get(each, 0) for each in ("in_time", "late", "missed", "below_cut", "extra", "filtered")),
        outcome.recall_pct, outcome.in_time_pct, _quantile(late, 0.5), _quantile(late, 0.9), _quantile(late, 1.0),
        orjson.dumps(within(late)).decode(), orjson.dumps(outcome.filtered_by).decode(), storable(note),
    )  # fmt: skip


def within(late_s: Sequence[float]) -> dict[str, int]:
    """Count those late by up to so many seconds, and by more than any of these."""
    counts, before = {}, 0
    for bound in LATE_BOUNDS_S:
        until = sum(each <= bound for each in late_s)
        counts[str(bound)], before = until - before, until
    return counts | {MORE: len(late_s) - before}


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else None


def _line_row(date: dt.date, name: str, number: int, line: Line) -> tuple[object, ...]:
    moments = (None if at is None else moment_of(at) for at in (line.due_at, line.shown_at))
    head = (date, name, number, storable(line.symbol), line.verdict, storable(line.reason))
    return (*head, *moments, line.late_s, line.best_rank, line.images_due, line.images_shown)


def _list_told(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"late_within": orjson.loads(row["late_within"]), "filtered_by": orjson.loads(row["filtered_by"])}


def _silence(silence: Silence) -> dict[str, object]:
    return {"first": silence.first // 1_000_000, "last": silence.last // 1_000_000, "why": silence.why}


def _ms(moment: dt.datetime | None) -> int | None:
    return None if moment is None else instant_of_moment(moment) // 1_000_000
