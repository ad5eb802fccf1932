"""Says rough things to a running program over raw sockets, many at a time, and looks at what it holds afterwards."""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.support.eventually import eventually
from tests.support.shared import Shared

EVERYDAY: Final = 400
MUTATIONS_SQUARED: Final = 1_000_000
"""A request costs what hundreds of mutations do: 100,000 of those are 10,000 of these, and few of them few."""
AT_ONCE: Final = 24
SOON_S: Final = 0.1
PATIENCE_S: Final = 1.0
"""For who is promised more than comes: it would be waited for longer than a test can."""
GROWN_MB: Final = 24
"""Two kilobytes for each of ten thousand would be seen."""
STARTING_MB: Final = 100
"""The program itself grows by while it still loads its past, which is over before ten thousand are said."""


def told(program: Shared, path: str) -> Any:
    with urlopen(program.url + path) as answer:  # noqa: S310  # ours
        return json.load(answer)


def resident_mb(program: Shared) -> float:
    pages = int(Path(f"/proc/{program.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def descriptors(program: Shared) -> int:
    return len(os.listdir(f"/proc/{program.pid}/fd"))  # noqa: PTH208


async def said_to(program: Shared, content: bytes) -> bytes:
    """All that comes back until the connection ends, or nothing more does for a while."""
    address = urlsplit(program.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    heard = bytearray()
    try:
        writer.write(content)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await _all_of(reader, heard)
        if not reader.at_eof():
            # A busy program may have had no time for it yet; it has by the time that it answers who came later.
            await asyncio.to_thread(told, program, "/health")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SOON_S):
                    await _all_of(reader, heard)
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
    return bytes(heard)


async def _all_of(reader: asyncio.StreamReader, heard: bytearray) -> None:
    while part := await reader.read(65_536):
        heard += part


async def all_said(program: Shared, make: Callable[[int], bytes], first: int, count: int) -> list[tuple[int, bytes]]:
    """Say so many, some at a time; seed and answer of each."""
    heard, seeds = list[tuple[int, bytes]](), iter(range(first, first + count))

    async def say() -> None:
        for seed in seeds:
            heard.append((seed, await said_to(program, make(seed))))

    await asyncio.gather(*(say() for _ in range(AT_ONCE)))
    return heard


async def held(program: Shared, make: Callable[[int], bytes], mutations: int) -> list[tuple[int, bytes]]:
    """The same; afterwards the program holds no more memory and no more connections than before."""
    count = max(EVERYDAY, mutations**2 // MUTATIONS_SQUARED)
    heard = await all_said(program, make, 0, count // 4)
    before, open_before = resident_mb(program), descriptors(program)
    heard += await all_said(program, make, count // 4, count - count // 4)
    grown = resident_mb(program) - before

    assert grown < (GROWN_MB if count > EVERYDAY else STARTING_MB)
    # It hears of the last ones that have gone in its own time.
    await eventually(lambda: descriptors(program) <= open_before + AT_ONCE)
    assert told(program, "/health")["status"] in ("ok", "degraded")
    return heard
