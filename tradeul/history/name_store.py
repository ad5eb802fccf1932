"""What is asked of the database about companies that changed their symbols.

Nothing that is kept of a day is ever renamed: readers ask for the book, and translate. Values travel as parameters
only; the caller guards the connection.
"""

import datetime as dt
from collections.abc import Collection
from typing import Final

from tradeul.domain.names import NameBook, SymbolChange
from tradeul.history.batches import storable
from tradeul.history.database import Connection, whole_or_nothing

DAYS_OFF: Final = 7
"""So many days before the vendor says so a new symbol may have come."""

_KNOWN: Final = "SELECT old, new, date FROM symbol_changes WHERE date <= $1"
_SINCE: Final = "SELECT old, new, date FROM symbol_changes WHERE date > $1"
_FORGOTTEN: Final = "DELETE FROM symbol_changes WHERE date > $1"
# The vendor dates an end by hand; what traded tells better. Two symbols that trade side by side are two securities.
_SETTLED: Final = """
SELECT change.old, change.new, least(change.date, (
    SELECT min(date) FROM daily_ohlc
    WHERE symbol = change.new AND date > past.last AND date >= change.date - $4::integer
))
FROM unnest($1::text[], $2::text[], $3::date[]) AS change (old, new, date)
CROSS JOIN LATERAL (
    SELECT max(date) AS last FROM daily_ohlc WHERE symbol = change.old AND date < change.date
) AS past
WHERE NOT EXISTS (SELECT FROM daily_ohlc WHERE symbol = change.new AND date = past.last)"""
_KEPT: Final = "INSERT INTO symbol_changes (old, new, date) SELECT * FROM unnest($1::text[], $2::text[], $3::date[])"


async def names(connection: Connection, as_of: dt.date) -> NameBook:
    """The names of the past as of a date."""
    return NameBook([SymbolChange(*row) for row in await connection.fetch(_KNOWN, as_of)], as_of)


async def changes_since(connection: Connection, day: dt.date) -> set[SymbolChange]:
    """The changes that are known of after a day."""
    return {SymbolChange(*row) for row in await connection.fetch(_SINCE, day)}


async def settled(connection: Connection, changes: Collection[SymbolChange]) -> set[SymbolChange]:
    """The changes as far as the bars that are kept do not speak against them, and since the day those tell."""
    return {SymbolChange(*row) for row in await connection.fetch(_SETTLED, *_columns(changes), DAYS_OFF)}


async def replace_changes(connection: Connection, day: dt.date, changes: Collection[SymbolChange]) -> None:
    """Know these of after a day instead, all of them or none."""
    async with whole_or_nothing(connection):
        await connection.execute(_FORGOTTEN, day)
        await connection.execute(_KEPT, *_columns(changes))


def _columns(changes: Collection[SymbolChange]) -> tuple[list[str], list[str], list[dt.date]]:
    return (
        [storable(change.old) for change in changes],
        [storable(change.new) for change in changes],
        [change.date for change in changes],
    )
