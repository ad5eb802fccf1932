"""Keeping today: slots and states reach the disk in time, and a restart goes on where the last process ended."""

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engine.test_pipeline import cancel
from tests.support.day import Disk, Process, shown
from tests.support.eventually import eventually, running, settle
from tests.support.market import CALENDAR, DAY, NANOS, at, image, take, traded
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.slot_book import SlotRecord, Source
from tradeul.engine.today import BOOKS_HELD, RETRY_S, Today
from tradeul.history.checkpoint import Checkpoints
from tradeul.history.dayfile import DayFiles

THANKSGIVING_FRIDAY = dt.date(2026, 11, 27)


async def test_a_slot_is_on_the_disk_as_soon_as_the_feed_has_passed_its_end() -> None:
    """With the volume that was known before the end, not with what came after."""
    process = Process("09:34:50")
    async with running(process.today.run):
        await process.trade(10.0, 500)
        await process.clock.advance(12)
        await process.trade(10.0, 900)
        await process.clock.advance(1)
        await process.keeps(process.slots)

    assert process.slots() == {66: (500.0, Source.LIVE)}
    assert process.disk.threads.isdisjoint({threading.main_thread().name})


async def test_the_clock_closes_what_the_feed_leaves_open() -> None:
    """The last slot ends at 20:00 though nothing trades after it, and the vendor may be silent for hours."""
    process = Process("19:59:50")
    async with running(process.today.run):
        await process.trade(10.0, 500)
        await process.clock.advance(15)
        await process.keeps(process.slots)

    assert process.slots() == {191: (500.0, Source.LIVE)}


async def test_slots_that_nobody_watched_are_carried() -> None:
    """No snapshot within 15 s of the end: the last known value, marked so; one that said nothing new is as good."""
    process = Process("09:34:30")
    async with running(process.today.run):
        await process.trade(10.0, 500)
        await process.clock.advance(40)
        await process.keeps(lambda: 66 in process.slots())
    await process.until("09:39:55")
    process.vitals.confirmed_at = process.clock.now()
    async with running(process.today.run):
        await process.clock.advance(8)
        await process.keeps(lambda: 67 in process.slots())

    assert process.slots() == {66: (500.0, Source.CARRIED), 67: (500.0, Source.LIVE)}


@pytest.mark.parametrize(("asked", "source"), [("09:34:46", Source.LIVE), ("09:34:44", Source.CARRIED)])
async def test_a_snapshot_that_was_long_on_its_way_knows_nothing_later(asked: str, source: Source) -> None:
    """What counts is when it was asked for, not when its last byte came: what was traded between is not in it."""
    process = Process("09:34:59")
    async with running(process.today.run):
        snapshot = image(traded("A", 10.0, 500, at("09:34:40")))
        await process.pipeline.take_image(snapshot, process.clock.now(), at(asked))
        await process.clock.advance(4)
        await process.keeps(process.slots)

    assert process.slots() == {66: (500.0, source)}


@pytest.mark.parametrize(("before_end_s", "source"), [(10, Source.LIVE), (20, Source.CARRIED)])
async def test_a_delayed_feed_keeps_its_slots_open(before_end_s: int, source: Source) -> None:
    """A quarter of an hour late, a slot closes by the feed's time, and what the wall says confirms nothing."""
    process = Process("09:50:05")
    open_still = process.slots()
    async with running(process.today.run):
        for feed_time, volume in ((Nanos(at("09:35") - before_end_s * NANOS), 500), (at("09:35:02"), 700)):
            process.vitals.confirmed_at = process.clock.now()
            row = traded("A", 10.0, volume, feed_time)
            open_still = process.slots()
            await process.pipeline.take_image(image(row, delayed=True), process.clock.now())
            await process.clock.advance(8)
        await process.keeps(process.slots)

    assert open_still == {}
    assert process.slots() == {66: (500.0, source)}


async def test_a_day_that_closes_early_has_fewer_slots() -> None:
    """The last one ends at 17:00, and the evening adds none."""
    process = Process("16:54:58", day=THANKSGIVING_FRIDAY)
    await process.trade(10.0, 500)
    await process.until("16:59:58", THANKSGIVING_FRIDAY)
    await process.trade(10.0, 600)
    await process.until("19:00", THANKSGIVING_FRIDAY)
    await process.today.close()

    assert process.slots(THANKSGIVING_FRIDAY) == {154: (500.0, Source.LIVE), 155: (600.0, Source.LIVE)}


async def test_what_came_last_is_kept_though_nothing_comes_after_it() -> None:
    """Soon after something newer was kept and just before the vendor fell silent: a kill later must not lose it."""
    process = Process("10:00")
    async with running(process.today.run):
        await process.trade(10.0, 500)
        await process.keeps(lambda: process.disk.saves)
        await process.clock.advance(1)
        await process.trade(10.0, 900)
        last = process.pipeline.as_of
        await process.clock.advance(5)
        await process.keeps(lambda: process.disk.newest is not None and process.disk.newest.as_of == last)

    assert process.disk.saves == 2


async def test_what_is_new_of_a_time_that_is_known_is_kept_too() -> None:
    """A live bar of later may have come before a snapshot which tells of a higher price."""
    process = Process("10:00")
    async with running(process.today.run):
        await process.trade(10.0, 500)
        await process.keeps(lambda: process.disk.saves and process.clock.waited_for)
        told, last = traded("A", 10.0, 600, process.pipeline.as_of, day_high=11.0), process.pipeline.as_of
        await process.clock.advance(5)
        await process.pipeline.take_image(image(told, feed_time=last), process.clock.now())
        await process.clock.advance(5)
        await process.keeps(lambda: process.disk.saves >= 2)
    after = Process("10:01", process.disk)
    await after.today.restore()
    await after.trade(10.0, 700)

    assert process.pipeline.as_of == last
    assert after.show("high") == 11.0


async def test_what_was_cut_off_in_the_middle_is_kept_as_far_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop may come while a snapshot is taken."""
    process = Process("10:00")
    await process.trade(10.0, 500)
    await process.today.close()
    await process.clock.advance(5)
    apply = process.enrichment.applying

    def cut(*given: Any) -> Iterator[None]:
        for _ in apply(*given):
            cancel()
            yield

    monkeypatch.setattr(process.enrichment, "applying", cut)
    with pytest.raises(asyncio.CancelledError):
        await process.snapshot(traded("A", 10.0, 600, process.clock.now(), day_high=11.0))
    await process.today.close()

    assert process.show("high") == 11.0
    assert process.disk.saves == 2


async def test_the_turn_of_the_date_ends_one_book_and_begins_another() -> None:
    """Yesterday is whole in its file, and today begins with nothing of it."""
    tomorrow = DAY + dt.timedelta(days=1)
    process = Process("19:54:58")
    async with running(process.today.run):
        await process.trade(10.0, 500)
        await process.clock.advance(7)
        await process.keeps(process.slots)
    await process.until("03:30:01", tomorrow)
    await process.snapshot({"symbol": "A", "prev_close": 10.0})
    await process.until("04:04:58", tomorrow)
    await process.trade(10.0, 30)
    async with running(process.today.run):
        await process.clock.advance(5)
        await process.keeps(lambda: process.slots(tomorrow))

    assert process.slots() == {190: (500.0, Source.LIVE), 191: (500.0, Source.CARRIED)}
    assert process.slots(tomorrow) == {0: (30.0, Source.LIVE)}


async def test_a_state_is_kept_every_few_seconds_while_the_board_moves() -> None:
    """At most five seconds behind; a board that stands still is not written again."""
    process = Process()
    async with running(process.today.run):
        for second in range(40):
            await process.trade(10.0, 100 + second)
            await process.clock.advance(1)
            await eventually(
                lambda: (
                    process.today.state.saved_at is not None
                    and process.clock.now() - process.today.state.saved_at <= 5 * NANOS
                )
            )
        await eventually(lambda: process.clock.waited_for)  # no state is under way
        saves = process.disk.saves
        await process.clock.advance(20)

    assert 8 <= saves <= 14
    assert process.disk.saves - saves <= 1


async def test_the_day_goes_on_after_a_restart() -> None:
    """From the disk alone: extremes, volumes and closed slots, and the slots that ended meanwhile are carried."""
    disk = Disk()
    killed = Process("09:34:50", disk)
    async with running(killed.today.run):
        await killed.snapshot(traded("A", 10.0, 500, killed.clock.now(), day_high=11.0))
        await killed.clock.advance(12)
        await killed.trade(10.2, 800)
        await killed.clock.advance(1)
        await killed.keeps(lambda: disk.kept and disk.saves >= 2)

    after = Process("09:46", disk)
    await after.today.restore()
    async with running(after.today.run):
        await after.trade(10.1, 2_000)
        await after.clock.advance(1)
        await after.keeps(lambda: 68 in after.slots())

    assert (after.show("high"), after.show("volume_today"), after.show("new_highs_15m")) == (11.0, 2_000, 0)
    assert after.today.state.restored
    assert after.slots() == {66: (500.0, Source.LIVE), 67: (800.0, Source.CARRIED), 68: (800.0, Source.CARRIED)}


async def test_closing_keeps_what_is_not_kept_yet() -> None:
    """Stopped in good order nothing is behind; a thread that still waits for the disk is waited for."""
    process = Process("09:34:50")
    process.disk.slow.clear()
    async with running(process.today.run):
        await process.trade(10.0, 500)
        await process.keeps(lambda: process.disk.threads)
    await process.clock.advance(12)
    await process.trade(10.0, 900)

    async def relent() -> None:
        await settle()
        process.disk.slow.set()

    await asyncio.gather(process.today.close(), relent())

    assert process.slots() == {66: (500.0, Source.LIVE)}
    assert process.disk.newest is not None
    assert process.disk.newest.as_of == process.clock.now()
    assert not process.disk.overlapped


async def test_nothing_live_waits_for_a_disk() -> None:
    """While a write hangs snapshots go on, and slots close."""
    process = Process("09:34:50")
    process.disk.slow.clear()
    async with running(process.today.run):
        await process.trade(10.0, 500)
        await process.keeps(lambda: process.disk.threads)
        await process.clock.advance(12)
        await process.trade(10.0, 900)
        volume = process.show("volume_today")
        process.disk.slow.set()
        await process.today.close()

    assert volume == 900
    assert process.slots() == {66: (500.0, Source.LIVE)}


async def test_a_disk_that_refuses_is_tried_again_and_nothing_is_lost() -> None:
    """Counted, said as long as it lasts, and as soon as there is room everything is written."""
    process = Process("09:34:50")
    process.disk.broken = True
    async with running(process.today.run):
        await process.trade(10.0, 500)
        await process.clock.advance(12)
        await process.trade(10.0, 900)
        await process.clock.advance(1)
        await process.keeps(lambda: process.today.state.failures >= 2 and process.today.state.slots_waiting)
        during = process.today.state
        process.disk.broken = False
        await process.clock.advance(2 * RETRY_S)
        await process.keeps(lambda: process.disk.newest and not process.today.state.refusal)
        await process.keeps(lambda: process.slots() and not process.today.state.slots_waiting)

    assert (during.slots_waiting, during.refusal) == (1, "No space left on device")
    assert process.slots() == {66: (500.0, Source.LIVE)}
    assert (process.today.state.slots_waiting, process.today.state.refusal) == (0, "")


async def test_a_disk_that_refuses_for_days_costs_the_oldest_of_them() -> None:
    """Memory holds the books of a few dates, and what is given up is counted."""
    process = Process("15:59:50")
    process.disk.broken = True
    day = DAY
    for _ in range(BOOKS_HELD + 1):
        await process.until("15:59:50", day)
        await process.trade(10.0, 500)
        await process.clock.advance(14)
        await process.today.close()
        day = CALENDAR.following(day)
    state = process.today.state
    process.disk.broken = False
    await process.today.close()

    assert state.slots_lost == 49
    assert min(process.disk.kept) == CALENDAR.following(DAY)


async def test_a_disk_that_cannot_be_read_is_a_day_that_begins_now() -> None:
    """It is counted, and the start goes on."""
    disk = Disk()
    disk.broken = True
    process = Process(disk=disk)
    await process.today.restore()

    assert (process.today.state.restored, process.today.state.failures) == (False, 1)
    await process.trade(10.0, 500)
    assert process.show("price") == 10.0


@pytest.mark.parametrize(("wall", "restored", "aside"), [("09:40", True, 0), ("09:36", False, 1), ("09:34", False, 2)])
async def test_what_is_later_than_the_market_clock_is_set_aside(
    tmp_path: Path, wall: str, restored: bool, aside: int
) -> None:
    """A clock that was set back begins the day anew; with slots of its own it may still go on with those."""
    for each in (DAY, DAY + dt.timedelta(days=1))[: 1 + (aside == 2)]:
        files = DayFiles(tmp_path, "sim-1")
        files.append(each, SlotRecord(66, (Symbol("A"),), np.array([5.0]), np.array([Source.LIVE], np.int8)))
        files.close()
    killed = Process()
    take(killed.enrichment, image(traded("A", 10.0, 100, at("09:36:30"))), at("09:36:30"))
    state = killed.enrichment.state({})
    assert state is not None
    if wall != "09:34":
        Checkpoints(tmp_path, "sim-1").save(state)

    process = Process(wall)
    slots, states = DayFiles(tmp_path, "sim-1"), Checkpoints(tmp_path, "sim-1")
    today = Today(process.pipeline, process.clock, CALENDAR, slots, states)
    await today.restore()

    assert today.state.set_aside == aside
    assert (today.state.restored, today.state.saved_at) == ((wall != "09:34"), state.as_of if restored else None)


async def test_yesterday_is_not_taken_for_today() -> None:
    """A checkpoint of an earlier date is left where it is, and the board begins empty."""
    disk = Disk()
    killed = Process("15:00", disk)
    await killed.trade(10.0, 500)
    state = killed.enrichment.state({})
    assert state is not None
    disk.states.append(state)
    process = Process("09:00", disk, DAY + dt.timedelta(days=1))
    await process.today.restore()

    assert (len(process.board), process.today.state.restored) == (0, False)


async def test_many_books_and_states_in_real_files(tmp_path: Path) -> None:
    """The same with the real stores: killed twice, and the third process knows the whole day."""
    process = Process()
    for life, wall in enumerate(("09:34:50", "09:39:50", "09:44:50")):
        process = Process(wall)
        slots, states = DayFiles(tmp_path, "sim-1"), Checkpoints(tmp_path, "sim-1")
        today = Today(process.pipeline, process.clock, CALENDAR, slots, states)
        await today.restore()
        async with running(today.run):
            await process.trade(10.0 + life, 500 * (life + 1))
            await process.clock.advance(13)
            await process.keeps(lambda: today.state.slots_written)  # noqa: B023  # this life's
        slots.close()

    kept = shown(DayFiles(tmp_path, "sim-1").records(DAY))
    assert kept == {slot: (500.0 * (slot - 65), Source.LIVE) for slot in (66, 67, 68)}
    assert process.show("high") == 12.0
    assert process.show("low") == 10.0
