"""The whole program as a process of its own, on a market clock that it shares with the test and with its next life."""

import asyncio
import contextlib
import datetime as dt
import itertools
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from tests.support.eventually import eventually
from tests.support.market import NANOS
from tradeul.clock import PacedClock, SystemClock
from tradeul.domain.events import Nanos
from tradeul.domain.session import local_time

ROOT = Path(__file__).resolve().parents[2]
SYMBOLS = 300
STARTS_WITHIN_S = 180.0
GIVEN_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST_PORT = 10_000
PORTS_APART = 101
_port_turns = itertools.count()


def free_port() -> int:
    """One that nobody has, nor is given before a program listens there.

    The kernel gives ports of a range of its own to whoever connects, to a program that is away as well; below it each
    process of the tests begins elsewhere.
    """
    first_given = int(GIVEN_PORTS.read_text().split()[0])
    for turn in _port_turns:
        port = LOWEST_PORT + (os.getpid() * PORTS_APART + turn) % max(1, first_given - LOWEST_PORT)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("every port is taken")


def _this_second() -> Nanos:
    now = SystemClock().now()
    return Nanos(now - now % NANOS)


@dataclass(frozen=True)
class Setting:
    """Where and when the program lives; every life of it goes on at the same clock."""

    folder: Path
    begins: Nanos
    speed: float
    symbols: int = SYMBOLS
    dsn: str = "embedded"
    port: int = field(default_factory=free_port)
    anchor: Nanos = field(default_factory=_this_second)

    @property
    def clock(self) -> PacedClock:
        return PacedClock(self.begins, self.speed, self.anchor)

    @property
    def world(self) -> Path:
        return self.folder / "sim-1"

    def environment(self) -> dict[str, str]:
        settings = {
            "SERVER__PORT": self.port,
            "SIMULATION__SYMBOLS": self.symbols,
            "HISTORY__DATA_DIR": self.folder,
            "HISTORY__DSN": self.dsn,
            "CLOCK__START": local_time(self.begins).isoformat(),
            "CLOCK__SPEED": self.speed,
            "CLOCK__ANCHOR": dt.datetime.fromtimestamp(self.anchor // NANOS, dt.UTC).isoformat(),
            "LOG__LEVEL": "error",
        }
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            **{f"TRADEUL_{name}": str(value) for name, value in settings.items()},
        }


class Placed(Protocol):
    """Where a process lives: all that starting one takes."""

    @property
    def port(self) -> int: ...

    def environment(self) -> Mapping[str, str]: ...


class Life:
    """One process of it."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self._url = f"http://127.0.0.1:{port}"
        self.ranked_after_s = 0.0
        """Wall time from the start of the process until lists of a live market stood."""

    async def asked(self, path: str) -> dict[str, Any]:
        """What it answers; nothing while it does not."""
        try:
            async with aiohttp.ClientSession() as client, client.get(self._url + path) as answer:
                content: dict[str, Any] = await answer.json()
                return content
        except aiohttp.ClientError:
            return {}

    async def health(self) -> dict[str, Any]:
        return await self.asked("/health")

    async def ranks(self) -> bool:
        """Whether its lists stand, and are of a live market."""
        assert self.process.returncode is None, f"it ended with code {self.process.returncode}"
        status = await self.asked("/api/v1/scanner/status")
        return (
            bool(status) and status["feed"]["state"] == "live" and any(row["count"] for row in status["lists"].values())
        )

    async def sequences(self) -> dict[str, int]:
        """How often each list has changed."""
        status = await self.asked("/api/v1/scanner/status")
        return {name: row["sequence"] for name, row in status["lists"].items()}

    async def snapshots(self, clock: PacedClock) -> tuple[int, Nanos]:
        """How many it has taken, and a moment that is later than those and earlier than nearly all that follow."""
        while True:
            count, now = await self._accepted(), clock.now()
            if count == await self._accepted():
                return count, now

    async def _accepted(self) -> int:
        status = await self.asked("/api/v1/scanner/status")
        return int(status["snapshots"]["accepted"])

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def end(self) -> int:
        """Ask it to end; with which code it does."""
        self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()


async def born(setting: Placed, before: Sequence[str] = ()) -> Life:
    """Start a process, by the words of a command that is to come before, and wait until its lists stand."""
    clock = SystemClock()
    began = clock.monotonic()
    command = [*before, sys.executable, "-m", "tradeul"]
    process = await asyncio.create_subprocess_exec(*command, env=setting.environment())
    life = Life(process, setting.port)
    try:
        await eventually(life.ranks, within_s=STARTS_WITHIN_S, every_s=0.02)
    except BaseException:
        await life.kill()
        raise
    life.ranked_after_s = clock.monotonic() - began
    return life


@asynccontextmanager
async def alive(setting: Setting, before: Sequence[str] = ()) -> AsyncIterator[Life]:
    """A process whose lists stand; it is killed at the end if it has not ended."""
    life = await born(setting, before)
    try:
        yield life
    finally:
        await life.kill()


async def passed(clock: PacedClock, seconds: float) -> None:
    """Wait until so many seconds of the market have gone by."""
    moment = clock.now() + int(seconds * NANOS)
    await eventually(lambda: clock.now() >= moment, within_s=600.0, every_s=0.01)
