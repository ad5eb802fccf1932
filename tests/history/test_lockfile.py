"""One program per folder, whoever comes second and however the first one ends."""

import os
from pathlib import Path

import pytest

from tests.history.worlds import answer, cluster_in, fill, postgres, program
from tradeul.clock import SystemClock
from tradeul.errors import FolderInUse
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.lockfile import NAME, FolderLock
from tradeul.history.pidfile import servers_in


async def test_the_second_program_is_told_who_was_first(used_world: Path) -> None:
    """One line with the pid; the first one's server does not notice."""
    async with program(used_world) as first, program(used_world) as second:
        alive = servers_in(cluster_in(used_world))

    assert second.said.startswith(f"failed {used_world} is in use by another tradeul, pid {first.process.pid}:")
    assert first.server in alive


async def test_a_second_server_in_one_program_is_refused_too(used_world: Path) -> None:
    """And the first one goes on answering; when it stops the second may start."""
    second = EmbeddedPostgres(used_world, SystemClock())
    async with postgres(used_world) as first:
        with pytest.raises(FolderInUse, match=f"pid {os.getpid()}"):
            await second.start()
        await second.stop()
        one = await answer(first, "SELECT 1")
    await second.start()
    await second.stop()

    assert one == 1


def test_an_old_lock_file_holds_nobody_up(tmp_path: Path) -> None:
    """What a killed program wrote into it means nothing; only a living holder does."""
    fill(tmp_path / NAME, "1\n")
    lock = FolderLock(tmp_path)

    lock.take()
    lock.take()

    assert lock.held
    assert (tmp_path / NAME).read_text() == f"{os.getpid()}\n"
    lock.release()
    assert not lock.held


def test_a_lock_that_is_given_back_can_be_taken(tmp_path: Path) -> None:
    """By anybody, at once."""
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.take()
    with pytest.raises(FolderInUse):
        second.take()

    first.release()
    second.take()

    assert second.held
    second.release()


def test_a_lock_behind_a_link_is_not_followed(tmp_path: Path) -> None:
    """Nobody can make us write into another file."""
    (tmp_path / "other").write_text("precious")
    (tmp_path / NAME).symlink_to(tmp_path / "other")

    with pytest.raises(OSError, match="symbolic links"):
        FolderLock(tmp_path).take()

    assert (tmp_path / "other").read_text() == "precious"
