"""The program killed again and again in the middle of a session: no closed slot is lost, and none is invented."""

import asyncio
import datetime as dt
import os
import random
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from tests.history.worlds import place
from tests.support.eventually import PATIENT_S, eventually
from tests.support.market import NANOS, at
from tests.support.simulated import worked
from tradeul.app import calendar_of
from tradeul.clock import PacedClock, SystemClock
from tradeul.domain.events import Nanos
from tradeul.domain.slot_book import SlotBook, SlotTable, Source, slot_end
from tradeul.history.dayfile import DayFiles
from tradeul.simulation.market import Market
from tradeul.simulation.tape import Tape

ROOT = Path(__file__).resolve().parents[2]
KILLS = 5
SPEED = 60
SYMBOLS = 300
BEGINS = at("09:41")
DAY = dt.date(2026, 11, 18)
SEEN_BEFORE_END_S = 15
WRITTEN_WITHIN_S = 2 * SPEED
"""Market seconds: a slot that ended in the last two seconds of the wall may not be in the file yet."""


async def started(folder: Path, port: int, anchor: int) -> asyncio.subprocess.Process:
    """The program on this market's shared clock, as soon as its lists stand."""
    settings = {
        "SERVER__PORT": port,
        "SIMULATION__SYMBOLS": SYMBOLS,
        "HISTORY__DATA_DIR": folder,
        "CLOCK__START": "2026-11-18T09:41:00-05:00",
        "CLOCK__SPEED": SPEED,
        "CLOCK__ANCHOR": dt.datetime.fromtimestamp(anchor / NANOS, dt.UTC).isoformat(),
        "LOG__LEVEL": "error",
    }
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    environ |= {f"TRADEUL_{name}": str(value) for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tradeul", env=environ)
    async with aiohttp.ClientSession() as client:
        await eventually(lambda: _scans(client, port), within_s=PATIENT_S)
    return process


async def _scans(client: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with client.get(f"http://127.0.0.1:{port}/health") as answer:
            health: dict[str, Any] = await answer.json()
    except aiohttp.ClientError:
        return False
    return bool(health["feed"]["state"] == "live")


async def passed(clock: PacedClock, seconds: float) -> None:
    """Wait until so many seconds of the market have gone by."""
    moment = clock.now() + int(seconds * NANOS)
    await eventually(lambda: clock.now() >= moment)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def book_in(folder: Path) -> SlotTable:
    """The day as its file tells it."""
    book = SlotBook(DAY)
    for record in DayFiles(folder, "sim-1").records(DAY):
        book.take(record)
    return book.table()


def volumes_at(market: Market, tape: Tape, instant: Nanos) -> dict[str, int]:
    """What had truly traded by then, by symbol; the tape goes forwards only."""
    worked(tape.place(tape.day.second_at(instant)))
    return dict(zip(map(str, market.universe.symbols), tape.volume.tolist(), strict=True))


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_no_closed_slot_is_lost_or_invented_by_kill_9() -> None:
    """Every slot that ended is in the day's file; seen values lie within the last 15 s before the end, others below."""
    draw = random.Random(9)  # noqa: S311  # repeatable moments, no secret
    anchor = SystemClock().now() // NANOS * NANOS
    clock = PacedClock(BEGINS, SPEED, Nanos(anchor))
    with place() as folder:
        port = free_port()
        for _ in range(KILLS):
            process = await started(folder, port, anchor)
            await passed(clock, draw.uniform(20, 200))
            process.send_signal(signal.SIGKILL)
            await process.wait()
        process = await started(folder, port, anchor)
        await passed(clock, 330)
        ended = clock.now()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        table = book_in(folder / "sim-1" / "today")

    market = Market(1, SYMBOLS, calendar_of(SystemClock()))
    tape = Tape(worked(market.day(DAY)))
    hours = market.calendar.hours(DAY)
    assert table.slots == tuple(range(table.slots[0], table.slots[-1] + 1))
    assert slot_end(hours, table.slots[0]) <= BEGINS + 300 * NANOS
    assert slot_end(hours, table.slots[-1] + 1) > ended - WRITTEN_WITHIN_S * NANOS
    seen = 0
    for place_of_slot, slot in enumerate(table.slots):
        end = slot_end(hours, slot)
        if end < BEGINS:
            continue
        least = volumes_at(market, tape, Nanos(end - SEEN_BEFORE_END_S * NANOS))
        most = volumes_at(market, tape, end)
        for symbol, volume, source in zip(
            map(str, table.symbols), table.volumes[place_of_slot], table.sources[place_of_slot], strict=True
        ):
            if np.isnan(volume):
                continue
            assert volume <= most[symbol]
            if source == Source.LIVE:
                assert volume >= least[symbol]
                seen += 1
    assert seen > SYMBOLS // 2
