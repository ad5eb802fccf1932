"""Waiting in tests: for a condition, never for an amount of time; and parts that run beside a test.

The only place of the tests that polls. Nothing here says how fast something was.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tradeul.clock import SystemClock

_TURNS_BEFORE_PAUSING = 100
_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.02
"""What took long already may be noticed a little later: looking 500 times a second takes a tenth of a processor."""
_LONGER_EACH_TURN = 1.02
PATIENT_S = 240.0
"""Only a test that fails waits for so long: what takes a second takes a minute on a machine that does much else."""


async def settle(turns: int = 20) -> None:
    """Let everything run that waits for nothing but its turn."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def eventually(
    predicate: Callable[[], object | Awaitable[object]], *, within_s: float = PATIENT_S, every_s: float | None = None
) -> None:
    """Return as soon as `predicate` holds; fail if it never does. `every_s` is for what is costly to look at.

    A predicate that waits for something itself may drive a clock, so it is asked as often to the end.
    """
    clock, pause_s = SystemClock(), _PAUSE_S
    deadline = clock.monotonic() + within_s
    await settle()
    for turn in range(1_000_000):
        holds = predicate()
        drives = False
        if inspect.isawaitable(holds):
            drives, holds = True, await holds
        if holds:
            return
        if clock.monotonic() > deadline:
            break
        if every_s is not None:
            await clock.pause(every_s)
        elif turn < _TURNS_BEFORE_PAUSING:
            await clock.pause(0)
        else:
            await clock.pause(pause_s)
            pause_s = pause_s if drives else min(pause_s * _LONGER_EACH_TURN, _LONGEST_PAUSE_S)
    raise AssertionError(f"did not happen within {within_s} s")


@asynccontextmanager
async def running(*parts: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run `parts`, such as `hub.run`, beside a test, as the supervisor would; an error of theirs fails the test."""

    async def run(part: Callable[[], Awaitable[None]]) -> None:
        await part()

    tasks = [asyncio.get_running_loop().create_task(run(part)) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
