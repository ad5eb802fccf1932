"""Things that happened in lists, a server to keep them in, and what it holds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from tests.history.worlds import place
from tests.support.eventually import PATIENT_S, running
from tests.support.market import CALENDAR, NANOS, at
from tradeul.clock import Clock, PacedClock, SystemClock
from tradeul.domain.alerts import Alert
from tradeul.domain.events import ListEvent, ListRecord, MinuteBar, Nanos, Symbol
from tradeul.engine.ports import Span
from tradeul.history.annals import PostgresAnnals
from tradeul.history.batches import Batch
from tradeul.history.database import Database, Waits, schema_of, see_off
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.link import Pace
from tradeul.history.migrations import migrate
from tradeul.history.partitions import day_of, instant_of_moment, make_parts
from tradeul.history.store import TABLES, keep
from tradeul.history.writer import HistoryWriter, Room

WORLD = "sim-1"
NOON = at("12:00")
PATIENT = Waits(PATIENT_S, PATIENT_S)
HURRIED = Pace(flush_s=0.01, first_backoff_s=0.02, longest_backoff_s=0.05, waits=PATIENT)
EVERYTHING = 100_000
MINUTES = """SELECT time, symbol, open, high, low, close, volume, vwap, trades, as_of FROM {0}.aggregates_1min
    ORDER BY time, symbol"""


def event(second: float = 0, symbol: str = "ACME", name: str = "gappers_up", **more: Any) -> ListEvent:
    """An entry, so many seconds after noon."""
    plain = ListEvent(later(second), name, Symbol(symbol), "entered", 3, 12.5, "gap above 2 %")
    return plain._replace(**more)


def record(second: float = 0, *symbols: str, name: str = "gappers_up", caps: bool = False) -> ListRecord:
    """A list, so many seconds after noon; of the second symbol nothing is known."""
    ranks = range(len(symbols))
    prices, changes, rvols, volumes = (
        tuple(None if rank == 1 else first + rank for rank in ranks) for first in (10.25, 2.0, 3.0, 4.0)
    )
    market_caps = tuple(1e9 + rank if caps else None for rank in ranks)
    known = tuple(map(Symbol, symbols))
    return ListRecord(later(second), name, known, prices, changes, rvols, volumes, market_caps)


def minute(number: float = 0, symbol: str = "ACME", volume: float = 500.0, **more: Any) -> MinuteBar:
    """A minute, so many minutes after noon, told a minute and a half after it began."""
    at_, close = later(60 * number), 12.5
    plain = MinuteBar(at_, Symbol(symbol), 12.0, 13.0, 11.5, close, volume, 12.25, None, later(60 * number + 90))
    return plain._replace(**more)


def alert(second: float = 0, symbol: str | None = "ACME", why: str = "", **more: Any) -> Alert:
    """A rule that rang, or did not, so many seconds after noon."""
    whose = None if symbol is None else Symbol(symbol)
    number = 1_700_000_000_000_000 + int(second * 1_000)
    plain = Alert(number, later(second), "fast", whose, "winners", "ACME entered", why, {"price": 12.5, "rvol": None})
    return plain._replace(**more)


def later(second: float) -> Nanos:
    return Nanos(NOON + int(second * NANOS))


@contextlib.contextmanager
def kept_server() -> Iterator[EmbeddedPostgres]:
    """A server for the tests of one file; each takes a world of its own in it."""
    with place() as folder:
        server = EmbeddedPostgres(folder / "sim-1", SystemClock())
        asyncio.run(_done(server.start))
        try:
            yield server
        finally:
            asyncio.run(_done(server.stop))


async def _done(step: Callable[[], Awaitable[object]]) -> None:
    await step()


@asynccontextmanager
async def connected(address: str, world: str = WORLD) -> AsyncIterator[Any]:
    """A connection with a world's tables and the parts of its first days."""
    database = Database(lambda: address, world, PATIENT)
    connection = await database.connected()
    try:
        async with database.asked(connection):
            await migrate(connection, database.schema)
        yield connection
    finally:
        await see_off(connection)


async def kept(address: str, batch: Batch, world: str = WORLD) -> None:
    """Put a batch where it belongs, as the writer would."""
    async with connected(address, world) as connection:
        await make_parts(connection, TABLES, sorted({day_of(item.at) for kind in batch for item in kind}))
        await keep(connection, batch)


def writer_into(address: Callable[[], str], spool: Path, world: str = WORLD, **more: Any) -> HistoryWriter:
    """A writer that is in a hurry, on the clock of a market at two in the afternoon."""
    given: dict[str, Any] = {"clock": PacedClock(at("14:00")), "pace": HURRIED, "room": Room(), **more}
    clock: Clock = given.pop("clock")
    return HistoryWriter(address, world, clock, spool, **given)


@asynccontextmanager
async def at_work(writer: HistoryWriter) -> AsyncIterator[HistoryWriter]:
    """A writer that runs, and is closed at the end."""
    try:
        async with running(writer.run):
            yield writer
    finally:
        await writer.close()


@asynccontextmanager
async def annals_of(address: str, world: str = WORLD) -> AsyncIterator[PostgresAnnals]:
    reader = PostgresAnnals(lambda: address, world, CALENDAR, PATIENT)
    try:
        yield reader
    finally:
        await reader.close()


async def is_done(address: str, world: str) -> bool:
    """Whether the server is done with what a world gave it, also by connections that are given up."""
    busy = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'tradeul {}' AND state <> 'idle'"
    return not await asked(address, busy.format(schema_of(world)))


async def events_in(address: str, world: str = WORLD) -> list[ListEvent]:
    """Every kept event, oldest first."""
    async with annals_of(address, world) as annals:
        return list(await annals.events(Span(), EVERYTHING))[::-1]


async def asked(address: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows that a query gives to somebody with no settings of ours."""
    connection = await asyncpg.connect(address, timeout=PATIENT_S)
    try:
        return [tuple(row) for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


async def minutes_in(address: str, world: str) -> list[MinuteBar]:
    """Every kept minute, by time and symbol."""
    found = await asked(address, MINUTES.format(world))
    return [MinuteBar._make((instant_of_moment(at_), *of, instant_of_moment(as_of))) for at_, *of, as_of in found]
