"""What is asked of the database about single symbols, each question a function with typed rows.

The rules are those of `store`: parameters only, one key a row, a connection that the caller guards. Of two rows about
one minute the one that knew the market longer counts, in whatever order they are written.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np

from tradeul.domain.events import Metadata, MinuteBar, Nanos, Symbol, SymbolBars
from tradeul.domain.minutes import PRICE_DECIMALS, final_at
from tradeul.domain.session import DayHours
from tradeul.domain.slot_prices import bars_of_prices
from tradeul.history.database import Connection
from tradeul.history.partitions import MICROSECOND_NS, instant_of_moment, moment_of

MINUTES_TABLE: Final = "aggregates_1min"
_COLUMNS: Final = ("open", "high", "low", "close", "volume", "vwap", "trades")

_MINUTES_KEPT: Final = """
INSERT INTO aggregates_1min AS kept (time, symbol, open, high, low, close, volume, vwap, trades, as_of)
SELECT timestamptz 'epoch' + at * interval '1 microsecond', symbol, open, high, low, close, volume, vwap, trades,
    timestamptz 'epoch' + as_of * interval '1 microsecond'
FROM unnest($1::bigint[], $2::text[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::float8[],
    $8::float8[], $9::float8[], $10::bigint[])
    AS told (at, symbol, open, high, low, close, volume, vwap, trades, as_of)
ON CONFLICT (symbol, time) DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low,
    close = excluded.close, volume = excluded.volume, vwap = excluded.vwap, trades = excluded.trades,
    as_of = excluded.as_of
WHERE kept.as_of <= excluded.as_of"""
# What was asked for later than now is not known to be all there was until now.
MINUTES_SET_ASIDE: Final = """
WITH forgotten AS (DELETE FROM minutes_completed WHERE asked_at > $1),
late AS (SELECT time, symbol FROM aggregates_1min WHERE time > $1 LIMIT $2),
moved AS (
    DELETE FROM aggregates_1min AS kept USING late
    WHERE kept.time > $1 AND kept.time = late.time AND kept.symbol = late.symbol
    RETURNING kept.*
)
INSERT INTO set_aside (table_name, time, row) SELECT 'aggregates_1min', time, to_jsonb(moved) FROM moved"""
_BARS: Final = """
SELECT (extract(epoch FROM date_bin($4, time, timestamptz 'epoch')) * 1000000)::bigint AS start,
    (array_agg(open ORDER BY time))[1], max(high), min(low), (array_agg(close ORDER BY time DESC))[1], sum(volume),
    CASE WHEN sum(volume) > 0 AND bool_and(vwap IS NOT NULL OR volume = 0) THEN sum(vwap * volume) / sum(volume) END,
    CASE WHEN bool_and(trades IS NOT NULL) THEN sum(trades) END
FROM aggregates_1min WHERE symbol = $1 AND time >= $2 AND time <= $3
GROUP BY start ORDER BY start"""

_COMPLETED_MINUTES: Final = """
SELECT kept.symbol, (extract(epoch FROM kept.time) * 1000000)::bigint, kept.open, kept.high, kept.low, kept.close
FROM aggregates_1min AS kept
JOIN minutes_completed AS done ON done.symbol = kept.symbol AND done.date = $1 AND done.asked_at >= $4
WHERE kept.time >= $2 AND kept.time < $3 ORDER BY kept.symbol, kept.time"""
_MEMBERS: Final = """
SELECT symbol FROM list_events WHERE time >= $1 AND time < $2
UNION SELECT unnest(symbols) FROM list_results WHERE time >= $1 AND time < $2
UNION SELECT unnest(symbols) FROM list_states WHERE time >= $1 AND time < $2
ORDER BY symbol"""
_COMPLETED_SYMBOLS: Final = "SELECT symbol FROM minutes_completed WHERE date = $1 AND asked_at >= $2"
_COMPLETED_DAYS: Final = "SELECT date, asked_at FROM minutes_completed WHERE symbol = $1 AND date BETWEEN $2 AND $3"
_COMPLETED: Final = """
INSERT INTO minutes_completed AS kept (symbol, date, asked_at) VALUES ($1, $2, $3)
ON CONFLICT (symbol, date) DO UPDATE SET asked_at = greatest(kept.asked_at, excluded.asked_at)"""
_COMPLETED_FORGOTTEN: Final = "DELETE FROM minutes_completed WHERE date < $1"

_METADATA: Final = """
SELECT symbol, company_name, exchange, type, sector, industry, market_cap, float_shares, shares_outstanding,
    avg_volume_30d, avg_volume_10d, avg_price_30d, beta, is_etf, is_actively_trading, updated_at
FROM ticker_metadata WHERE symbol = $1"""


async def keep_minutes(connection: Connection, minutes: Iterable[MinuteBar]) -> None:
    """Keep minutes, unless what is kept of them knew more. The parts of their days are there."""
    newest: dict[tuple[Symbol, Nanos], MinuteBar] = {}
    for minute in minutes:
        key = (minute.symbol, minute.at)
        if key not in newest or newest[key].as_of <= minute.as_of:
            newest[key] = minute
    # Everybody who writes takes the rows in this order, so that no two wait for each other.
    at, symbols, *values, as_of = zip(*(newest[key] for key in sorted(newest)), strict=True)
    await connection.execute(_MINUTES_KEPT, _microseconds(at), symbols, *values, _microseconds(as_of))


def _microseconds(instants: Iterable[Nanos]) -> list[int]:
    return [instant // MICROSECOND_NS for instant in instants]


async def bars(connection: Connection, symbol: Symbol, minutes: int, first: Nanos, last: Nanos) -> SymbolBars:
    """A symbol's kept minutes from `first` to `last`, so many to a bar; what is unknown of one is 0."""
    length = dt.timedelta(minutes=minutes)
    rows = [tuple(row) for row in await connection.fetch(_BARS, symbol, moment_of(first), moment_of(last), length)]
    columns = np.array([row[1:] for row in rows], np.float64).reshape(len(rows), len(_COLUMNS)).T
    values = dict(zip(_COLUMNS, np.nan_to_num(columns), strict=True))
    values["vwap"] = np.round(values["vwap"], PRICE_DECIMALS)
    starts = np.array([row[0] for row in rows], np.int64) * MICROSECOND_NS
    return SymbolBars(symbol, adjusted=False, start=starts, **values)


async def completed_minutes(connection: Connection, hours: DayHours) -> dict[Symbol, SymbolBars]:
    """The prices of a day's minutes, of every symbol of which all of them are kept."""
    bounds = map(moment_of, (hours.pre_market_start, hours.post_market_end, final_at(hours)))
    rows = [tuple(row) for row in await connection.fetch(_COMPLETED_MINUTES, hours.date, *bounds)]
    found: dict[Symbol, SymbolBars] = {}
    for symbol, own in groupby(rows, itemgetter(0)):
        starts, *prices = np.array([row[1:] for row in own], np.float64).T
        found[symbol] = bars_of_prices(symbol, starts.astype(np.int64) * MICROSECOND_NS, prices)
    return found


async def members(connection: Connection, first: Nanos, end: Nanos) -> list[Symbol]:
    """Every symbol that was in any list from `first` on, before `end`."""
    return [row[0] for row in await connection.fetch(_MEMBERS, moment_of(first), moment_of(end))]


async def completed_symbols(connection: Connection, day: dt.date, asked_since: Nanos) -> frozenset[Symbol]:
    """Whose minutes of a day the exchange was asked for not before then."""
    return frozenset(row[0] for row in await connection.fetch(_COMPLETED_SYMBOLS, day, moment_of(asked_since)))


async def completed_days(
    connection: Connection, symbol: Symbol, first: dt.date, last: dt.date
) -> Sequence[tuple[dt.date, Nanos]]:
    """For which days the exchange was asked for a symbol's minutes, and when it last was."""
    rows = await connection.fetch(_COMPLETED_DAYS, symbol, first, last)
    return [(row[0], instant_of_moment(row[1])) for row in rows]


async def note_completed(connection: Connection, symbol: Symbol, day: dt.date, asked_at: Nanos) -> None:
    """Note that all of a symbol's minutes of a day are kept, as the exchange had them then."""
    await connection.execute(_COMPLETED, symbol, day, moment_of(asked_at))


async def forget_completed(connection: Connection, before: dt.date) -> None:
    """Forget the notes of days whose minutes are dropped."""
    await connection.execute(_COMPLETED_FORGOTTEN, before)


async def metadata(connection: Connection, symbol: Symbol) -> Metadata | None:
    """What is known of a symbol beyond its prices."""
    row = await connection.fetchrow(_METADATA, symbol)
    return None if row is None else Metadata(**{**row, "updated_at": instant_of_moment(row["updated_at"])})
