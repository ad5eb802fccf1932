"""The real server, hub and lists in a process of their own, with an engine that publishes only when it is told to.

It is told by lines: `round` publishes the next of the rounds that it was given as a file, and answers with when it
began; `report` answers what was spent since the last one, and how long the loop was held at worst. `Stage` is the side
of the test. Other servers of the benchmarks understand the same lines.
"""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import structlog
import uvloop

from tests.support.eventually import PATIENT_S
from tests.support.market import at
from tests.support.raw import HOST
from tests.support.web import EPOCH, PAGE, StillView, no_aggregates
from tradeul import garbage
from tradeul.clock import ManualClock, SystemClock
from tradeul.domain.deltas import Row, Times
from tradeul.domain.events import Symbol
from tradeul.domain.scans import BUILT_IN
from tradeul.engine.channels import Channels
from tradeul.entrance import most_connections
from tradeul.supervisor import Stage as Stop
from tradeul.supervisor import Supervisor
from tradeul.web.gate import Rules
from tradeul.web.hub import Hub
from tradeul.web.routes.page import read_page
from tradeul.web.server import Address, WebServer

ROOT: Final = Path(__file__).parents[2]
LISTS: Final = tuple(scan.name for scan in BUILT_IN)
PROBE_S: Final = 0.005
"""So rarely that looking costs next to nothing; a stall is told up to this much shorter."""
ENDED_S: Final = 30.0
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
MEGABYTE: Final = 1_000_000

Round = Mapping[str, Sequence[tuple[str, Sequence[object]]]]
"""Of each list that changes, its rows."""


class Report(NamedTuple):
    """What a server says of itself."""

    viewers: int
    cpu_s: float
    """Spent since the last report."""
    stall_ms: float
    """The worst since the last report, less what other programs had the processor meanwhile; 0 where nobody looks."""
    memory_mb: float
    starved_s: float
    """For how long since the last report it could have run and other programs did."""
    tasks: int


class Spent:
    """What this process has spent since it was asked last."""

    def __init__(self) -> None:
        self._cpu_s = 0.0
        self._starved_s = 0.0
        self.stall_ms = 0.0

    def since(self, viewers: int) -> Report:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        before, self._cpu_s = self._cpu_s, usage.ru_utime + usage.ru_stime
        starved_before, self._starved_s = self._starved_s, starved_s()
        stall_ms, self.stall_ms = self.stall_ms, 0.0
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
        return Report(
            viewers,
            self._cpu_s - before,
            stall_ms,
            resident / MEGABYTE,
            self._starved_s - starved_before,
            len(asyncio.all_tasks()),
        )

    async def probe(self) -> None:
        """See how much too late this loop wakes; what that is at worst is told."""
        clock = SystemClock()
        while True:
            before, starved_before = clock.monotonic(), starved_s()
            await clock.pause(PROBE_S)
            late = clock.monotonic() - before - PROBE_S - (starved_s() - starved_before)
            self.stall_ms = max(self.stall_ms, late * 1_000)


def starved_s(pid: int | None = None) -> float:
    """For how long a process could have run and others did, in all, as the kernel counts it."""
    _, waited_ns, _ = Path(f"/proc/{pid or 'self'}/schedstat").read_text().split()
    return int(waited_ns) / 1e9


def answering(round_: Callable[[], object], report: Callable[[], Report], end: Callable[[], object]) -> None:
    """Obey lines on stdin, inside the running loop."""

    def obey() -> None:
        lines = os.read(0, 4_096)
        if not lines:
            end()
        for word in lines.split():
            if word == b"round":
                began = int(SystemClock().monotonic() * 1e9)
                round_()
                say(began)
            else:
                say(tuple(report()))

    asyncio.get_running_loop().add_reader(0, obey)


def say(what: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")
    sys.stdout.buffer.flush()


async def _play(rounds: Sequence[Round], max_clients: int, port: int, folder: str) -> None:
    clock, page = SystemClock(), read_page(Path(folder)) if folder else PAGE
    channels = Channels(EPOCH, BUILT_IN, clock)
    rules = Rules(most_connections=most_connections(max_clients))
    hub = Hub(channels, clock, StillView(ManualClock(at("12:00"))), no_aggregates())
    server = WebServer(
        hub, channels, StillView(ManualClock(at("12:00"))), page, clock, Address(HOST, port, rules), max_clients
    )
    supervisor, spent, published = Supervisor(clock), Spent(), 0
    played = [{name: _rows(rows) for name, rows in lists.items()} for lists in rounds]

    def publish() -> None:
        nonlocal published
        published += 1
        now = clock.now()
        channels.publish(played[(published - 1) % len(played)], published, Times(now, now, now))

    publish()
    await server.start()
    supervisor.add_stop(Stop.SERVING, "server", server.close)
    supervisor.start("hub", hub.run, stage=Stop.SERVING)
    supervisor.start("probe", spent.probe, stage=Stop.SERVING)
    answering(publish, lambda: spent.since(len(hub)), lambda: supervisor.request_stop("its test is over"))
    garbage.settle()
    say(server.port)
    await supervisor.run_until_stopped()


def _rows(rows: Sequence[tuple[str, Sequence[object]]]) -> tuple[Row, ...]:
    return tuple(Row(Symbol(symbol), tuple(values)) for symbol, values in rows)


class Stage:
    """A server that plays."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    async def round(self) -> int:
        """Publish the next round; when that began."""
        return int(await self.ask(b"round\n"))

    async def report(self) -> Report:
        return Report(*await self.ask(b"report\n"))

    async def end(self) -> int:
        """Ask it to end; with which code it does."""
        self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()

    async def ask(self, word: bytes) -> Any:
        """Say a line; what it answers."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(word)
        return orjson.loads(await self.process.stdout.readline())


@asynccontextmanager
async def playing(*command: str) -> AsyncIterator[Stage]:
    """Run a server that obeys these lines; the first that it says is its port."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT, env=dict(os.environ))
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENT_S):
            port = int(await process.stdout.readline())
        yield Stage(process, port)
    finally:
        with contextlib.suppress(ProcessLookupError, ConnectionError):
            process.stdin.close()
        try:
            async with asyncio.timeout(ENDED_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def staged(
    folder: Path,
    rounds: Sequence[Round],
    max_clients: int,
    port: int = 0,
    *,
    before: Sequence[str] = (),
    page: Path | None = None,
) -> contextlib.AbstractAsyncContextManager[Stage]:
    """Play these rounds, again and again; `before` are the words of a command that is to come before, `page` the
    folder of a page to be served with them.
    """
    script = folder / "rounds.json"
    script.write_bytes(orjson.dumps(rounds))
    words = (str(script), str(max_clients), str(port), str(page or ""))
    return playing(*before, sys.executable, "-m", "tests.support.stage", *words)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_play(orjson.loads(Path(sys.argv[1]).read_bytes()), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
