"""What is asked of the database about the lists, and what the writer keeps, each question a function with typed rows.

Values travel as parameters only, never inside a statement. Times are kept to the microsecond. A row has one key, so
keeping the same batch again changes nothing. The caller guards the connection (`database.Database.asked`).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from tradeul.domain.events import ListEvent, ListRecord, ListRow, Nanos, Symbol
from tradeul.engine.ports import KeptDay
from tradeul.history.alert_store import ALERTS_SET_ASIDE, ALERTS_TABLE, keep_alerts
from tradeul.history.batches import Batch, What, storable
from tradeul.history.database import Connection
from tradeul.history.partitions import instant_of_moment, moment_of
from tradeul.history.price_store import PRICES_SET_ASIDE
from tradeul.history.symbol_store import MINUTES_SET_ASIDE, MINUTES_TABLE, keep_minutes

TABLES: Final = ("list_events", "list_states", "list_results", MINUTES_TABLE, ALERTS_TABLE)
"""Those that the writer writes, in the order of a batch."""
SET_ASIDE_DAYS: Final = 10
SET_ASIDE_ROWS: Final = 500
"""At a time: some tenths of a second of the server, and none of the loop."""
LATEST: Final = Nanos(2**63 - 1)

_EVENTS_KEPT: Final = """
INSERT INTO list_events (time, list, symbol, event, rank, price, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"""
_STATES_KEPT: Final = """
INSERT INTO list_states (time, list, symbols, prices, changes, rvols, volumes)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"""
_RESULTS_KEPT: Final = """
INSERT INTO list_results (time, list, symbols, prices, changes, rvols, volumes, market_caps)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING"""

# The key is (time, list), so both walk it backwards; a page is cut off as soon as it is full.
_RESULTS: Final = """
SELECT kept.time, kept.list, line.rank::integer, line.symbol, line.price, line.volume, line.rvol, line.change,
    line.market_cap
FROM list_results AS kept
CROSS JOIN LATERAL unnest(kept.symbols, kept.prices, kept.volumes, kept.rvols, kept.changes, kept.market_caps)
    WITH ORDINALITY AS line (symbol, price, volume, rvol, change, market_cap, rank)
WHERE kept.time >= $1 AND kept.time <= $2 AND ($3::text IS NULL OR kept.list = $3)
    AND ($4::text IS NULL OR kept.time < $2 OR kept.list < $4 OR (kept.list = $4 AND line.rank > $5))
ORDER BY kept.time DESC, kept.list DESC, line.rank
LIMIT $6"""
_RESULTS_OF_SYMBOL: Final = """
SELECT kept.time, kept.list, line.rank::integer, line.symbol, line.price, line.volume, line.rvol, line.change,
    line.market_cap
FROM list_results AS kept
CROSS JOIN LATERAL unnest(kept.symbols, kept.prices, kept.volumes, kept.rvols, kept.changes, kept.market_caps)
    WITH ORDINALITY AS line (symbol, price, volume, rvol, change, market_cap, rank)
WHERE kept.time >= $1 AND kept.time <= $2 AND ($3::text IS NULL OR kept.list = $3)
    AND ($4::text IS NULL OR kept.time < $2 OR kept.list < $4 OR (kept.list = $4 AND line.rank > $5))
    AND kept.symbols @> ARRAY[$7::text] AND line.symbol = $7
ORDER BY kept.time DESC, kept.list DESC, line.rank
LIMIT $6"""
_EVENTS: Final = """
SELECT time, list, symbol, event, rank, price, reason FROM list_events
WHERE time >= $1 AND time <= $2 AND ($3::text IS NULL OR list = $3)
ORDER BY time DESC, list DESC, symbol DESC, event DESC LIMIT $4"""
_EVENTS_OF_SYMBOL: Final = """
SELECT time, list, symbol, event, rank, price, reason FROM list_events
WHERE time >= $1 AND time <= $2 AND ($3::text IS NULL OR list = $3) AND symbol = $5
ORDER BY time DESC, list DESC, symbol DESC, event DESC LIMIT $4"""
# A result of the minute is as good a state as any, knows the market caps too, and is kept for longer.
_LIST_AT: Final = """
(SELECT 0 AS kind, time, list, symbols, prices, changes, rvols, volumes, NULL::double precision[] AS market_caps
    FROM list_states WHERE list = $1 AND time >= $2 AND time <= $3 ORDER BY time DESC LIMIT 1)
UNION ALL
(SELECT 1, time, list, symbols, prices, changes, rvols, volumes, market_caps
    FROM list_results WHERE list = $1 AND time >= $2 AND time <= $3 ORDER BY time DESC LIMIT 1)
ORDER BY time DESC, kind DESC LIMIT 1"""

# The ends of a day are found by walking the key from both sides.
_KEPT_DAYS: Final = """
SELECT
    (SELECT time FROM list_results WHERE list = $1 AND time >= day.first AND time < day.until
        ORDER BY time LIMIT 1),
    (SELECT time FROM list_results WHERE list = $1 AND time >= day.first AND time < day.until
        ORDER BY time DESC LIMIT 1),
    (SELECT time FROM list_states WHERE list = $1 AND time >= day.first AND time < day.until
        ORDER BY time LIMIT 1),
    (SELECT time FROM list_states WHERE list = $1 AND time >= day.first AND time < day.until
        ORDER BY time DESC LIMIT 1)
FROM unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS day (first, until, number)
ORDER BY day.number"""

_EVENTS_SET_ASIDE: Final = """
WITH late AS (SELECT time, list, symbol, event FROM list_events WHERE time > $1 LIMIT $2),
moved AS (
    DELETE FROM list_events AS kept USING late
    WHERE kept.time > $1 AND kept.time = late.time AND kept.list = late.list
        AND kept.symbol = late.symbol AND kept.event = late.event
    RETURNING kept.*
)
INSERT INTO set_aside (table_name, time, row) SELECT 'list_events', time, to_jsonb(moved) FROM moved"""
_STATES_SET_ASIDE: Final = """
WITH late AS (SELECT time, list FROM list_states WHERE time > $1 LIMIT $2),
moved AS (
    DELETE FROM list_states AS kept USING late
    WHERE kept.time > $1 AND kept.time = late.time AND kept.list = late.list
    RETURNING kept.*
)
INSERT INTO set_aside (table_name, time, row) SELECT 'list_states', time, to_jsonb(moved) FROM moved"""
_RESULTS_SET_ASIDE: Final = """
WITH late AS (SELECT time, list FROM list_results WHERE time > $1 LIMIT $2),
moved AS (
    DELETE FROM list_results AS kept USING late
    WHERE kept.time > $1 AND kept.time = late.time AND kept.list = late.list
    RETURNING kept.*
)
INSERT INTO set_aside (table_name, time, row) SELECT 'list_results', time, to_jsonb(moved) FROM moved"""
# A slot is known at its end, a session when its post-market ends.
_ENDS_SET_ASIDE: Final = """
WITH late AS (
    SELECT date, slot, (date + time '04:05' + slot * interval '5 minutes') AT TIME ZONE 'America/New_York' AS time
    FROM slot_ends
    WHERE (date + time '04:05' + slot * interval '5 minutes') AT TIME ZONE 'America/New_York' > $1
    LIMIT $2
),
moved AS (
    DELETE FROM slot_ends AS kept USING late
    WHERE kept.date = late.date AND kept.slot = late.slot
    RETURNING late.time, kept.*
)
INSERT INTO set_aside (table_name, time, row) SELECT 'slot_ends', time, to_jsonb(moved) FROM moved"""
_DAYS_SET_ASIDE: Final = """
WITH late AS (
    SELECT date, symbol, (date + time '20:00') AT TIME ZONE 'America/New_York' AS time FROM slot_days
    WHERE date >= ($1::timestamptz AT TIME ZONE 'America/New_York')::date
        AND (date + time '20:00') AT TIME ZONE 'America/New_York' > $1
    LIMIT $2
),
moved AS (
    DELETE FROM slot_days AS kept USING late
    WHERE kept.date = late.date AND kept.symbol = late.symbol
    RETURNING late.time, kept.*
)
INSERT INTO set_aside (table_name, time, row) SELECT 'slot_days', time, to_jsonb(moved) FROM moved"""
_BARS_SET_ASIDE: Final = """
WITH late AS (
    SELECT date, symbol, (date + time '20:00') AT TIME ZONE 'America/New_York' AS time FROM daily_ohlc
    WHERE date >= ($1::timestamptz AT TIME ZONE 'America/New_York')::date
        AND (date + time '20:00') AT TIME ZONE 'America/New_York' > $1
    LIMIT $2
),
moved AS (
    DELETE FROM daily_ohlc AS kept USING late
    WHERE kept.date = late.date AND kept.symbol = late.symbol
    RETURNING late.time, kept.*
),
unloaded AS (DELETE FROM daily_sessions WHERE date IN (SELECT date FROM late))
INSERT INTO set_aside (table_name, time, row) SELECT 'daily_ohlc', time, to_jsonb(moved) FROM moved"""
_SETTING_ASIDE: Final = (
    _EVENTS_SET_ASIDE, _STATES_SET_ASIDE, _RESULTS_SET_ASIDE, MINUTES_SET_ASIDE, _ENDS_SET_ASIDE, _DAYS_SET_ASIDE,
    _BARS_SET_ASIDE, ALERTS_SET_ASIDE, PRICES_SET_ASIDE,
)  # fmt: skip
KINDS_SET_ASIDE: Final = len(_SETTING_ASIDE)
_ROW_SET_ASIDE: Final = "INSERT INTO set_aside (table_name, time, row) VALUES ($1, $2, $3::text::jsonb)"
_OLD_SET_ASIDE_DROPPED: Final = "DELETE FROM set_aside WHERE set_at < now() - make_interval(days => $1)"


class Place(NamedTuple):
    """The last row of a page: the next page begins behind it."""

    at: Nanos
    list: str
    rank: int


async def keep(connection: Connection, batch: Batch) -> None:
    """Keep what is not kept yet. The parts of its days are there."""
    if batch.events:
        await connection.executemany(_EVENTS_KEPT, [(moment_of(event.at), *event[1:]) for event in batch.events])
    if batch.states:
        await connection.executemany(_STATES_KEPT, [_columns(state)[:-1] for state in batch.states])
    if batch.results:
        await connection.executemany(_RESULTS_KEPT, [_columns(result) for result in batch.results])
    if batch.minutes:
        await keep_minutes(connection, batch.minutes)
    if batch.alerts:
        await keep_alerts(connection, batch.alerts)


async def results(
    connection: Connection, first: Nanos, last: Nanos, name: str | None, symbol: Symbol | None, after: Place | None,
    limit: int,
) -> list[ListRow]:  # fmt: skip
    """Who was in which list when, newest first, from `first` to `last` or behind a place."""
    until = last if after is None else min(last, after.at)
    place = (None, None) if after is None or after.at > last else (storable(after.list), after.rank)
    bounds = (moment_of(first), moment_of(until), _text(name), *place, limit)
    rows = await (
        connection.fetch(_RESULTS, *bounds)
        if symbol is None
        else connection.fetch(_RESULTS_OF_SYMBOL, *bounds, storable(symbol))
    )
    return [ListRow(instant_of_moment(row[0]), *row[1:]) for row in map(tuple, rows)]


async def events(
    connection: Connection, first: Nanos, last: Nanos, name: str | None, symbol: Symbol | None, limit: int
) -> list[ListEvent]:
    """Entries, exits and peaks, newest first, from `first` to `last`."""
    bounds = (moment_of(first), moment_of(last), _text(name), limit)
    rows = await (
        connection.fetch(_EVENTS, *bounds)
        if symbol is None
        else connection.fetch(_EVENTS_OF_SYMBOL, *bounds, storable(symbol))
    )
    return [ListEvent(instant_of_moment(row[0]), *row[1:]) for row in map(tuple, rows)]


async def list_at(connection: Connection, name: str, since: Nanos, at: Nanos) -> ListRecord | None:
    """A list as it stood at `at`, if anything is known of it since `since`."""
    row = await connection.fetchrow(_LIST_AT, storable(name), moment_of(since), moment_of(at))
    if row is None:
        return None
    _, moment, list_, symbols, *columns, caps = row
    values = [tuple(column) for column in (*columns, caps or [None] * len(symbols))]
    return ListRecord(instant_of_moment(moment), list_, tuple(symbols), *values)


async def kept_days(connection: Connection, name: str, days: Sequence[tuple[Nanos, Nanos]]) -> list[KeptDay]:
    """From when to when a list is kept on each day, by the minute and after each snapshot."""
    bounds = [list(map(moment_of, column)) for column in zip(*days, strict=True)] or [[], []]
    rows = await connection.fetch(_KEPT_DAYS, storable(name), *bounds)
    return [KeptDay(*(None if each is None else instant_of_moment(each) for each in row)) for row in map(tuple, rows)]


async def set_aside_piece(connection: Connection, kind: int, later_than: Nanos) -> int:
    """Set some rows aside that are later than the market's present, of one of the kinds; how many."""
    status = await connection.execute(_SETTING_ASIDE[kind], moment_of(later_than), SET_ASIDE_ROWS)
    return int(status.rpartition(" ")[2])


async def set_aside_batch(connection: Connection, batch: Batch) -> None:
    """Set aside what was never in its table."""
    kinds: Sequence[Sequence[What]] = batch
    rows = [
        (table, moment_of(item.at), msgspec.json.encode(item._asdict()).decode())
        for table, kind in zip(TABLES, kinds, strict=True)
        for item in kind
    ]
    await connection.executemany(_ROW_SET_ASIDE, rows)


async def forget_set_aside(connection: Connection) -> None:
    """Drop what was set aside long ago."""
    await connection.execute(_OLD_SET_ASIDE_DROPPED, SET_ASIDE_DAYS)


def _text(value: str | None) -> str | None:
    return None if value is None else storable(value)


def _columns(record: ListRecord) -> tuple[object, ...]:
    return (moment_of(record.at), *record[1:])
