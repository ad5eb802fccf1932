"""A disk that is full, under the whole program: scanning goes on, health says so, and nothing is lost in the end."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.history.worlds import cluster_in, place
from tests.support.disks import Disk, on_a_small_disk
from tests.support.eventually import eventually
from tests.support.keeping_up import PATIENTLY, check_no_state_is_missing, writes
from tests.support.kills import book_in, check_nothing_lost
from tests.support.market import NANOS, at
from tests.support.program import SYMBOLS, Life, Setting, alive
from tradeul.domain.events import Nanos
from tradeul.history.pidfile import kill_servers
from tradeul.history.sockets import address_of
from tradeul.history.spool import Spool

SPEED = 30
BEGINS = at("09:47")
NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"
NOT_KEPT = "today is not kept, and would not survive a restart: No space left"
WRITTEN_WITHIN_S = 10
"""A disk that refused is tried again after five seconds."""


def says(life: Life, *words: str) -> Callable[[], Awaitable[bool]]:
    """Whether health gives a reason with each of these words."""

    async def holds() -> bool:
        reasons = (await life.health())["reasons"]
        return all(any(word in reason for reason in reasons) for word in words)

    return holds


async def goes_on(life: Life) -> None:
    """See that the feed is live and lists go on changing past two ends of a slot, which cannot be written."""
    before = await life.sequences()

    async def two_slots_wait() -> bool:
        return int((await life.health())["today"]["slots_waiting"]) >= 2

    await eventually(two_slots_wait, **PATIENTLY)
    after = await life.sequences()
    assert sum(after[name] > before[name] for name in before) > len(before) // 3
    assert (await life.health())["feed"]["state"] == "live"


def states_in(spool: Path, copy: Path, until: Nanos) -> int:
    """How many snapshots' lists wait in a spool, as far as they are on the disk."""
    shutil.copytree(spool, copy)
    found = Spool(copy)
    times = set()
    while (spooled := found.oldest()) is not None:
        times |= {state.at for state in spooled.batch.states if state.at <= until}
        found.forget()
    shutil.rmtree(copy)
    return len(times)


def check_slots(setting: Setting, today: Path, began: Nanos) -> None:
    written_until = Nanos(setting.clock.now() - WRITTEN_WITHIN_S * SPEED * NANOS)
    check_nothing_lost(book_in(today), began, written_until, SYMBOLS)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_full_disk_for_what_is_kept_of_today(tmp_path: Path) -> None:
    """Neither slots nor what waits for a database can be written: they wait in memory, and go out when they can."""
    with place() as folder:
        setting = Setting(folder, BEGINS, SPEED, dsn=NO_DATABASE)
        async with alive(setting, on_a_small_disk(folder, 24)) as life:
            began, disk = setting.clock.now(), Disk(life.process.pid, setting.folder)
            world = disk.root / setting.world.name
            await eventually((world / "spool").exists, **PATIENTLY)

            disk.fill()
            await eventually(says(life, NOT_KEPT, "spool: No space left"), **PATIENTLY)
            await goes_on(life)
            disk.free()

            async def all_is_written() -> bool:
                health = await life.health()
                waits = health["today"]["slots_waiting"] + health["database"]["waiting"]
                return not waits and "No space left" not in str(health["reasons"])

            await eventually(all_is_written, **PATIENTLY)
            snapshots, until = await life.snapshots(setting.clock)
            await eventually(
                lambda: states_in(world / "spool", tmp_path / "copy", until) in (snapshots, snapshots + 1),
                **PATIENTLY,
            )
            assert (await life.health())["database"]["dropped"] == 0
            check_slots(setting, world / "today", began)
            assert await life.end() == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_full_disk_for_the_database_too() -> None:
    """The embedded server can write no more, and cannot even start again: it comes back when there is room, and all
    that waited is in its tables.
    """
    with place() as folder:
        setting = Setting(folder, BEGINS, SPEED)
        async with alive(setting, on_a_small_disk(folder, 320)) as life:
            began, disk = setting.clock.now(), Disk(life.process.pid, setting.folder)
            world = disk.root / setting.world.name
            await eventually(lambda: writes(life), **PATIENTLY)

            disk.fill()
            await eventually(says(life, NOT_KEPT, "history waits to be written"), **PATIENTLY)
            kill_servers(cluster_in(world))
            await goes_on(life)
            disk.free()

            await check_no_state_is_missing(life, setting, address_of(world / "socket"))
            assert (await life.health())["database"]["server"]["restarts"] == 1
            check_slots(setting, world / "today", began)
            assert await life.end() == 0
