"""The soak's machinery in seconds: a sound ten minutes passes, and every mistake that is planted in it is caught."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.soak import measure
from tests.soak.soak import Figures, Soak, Wrong
from tests.soak.timing import AtOnce
from tests.soak.week import DATES, Profile
from tradeul.client import Conversation
from tradeul.domain.board import Board
from tradeul.engine.scanner import Scanner
from tradeul.engine.today import Today

pytestmark = pytest.mark.slow(6)

TINY = Profile("tiny", 120, 5.0, 1.0, 40, 5, 1, 3, ((0, 310),), DATES[:1], 600, 120, (("server_error", 8),))
"""Ten minutes of the pre-market."""


async def played() -> Figures:
    asyncio.get_running_loop().set_default_executor(AtOnce())
    said: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(TINY, 1, Path(folder), said.append)
        try:
            return await soak.play()
        except BaseException:
            await soak.end()
            raise


async def test_one_seed_gives_one_run() -> None:
    """Two runs publish the same, through a kill and faults, and everything in them is as it must be."""
    first, second = await played(), await played()

    assert first == second._replace(days=first.days)
    assert (first.kills, first.strikes) == (1, 3)
    assert first.comparisons >= 2
    assert first.seen_by_viewers > 0
    assert first.stale_s > 0


def ranks_swapped(patch: pytest.MonkeyPatch) -> None:
    """The two leaders of each list change places."""
    as_rows = Scanner._as_rows  # noqa: SLF001  # what is planted is inside

    def planted(self: Scanner, ranked: Any) -> Any:
        rows = as_rows(self, ranked)
        return {name: (*each[1::-1], *each[2:]) for name, each in rows.items()}

    patch.setattr(Scanner, "_as_rows", planted)


def field_wrong(patch: pytest.MonkeyPatch) -> None:
    """The day's high is a cent too high."""
    values = Board.values

    def planted(self: Board, name: str, rows: Any) -> Any:
        found: Any = values(self, name, rows)
        return [None if each is None else each + 0.01 for each in found] if name == "high" else found

    patch.setattr(Board, "values", planted)


def change_lost(patch: pytest.MonkeyPatch) -> None:
    """The client does not hear of changes any more and takes what it holds for live."""
    take_in = Conversation.take_in

    def planted(self: Conversation, message: Any, now: float) -> Any:
        lost = message["type"] in ("delta", "heartbeat")
        return [] if lost else take_in(self, message, now)

    patch.setattr(Conversation, "take_in", planted)


def never_stale(patch: pytest.MonkeyPatch) -> None:
    """Whatever does not come, the feed is called live."""
    patch.setattr("tradeul.engine.view.STALE_AFTER_S", 1e9)


def slots_not_kept(patch: pytest.MonkeyPatch) -> None:
    """No slot is written to the disk."""

    async def planted(_self: Today) -> None:
        """Write nothing."""

    patch.setattr(Today, "_write_slots", planted)


PLANTED: list[tuple[Callable[[pytest.MonkeyPatch], None], str]] = [
    (ranks_swapped, "other lists than by the book"),
    (field_wrong, "other fields than the model's"),
    (change_lost, "held otherwise by viewers"),
    (never_stale, "the feed is called live, and stale is True"),
    (slots_not_kept, "lost"),
]


@pytest.mark.parametrize(("plant", "said"), PLANTED, ids=[each[0].__name__ for each in PLANTED])
async def test_a_planted_mistake_ends_the_soak(
    plant: Callable[[pytest.MonkeyPatch], None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another rank, another value, a lost change, a silence that is not told and a slot that is not kept."""
    plant(monkeypatch)

    with pytest.raises(Wrong, match=said):
        await played()


async def test_what_every_day_leaves_behind_is_found() -> None:
    """A task, a descriptor and two megabytes more after each day are leaks; the first day fills caches."""
    days, tasks, opened, kept = [], [], [], []
    for _ in range(4):
        kept.append(bytearray(2_000_000))
        tasks.append(asyncio.get_running_loop().create_task(asyncio.Event().wait()))
        opened.append(os.open("/dev/null", os.O_RDONLY))
        days.append(measure.held())
    steady = measure.Held(100.0, 200.0, 10, 4)

    found = measure.leaks(days)

    for task, descriptor in zip(tasks, opened, strict=True):
        task.cancel()
        os.close(descriptor)
    assert [each.split()[1] for each in found] == ["MB", "descriptors", "tasks"]
    assert measure.leaks([steady._replace(memory_mb=float(mb)) for mb in (50, 100, 102, 104)]) == ["2.00 MB a day"]
    assert measure.leaks([steady._replace(memory_mb=50.0), steady, steady, steady]) == []
