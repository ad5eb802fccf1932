"""What is asked of the database about volumes by slot, each question a function with typed values.

Whole sessions come and go as binary copies (`copying`). Keeping the same rows again changes nothing but what the
better source improves. Values travel as parameters only; the caller guards the connection.
"""

import asyncio
import datetime as dt
import struct
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.day_volumes import DayVolumes, complete, joined, merged
from tradeul.domain.events import Bools, Split, Symbol
from tradeul.domain.names import NameBook
from tradeul.domain.slot_book import SlotBook, SlotRecord
from tradeul.domain.slots import SLOTS_PER_DAY
from tradeul.domain.splits import SplitBook
from tradeul.domain.usual import Baseline, BaselineSum, own_sessions
from tradeul.history.batches import storable
from tradeul.history.copying import ArrayColumn, RowForm, RowReader
from tradeul.history.database import Connection, whole_or_nothing
from tradeul.history.partitions import make_date_parts

ROWS_READ: Final = 256
"""Added up at once: about a millisecond."""
BYTES_READ: Final = 600_000
"""A little less than so many rows."""
FINISHED_AT_ONCE: Final = 500
NAMED_AT_ONCE: Final = 2_000

UNCHANGED: Final = NameBook()
"""Of a market in which nobody ever changed a symbol."""

_EPOCH: Final = dt.date(2000, 1, 1)
_INTEGER: Final = struct.Struct(">i")
_VOLUMES: Final = ArrayColumn("volumes", "f8", SLOTS_PER_DAY)
_ARRAYS: Final = (
    _VOLUMES,
    ArrayColumn("trades", "f4", SLOTS_PER_DAY),
    ArrayColumn("prices", "f8", SLOTS_PER_DAY),
    ArrayColumn("sources", "i2", SLOTS_PER_DAY),
)
_DAY_FORM: Final = RowForm(3, _ARRAYS)
_KEPT_FORM: Final = RowForm(2, _ARRAYS)
_VOLUMES_FORM: Final = RowForm(1, (_VOLUMES,))
_AVERAGES_FORM: Final = RowForm(3, (ArrayColumn("averages", "f8", SLOTS_PER_DAY),))
_DAY_COLUMNS: Final = ("date", "symbol", "complete", "volumes", "trades", "prices", "sources")
_AVERAGES_COLUMNS: Final = ("symbol", "sessions", "as_of", "averages")

_COMPLETE: Final = """
SELECT symbol, sum(1::bigint << (array_position($1::date[], date) - 1))::bigint
FROM slot_days WHERE date = ANY($1) AND complete GROUP BY symbol"""
_INCOMPLETE: Final = "SELECT date, symbol FROM slot_days WHERE date = ANY($1) AND symbol = ANY($2)"
_KEPT: Final = """
SELECT date, symbol, volumes, trades, prices, sources FROM slot_days WHERE (date, symbol) IN (
    SELECT * FROM unnest($1::date[], $2::text[]))"""
_FORGOTTEN: Final = """
DELETE FROM slot_days USING unnest($1::date[], $2::text[]) AS old (date, symbol)
WHERE slot_days.date = old.date AND slot_days.symbol = old.symbol"""
_FIRST_TRADED: Final = """
SELECT array_agg(symbol), array_agg(first) FROM (
    SELECT symbol, min(date) AS first FROM daily_ohlc
    WHERE date >= $1 AND date < $2 AND ($3::text[] IS NULL OR symbol = ANY($3)) GROUP BY symbol
) AS found"""
_TRADED: Final = """
SELECT symbol, date FROM daily_ohlc WHERE date >= $1 AND date < $2 AND symbol = ANY($3) ORDER BY date DESC"""
_SESSION: Final = "SELECT symbol, volumes FROM slot_days WHERE date = $1 AND complete"
_SESSION_OF_SYMBOLS: Final = f"{_SESSION} AND symbol = ANY($2)"
_SESSIONS_OF_SYMBOL: Final = """
SELECT date, volumes, sources FROM slot_days WHERE complete AND (date, symbol) IN (
    SELECT * FROM unnest($1::date[], $2::text[])) ORDER BY date DESC"""
_SPLITS_OF: Final = "SELECT symbol, date, old, new FROM splits WHERE symbol = ANY($1) AND date > $2 AND date <= $3"
_AVERAGES_FORGOTTEN: Final = "DELETE FROM slot_averages"

_END: Final = "SELECT symbols, volumes, sources FROM slot_ends WHERE date = $1 AND slot = $2"
_END_KEPT: Final = """
INSERT INTO slot_ends (date, slot, symbols, volumes, sources) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (date, slot) DO UPDATE SET symbols = $3, volumes = $4, sources = $5"""
_FILE: Final = "SELECT mark, bytes, finished FROM slot_files WHERE date = $1"
_FILE_KEPT: Final = """
INSERT INTO slot_files (date, mark, bytes) VALUES ($1, $2, $3)
ON CONFLICT (date) DO UPDATE SET mark = $2, bytes = $3, finished = false"""
_FILE_FINISHED: Final = """
INSERT INTO slot_files (date, mark, bytes, finished) VALUES ($1, $2, $3, true)
ON CONFLICT (date) DO UPDATE SET mark = $2, bytes = $3, finished = true"""
_ENDS_FORGOTTEN: Final = "DELETE FROM slot_ends WHERE date = $1"


async def completeness(connection: Connection, days: Sequence[dt.date]) -> dict[Symbol, int]:
    """Of which of the days each symbol is known completely: bit n is `days[n]`."""
    return dict(map(tuple, await connection.fetch(_COMPLETE, list(days))))


async def keep_days(connection: Connection, came: DayVolumes, slots_of: Mapping[dt.date, int]) -> int:
    """Keep whole sessions beside what is known of them already; how many rows. In the caller's transaction."""
    dates, symbols = {date for date, _ in came.keys}, {symbol for _, symbol in came.keys}
    await make_date_parts(connection, ["slot_days"], dates)
    known = set(map(tuple, await connection.fetch(_INCOMPLETE, list(dates), list(map(storable, symbols)))))
    there = np.array([(date, storable(symbol)) in known for date, symbol in came.keys], np.bool_)
    if there.any():
        kept = await _kept(connection, came.take(np.flatnonzero(there)))
        came = joined([kept, came.take(np.flatnonzero(~there))])
    whole = np.zeros(len(came), np.bool_)
    for date in dates:
        of_date = np.array([key[0] == date for key in came.keys], np.bool_)
        whole[of_date] = complete(came, slots_of[date])[of_date]
    await _copied_in(connection, came, whole)
    return len(came)


async def _kept(connection: Connection, came: DayVolumes) -> DayVolumes:
    """These rows with what was kept of them, which is taken out of the table."""
    keys = [list(part) for part in zip(*((date, storable(symbol)) for date, symbol in came.keys), strict=True)]
    reader = _KEPT_FORM.reader()

    async def read(data: bytes) -> None:
        reader.feed(data)

    await connection.copy_from_query(_KEPT, *keys, output=read, format="binary")
    short, arrays = reader.read()
    place_of = {(_date_of(date), symbol.decode()): place for place, (date, symbol) in enumerate(short)}
    order = np.array([place_of[key] for key in zip(*keys, strict=True)], np.int64)
    await connection.execute(_FORGOTTEN, *keys)
    volumes, trades, prices = (arrays[name][order] for name in ("volumes", "trades", "prices"))
    return merged(DayVolumes(came.keys, volumes, trades, prices, arrays["sources"][order].astype(np.int8)), came)


async def _copied_in(connection: Connection, rows: DayVolumes, whole: Bools) -> None:
    short = [
        (_date_bytes(date), storable(symbol).encode(), b"\1" if flag else b"\0")
        for (date, symbol), flag in zip(rows.keys, whole.tolist(), strict=True)
    ]
    arrays = (rows.volumes, rows.trades, rows.prices, rows.sources)
    await connection.copy_to_table(
        "slot_days", source=_DAY_FORM.copied(short, arrays), columns=_DAY_COLUMNS, format="binary"
    )


async def baseline(
    connection: Connection,
    as_of: dt.date,
    sessions: Sequence[dt.date],
    listed_since: dt.date,
    splits: SplitBook,
    symbols: Sequence[Symbol] | None = None,
    names: NameBook = UNCHANGED,
) -> Baseline:
    """Mean volumes of `sessions` by slot, in the shares of after `splits`; of all symbols or of some.

    A session before a symbol's first trade since `listed_since` is none of its own and does not count; a later one
    without a trade does. Symbols are today's: `names` tells what they were called before.
    """
    first = await _first_traded(connection, listed_since, as_of, symbols, names)
    total = BaselineSum(as_of)
    # Oldest first: who has traded once counts from then on.
    for day in sorted(sessions):
        counting = _Counting(day, first, splits, total, names)
        query = [_SESSION, day] if symbols is None else [_SESSION_OF_SYMBOLS, day, _called(symbols, day, names)]
        await connection.copy_from_query(*query, output=counting.feed, format="binary")
        counting.end()
    return total.baseline()


class _Counting:
    """One session on its way into the sum."""

    def __init__(
        self, day: dt.date, first: dict[Symbol, dt.date], splits: SplitBook, total: BaselineSum, names: NameBook
    ) -> None:
        self._day = day
        self._today = names.on(day)
        self._first = first
        self._splits = splits
        self._total = total
        self._reader: RowReader = _VOLUMES_FORM.reader()

    async def feed(self, data: bytes) -> None:
        self._reader.feed(data)
        # The driver may hand over megabytes at once: everyone else gets a turn between the pieces.
        while self._reader.held > BYTES_READ:
            self._add(ROWS_READ)
            await asyncio.sleep(0)

    def end(self) -> None:
        """Add the rest of what has arrived."""
        self._add(None)

    def _add(self, most: int | None) -> None:
        short, arrays = self._reader.read(most)
        if not short:
            return
        symbols, volumes = [Symbol(field[0].decode()) for field in short], arrays["volumes"]
        if not self._today.keys().isdisjoint(symbols):
            today = [self._today.get(symbol, symbol) for symbol in symbols]
            volumes = volumes[[symbol is not None for symbol in today]]
            symbols = list(filter(None, today))
        # Full sessions only: an early close, which lacks the last slots, is in no baseline.
        self._total.add(*own_sessions(self._day, symbols, volumes, self._first, self._splits))


async def keep_averages(connection: Connection, averages: Baseline) -> None:
    """Replace the averages by these, as a whole."""
    as_of, short = _date_bytes(averages.as_of), []
    for first in range(0, len(averages.symbols), NAMED_AT_ONCE):
        piece = slice(first, first + NAMED_AT_ONCE)
        named = zip(averages.symbols[piece], averages.sessions[piece].tolist(), strict=True)
        short += [(storable(symbol).encode(), _INTEGER.pack(sessions), as_of) for symbol, sessions in named]
        await asyncio.sleep(0)
    async with whole_or_nothing(connection):
        await connection.execute(_AVERAGES_FORGOTTEN)
        await connection.copy_to_table(
            "slot_averages",
            source=_AVERAGES_FORM.copied(short, (averages.ends.T,)),
            columns=_AVERAGES_COLUMNS,
            format="binary",
        )


class Taken(NamedTuple):
    """How far a day's file is in the database, and whether the day is finished there."""

    mark: bytes = b""
    """Which file it was."""
    bytes: int = 0
    finished: bool = False


async def sessions_of(
    connection: Connection, days_of: Mapping[Symbol, Sequence[dt.date]]
) -> list[tuple[dt.date, list[float], list[int]]]:
    """Whole sessions of a company by its names, newest first: volumes by slot, and where each comes from."""
    keys = [(day, storable(symbol)) for symbol, days in days_of.items() for day in days]
    rows = await connection.fetch(_SESSIONS_OF_SYMBOL, [day for day, _ in keys], [symbol for _, symbol in keys])
    return [(row[0], row[1], row[2]) for row in rows]


async def splits_of(connection: Connection, symbols: Collection[Symbol], after: dt.date, until: dt.date) -> list[Split]:
    """The splits of some symbols between two dates."""
    rows = await connection.fetch(_SPLITS_OF, list(map(storable, symbols)), after, until)
    return [Split(*row) for row in map(tuple, rows)]


async def day_file(connection: Connection, day: dt.date) -> Taken:
    """How far a day's file was taken."""
    row = await connection.fetchrow(_FILE, day)
    return Taken(*row) if row else Taken()


async def keep_end(connection: Connection, day: dt.date, record: SlotRecord, taken: Taken) -> None:
    """Keep one record of a running day's file, beside what is known of that slot, and how far the file was read."""
    async with whole_or_nothing(connection):
        known = await connection.fetchrow(_END, day, record.slot)
        if known is not None:
            symbols = tuple(map(Symbol, known[0]))
            kept = SlotRecord(record.slot, symbols, np.array(known[1]), np.array(known[2], np.int8))
            record = _folded(day, kept, record)
        columns = (list(map(storable, record.symbols)), record.volumes.tolist(), record.sources.tolist())
        await connection.execute(_END_KEPT, day, record.slot, *columns)
        await connection.execute(_FILE_KEPT, day, taken.mark, taken.bytes)


async def finish_day(connection: Connection, came: DayVolumes, day: dt.date, slots: int, taken: Taken) -> int:
    """Keep a whole day by symbol instead of by slot, all of it or nothing; how many rows."""
    async with whole_or_nothing(connection):
        for first in range(0, len(came), FINISHED_AT_ONCE):
            rows = np.arange(first, min(first + FINISHED_AT_ONCE, len(came)))
            await keep_days(connection, came.take(rows), {day: slots})
        await connection.execute(_ENDS_FORGOTTEN, day)
        await connection.execute(_FILE_FINISHED, day, taken.mark, taken.bytes)
    return len(came)


def _folded(day: dt.date, known: SlotRecord, record: SlotRecord) -> SlotRecord:
    """What was kept of a slot and what came later, as one record."""
    book = SlotBook(day)
    for each in (known, record):
        book.take(each)
    return book.record(record.slot)


def _date_bytes(date: dt.date) -> bytes:
    return _INTEGER.pack((date - _EPOCH).days)


def _date_of(data: bytes) -> dt.date:
    return _EPOCH + dt.timedelta(days=_INTEGER.unpack(data)[0])


async def _first_traded(
    connection: Connection, since: dt.date, until: dt.date, symbols: Sequence[Symbol] | None, names: NameBook
) -> dict[Symbol, dt.date]:
    named = None if symbols is None else list(map(storable, symbols))
    traded, dates = await connection.fetchrow(_FIRST_TRADED, since, until, named)
    first = dict(zip(traded or (), dates or (), strict=True))
    if names.symbols if symbols is None else not names.symbols.isdisjoint(symbols):
        for symbol in names.symbols:
            first.pop(symbol, None)
        # The first date comes last, and stays.
        for symbol, date in await connection.fetch(_TRADED, since, until, list(map(storable, names.symbols))):
            if (today := names.now(symbol, date)) is not None:
                first[today] = date
    return first


def _called(symbols: Sequence[Symbol], day: dt.date, names: NameBook) -> list[str]:
    """What these symbols of today were called on a day."""
    called = (names.then(symbol, day) for symbol in symbols)
    return [storable(symbol) for symbol in called if symbol is not None]
