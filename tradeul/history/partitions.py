"""Tables parted by day: parts are made before rows of the day are written, and dropped when they are too old.

A day is one of New York's calendar, from midnight to midnight, so that a market day with all its sessions lies in
one part, summer and winter; no part depends on a calendar of holidays. Dropping a day takes milliseconds, however
much was in it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final

from tradeul.domain.events import Nanos
from tradeul.domain.session import NEW_YORK, ONE_DAY
from tradeul.history.database import Connection

MICROSECOND_NS: Final = 1_000
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LATEST: Final = Nanos(int(dt.datetime(2200, 1, 1, tzinfo=dt.UTC).timestamp()) * 1_000_000_000)

_PART_MADE: Final = """
SELECT format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
    $1::text || '_' || to_char($2::date, 'YYYYMMDD'), $1::text, $3::timestamptz, $4::timestamptz)"""
_PART_EXISTS: Final = "SELECT to_regclass($1::text || '_' || to_char($2::date, 'YYYYMMDD')) IS NOT NULL"
_PARTS_LOCKED: Final = "SELECT pg_advisory_xact_lock(hashtext('tradeul parts'))"
_DATE_PART_MADE: Final = """
SELECT format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
    $1::text || '_' || to_char($2::date, 'YYYYMMDD'), $1::text, $2::date, $2::date + 1)"""
_PARTS_DROPPED: Final = r"""
SELECT format('DROP TABLE %I', part.relname)
FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid
WHERE inhparent = to_regclass($1::text)
    AND part.relname ~ '_\d{8}$' AND right(part.relname, 8) < to_char($2::date, 'YYYYMMDD')
ORDER BY part.relname"""


def moment_of(at: Nanos) -> dt.datetime:
    """An instant as the database keeps it, to the microsecond."""
    return _EPOCH + dt.timedelta(microseconds=min(max(at, 0), _LATEST) // MICROSECOND_NS)


def instant_of_moment(moment: dt.datetime) -> Nanos:
    """What the database kept, as an instant."""
    return Nanos((moment - _EPOCH) // dt.timedelta(microseconds=1) * MICROSECOND_NS)


def day_of(at: Nanos) -> dt.date:
    """The day in whose part a row of that instant lies."""
    return moment_of(at).astimezone(NEW_YORK).date()


async def make_parts(connection: Connection, tables: Iterable[str], days: Iterable[dt.date]) -> None:
    """Make the parts of these days; what is there stays."""
    for day in days:
        first, last = (dt.datetime.combine(of, dt.time(), NEW_YORK) for of in (day, day + ONE_DAY))
        for table in tables:
            await connection.execute(await connection.fetchval(_PART_MADE, table, day, first, last))


async def make_date_parts(connection: Connection, tables: Iterable[str], days: Iterable[dt.date]) -> None:
    """The same for tables that are parted by a date and not by a time, which more than one of us writes to."""
    for day in days:
        for table in tables:
            if not await connection.fetchval(_PART_EXISTS, table, day):
                # Until the caller's transaction ends; the second one then finds it there.
                await connection.execute(_PARTS_LOCKED)
                await connection.execute(await connection.fetchval(_DATE_PART_MADE, table, day))


async def drop_parts(connection: Connection, retention: Mapping[str, int], today: dt.date) -> int:
    """Drop what is older than so many days, by table; how many parts that were."""
    dropped = 0
    for table, days in retention.items():
        for row in await connection.fetch(_PARTS_DROPPED, table, today - dt.timedelta(days=days)):
            await connection.execute(row[0])
            dropped += 1
    return dropped
