"""Day files on their way to Postgres: each slot as it closes, a day once it is over, and nothing lost in between."""

import datetime as dt
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.history.keeping import WORLD, asked, kept_server, writer_into
from tests.history.slots import end_of
from tests.support.eventually import eventually, running
from tests.support.market import CALENDAR, DAY, at
from tradeul.clock import ManualClock
from tradeul.domain.slot_book import Source
from tradeul.history.database import schema_of
from tradeul.history.dayfile import DayFiles
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.slot_drain import SlotDrain
from tradeul.history.writer import HistoryWriter

TOMORROW = dt.date(2026, 11, 19)
worlds = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


class Rig:
    """A world's day files, its database, and a writer between them."""

    def __init__(self, server: EmbeddedPostgres, folder: Path, wall: str = "14:00", day: dt.date = DAY) -> None:
        self.world = f"drain-{next(worlds)}"
        self.address = server.dsn
        self.folder = folder
        self.clock = ManualClock(at(wall, day))
        self.files = DayFiles(folder, self.world)

    def life(self) -> tuple[SlotDrain, HistoryWriter]:
        """One life of the program."""
        drain = SlotDrain(DayFiles(self.folder, self.world), self.clock, CALENDAR)
        spool = self.folder / "spool"
        return drain, writer_into(lambda: self.address, spool, self.world, clock=self.clock, others=[drain])

    @asynccontextmanager
    async def at_work(self, drain: SlotDrain, writer: HistoryWriter) -> AsyncIterator[SlotDrain]:
        try:
            async with running(writer.run):
                yield drain
        finally:
            await writer.close()
            self.files.close()

    async def told(self, query: str) -> list[tuple[Any, ...]]:
        return await asked(self.address, query.replace("@", f"{schema_of(self.world)}."))

    async def shown(self) -> list[tuple[Any, ...]]:
        """What is kept of A."""
        return await self.told(
            "SELECT date, slot_number, volume_accumulated, source FROM @volume_slots"
            " WHERE symbol = 'A' ORDER BY date, slot_number"
        )

    async def until(self, condition: Any) -> None:
        async def holds() -> object:
            await self.clock.advance(0.01)
            return condition()

        await eventually(holds)


async def test_each_slot_is_in_the_database_soon_after_it_closed(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Those that were in the file before, and those that come; none is written twice by the next life."""
    rig = Rig(server, tmp_path)
    rig.files.append(DAY, end_of(66, {"A": 5.0}))
    async with rig.at_work(*rig.life()) as drain:
        await rig.until(lambda: drain.slots_kept == 1)
        rig.files.append(DAY, end_of(67, {"A": 9.0}, Source.CARRIED))
        await rig.until(lambda: drain.slots_kept == 2)
    async with rig.at_work(*rig.life()) as drain:
        rig.files.append(DAY, end_of(68, {"A": 9.5}))
        await rig.until(lambda: drain.slots_kept)
        again = drain.slots_kept

    assert await rig.shown() == [(DAY, 66, 5.0, "live"), (DAY, 67, 9.0, "carried"), (DAY, 68, 9.5, "live")]
    assert again == 1


async def test_a_day_that_is_over_is_finished(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """By symbol then, in one piece, and not before a delayed feed may have closed its last slot."""
    rig = Rig(server, tmp_path, "20:15")
    for slot in range(190, 192):
        rig.files.append(DAY, end_of(slot, {"A": float(slot), "B": np.nan}))
    async with rig.at_work(*rig.life()) as drain:
        await rig.until(lambda: drain.slots_kept == 2)
        running_on, pending = drain.days_finished, drain.pending(DAY)
        await rig.clock.advance(360)
        await rig.until(lambda: drain.days_finished == 1)
        after = drain.pending(DAY)

    assert running_on == 0
    assert (pending, after) == (True, False)
    assert await rig.shown() == [(DAY, 190, 190.0, "live"), (DAY, 191, 191.0, "live")]
    assert await rig.told("SELECT count(*) FROM @slot_ends") == [(0,)]
    assert await rig.told("SELECT symbol, complete FROM @slot_days ORDER BY symbol") == [("A", False), ("B", False)]


async def test_days_that_waited_are_taken_oldest_first(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """After two days without a database nothing is missing, and the running day goes on."""
    rig = Rig(server, tmp_path, "09:41", dt.date(2026, 11, 20))
    address, rig.address = rig.address, ""
    days = [DAY, TOMORROW, dt.date(2026, 11, 20)]
    drain, writer = rig.life()
    async with rig.at_work(drain, writer):
        for day in days:
            for slot in (65, 66):
                rig.files.append(day, end_of(slot, {"A": float(slot)}))
        await rig.until(lambda: writer.report.failures)
        away = drain.slots_kept, drain.days_finished
        rig.address = address
        await rig.until(lambda: drain.days_finished == 2 and drain.slots_kept == 2)

    assert away == (0, 0)
    assert await rig.shown() == [(day, slot, float(slot), "live") for day in days for slot in (65, 66)]


async def test_a_file_that_was_begun_anew_is_read_from_its_beginning(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """As when the first one was put aside; what was known already stays, the better value of each slot."""
    rig = Rig(server, tmp_path)
    for slot in (66, 67):
        rig.files.append(DAY, end_of(slot, {"A": 5.0}, Source.CARRIED))
    async with rig.at_work(*rig.life()) as drain:
        await rig.until(lambda: drain.slots_kept == 2)
        rig.files.put_aside(DAY)
        rig.files.append(DAY, end_of(66, {"A": 7.0}))
        await rig.until(lambda: drain.slots_kept == 3)

    assert await rig.shown() == [(DAY, 66, 7.0, "live"), (DAY, 67, 5.0, "carried")]


async def test_what_came_after_the_day_was_finished_is_added(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """A record more in the file: the day is finished once more, and better than before."""
    rig = Rig(server, tmp_path, "20:30")
    rig.files.append(DAY, end_of(66, {"A": 5.0}, Source.CARRIED))
    async with rig.at_work(*rig.life()) as drain:
        await rig.until(lambda: drain.days_finished == 1)
        rig.files.append(DAY, end_of(66, {"A": 6.0}, Source.BACKFILLED))
        await rig.until(lambda: drain.days_finished == 2)

    assert await rig.shown() == [(DAY, 66, 6.0, "backfilled")]


async def test_what_is_kept_for_later_than_the_clock_is_set_aside(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """A clock that was put back: slots that have not closed yet and days that are not over are set aside."""
    rig = Rig(server, tmp_path, "20:30", TOMORROW)
    rig.files.append(DAY, end_of(66, {"A": 5.0}))
    rig.files.append(TOMORROW, end_of(66, {"A": 6.0}))
    async with rig.at_work(*rig.life()) as drain:
        await rig.until(lambda: drain.days_finished == 2)
    rig.files.put_aside(TOMORROW)
    rig.clock = ManualClock(at("09:45", TOMORROW))
    rig.files.append(TOMORROW, end_of(65, {"A": 1.0}))
    drain, writer = rig.life()
    async with rig.at_work(drain, writer):
        await rig.until(lambda: drain.slots_kept == 1)

    assert await rig.shown() == [(DAY, 66, 5.0, "live"), (TOMORROW, 65, 1.0, "live")]
    assert writer.report.set_aside == 1
    assert await rig.told("SELECT DISTINCT table_name FROM @set_aside") == [("slot_days",)]
    assert WORLD not in rig.world
