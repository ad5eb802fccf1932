"""The guards around every test: each kind of leftover is seen, and a clean test passes."""

import asyncio
import threading

import pytest

from tests.support.eventually import eventually, running, settle
from tests.support.guards import LeftBehind, clean_loop, no_thread_left


async def test_a_running_task_is_seen() -> None:
    """A task that outlives its test fails it, by name."""
    never = asyncio.Event()
    task = None

    with pytest.raises(LeftBehind, match="task straggler is still running"):
        async with clean_loop():
            task = asyncio.get_running_loop().create_task(never.wait(), name="straggler")

    assert task is not None
    task.cancel()


async def test_a_waiting_timer_is_seen() -> None:
    """A callback that is due later fails the test that asked for it."""
    timer = None

    with pytest.raises(LeftBehind, match="timer is still waiting"):
        async with clean_loop():
            timer = asyncio.get_running_loop().call_later(3600, print)

    assert timer is not None
    timer.cancel()


async def test_an_error_that_nobody_awaited_is_seen() -> None:
    """A task may not fail unnoticed."""

    async def fail() -> None:
        raise ValueError("lost")

    with pytest.raises(LeftBehind, match=r"never retrieved.*lost"):
        async with clean_loop():
            asyncio.get_running_loop().create_task(fail())
            await settle()


async def test_an_error_in_a_callback_is_seen() -> None:
    """What the loop would only log fails the test."""

    def fail() -> None:
        raise ValueError("lost")

    with pytest.raises(LeftBehind, match="lost"):
        async with clean_loop():
            asyncio.get_running_loop().call_soon(fail)


def test_a_running_thread_is_seen() -> None:
    """A thread that outlives its test fails it, by name."""
    enough = threading.Event()
    thread = threading.Thread(target=enough.wait, name="straggler")

    with pytest.raises(LeftBehind, match="straggler"), no_thread_left(0.1):
        thread.start()

    enough.set()
    thread.join()


async def test_what_ends_by_itself_is_waited_for_where_a_loop_goes_on() -> None:
    """A task that is done a little later is no complaint there, and one everywhere else."""
    loop = asyncio.get_running_loop()

    async with clean_loop(ends_by_itself=True):
        soon = loop.create_task(settle(100))
    with pytest.raises(LeftBehind, match="is still running"):
        async with clean_loop():
            late = loop.create_task(settle(100))

    assert soon.done()
    await late


async def test_a_tidy_test_passes() -> None:
    """What was ended, cancelled or awaited inside is no complaint."""
    async with clean_loop():
        loop = asyncio.get_running_loop()
        loop.call_later(3600, print).cancel()
        loop.create_task(asyncio.Event().wait()).cancel()
        await asyncio.to_thread(len, "")


async def test_waiting_ends_when_the_condition_holds() -> None:
    """`eventually` sees what another task does."""
    seen: list[int] = []
    asyncio.get_running_loop().call_soon(seen.append, 1)

    await eventually(lambda: seen)

    assert seen == [1]


async def test_waiting_for_what_never_happens_fails() -> None:
    """It does not wait for ever."""
    with pytest.raises(AssertionError, match="did not happen"):
        await eventually(lambda: False, within_s=0.01)


async def test_an_error_of_a_part_beside_the_test_fails_it() -> None:
    """`running` hides nothing."""

    async def fail() -> None:
        raise ValueError("broken part")

    with pytest.raises(ValueError, match="broken part"):
        async with running(fail):
            await settle()
