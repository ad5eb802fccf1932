"""What a killed program, a killed server or both leave behind, and that the next start is never misled by it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.history.worlds import AGAIN, HURRIED, answer, cluster_in, execute, fill, found, freeze, postgres, program
from tests.support.eventually import eventually
from tradeul.clock import SystemClock
from tradeul.history.binaries import binaries_in
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.ownership import account_for
from tradeul.history.pidfile import pid_file_of, servers_in
from tradeul.history.sockets import address_of


def pid_file(pid: int, data: Path) -> str:
    """A whole one, as a running server keeps it."""
    return f"{pid}\n{data}\n1700000000\n5432\n{data}\n\n  1 2\nready   \n"


@contextmanager
def stranger(folder: Path) -> Iterator[int]:
    """A process that is none of ours, working in `folder`."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], cwd=folder, stdin=subprocess.PIPE
    )
    try:
        yield process.pid
    finally:
        process.communicate()


async def test_the_server_ends_with_a_killed_program(used_world: Path) -> None:
    """Nobody stops it, and yet nothing is left: the kernel tells it."""
    async with program(used_world) as other:
        started = servers_in(cluster_in(used_world))
        await other.kill()
        await eventually(lambda: not servers_in(cluster_in(used_world)))

    assert other.server in started
    # It was a clean end: there is nothing to redo.
    assert found(cluster_in(used_world), "postmaster.pid") == []


async def test_a_start_right_after_a_killed_program_works(used_world: Path) -> None:
    """It waits for the old server to end, and every committed row is there."""
    async with program(used_world) as other:
        address = address_of(used_world / "socket")
        await execute(address, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT generate_series(1, 1000)")
        await other.kill()
        async with postgres(used_world) as server:
            counted = await answer(server, "SELECT count(*) FROM kept")

            assert server.state.pid != other.server

    assert counted == 1000


async def test_a_start_after_both_were_killed_works(used_world: Path) -> None:
    """A stale pid file and a stale socket are in nobody's way."""
    async with program(used_world) as other:
        data = cluster_in(used_world)
        os.kill(other.server, signal.SIGKILL)
        await other.kill()
        left = found(data, "postmaster.pid") + found(used_world, "socket/.s*")
        async with postgres(used_world) as server:
            one = await answer(server, "SELECT 1")

    assert len(left) == 3
    assert one == 1


async def test_a_frozen_server_of_a_killed_program_is_ended(used_world: Path) -> None:
    """It cannot obey the kernel's word, so the next start kills it after a while."""
    async with program(used_world) as other:
        frozen = freeze(cluster_in(used_world))
        await other.kill()
        server = EmbeddedPostgres(used_world, SystemClock(), patience=HURRIED)
        await server.start()
        alive = servers_in(cluster_in(used_world))
        await server.stop()

    assert other.server in frozen
    assert not set(frozen) & set(alive)


async def test_a_server_that_somebody_started_by_hand_is_ended_first(used_world: Path) -> None:
    """Two servers on one cluster would ruin it; ours is the one that stays."""
    data, account = cluster_in(used_world), account_for(cluster_in(used_world))
    command = [
        str(binaries_in() / "postgres"),
        "-D",
        str(data),
        "-c",
        "listen_addresses=",
        "-c",
        f"unix_socket_directories={data}",
    ]
    by_hand = await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.DEVNULL, user=account.uid if account else None
    )
    await eventually(lambda: (file := pid_file_of(data)) is not None and file.ready)

    async with postgres(used_world) as server:
        one = await answer(server, "SELECT 1")

    assert await by_hand.wait() == 0
    assert one == 1


async def test_a_killed_initdb_leaves_nothing_half(world: Path) -> None:
    """A program killed in the middle of its first start: the next one makes the cluster anew."""
    folder, named = world, list[Path]()
    for number in range(AGAIN):
        folder = world.with_name(f"sim-{number}")
        async with program(folder, wait=False) as other:
            await eventually(partial(found, folder, "*/base"))
            await other.kill()
        named = found(folder, "pg*")
        if not named:
            break  # else it was done before it was seen to have begun
    async with postgres(folder) as server:
        one = await answer(server, "SELECT 1")

    assert named == []
    assert one == 1
    assert found(folder, "making-*") == []


@pytest.mark.parametrize(
    "content",
    ["{whole}", "{pid}\n", "{pid}", "", "\n\n\n", "garbage\nmore\n", "-1\n", "0\n", "9" * 400, "\x00\xff" * 5000],
    ids=["whole", "cut", "no newline", "empty", "blank", "garbage", "negative", "zero", "huge", "binary"],
)
async def test_a_pid_file_that_names_a_stranger_misleads_nobody(used_world: Path, content: str) -> None:
    """Whole, cut or garbage: the start works, and the process whose pid it holds is left alone."""
    data = cluster_in(used_world)
    with stranger(data) as pid:
        fill(data / "postmaster.pid", content.replace("{whole}", pid_file(pid, data)).replace("{pid}", str(pid)))
        async with postgres(used_world) as server:
            one = await answer(server, "SELECT 1")

        os.kill(pid, 0)
    assert one == 1


async def test_a_pid_file_that_names_a_zombie_misleads_nobody(used_world: Path) -> None:
    """Its pid still answers to a signal, but it holds nothing any more."""
    data = cluster_in(used_world)
    with stranger(data) as pid:
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: is_zombie(pid))
        fill(data / "postmaster.pid", pid_file(pid, data))
        async with postgres(used_world) as server:
            one = await answer(server, "SELECT 1")

    assert one == 1


def is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
