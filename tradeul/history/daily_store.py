"""What is asked of the database about daily bars and what follows from them, each question a function.

A session comes and goes as one array per column: twelve thousand rows in some milliseconds of the loop. Values
travel as parameters only; the caller guards the connection.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from tradeul.domain.averages import Averages
from tradeul.domain.events import DailyBars, Floats, Nanos, Symbol
from tradeul.history.batches import storable
from tradeul.history.database import Connection, whole_or_nothing
from tradeul.history.partitions import moment_of

ATR_PERIOD: Final = 14
ROWS_AT_ONCE: Final = 2_000
"""Turned into the database's words in about two milliseconds."""

_COLUMNS: Final = ("open", "high", "low", "close", "volume", "vwap", "trades")
_LOADED_AT: Final = "SELECT loaded_at FROM daily_sessions WHERE date = $1"
_SESSION: Final = """
SELECT array_agg(symbol), array_agg(open), array_agg(high), array_agg(low), array_agg(close), array_agg(volume),
    array_agg(vwap), array_agg(trades)
FROM (SELECT * FROM daily_ohlc WHERE date = $1 ORDER BY symbol OFFSET $2 LIMIT $3) AS piece"""
_FORGOTTEN: Final = "DELETE FROM daily_ohlc WHERE date = $1"
_KEPT: Final = """
INSERT INTO daily_ohlc (date, symbol, open, high, low, close, volume, vwap, trades)
SELECT $1, symbol, nullif(open, 'NaN'), nullif(high, 'NaN'), nullif(low, 'NaN'), nullif(close, 'NaN'),
    nullif(volume, 'NaN'), nullif(vwap, 'NaN'), nullif(trades, 'NaN')
FROM unnest($2::text[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::float8[],
    $9::float8[]) AS row (symbol, open, high, low, close, volume, vwap, trades)"""
_LOADED: Final = """
INSERT INTO daily_sessions (date, symbols, loaded_at) VALUES ($1, $2, $3)
ON CONFLICT (date) DO UPDATE SET symbols = $2, loaded_at = $3"""
_ATR_KEPT: Final = """
INSERT INTO ticker_atr (symbol, date, period, atr, atr_percent)
SELECT symbol, $1, $2, atr, 100 * atr / close
FROM unnest($3::text[], $4::float8[], $5::float8[]) AS row (symbol, atr, close) WHERE atr <> 'NaN' AND close > 0
ON CONFLICT (symbol, period, date) DO UPDATE SET atr = excluded.atr, atr_percent = excluded.atr_percent"""
_AVERAGES_KEPT: Final = """
UPDATE ticker_metadata AS kept SET avg_volume_30d = nullif(row.volume_30d, 'NaN'),
    avg_volume_10d = nullif(row.volume_10d, 'NaN'), avg_price_30d = nullif(row.price_30d, 'NaN')
FROM unnest($1::text[], $2::float8[], $3::float8[], $4::float8[]) AS row (symbol, volume_30d, volume_10d, price_30d)
WHERE kept.symbol = row.symbol"""


async def loaded_at(connection: Connection, day: dt.date) -> dt.datetime | None:
    """When a session was loaded in full; None if it was not."""
    moment: dt.datetime | None = await connection.fetchval(_LOADED_AT, day)
    return moment


async def session(connection: Connection, day: dt.date) -> DailyBars:
    """A session's bars."""
    pieces: list[Sequence[list[object]]] = []
    while not pieces or len(pieces[-1][0]) == ROWS_AT_ONCE:
        row = await connection.fetchrow(_SESSION, day, len(pieces) * ROWS_AT_ONCE, ROWS_AT_ONCE)
        pieces.append([column or [] for column in row])
    symbols = tuple(Symbol(str(symbol)) for piece in pieces for symbol in piece[0])
    columns = {
        name: np.concatenate([np.array(piece[place], np.float64) for piece in pieces])
        for place, name in enumerate(_COLUMNS, 1)
    }
    return DailyBars(date=day, symbols=symbols, **columns)


async def keep_session(connection: Connection, bars: DailyBars, now: Nanos) -> None:
    """Keep a session, all of it or nothing, in the place of what was kept of it."""
    async with whole_or_nothing(connection):
        await connection.execute(_FORGOTTEN, bars.date)
        for first in range(0, len(bars.symbols), ROWS_AT_ONCE):
            piece = slice(first, first + ROWS_AT_ONCE)
            columns = [_told(getattr(bars, name)[piece]).tolist() for name in _COLUMNS]
            await connection.execute(_KEPT, bars.date, list(map(storable, bars.symbols[piece])), *columns)
        await connection.execute(_LOADED, bars.date, len(bars.symbols), moment_of(now))


async def keep_averages(
    connection: Connection, day: dt.date, averages: Averages, closes: Mapping[Symbol, float], first: int
) -> int:
    """Keep some averages as of a session's end, from row `first` on; how many."""
    piece = slice(first, first + ROWS_AT_ONCE)
    symbols = averages.symbols[piece]
    named = list(map(storable, symbols))
    volume_30d, volume_10d, price_30d, atr = (
        getattr(averages, name)[piece].tolist() for name in ("volume_30d", "volume_10d", "price_30d", "atr")
    )
    close = [closes.get(symbol, 0.0) for symbol in symbols]
    await connection.execute(_ATR_KEPT, day, ATR_PERIOD, named, atr, close)
    await connection.execute(_AVERAGES_KEPT, named, volume_30d, volume_10d, price_30d)
    return len(named)


def _told(values: Floats) -> Floats:
    """0 is not set."""
    return np.where(values > 0, values, np.nan)
