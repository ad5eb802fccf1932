"""Folders of worlds for tests, programs that hold them, and what may be left of both."""

import asyncio
import contextlib
import os
import select
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg

from tests.support.eventually import PATIENT_S
from tradeul.clock import SystemClock
from tradeul.history.embedded import EmbeddedPostgres, Patience
from tradeul.history.pidfile import is_server, kill_servers, pid_file_of, servers_in, tell

ROOT = Path(__file__).resolve().parents[2]
GENTLE_S = 20.0
HURRIED = Patience(stop_s=0.2, quit_s=0.1, orphan_s=0.2)
"""For servers that are known not to obey."""

UNHURRIED = Patience(PATIENT_S, PATIENT_S, PATIENT_S, PATIENT_S)
"""For all others: a busy machine takes longer than one that a person waits for."""
AGAIN = 20

PROGRAM = """
import asyncio, os, sys
from pathlib import Path
import structlog
from tradeul.clock import SystemClock
from tradeul.errors import EmbeddedFailed
from tradeul.history.embedded import EmbeddedPostgres

async def main():
    postgres = EmbeddedPostgres(Path(sys.argv[1]), SystemClock())
    try:
        print("started", (await postgres.start()) and postgres.state.pid, flush=True)
    except EmbeddedFailed as error:
        print("failed", error, flush=True)
        return
    await asyncio.Event().wait()

structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
user = int(sys.argv[2])
if user != os.geteuid():
    # Not by `setpriv`: the interpreter may lie where only root can start it.
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
asyncio.run(main())
"""


class Program(NamedTuple):
    """Another tradeul, as far as its server goes."""

    process: asyncio.subprocess.Process
    said: str
    """What came of its start: `started PID` or `failed REASON`."""

    @property
    def server(self) -> int:
        return int(self.said.removeprefix("started "))

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@contextmanager
def place() -> Iterator[Path]:
    """A folder that every user can pass, which pytest's own ones are not; no server in it survives."""
    folder = Path(tempfile.mkdtemp(prefix="tradeul-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        for data in [*folder.rglob("pg[0-9]*"), *folder.rglob("making-*")]:
            see_off(data)
        for link in folder.rglob("socket-elsewhere"):
            shutil.rmtree(link.readlink(), ignore_errors=True)
        shutil.rmtree(folder)


def see_off(data: Path) -> None:
    """End what runs on a cluster. Asked first, because a killed server leaves shared memory until the next start."""
    file = pid_file_of(data)
    if file is not None and is_server(file.pid, data):
        process = os.pidfd_open(file.pid)
        tell(file.pid, data, signal.SIGINT)
        select.select([process], [], [], GENTLE_S)
        os.close(process)
    kill_servers(data)


@asynccontextmanager
async def program(world: Path, user: int | None = None, *, wait: bool = True) -> AsyncIterator[Program]:
    """Another program that starts its server in `world`, and is killed at the end if it was not before."""
    arguments = ["-c", PROGRAM, str(world), str(os.geteuid() if user is None else user)]
    environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    try:
        yield Program(process, (await process.stdout.readline()).decode().strip() if wait else "")
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def postgres(world: Path, pg_bin: str = "") -> AsyncIterator[EmbeddedPostgres]:
    """A started server, stopped at the end."""
    server = EmbeddedPostgres(world, SystemClock(), pg_bin, patience=UNHURRIED)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def answer(server: EmbeddedPostgres, query: str) -> object:
    """The one value that a query gives."""
    connection = await asyncpg.connect(server.dsn, timeout=PATIENT_S)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def execute(address: str, script: str) -> None:
    """Do what several statements say."""
    connection = await asyncpg.connect(address, timeout=PATIENT_S)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


def cluster_in(world: Path) -> Path:
    """The one cluster of a world."""
    (data,) = world.glob("pg[0-9]*")
    return data


def freeze(data: Path) -> list[int]:
    """Stop every process of the server that has not ended by then; which they are."""
    stopped = list[int]()
    for pid in servers_in(data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
    return stopped


def owner_of(pid: int) -> int:
    """Which user a process runs as."""
    return Path(f"/proc/{pid}").stat().st_uid


def found(folder: Path, pattern: str) -> list[Path]:
    """What matches in a folder, in order."""
    return sorted(folder.glob(pattern))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def fill(path: Path, text: str) -> None:
    """Write a file, or over one, which keeps its owner."""
    path.write_text(text)


def environment_of(pid: int | None) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def number_in(path: Path) -> int:
    return int(path.read_text())
