"""Work that takes a core for long, in a process of its own: one request on its stdin, lines of JSON on its stdout.

The live program is not held up by it: `working` starts one there, `answer_one` is what that process does. It is told
nothing of our environment, which may hold a vendor's key, gives way to the live market, and ends with its parent.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson

import tradeul
from tradeul.domain.filters import Filter
from tradeul.domain.scans import Scan
from tradeul.errors import TradeulError
from tradeul.history.children import end_with_parent

NICENESS: Final = 10
"""The live market comes first."""
LONGEST_LINE: Final = 64 * 1024 * 1024
"""A backtest's result of 20,000 entries is a tenth of it."""
LARGE_BYTES: Final = 1_000_000
"""Pieces of memory from here on are given back at once; else what a day took stays: 800 MB at the most, not 600."""
OF_A_SCAN: Final = ("name", "title", "where", "order", "keep", "size", "columns", "sessions", "global_filters")

Message = dict[str, Any]


class Worker:
    """One such process, seen from the program that started it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def hear(self) -> Message | None:
        """Wait for what it says next; None once it has ended."""
        assert self._process.stdout is not None  # noqa: S101  it was asked for
        line = await self._process.stdout.readline()
        return orjson.loads(line) if line else None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()


@asynccontextmanager
async def working(module: str, request: Mapping[str, object]) -> AsyncIterator[Worker]:
    """Have a module carry out a request; it is over when the block is left."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(Path(tradeul.__file__).parents[1]),
        "MALLOC_MMAP_THRESHOLD_": str(LARGE_BYTES),
    }
    pipe, words = asyncio.subprocess.PIPE, (sys.executable, "-m", module)
    process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, env=environment, limit=LONGEST_LINE)
    worker = Worker(process)
    try:
        assert process.stdin is not None  # noqa: S101  it was asked for
        process.stdin.write(orjson.dumps(request) + b"\n")
        yield worker
    finally:
        if process.returncode is None:
            worker.kill()
        await process.wait()


def scan_told(scan: Scan) -> Message:
    """A list as a request tells it, which `Scan` takes again."""
    return {name: getattr(scan, name) for name in OF_A_SCAN}


def filters_told(filters: Sequence[Filter]) -> list[list[str]]:
    """Filters as a request tells them, which `Filter` takes again."""
    return [[each.reason, each.drop_if] for each in filters]


def answer_one(name: str, work: Callable[[Message], Coroutine[Any, Any, object]]) -> None:
    """Be such a process: do what stdin asks for, and say what came of it by that name."""
    end_with_parent()
    # As a service we may not change priorities.
    with contextlib.suppress(PermissionError):
        os.nice(NICENESS)
    request = orjson.loads(sys.stdin.buffer.readline())
    try:
        say({name: asyncio.run(work(request))})
    except TradeulError as error:
        say({"error": str(error)})


def say(what: Message) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")
    sys.stdout.buffer.flush()
