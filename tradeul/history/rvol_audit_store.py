"""What is asked of the database about audits of relative volume, each question a function with typed values.

An audit is kept in place of an earlier one of its day. One of later than the market clock is none: that clock was set
back. Values travel as parameters only; the caller guards the connection.
"""

import datetime as dt
from typing import Any, Final

from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.rvol_audit import Coverage, OfMethod, OfSlot, RvolAudit, Spread, Worst
from tradeul.history.batches import storable
from tradeul.history.database import Connection, whole_or_nothing
from tradeul.history.partitions import instant_of_moment, moment_of

KEPT_DAYS: Final = 400

_FORGOTTEN: Final = "DELETE FROM rvol_audits WHERE date = $1 OR date < $2"
_KEPT: Final = """
INSERT INTO rvol_audits VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"""
_SLOTS_KEPT: Final = "INSERT INTO rvol_audit_slots VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
_METHODS_KEPT: Final = "INSERT INTO rvol_audit_methods VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
_WORST_KEPT: Final = "INSERT INTO rvol_audit_worst VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"

_DAYS: Final = "SELECT date FROM rvol_audits WHERE audited_at <= $1 ORDER BY date DESC"
_ONE: Final = "SELECT * FROM rvol_audits WHERE date = $1 AND audited_at <= $2"
_SLOTS: Final = "SELECT * FROM rvol_audit_slots WHERE date = $1 ORDER BY slot, method DESC"
_METHODS: Final = "SELECT * FROM rvol_audit_methods WHERE date = $1 ORDER BY n DESC, method, source"
_WORST: Final = "SELECT * FROM rvol_audit_worst WHERE date = $1 ORDER BY place"
_FIRST_TRADED: Final = "SELECT symbol, min(date) FROM daily_ohlc WHERE date >= $1 AND date < $2 GROUP BY symbol"
_TRADED: Final = "SELECT symbol FROM daily_ohlc WHERE date = $1"


async def keep(connection: Connection, audit: RvolAudit) -> int:
    """Keep what an audit found, all of it or nothing; how many rows."""
    day, oldest = audit.date, audit.date - dt.timedelta(days=KEPT_DAYS)
    slots = [(day, each.slot, each.method, *each.errors) for each in audit.slots]
    methods = [(day, each.method, each.source, *each.errors) for each in audit.methods]
    worst = [(day, place, storable(each.symbol), *each[1:]) for place, each in enumerate(audit.worst, 1)]
    facts = (day, moment_of(audit.audited_at), audit.symbols, audit.failed, *audit.coverage)
    async with whole_or_nothing(connection):
        await connection.execute(_FORGOTTEN, day, oldest)
        await connection.execute(_KEPT, *facts, list(audit.silent_slots), *audit.errors)
        await connection.executemany(_SLOTS_KEPT, slots)
        await connection.executemany(_METHODS_KEPT, methods)
        await connection.executemany(_WORST_KEPT, worst)
    return 1 + len(slots) + len(methods) + len(worst)


async def days(connection: Connection, now: Nanos) -> list[dt.date]:
    """Which days were audited, the newest first."""
    return [row[0] for row in await connection.fetch(_DAYS, moment_of(now))]


async def audit_of(connection: Connection, day: dt.date, now: Nanos) -> RvolAudit | None:
    """What the audit of a day found; None if there was none."""
    row = await connection.fetchrow(_ONE, day, moment_of(now))
    if row is None:
        return None
    facts = tuple(row)
    return RvolAudit(
        day,
        instant_of_moment(facts[1]),
        facts[2],
        facts[3],
        Coverage(*facts[4:10]),
        Spread(*facts[11:]),
        tuple(OfMethod(each[1], each[2], Spread(*each[3:])) for each in await _rows(connection, _METHODS, day)),
        tuple(OfSlot(each[1], each[2], Spread(*each[3:])) for each in await _rows(connection, _SLOTS, day)),
        tuple(facts[10]),
        tuple(Worst(Symbol(each[2]), *each[3:]) for each in await _rows(connection, _WORST, day)),
    )


async def first_traded(connection: Connection, since: dt.date, until: dt.date) -> dict[Symbol, dt.date]:
    """When each symbol traded first from one date on and before another, under the names of then."""
    return dict(map(tuple, await connection.fetch(_FIRST_TRADED, since, until)))


async def traded(connection: Connection, day: dt.date) -> frozenset[Symbol]:
    """Who traded on a day, as far as its daily bars are kept."""
    return frozenset(Symbol(row[0]) for row in await connection.fetch(_TRADED, day))


async def _rows(connection: Connection, query: str, day: dt.date) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await connection.fetch(query, day)]
