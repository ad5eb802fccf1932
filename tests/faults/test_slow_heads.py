"""Connections that are held open with as little as possible, on the wall's time, to the program as a process."""

import asyncio
import contextlib
from collections import Counter
from pathlib import Path

import pytest

from tests.support.market import at
from tests.support.program import Setting, alive
from tradeul.clock import SystemClock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CONNECTIONS = 300
GONE_WITHIN_S = 15.0
DRIP_S = 0.5
HEAD = b"GET /api/v1/fields HTTP/1.1\r\nHost: 127.0.0.1\r\n"
KINDS = ("silent", "half", "dripping")


async def held(port: int, kind: str) -> float:
    """Open a connection and never finish what is said; for how long it is let be."""
    clock = SystemClock()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = clock.monotonic()
    writer.write(b"" if kind == "silent" else HEAD)
    try:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRIP_S):
                    if not await reader.read(1):
                        return clock.monotonic() - began
            if kind == "dripping":
                writer.write(b"X-A: b\r\n")
    except ConnectionError:
        return clock.monotonic() - began
    finally:
        writer.transport.abort()


async def test_half_open_connections_are_gone_within_15_seconds(tmp_path: Path) -> None:
    """300 of them, silent, half said, or said byte by byte for ever; health is told all the while, and others stay."""
    setting = Setting(tmp_path, at("10:00"), 1.0, dsn="off")
    async with alive(setting) as life:
        told = Counter[str]()

        async def ask() -> None:
            while len(lasted) < CONNECTIONS:
                told[(await life.health()).get("status", "nothing")] += 1
                await SystemClock().pause(DRIP_S)

        async def hold(number: int) -> None:
            lasted.append(await held(setting.port, KINDS[number % len(KINDS)]))

        lasted = list[float]()
        await asyncio.gather(ask(), *map(hold, range(CONNECTIONS)))

    assert len(lasted) == CONNECTIONS
    assert max(lasted) <= GONE_WITHIN_S
    assert min(lasted) > 1.0
    assert told.keys() <= {"ok", "degraded"}
    assert told.total() >= 3
