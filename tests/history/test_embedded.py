"""The embedded server's life: started, asked, watched, stopped, and what it says when it cannot."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.history.worlds import (
    AGAIN,
    HURRIED,
    answer,
    cluster_in,
    environment_of,
    execute,
    fill,
    found,
    freeze,
    mode_of,
    number_in,
    owner_of,
    postgres,
)
from tests.support.eventually import eventually, running, settle
from tradeul.clock import ManualClock, SystemClock
from tradeul.domain.events import Nanos
from tradeul.errors import EmbeddedFailed
from tradeul.history.embedded import STEADY_S, WATCH_S, EmbeddedPostgres, Patience
from tradeul.history.pidfile import is_server, servers_in
from tradeul.history.serverlog import LARGEST_BYTES

SLEEPY = """#!/bin/sh
if [ "$1" = --version ]; then echo "postgres (PostgreSQL) 18.6"; exit; fi
echo $$ > "$2/making" && mv "$2/making" "$2/sleeping"
exec sleep 60
"""


class Jumpy(SystemClock):
    """Takes no time for waits that a person would notice, and notes them; it can be put ahead."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.looks = 0
        self.ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s

    async def pause(self, seconds: float) -> None:
        if seconds > WATCH_S:
            self.waits.append(seconds)
            seconds = 0.0
        self.looks += seconds == WATCH_S
        await super().pause(seconds)


async def killed_and_back(server: EmbeddedPostgres, restarts: int) -> None:
    """Kill the server and wait until it is there for another time."""
    pid = server.state.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: server.state.restarts == restarts)


@pytest.fixture
def sleepy_world(world: Path) -> Path:
    """A world whose server starts, and then does nothing."""
    data = world / "pg18"
    data.mkdir(mode=0o711, parents=True)
    world.chmod(0o711)
    fill(data / "PG_VERSION", "18")
    (world / "bin").mkdir(mode=0o755)
    for name in ("postgres", "initdb"):
        fill(world / "bin" / name, SLEEPY)
        (world / "bin" / name).chmod(0o755)
    return world


async def test_a_new_world_gets_a_cluster_that_answers(world: Path) -> None:
    """Checked pages, plain bytes order, every commit on disk, no network; the socket is closed to others."""
    async with postgres(world) as server:
        names = ("data_checksums", "server_encoding", "listen_addresses", "synchronous_commit", "fsync", "jit")
        settings = [await answer(server, f"SHOW {name}") for name in names]
        collation = await answer(server, "SELECT datcollate FROM pg_database WHERE datname = current_database()")
        version = await answer(server, "SHOW server_version")
        state = server.state

    assert settings == ["on", "UTF8", "", "on", "on", "off"]
    assert collation == "C"
    assert mode_of(world / "socket") == 0o700
    assert (state.running, state.version, state.folder, state.restarts) == (True, version, world, 0)
    assert state.since is not None
    assert found(world, "making-*") == []


async def test_what_was_written_is_there_after_a_stop(used_world: Path) -> None:
    """A stop is clean and leaves no process, no socket and no pid file, and the next start finds the rows."""
    async with postgres(used_world) as server:
        await execute(server.dsn, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 42 AS n")
        pid = server.state.pid
        with capture_logs() as lines:
            await server.stop()
    data = cluster_in(used_world)
    left = (
        servers_in(data),
        found(used_world, "socket/*") + found(used_world, "socket/.*"),
        found(data, "postmaster.pid"),
    )
    stopped = server.state
    async with postgres(used_world) as again:
        kept = await answer(again, "SELECT n FROM kept")

    assert lines == [{"event": "postgres_stopped", "log_level": "info", "pid": pid, "signal": "SIGINT"}]
    assert left == ([], [], [])
    assert (stopped.running, stopped.pid, stopped.since) == (False, None, None)
    assert kept == 42


async def test_starting_twice_starts_one(used_world: Path) -> None:
    """Two starts at the same time give the same server."""
    server = EmbeddedPostgres(used_world, SystemClock())

    first, second = await asyncio.gather(server.start(), server.start())
    pid = server.state.pid
    third = await server.start()
    unchanged = server.state.pid == pid
    await server.stop()

    assert first == second == third
    assert unchanged


async def test_stopping_what_never_started_is_nothing(world: Path) -> None:
    """Nothing is made, nothing is raised."""
    await EmbeddedPostgres(world, SystemClock()).stop()

    assert found(world.parent, "*") == []


async def test_a_killed_server_is_started_again(used_world: Path) -> None:
    """Noticed without being asked, counted, at the same address, with every committed row."""
    async with postgres(used_world) as server:
        await execute(server.dsn, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT generate_series(1, 1000)")
        killed, address = server.state.pid, server.dsn
        assert killed is not None

        with capture_logs() as lines:
            async with running(server.run):
                os.kill(killed, signal.SIGKILL)
                await eventually(lambda: server.state.restarts == 1)
                rows = await answer(server, "SELECT count(*) FROM kept")

        assert rows == 1000
        assert server.dsn == address
        assert server.state.pid != killed
    assert [line["event"] for line in lines] == ["postgres_died", "postgres_started"]
    assert "code -9" in lines[0]["reason"]


async def test_children_that_hang_on_do_not_prevent_a_restart(used_world: Path) -> None:
    """A killed server's frozen children are ended: they would hold its memory for ever."""
    server = EmbeddedPostgres(used_world, SystemClock(), patience=HURRIED)
    await server.start()
    killed = server.state.pid
    assert killed is not None
    children = [pid for pid in freeze(cluster_in(used_world)) if pid != killed]

    os.kill(killed, signal.SIGKILL)
    async with running(server.run):
        await eventually(lambda: server.state.restarts == 1)
    one = await answer(server, "SELECT 1")
    await server.stop()

    assert children
    assert one == 1


async def test_running_starts_a_server_and_measures_it(used_world: Path) -> None:
    """`run` alone is enough; soon the state says how much the cluster takes."""
    server = EmbeddedPostgres(used_world, SystemClock())

    async with running(server.run):
        await eventually(lambda: server.state.bytes_on_disk)
        one = await answer(server, "SELECT 1")
    await server.stop()

    assert one == 1
    assert 10_000_000 < server.state.bytes_on_disk < 200_000_000


async def test_running_keeps_the_servers_log_bounded(used_world: Path) -> None:
    """While the server prints to it, without a restart."""
    async with postgres(used_world) as server, running(server.run):
        fill(used_world / "postgres.log", "x" * LARGEST_BYTES)
        await eventually(lambda: found(used_world, "postgres.log.1"))
        one = await answer(server, "SELECT 1")

    assert one == 1


async def test_a_server_that_cannot_start_is_tried_ever_more_rarely(world: Path) -> None:
    """At once, then after half a second, one, two, and so on up to a minute; the reason is shown."""
    clock = ManualClock(Nanos(0))
    server = EmbeddedPostgres(world, clock, pg_bin="/nowhere")
    tries = []

    with capture_logs() as lines:
        async with running(server.run):
            await settle()
            for pause in (0.4, 0.1, 1, 2, 4, 8, 16, 32, 60, 60):
                await clock.advance(pause)
                tries.append(len(lines))

    assert tries == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert {line["event"] for line in lines} == {"postgres_start_failed"}
    assert "pg_bin" in server.state.last_error
    assert not server.state.running


async def test_a_frozen_server_cannot_hold_up_the_stop(used_world: Path) -> None:
    """Told twice in vain, it is killed, and its children with it; the next start works."""
    server = EmbeddedPostgres(used_world, SystemClock(), patience=HURRIED)
    await server.start()
    frozen = freeze(cluster_in(used_world))

    await server.stop()
    data = cluster_in(used_world)
    await eventually(lambda: not servers_in(data))
    async with postgres(used_world) as again:
        one = await answer(again, "SELECT 1")

    assert len(frozen) > 1
    assert one == 1


async def test_a_stop_that_is_cancelled_still_ends_the_server(used_world: Path) -> None:
    """Whoever loses patience first, nothing is left running and the folder is free."""
    server = EmbeddedPostgres(used_world, SystemClock())
    await server.start()
    data = cluster_in(used_world)
    freeze(data)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await server.stop()
    await eventually(lambda: not servers_in(data))
    async with postgres(used_world) as again:
        one = await answer(again, "SELECT 1")

    assert one == 1


async def test_the_servers_own_reason_is_in_the_error(used_world: Path) -> None:
    """One line, not a log; nothing runs afterwards, and the folder is free for whoever repairs it."""
    data = cluster_in(used_world)
    fill(data / "postgresql.auto.conf", "shared_buffers = many\n")

    with pytest.raises(EmbeddedFailed, match=r"postgresql\.auto\.conf.* contains errors") as caught:
        await EmbeddedPostgres(used_world, SystemClock()).start()
    left = servers_in(data)
    fill(data / "postgresql.auto.conf", "")
    async with postgres(used_world) as server:
        one = await answer(server, "SELECT 1")

    assert "\n" not in str(caught.value)
    assert left == []
    assert one == 1


async def test_a_server_that_is_never_ready_is_ended(used_world: Path) -> None:
    """The wait has an end, and so has the server."""
    server = EmbeddedPostgres(used_world, SystemClock(), patience=Patience(start_s=0))

    with pytest.raises(EmbeddedFailed, match="not ready after 0 s"):
        await server.start()
    data = cluster_in(used_world)
    await eventually(lambda: not servers_in(data))

    assert not server.state.running


async def test_a_cancelled_start_leaves_nothing(world: Path) -> None:
    """Neither half a cluster by its name, nor a process, nor a held folder."""
    named = list[Path]()
    for _ in range(AGAIN):
        server = EmbeddedPostgres(world, SystemClock())
        async with running(server.run):
            await eventually(lambda: found(world, "*/base"))
        named = found(world, "pg*")
        if not named:
            break
        # It was done before it was seen to have begun.
        await server.stop()
        shutil.rmtree(world)
    async with postgres(world) as again:
        one = await answer(again, "SELECT 1")

    assert named == []
    assert one == 1
    assert found(world, "making-*") == []


async def test_a_start_cancelled_at_its_last_step_ends_the_server(sleepy_world: Path) -> None:
    """A server that runs but never says that it is ready is not left to itself."""
    server = EmbeddedPostgres(sleepy_world, SystemClock(), str(sleepy_world / "bin"))

    async with running(server.run):
        await eventually(lambda: found(sleepy_world, "pg18/sleeping"))
    pid = number_in(sleepy_world / "pg18" / "sleeping")

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_server_that_keeps_dying_is_restarted_ever_more_rarely(used_world: Path) -> None:
    """At once, after half a second, after one; and at once again when it had lived for long."""
    clock = Jumpy()
    server = EmbeddedPostgres(used_world, clock)
    await server.start()

    async with running(server.run):
        for restarts in (1, 2, 3):
            await killed_and_back(server, restarts)
        waits = list(clock.waits)
        clock.ahead_s += STEADY_S
        looks = clock.looks
        await eventually(lambda: clock.looks > looks + 1)
        await killed_and_back(server, 4)
    await server.stop()

    assert waits == [0.5, 1.0]
    assert clock.waits == waits


async def test_the_server_knows_none_of_our_secrets(used_world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment, which its user can read, is not ours."""
    monkeypatch.setenv("POLYGON_API_KEY", "canary")

    async with postgres(used_world) as server:
        environment = environment_of(server.state.pid)

    assert b"canary" not in environment
    assert b"PATH=" in environment


async def test_a_folder_that_cannot_be_made_is_said_in_one_line(world: Path) -> None:
    """What the system refuses becomes our error, with the path."""
    fill(world, "a file where the folder should be")

    with pytest.raises(EmbeddedFailed, match="sim-1"):
        await EmbeddedPostgres(world, SystemClock()).start()


async def test_a_server_is_no_root(used_world: Path) -> None:
    """Whoever we are, the server is one process of an ordinary user and is recognised as the cluster's."""
    async with postgres(used_world) as server:
        pid = server.state.pid
        assert pid is not None

        assert owner_of(pid) != 0
        assert is_server(pid, cluster_in(used_world))
