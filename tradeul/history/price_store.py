"""What is asked of the database about whole days of the market: prices by slot, and what was known when.

The rules are those of `slot_store`: whole sessions come and go as binary copies, values travel as parameters only, the
caller guards the connection. Keeping the same rows again changes nothing.
"""

import datetime as dt
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.events import Bools, Floats, Split, Symbol
from tradeul.domain.reference import Facts
from tradeul.domain.slot_prices import PRICES, SlotPrices
from tradeul.domain.slots import SLOTS_PER_DAY
from tradeul.history.batches import storable
from tradeul.history.copying import ArrayColumn, RowForm
from tradeul.history.database import Connection
from tradeul.history.partitions import make_date_parts

TABLE: Final = "slot_prices"
BYTES_READ: Final = 4_000_000
"""Taken apart at once: some thousand rows."""

NO: Final = b"\0"
"""A truth that does not hold, as it is copied."""
_EPOCH: Final = dt.date(2000, 1, 1)
_INTEGER: Final = struct.Struct(">i")
_ARRAYS: Final = tuple(ArrayColumn(name, "f4", SLOTS_PER_DAY) for name in PRICES)
_KEPT_FORM: Final = RowForm(2, _ARRAYS)
_PRICES_FORM: Final = RowForm(1, _ARRAYS)
_VOLUMES_FORM: Final = RowForm(1, (ArrayColumn("volumes", "f8", SLOTS_PER_DAY),))
_AVERAGE_FORM: Final = RowForm(
    2, (ArrayColumn("volumes", "f8", SLOTS_PER_DAY), ArrayColumn("prices", "f8", SLOTS_PER_DAY))
)

_FORGOTTEN: Final = """
DELETE FROM slot_prices USING unnest($1::date[], $2::text[]) AS old (date, symbol)
WHERE slot_prices.date = old.date AND slot_prices.symbol = old.symbol"""
_KNOWN: Final = """
SELECT symbol, sum(1::bigint << (array_position($1::date[], date) - 1))::bigint
FROM slot_prices WHERE date = ANY($1) GROUP BY symbol"""
_COUNTED: Final = """
SELECT date, count(*) FROM slot_prices WHERE date BETWEEN $1 AND $2 GROUP BY date ORDER BY date"""
_PRICES: Final = "SELECT symbol, open, high, low, close FROM slot_prices WHERE date = $1 ORDER BY symbol"
_AVERAGE: Final = "SELECT symbol, complete, volumes, prices FROM slot_days WHERE date = $1 ORDER BY symbol"
_COMPLETE: Final = "SELECT symbol, volumes FROM slot_days WHERE date = $1 AND complete ORDER BY symbol"
_LOADED: Final = "SELECT date, symbols FROM daily_sessions WHERE date BETWEEN $1 AND $2"
_SPLITS: Final = "SELECT symbol, date, old, new FROM splits WHERE date > $1 AND date <= $2"
_FACTS: Final = """
SELECT DISTINCT ON (symbol) symbol, company_name, exchange, type, sector, industry, market_cap, float_shares,
    shares_outstanding, beta, is_etf
FROM ticker_known WHERE since <= $1 ORDER BY symbol, since DESC"""

PRICES_SET_ASIDE: Final = """
WITH late AS (
    SELECT date, symbol, (date + time '20:00') AT TIME ZONE 'America/New_York' AS time FROM slot_prices
    WHERE date >= ($1::timestamptz AT TIME ZONE 'America/New_York')::date
        AND (date + time '20:00') AT TIME ZONE 'America/New_York' > $1
    LIMIT $2
),
moved AS (
    DELETE FROM slot_prices AS kept USING late
    WHERE kept.date = late.date AND kept.symbol = late.symbol
    RETURNING late.time, kept.*
)
INSERT INTO set_aside (table_name, time, row) SELECT 'slot_prices', time, to_jsonb(moved) FROM moved"""


class Lines(NamedTuple):
    """Columns of a day: a line per symbol, and which symbols."""

    symbols: tuple[Symbol, ...]
    columns: dict[str, Floats]
    whole: Bools
    """Of whom the whole day is known, where that was asked."""


async def keep(connection: Connection, came: SlotPrices) -> int:
    """Keep whole sessions in place of what is kept of them; how many rows. In the caller's transaction."""
    keys = [(date, storable(symbol)) for date, symbol in came.keys]
    await make_date_parts(connection, [TABLE], {date for date, _ in keys})
    await connection.execute(_FORGOTTEN, *map(list, zip(*keys, strict=True)))
    short = [(_INTEGER.pack((date - _EPOCH).days), symbol.encode()) for date, symbol in keys]
    arrays = [getattr(came, name) for name in PRICES]
    columns = ("date", "symbol", *PRICES)
    await connection.copy_to_table(TABLE, source=_KEPT_FORM.copied(short, arrays), columns=columns, format="binary")
    return len(came)


async def known(connection: Connection, days: Sequence[dt.date]) -> dict[Symbol, int]:
    """Of which of the days each symbol's prices are kept: bit n is `days[n]`."""
    return dict(map(tuple, await connection.fetch(_KNOWN, list(days))))


async def counted(connection: Connection, first: dt.date, last: dt.date) -> dict[dt.date, int]:
    """Of how many symbols the prices of each day are kept."""
    return dict(map(tuple, await connection.fetch(_COUNTED, first, last)))


async def loaded_sessions(connection: Connection, first: dt.date, last: dt.date) -> dict[dt.date, int]:
    """Which sessions' daily bars are kept, and how many symbols they are of."""
    return dict(map(tuple, await connection.fetch(_LOADED, first, last)))


async def prices(connection: Connection, day: dt.date) -> Lines:
    """The prices of a day by slot."""
    return await _read(connection, _PRICES_FORM, PRICES, _PRICES, day)


async def averages(connection: Connection, day: dt.date) -> Lines:
    """Cumulative volumes and average prices of a day by slot, as far as they are known."""
    return await _read(connection, _AVERAGE_FORM, ("volumes", "prices"), _AVERAGE, day)


async def complete_volumes(connection: Connection, day: dt.date) -> Lines:
    """The volumes of those whose whole day is known."""
    return await _read(connection, _VOLUMES_FORM, ("volumes",), _COMPLETE, day)


async def splits(connection: Connection, after: dt.date, until: dt.date) -> list[Split]:
    """All splits between two dates."""
    return [Split(*row) for row in map(tuple, await connection.fetch(_SPLITS, after, until))]


async def facts(connection: Connection, at: dt.datetime) -> list[Facts]:
    """What was known of securities at a moment."""
    return [Facts(*row) for row in map(tuple, await connection.fetch(_FACTS, at))]


async def _read(connection: Connection, form: RowForm, names: Sequence[str], query: str, day: dt.date) -> Lines:
    reader = form.reader()
    symbols: list[Symbol] = []
    whole: list[bool] = []
    pieces: dict[str, list[Floats]] = {name: [] for name in names}

    def take() -> None:
        short, arrays = reader.read()
        symbols.extend(Symbol(field[0].decode()) for field in short)
        whole.extend(field[-1] != NO for field in short)
        for name in names:
            pieces[name].append(arrays[name])

    async def feed(data: bytes) -> None:
        reader.feed(data)
        if reader.held > BYTES_READ:
            take()

    await connection.copy_from_query(query, day, output=feed, format="binary")
    take()
    # One after the other, as a day is many megabytes and its pieces as many again.
    columns = {name: np.concatenate(pieces.pop(name)) for name in names}
    return Lines(tuple(symbols), columns, np.array(whole, np.bool_))
