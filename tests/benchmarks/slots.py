"""Volumes by slot in a real Postgres: how fast they are kept, how fast a usual day is averaged, and how large they are.

12,000 symbols and five sessions: those of the simulated market's symbols, each under several names. Beside keeping,
the same rows by the driver's own `executemany`, which must leave the same in the table.
"""

import asyncio
import dataclasses
import gc
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks.figure import Figure
from tests.history.keeping import connected
from tests.history.worlds import place, postgres
from tests.support.market import CALENDAR, DAY, at
from tests.support.simulated import small_market, worked
from tradeul.domain.day_volumes import DayVolumes, joined, slot_count, volumes_of_bars
from tradeul.domain.events import Nanos, Symbol, SymbolBars
from tradeul.domain.splits import SplitBook
from tradeul.history import slot_store
from tradeul.history.database import whole_or_nothing
from tradeul.history.partitions import make_date_parts
from tradeul.simulation.symbol_bars import Query, Span, Unit, candles_of

SYMBOLS = 12_000
WORLDS_OWN = 300
PIECE = 300
PEER_ROWS = 3_000
PROBE_S = 0.001
SESSIONS = CALENDAR.last_sessions(DAY, 5)
SLOTS_OF = {day: slot_count(CALENDAR.hours(day)) for day in SESSIONS}
SESSIONS_A_YEAR = 252


async def run() -> list[Figure]:
    """Measure in a server of its own."""
    rows = await asyncio.to_thread(_rows)
    # As the program does once it has started: else what is held here would be looked through again and again.
    gc.collect()
    gc.freeze()
    with place() as folder:
        async with (
            postgres(folder / "sim-1") as server,
            connected(server.dsn, "bench") as connection,
            connected(server.dsn, "peer") as peer,
        ):
            kept_s = await _timed(lambda: _keep(connection, rows))
            peer_rows = rows.take(np.arange(PEER_ROWS))
            peer_s = await _timed(lambda: _keep_row_by_row(peer, peer_rows))
            assert await _checksum(peer) == await _checksum(connection, {key[1] for key in peer_rows.keys})
            size = float(await connection.fetchval(_SIZE)) / len(rows)
            seconds, hold_ms = await _probed(
                lambda: slot_store.baseline(connection, DAY, SESSIONS, SESSIONS[-1], SplitBook([], DAY))
            )
    rate, peer_rate = len(rows) / kept_s, PEER_ROWS / peer_s
    return [
        Figure("sessions of a symbol kept a second, by binary copy", "rows/s", [rate], rate / peer_rate),
        Figure("a symbol's session on the disk, indexes included", "bytes", [size]),
        Figure("a year of 12,000 symbols", "GB", [size * SYMBOLS * SESSIONS_A_YEAR / 1e9]),
        Figure("usual day of 12,000 symbols from five sessions", "s", [seconds]),
        Figure("longest hold of the loop meanwhile", "ms", [hold_ms]),
    ]


_SIZE = """
SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'slot_days'::regclass"""
_CHECKSUM = """
SELECT count(*), sum(volumes[192]), sum(volumes[90]) FROM slot_days WHERE $1::text[] IS NULL OR symbol = ANY($1)"""
_ROW = """
INSERT INTO slot_days (date, symbol, complete, volumes, trades, prices, sources)
VALUES ($1, $2, true, $3, $4, $5, $6)"""


def _rows() -> DayVolumes:
    market, parts = small_market(WORLDS_OWN), []
    first, last = CALENDAR.hours(SESSIONS[-1]).midnight, Nanos(CALENDAR.hours(DAY).midnight - 1)
    for row, symbol in enumerate(market.universe.symbols):
        query = Query(row, Span(5, Unit.MINUTE), first, last, at("09:30"), None, 50_000)
        candles, _ = worked(candles_of(market, query))
        volume = candles.volume.astype(np.float64)
        prices = np.round(candles.turnover / np.maximum(volume, 1) / 10_000, 4)
        bars = SymbolBars(
            Symbol(str(symbol)), adjusted=False, start=candles.start, open=prices, high=prices, low=prices,
            close=prices, volume=volume, vwap=prices, trades=np.maximum(1.0, volume // 100),
        )  # fmt: skip
        parts.append(volumes_of_bars(bars, [CALENDAR.hours(day) for day in SESSIONS]))
    own = joined(parts)
    return joined([_named(own, number) for number in range(SYMBOLS // WORLDS_OWN)])


def _named(own: DayVolumes, number: int) -> DayVolumes:
    keys = tuple((day, Symbol(f"{symbol}{number}")) for day, symbol in own.keys)
    return dataclasses.replace(own, keys=keys)


async def _keep(connection: Any, rows: DayVolumes) -> None:
    for first in range(0, len(rows), PIECE):
        piece = rows.take(np.arange(first, min(first + PIECE, len(rows))))
        async with whole_or_nothing(connection):
            await slot_store.keep_days(connection, piece, SLOTS_OF)


async def _keep_row_by_row(connection: Any, rows: DayVolumes) -> None:
    days = {day for day, _ in rows.keys}
    await make_date_parts(connection, ["slot_days"], days)
    arrays = [array.tolist() for array in (rows.volumes, rows.trades, rows.prices, rows.sources)]
    await connection.executemany(_ROW, [(*key, *columns) for key, *columns in zip(rows.keys, *arrays, strict=True)])


async def _checksum(connection: Any, symbols: set[Symbol] | None = None) -> tuple[Any, ...]:
    return tuple(await connection.fetchrow(_CHECKSUM, None if symbols is None else sorted(symbols)))


async def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def _probed(work: Callable[[], Any]) -> tuple[float, float]:
    """How long it took, and the longest that a sleeper beside it overslept."""
    worst = 0.0

    async def probe() -> None:
        nonlocal worst
        while True:
            before = time.perf_counter()
            await asyncio.sleep(PROBE_S)
            worst = max(worst, time.perf_counter() - before - PROBE_S)

    probing = asyncio.get_running_loop().create_task(probe())
    seconds = await _timed(work)
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    return seconds, worst * 1_000
