"""What is asked of the database about securities: who is listed, what is known of them, and their splits.

Values travel as arrays of parameters, some hundreds of rows at a time. What is not known never replaces what is. Each
row that changes takes the next number of `ticker_changes`; one transaction at a time may write here, so that a number
is never seen before a smaller one. The caller guards the connection.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from tradeul.domain.events import FloatShares, Listing, Nanos, Profile, Split, Symbol
from tradeul.history.batches import storable
from tradeul.history.database import Connection
from tradeul.history.partitions import moment_of

_ACTIVE: Final = "SELECT count(*) FROM ticker_metadata WHERE is_actively_trading"
_LISTED: Final = """
INSERT INTO ticker_metadata AS known
    (symbol, company_name, exchange, type, is_etf, is_actively_trading, updated_at, change)
SELECT symbol, name, exchange, type, type = 'ETF', true, $5, nextval('ticker_changes')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS listed (symbol, name, exchange, type)
ON CONFLICT (symbol) DO UPDATE SET
    company_name = coalesce(excluded.company_name, known.company_name),
    exchange = coalesce(excluded.exchange, known.exchange),
    type = coalesce(excluded.type, known.type),
    is_etf = coalesce(excluded.is_etf, known.is_etf),
    is_actively_trading = true,
    updated_at = excluded.updated_at,
    change = excluded.change
WHERE (known.company_name, known.exchange, known.type, known.is_etf, known.is_actively_trading) IS DISTINCT FROM (
    coalesce(excluded.company_name, known.company_name), coalesce(excluded.exchange, known.exchange),
    coalesce(excluded.type, known.type), coalesce(excluded.is_etf, known.is_etf), true)"""
_DELISTED: Final = """
UPDATE ticker_metadata AS known
SET is_actively_trading = false, updated_at = $2, change = nextval('ticker_changes')
WHERE known.is_actively_trading AND ($3::text IS NULL OR known.symbol COLLATE "C" > $3)
    AND ($4::text IS NULL OR known.symbol COLLATE "C" <= $4)
    AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS listed (symbol) WHERE listed.symbol = known.symbol)"""
_FLOATS: Final = """
UPDATE ticker_metadata AS known SET
    float_shares = told.shares,
    shares_outstanding = coalesce(known.shares_outstanding, told.outstanding),
    updated_at = $4,
    change = nextval('ticker_changes')
FROM unnest($1::text[], $2::double precision[], $3::double precision[]) AS told (symbol, shares, outstanding)
WHERE known.symbol = told.symbol AND known.float_shares IS DISTINCT FROM told.shares"""
_FLOATLESS: Final = "SELECT symbol FROM ticker_metadata WHERE is_actively_trading AND float_shares IS NULL"
# Asked for at a moment near this one, before or after it: a market clock may have been set back.
_PROFILE_WANTED: Final = """
SELECT symbol FROM ticker_metadata
WHERE is_actively_trading AND NOT coalesce(profile_at > $1 AND profile_at < $2, false)
ORDER BY profile_at NULLS FIRST, symbol"""
_COMPANY_WANTED: Final = """
SELECT symbol FROM ticker_metadata
WHERE is_actively_trading AND NOT coalesce(company_at > $1 AND company_at < $2, false)
ORDER BY company_at NULLS FIRST, symbol"""
_CAPLESS: Final = """
SELECT symbol FROM ticker_metadata WHERE is_actively_trading AND market_cap IS NULL ORDER BY symbol"""
_PROFILES: Final = """
UPDATE ticker_metadata AS known SET
    company_name = coalesce(known.company_name, told.name),
    market_cap = coalesce(told.market_cap, known.market_cap),
    shares_outstanding = coalesce(told.outstanding, known.shares_outstanding),
    -- A sector of the second source is better than a division, and comes with an industry of its own.
    sector = CASE WHEN known.sector NOT LIKE '% (SIC)' THEN known.sector ELSE coalesce(told.sector, known.sector) END,
    industry = CASE
        WHEN known.sector NOT LIKE '% (SIC)' THEN known.industry ELSE coalesce(told.industry, known.industry) END,
    is_etf = coalesce(told.is_etf, known.is_etf),
    profile_at = $8, updated_at = $8, change = nextval('ticker_changes')
FROM unnest(
    $1::text[], $2::text[], $3::double precision[], $4::double precision[], $5::text[], $6::text[], $7::boolean[]
) AS told (symbol, name, market_cap, outstanding, sector, industry, is_etf)
WHERE known.symbol = told.symbol"""
_COMPANIES: Final = """
UPDATE ticker_metadata AS known SET
    company_name = coalesce(known.company_name, told.name),
    market_cap = coalesce(known.market_cap, told.market_cap),
    sector = coalesce(told.sector, known.sector),
    industry = coalesce(told.industry, known.industry),
    beta = coalesce(told.beta, known.beta),
    is_etf = coalesce(known.is_etf, told.is_etf),
    company_at = $8, updated_at = $8, change = nextval('ticker_changes')
FROM unnest(
    $1::text[], $2::text[], $3::double precision[], $4::double precision[], $5::text[], $6::text[], $7::boolean[]
) AS told (symbol, name, market_cap, beta, sector, industry, is_etf)
WHERE known.symbol = told.symbol"""
_CAPS: Final = """
UPDATE ticker_metadata AS known
SET market_cap = told.market_cap, updated_at = $3, change = nextval('ticker_changes')
FROM unnest($1::text[], $2::double precision[]) AS told (symbol, market_cap)
WHERE known.symbol = told.symbol AND known.market_cap IS NULL"""
_CHANGED: Final = """
SELECT change, symbol, company_name, exchange, type, sector, industry, market_cap, float_shares, shares_outstanding,
    beta, is_etf
FROM ticker_metadata WHERE change > $1 ORDER BY change LIMIT $2"""
_SPLITS_KNOWN: Final = "SELECT count(*) FROM splits WHERE date >= $1"
_SPLITS_GONE: Final = "DELETE FROM splits"
_SPLITS_KEPT: Final = """
INSERT INTO splits (symbol, date, old, new)
SELECT * FROM unnest($1::text[], $2::date[], $3::double precision[], $4::double precision[])"""

Told = tuple[Symbol, Profile | None]
"""A symbol that was asked for, and what is known of it."""


class Known(NamedTuple):
    """A row as the board shows it."""

    change: int
    symbol: Symbol
    name: str | None
    exchange: str | None
    type: str | None
    sector: str | None
    industry: str | None
    market_cap: float | None
    float_shares: float | None
    shares_outstanding: float | None
    beta: float | None
    is_etf: bool | None


async def active(connection: Connection) -> int:
    """How many securities trade, as far as we know."""
    return int(await connection.fetchval(_ACTIVE))


async def list_them(connection: Connection, listings: Sequence[Listing], now: Nanos) -> int:
    """Take these securities as trading; how many rows that changed."""
    columns = (
        [storable(each.symbol) for each in listings],
        *([_text(getattr(each, name)) for each in listings] for name in ("name", "exchange", "type")),
    )
    return _count(await connection.execute(_LISTED, *columns, moment_of(now)))


async def delist_between(
    connection: Connection, after: Symbol | None, last: Symbol | None, listed: Iterable[Symbol], now: Nanos
) -> int:
    """Take what lies between two symbols, and is not listed, as trading no more; how many rows that changed.

    None at an end: from the first, or to the last. The order is that of the characters' numbers.
    """
    bounds = (None if after is None else storable(after), None if last is None else storable(last))
    symbols = [storable(symbol) for symbol in listed]
    return _count(await connection.execute(_DELISTED, symbols, moment_of(now), *bounds))


async def put_floats(connection: Connection, floats: Sequence[FloatShares], now: Nanos) -> int:
    """Keep the floats of securities that are known; how many were new."""
    columns = (
        [storable(each.symbol) for each in floats],
        [each.shares for each in floats],
        [each.shares_outstanding for each in floats],
    )
    return _count(await connection.execute(_FLOATS, *columns, moment_of(now)))


async def without_float(connection: Connection) -> set[Symbol]:
    """The trading securities whose float is not known."""
    return {row[0] for row in await connection.fetch(_FLOATLESS)}


async def without_market_cap(connection: Connection) -> list[Symbol]:
    """The trading securities whose market value is not known."""
    return [row[0] for row in await connection.fetch(_CAPLESS)]


async def profiles_wanted(connection: Connection, after: Nanos, before: Nanos) -> list[Symbol]:
    """The trading securities whose profile was not asked for between those moments, the longest ago first."""
    return [row[0] for row in await connection.fetch(_PROFILE_WANTED, moment_of(after), moment_of(before))]


async def companies_wanted(connection: Connection, after: Nanos, before: Nanos) -> list[Symbol]:
    """The same of the second source's."""
    return [row[0] for row in await connection.fetch(_COMPANY_WANTED, moment_of(after), moment_of(before))]


async def put_profiles(connection: Connection, told: Sequence[Told], now: Nanos) -> int:
    """Keep what is known, and that it was asked for."""
    columns = _profile_columns(told, "market_cap", "shares_outstanding")
    return _count(await connection.execute(_PROFILES, *columns, moment_of(now)))


async def put_companies(connection: Connection, told: Sequence[Told], now: Nanos) -> int:
    """Keep what the second source knows, and that it was asked."""
    columns = _profile_columns(told, "market_cap", "beta")
    return _count(await connection.execute(_COMPANIES, *columns, moment_of(now)))


async def put_market_caps(connection: Connection, caps: Mapping[Symbol, float], now: Nanos) -> int:
    """Keep market values where there is none."""
    columns = ([storable(symbol) for symbol in caps], list(caps.values()))
    return _count(await connection.execute(_CAPS, *columns, moment_of(now)))


async def changed(connection: Connection, after: int, limit: int) -> list[Known]:
    """The rows that changed since, in that order."""
    return [Known(*row) for row in await connection.fetch(_CHANGED, after, limit)]


async def splits_since(connection: Connection, since: dt.date) -> int:
    """How many splits are known since a day."""
    return int(await connection.fetchval(_SPLITS_KNOWN, since))


async def forget_splits(connection: Connection) -> None:
    """Drop all splits; those that are known now follow in the same transaction."""
    await connection.execute(_SPLITS_GONE)


async def put_splits(connection: Connection, splits: Sequence[Split]) -> int:
    """Keep splits that are not kept yet."""
    columns = (
        [storable(each.symbol) for each in splits],
        *([getattr(each, name) for each in splits] for name in ("date", "old", "new")),
    )
    return _count(await connection.execute(_SPLITS_KEPT, *columns))


def _profile_columns(told: Sequence[Told], *numbers: str) -> list[list[object]]:
    profiles = [profile for _, profile in told]
    return [
        [storable(symbol) for symbol, _ in told],
        [None if profile is None else _text(profile.name) for profile in profiles],
        *([None if profile is None else getattr(profile, name) for profile in profiles] for name in numbers),
        [None if profile is None else _text(profile.sector) for profile in profiles],
        [None if profile is None else _text(profile.industry) for profile in profiles],
        [None if profile is None else profile.is_etf for profile in profiles],
    ]


def _text(said: str) -> str | None:
    """What a source says; None if nothing."""
    return storable(said) if said else None


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
