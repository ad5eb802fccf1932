"""A real Postgres inside the program: started with it, watched, and gone when it is gone, however it ends.

One server per folder of a world, one owner per folder. Whatever a killed program or a killed server left behind is
recognised, ended or removed first. Nothing here holds the loop: it polls by the clock. `app` starts, runs and stops
it; whether queries are answered is the store's to find out.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.errors import EmbeddedFailed
from tradeul.history import pidfile
from tradeul.history.binaries import binaries_in, version_of, within_reach
from tradeul.history.children import POLL_S, Process, has_ended, kill, launched
from tradeul.history.cluster import cluster_folder, make_cluster, server_command
from tradeul.history.lockfile import FolderLock
from tradeul.history.ownership import account_for, let_pass, make_folder
from tradeul.history.serverlog import ServerLog
from tradeul.history.sockets import address_of, socket_folder

log = structlog.get_logger(__name__)

WATCH_S: Final = 0.25
"""So long a dead server goes unnoticed at most."""
FIRST_BACKOFF_S: Final = 0.5
LONGEST_BACKOFF_S: Final = 60.0
STEADY_S: Final = 30.0
"""A server that lived so long did not die of how it was started: the next start is a first one."""
MEASURE_S: Final = 60.0
BYTES_PER_BLOCK: Final = 512
"""The unit of `st_blocks`, whatever the file system's own."""
FILES_PER_TURN: Final = 100
"""Looking at so many takes about half a millisecond of the loop."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the server may take."""

    start_s: float = 60.0
    """After kill -9 it first redoes what its log of changes says, which is bounded to some seconds."""
    stop_s: float = 5.0
    quit_s: float = 1.0
    orphan_s: float = 5.0
    """For a server that a killed program left behind; it has been told to stop by the kernel already."""


class ServerState(NamedTuple):
    """What health shows."""

    running: bool
    pid: int | None
    version: str
    folder: Path
    since: Nanos | None
    bytes_on_disk: int
    restarts: int
    last_error: str


@dataclass(frozen=True, slots=True)
class _Server:
    process: Process
    data: Path
    since: Nanos
    since_s: float

    @property
    def lives(self) -> bool:
        return self.process.poll() is None


class EmbeddedPostgres:
    """The server of one world. Start it from the thread that lives longest: the server ends with that thread."""

    def __init__(self, folder: Path, clock: Clock, pg_bin: str = "", patience: Patience | None = None) -> None:
        self._folder = folder.absolute()
        self._clock = clock
        self._pg_bin = pg_bin
        self._patience = patience or Patience()
        self._lock = FolderLock(self._folder)
        self._log = ServerLog(self._folder)
        self._turn = asyncio.Lock()
        self._server: _Server | None = None
        self._dsn = ""
        self._version = ""
        self._bytes = 0
        self._measured_at: float | None = None
        self._died = False
        """Whether the last one died: the folder stays ours while it is down."""
        self._restarts = 0
        self._last_error = ""

    @property
    def dsn(self) -> str:
        """Where clients connect, the same after every restart; empty before the first start."""
        return self._dsn

    @property
    def state(self) -> ServerState:
        server = self._server if self._server is not None and self._server.lives else None
        return ServerState(
            running=server is not None,
            pid=server.process.pid if server else None,
            version=self._version,
            folder=self._folder,
            since=server.since if server else None,
            bytes_on_disk=self._bytes,
            restarts=self._restarts,
            last_error=self._last_error,
        )

    async def start(self) -> str:
        """Bring the server up and say where; at once if it is. Raises `EmbeddedFailed`, and leaves nothing running."""
        async with self._turn:
            if self._server is not None and self._server.lives:
                return self._dsn
            try:
                self._note_death()
                await self._bring_up()
            except EmbeddedFailed as error:
                self._last_error = str(error)
                raise
            except OSError as error:
                self._last_error = f"{error.filename or self._folder}: {error.strerror or error}"
                raise EmbeddedFailed(self._last_error) from error
            finally:
                if self._server is None and not self._died:
                    self._lock.release()
            return self._dsn

    async def run(self) -> None:
        """Keep a server up until cancelled: start one if there is none, and again whenever it died."""
        attempts = 0
        while True:
            server = self._server
            if server is not None and server.lives:
                if self._clock.monotonic() - server.since_s >= STEADY_S:
                    attempts = 0
                await self._look_after(server)
                await self._clock.pause(WATCH_S)
                continue
            if attempts:
                await self._clock.pause(min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (attempts - 1)))
            attempts += 1
            try:
                await self.start()
            except EmbeddedFailed as error:
                log.warning("postgres_start_failed", reason=str(error))

    async def stop(self) -> None:
        """End the server, cleanly if it lets us, and give the folder back. Cancelled, it ends the server at once.

        Whoever runs `run` ends that first, or it would start another.
        """
        async with self._turn:
            server = self._server
            try:
                if server is not None:
                    await self._end(server)
            finally:
                if server is not None:
                    _kill(server)
                self._server, self._died = None, False
                self._lock.release()

    async def _bring_up(self) -> None:
        make_folder(self._folder)
        self._lock.take()
        found = binaries_in(self._pg_bin)
        version = await version_of(found, self._clock)
        data = cluster_folder(self._folder, version)
        account = account_for(data)
        let_pass(self._folder, account)
        binaries = await within_reach(found, version, account, self._folder, self._clock)
        await pidfile.end_servers(data, self._clock, self._patience.orphan_s)
        await make_cluster(data, binaries, account, self._clock)
        # No server of this cluster lives, so whatever its pid file says is about somebody else.
        (data / pidfile.NAME).unlink(missing_ok=True)
        socket = socket_folder(self._folder, account)
        output = self._log.opened()
        try:
            # A fast shutdown is the last word: it takes milliseconds and leaves nothing to redo.
            process = launched(server_command(data, binaries, socket, version), account, output, signal.SIGINT)
        finally:
            os.close(output)
        server = _Server(process, data, self._clock.now(), self._clock.monotonic())
        await self._until_ready(server)
        self._server = server
        self._version, self._dsn, self._last_error = version.full, address_of(socket), ""
        self._restarts += self._died
        self._died = False
        log.info("postgres_started", pid=process.pid, version=version.full, folder=str(data), restarts=self._restarts)

    async def _until_ready(self, server: _Server) -> None:
        """Wait until the server says in its pid file that it takes connections; one that does not is ended."""
        try:
            while not self._is_ready(server):
                await self._clock.pause(POLL_S)
        except BaseException:
            _kill(server)
            raise

    def _is_ready(self, server: _Server) -> bool:
        if not server.lives:
            raise EmbeddedFailed(f"Postgres did not start: {self._reason()}")
        if self._clock.monotonic() - server.since_s > self._patience.start_s:
            raise EmbeddedFailed(f"Postgres is not ready after {self._patience.start_s:g} s: {self._reason()}")
        return pidfile.pid_file_of(server.data) == (server.process.pid, True)

    def _reason(self) -> str:
        return self._log.last_error() or "it did not say why"

    def _note_death(self) -> None:
        if self._server is not None:
            self._last_error = f"Postgres ended with code {self._server.process.returncode}: {self._reason()}"
            log.error("postgres_died", pid=self._server.process.pid, reason=self._last_error)
            self._server, self._died = None, True

    async def _end(self, server: _Server) -> None:
        """Ask for a fast shutdown, then for an immediate one."""
        for number, patience_s in ((signal.SIGINT, self._patience.stop_s), (signal.SIGQUIT, self._patience.quit_s)):
            server.process.send_signal(number)
            if await has_ended(server.process, self._clock, patience_s):
                log.info("postgres_stopped", pid=server.process.pid, signal=number.name)
                return
        log.error("postgres_killed", pid=server.process.pid, reason="it did not end when it was told to")

    async def _look_after(self, server: _Server) -> None:
        """Keep what is shown of the disk fresh, and the server's output bounded."""
        self._log.bound()
        now = self._clock.monotonic()
        if self._measured_at is None or now - self._measured_at >= MEASURE_S:
            self._measured_at = now
            self._bytes = await _bytes_in(server.data)


async def _bytes_in(folder: Path) -> int:
    """What all files take on the disk, looked at a few at a time."""
    total = 0
    for seen, size in enumerate(_sizes_in(folder)):
        total += size
        if seen % FILES_PER_TURN == 0:
            await asyncio.sleep(0)
    return total


def _sizes_in(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                yield Path(place, name).lstat().st_blocks * BYTES_PER_BLOCK
            except FileNotFoundError:
                # The server removes what it no longer needs while we look.
                continue


def _kill(server: _Server) -> None:
    """End the server at once, and the children that a frozen or killed one leaves behind. Nothing written is lost."""
    if server.lives:
        kill(server.process)
        pidfile.kill_servers(server.data)
