"""What no test may leave behind: a task, a waiting timer, a thread, or an error that only the loop saw.

tests/conftest.py puts every test inside both guards; tests/house/test_guards.py shows that each of them bites.
"""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

_PATIENT_S = 20.0
_TURNS_TO_END = 10
"""Loop turns for what the test has already cancelled or closed."""


class LeftBehind(AssertionError):
    """A test ended and something of it goes on."""


@contextmanager
def no_thread_left(ending_s: float = _PATIENT_S) -> Iterator[None]:
    """Every thread that was started inside has ended."""
    before = set(threading.enumerate())
    yield
    started = [thread for thread in threading.enumerate() if thread not in before]
    for thread in started:
        # asyncio's own, which waited for a process, is done by now but for its last lines.
        thread.join(ending_s)
    left = [thread.name for thread in started if thread.is_alive()]
    if left:
        raise LeftBehind(f"threads are still running: {left}")


@asynccontextmanager
async def clean_loop(*, ends_by_itself: bool = False) -> AsyncIterator[None]:
    """Every task and timer that was started inside has ended, and the loop had nothing to complain about.

    What ends by itself is waited for where a loop goes on behind its tests: an answer that is still thought about when
    a page is closed ends with the loop elsewhere.
    """
    loop = asyncio.get_running_loop()
    complaints: list[str] = []
    loop.set_exception_handler(lambda _loop, context: complaints.append(_complaint(context)))
    tasks, timers = asyncio.all_tasks(), _timers(loop)
    yield
    for _ in range(_TURNS_TO_END):
        await asyncio.sleep(0)
    others = asyncio.all_tasks() - tasks - {asyncio.current_task()}
    if ends_by_itself and others:
        await asyncio.wait(others, timeout=_PATIENT_S)
    # A failed task complains when it is collected; young generations hold what a test has made.
    gc.collect(1)
    left = {task.get_name() for task in asyncio.all_tasks() - tasks - {asyncio.current_task()}}
    complaints += [f"the task {name} is still running" for name in left]
    complaints += [f"a timer is still waiting: {timer!r}" for timer in _timers(loop) - timers]
    if complaints:
        raise LeftBehind("; ".join(complaints))


def _timers(loop: asyncio.AbstractEventLoop) -> set[asyncio.TimerHandle]:
    scheduled: list[asyncio.TimerHandle] = getattr(loop, "_scheduled", [])
    return {timer for timer in scheduled if not timer.cancelled()}


def _complaint(context: dict[str, Any]) -> str:
    error = context.get("exception")
    return f"{context['message']}: {error!r}" if error else str(context["message"])
