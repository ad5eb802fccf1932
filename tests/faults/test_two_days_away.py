"""Two days of the market without its database: rankings never pause, and nothing is missing once it is back."""

import datetime as dt

import pytest

from tests.history.keeping import asked
from tests.history.worlds import place, postgres
from tests.support.eventually import eventually
from tests.support.market import CALENDAR, at
from tests.support.program import Setting, alive, passed
from tradeul.domain.slot_book import SlotBook, slots_ended
from tradeul.domain.slots import SLOTS_PER_DAY
from tradeul.history.dayfile import DayFiles

TUESDAY = dt.date(2026, 11, 17)
DAYS = [TUESDAY, dt.date(2026, 11, 18), dt.date(2026, 11, 19)]
SPEED = 1_000
HOUR_S = 3_600
PATIENT_S = 240.0

KEPT = """
SELECT slot_number, count(*)::integer FROM sim_1.volume_slots WHERE date = $1 GROUP BY slot_number"""


@pytest.mark.slow
@pytest.mark.timeout(1_200)
async def test_two_days_without_a_database_lose_nothing() -> None:
    """Lists change in every session meanwhile; then each slot that closed is there, and nothing waits."""
    with place() as folder:
        async with postgres(folder / "server") as server:
            setting = Setting(folder / "state", at("15:00", TUESDAY), SPEED, symbols=100, dsn=server.dsn)
            async with alive(setting) as life:
                clock = setting.clock
                await passed(clock, 0.5 * HOUR_S)
                await server.stop()
                changes = []
                # Tuesday afternoon, Wednesday and Thursday while the market is open.
                for hours in (1, 18, 6, 18, 3):
                    before = await life.sequences()
                    await passed(clock, hours * HOUR_S)
                    after = await life.sequences()
                    changes.append(sum(after.values()) - sum(before.values()))
                during = (await life.health())["database"]
                await passed(clock, 2 * HOUR_S)
                await server.start()

                async def drained() -> bool:
                    database = (await life.health())["database"]
                    return bool(
                        database["connected"] and not database["spooled_bytes"] and not database["waiting"]
                        and database["slot_files_waiting"] == 0
                    )  # fmt: skip

                await eventually(drained, within_s=PATIENT_S, every_s=0.5)
                ended = clock.now()
                database = (await life.health())["database"]
                kept = {day: dict(await asked(server.dsn, KEPT, day)) for day in DAYS}
            files = DayFiles(setting.world / "today", "sim-1")
            told = {day: files.records(day) for day in DAYS}

    assert all(change > 20 for change in changes), changes
    assert during["connected"] is False
    assert (database["dropped"], database["damaged"]) == (0, 0)
    for day in DAYS:
        book = SlotBook(day)
        for record in told[day]:
            book.take(record)
        closed = {slot for slot in book.table().slots if slot < slots_ended(CALENDAR.hours(day), ended) - 1}
        assert closed <= set(kept[day]), day
        assert len(kept[day]) >= (SLOTS_PER_DAY if day == DAYS[1] else 30)
