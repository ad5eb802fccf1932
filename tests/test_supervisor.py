"""The supervisor: what happens to tasks that fail, return or hang, and how the process stops."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from tests.support.eventually import PATIENT_S, running, settle
from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos
from tradeul.errors import TaskFailedTooOften
from tradeul.supervisor import FAILURES_ALLOWED, Stage, Supervisor, together

FORKED = """
    import asyncio
    from tradeul import logs
    from tradeul.clock import SystemClock
    from tradeul.supervisor import Stage, Supervisor

    async def main():
        supervisor = Supervisor(SystemClock(), stage_timeout_s=600.0)

        async def work():
            print("working", flush=True)
            try:
                await asyncio.Event().wait()
            finally:
                print("ending", flush=True)
                {ending}

        supervisor.start("work", work, stage=Stage.ENGINE)
        {starting}
        await supervisor.run_until_stopped()
        print("ended", flush=True)

    logs.configure("info", "json")
    asyncio.run(main())
"""


class Crashes:
    """Work that fails the first `times` times, then runs until cancelled."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self.left:
            self.left -= 1
            raise ValueError("boom")
        await asyncio.Event().wait()


async def until_cancelled() -> None:
    await asyncio.Event().wait()


async def returns() -> None:
    return


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(Nanos(0))


@pytest.fixture
async def supervisor(clock: ManualClock) -> AsyncIterator[Supervisor]:
    """A supervisor with the longest waits jitter can give, which is shut down after the test."""
    supervisor = Supervisor(clock, jitter=lambda: 1.0)
    yield supervisor
    await stopped(supervisor, clock)


class Stubborn:
    """Work that cannot be cancelled, until it has had enough."""

    def __init__(self) -> None:
        self.enough = asyncio.Event()

    async def __call__(self) -> None:
        while not self.enough.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.enough.wait()


@pytest.fixture
async def stubborn() -> AsyncIterator[Stubborn]:
    """One that is let go in the end, whatever a test finds: else the loop could not be closed."""
    work = Stubborn()
    yield work
    work.enough.set()
    await settle()


async def abandoned_by(supervisor: Supervisor, clock: ManualClock) -> tuple[str, ...]:
    """Let `supervisor` shut down until it has given something up; what that is."""
    await settle()
    supervisor.request_stop("test")
    async with running(supervisor.run_until_stopped):
        while not supervisor.abandoned:
            await clock.advance(1.0)
        return supervisor.abandoned


async def stopped(supervisor: Supervisor, clock: ManualClock) -> None:
    """Let `supervisor` shut down, giving every stage all of its time."""
    supervisor.request_stop("test")
    async with running(supervisor.run_until_stopped):
        for _ in range(2 * len(Stage)):
            await clock.advance(1.0)


async def test_a_failed_task_is_started_again_after_a_wait(supervisor: Supervisor, clock: ManualClock) -> None:
    """Not at once, and its failure is counted, logged with its traceback and visible."""
    work = Crashes(1)

    with capture_logs() as lines:
        supervisor.start("feed", work, stage=Stage.FEEDS)
        await settle()
        assert (work.runs, supervisor.states()[0].running) == (1, False)
        await clock.advance(1.0)

    assert work.runs == 2
    assert supervisor.states() == (("feed", True, 1, "ValueError: boom"),)
    assert [line["event"] for line in lines] == ["task_failed", "task_restarted"]
    assert lines[0]["exc_info"]


async def test_waits_grow_from_failure_to_failure(supervisor: Supervisor, clock: ManualClock) -> None:
    """Half a second, a second, two, four: a broken part does not spin."""
    work = Crashes(4)
    runs = []

    supervisor.start("feed", work, stage=Stage.FEEDS)
    for pause in (0.5, 1.0, 2.0, 4.0):
        await clock.advance(pause - 0.01)
        runs.append(work.runs)
        await clock.advance(0.01)

    assert runs == [1, 2, 3, 4]
    assert work.runs == 5


async def test_a_task_that_returns_has_failed(supervisor: Supervisor, clock: ManualClock) -> None:
    """A loop that ended silently is restarted and named like one that crashed."""
    supervisor.start("feed", returns, stage=Stage.FEEDS)

    await clock.advance(1.0)

    (state,) = supervisor.states()
    assert (state.restarts, state.last_error) == (1, "returned")


async def test_a_task_that_cancels_itself_has_failed(supervisor: Supervisor, clock: ManualClock) -> None:
    """Awaiting something that was cancelled is no way to stop quietly."""

    async def cancelled() -> None:
        raise asyncio.CancelledError

    supervisor.start("feed", cancelled, stage=Stage.FEEDS)

    await clock.advance(1.0)

    (state,) = supervisor.states()
    assert (state.restarts, state.last_error) == (1, "cancelled itself")


async def test_a_task_that_may_return_is_forgotten_when_it_has(supervisor: Supervisor) -> None:
    """One-off work leaves nothing behind."""
    supervisor.start("warmup", returns, stage=Stage.ENGINE, restart=False)

    await settle()

    assert supervisor.states() == ()


async def test_one_off_work_that_failed_is_not_started_again(supervisor: Supervisor, clock: ManualClock) -> None:
    """Its error stays visible."""
    work = Crashes(1)

    supervisor.start("warmup", work, stage=Stage.ENGINE, restart=False)
    await clock.advance(100.0)

    assert work.runs == 1
    assert supervisor.states() == (("warmup", False, 0, "ValueError: boom"),)


async def test_a_name_is_given_to_one_running_task_only(supervisor: Supervisor) -> None:
    """Two tasks of one name could not be told apart in health."""
    supervisor.start("feed", until_cancelled, stage=Stage.FEEDS)

    with pytest.raises(ValueError, match="a task named feed is running"):
        supervisor.start("feed", until_cancelled, stage=Stage.FEEDS)


async def test_five_failures_in_a_minute_end_the_program(clock: ManualClock) -> None:
    """The supervisor gives up on it, stops everything else in order, and says which and why."""
    supervisor = Supervisor(clock, jitter=lambda: 1.0)
    ended: list[str] = []
    supervisor.add_stop(Stage.ENGINE, "store", noting(ended, "store"))
    work = Crashes(99)

    supervisor.start("feed", work, stage=Stage.FEEDS)
    supervisor.start("other", until_cancelled, stage=Stage.ENGINE)
    await clock.advance(30.0)

    assert work.runs == FAILURES_ALLOWED
    with pytest.raises(TaskFailedTooOften, match="feed failed 5 times in 60 s, last: ValueError: boom"):
        await supervisor.run_until_stopped()
    assert ended == ["store"]


async def test_failures_spread_over_more_than_a_minute_do_not(supervisor: Supervisor, clock: ManualClock) -> None:
    """Only what comes in quick succession is hopeless."""
    runs = 0

    async def fails_now_and_then() -> None:
        nonlocal runs
        runs += 1
        await clock.pause(20.0)
        raise ValueError("boom")

    supervisor.start("feed", fails_now_and_then, stage=Stage.FEEDS)
    await clock.advance(600.0)

    assert runs > 2 * FAILURES_ALLOWED
    assert supervisor.states()[0].running


async def test_stages_stop_in_order_tasks_before_closers(clock: ManualClock) -> None:
    """Serving first, the simulation last; a closer finds its stage's tasks ended."""
    supervisor = Supervisor(clock)
    ended: list[str] = []
    for stage in reversed(Stage):
        supervisor.add_stop(stage, stage.value, noting(ended, f"close {stage.value}"))
        supervisor.start(stage.value, ending_with(noting(ended, stage.value)), stage=stage)
    await settle()

    await stopped(supervisor, clock)

    names = ("serving", "engine", "feeds", "history", "database", "simulation")
    assert ended == [entry for name in names for entry in (name, f"close {name}")]
    assert supervisor.abandoned == ()


async def test_a_closer_that_fails_stops_nobody_else(clock: ManualClock) -> None:
    """It is logged, and the shutdown goes on."""
    supervisor = Supervisor(clock)
    ended: list[str] = []

    async def fail() -> None:
        raise ValueError("boom")

    supervisor.add_stop(Stage.SERVING, "server", fail)
    supervisor.add_stop(Stage.SERVING, "viewers", noting(ended, "viewers"))
    with capture_logs() as lines:
        await stopped(supervisor, clock)

    assert ended == ["viewers"]
    assert [line["part"] for line in lines if line["event"] == "close_failed"] == ["server"]


async def test_a_stage_that_hangs_costs_its_time_and_no_more(clock: ManualClock) -> None:
    """Overdue tasks and closers are cancelled and named, and the next stages are still stopped."""
    supervisor = Supervisor(clock, stage_timeout_s=2.0)
    ended: list[str] = []
    supervisor.start("slow", ending_with(until_cancelled), stage=Stage.SERVING)
    supervisor.add_stop(Stage.SERVING, "server", until_cancelled)
    supervisor.add_stop(Stage.ENGINE, "store", noting(ended, "store"))
    await settle()

    with capture_logs() as lines:
        await stopped(supervisor, clock)

    assert ended == ["store"]
    assert [line["tasks"] for line in lines if line["event"] == "tasks_overdue"] == [["slow"], ["close server"]]
    assert clock.monotonic() >= 2.0


async def test_a_task_that_cannot_be_cancelled_is_abandoned(clock: ManualClock, stubborn: Stubborn) -> None:
    """The shutdown ends without it and says so."""
    supervisor = Supervisor(clock)
    supervisor.start("stubborn", stubborn, stage=Stage.ENGINE, restart=False)

    assert await abandoned_by(supervisor, clock) == ("stubborn",)


async def test_nothing_starts_once_stopping_began(supervisor: Supervisor) -> None:
    """A part that reacts to the shutdown cannot prolong it."""
    supervisor.request_stop("test")

    supervisor.start("late", until_cancelled, stage=Stage.ENGINE)

    assert supervisor.states() == ()


async def test_health_shows_what_runs(supervisor: Supervisor) -> None:
    """Every task by name, in the order they were started."""
    supervisor.start("b", until_cancelled, stage=Stage.FEEDS)
    supervisor.start("a", until_cancelled, stage=Stage.SERVING)
    await settle()

    states = supervisor.states()

    assert [(state.name, state.running, state.restarts) for state in states] == [("b", True, 0), ("a", True, 0)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_in_order(number: signal.Signals) -> None:
    """Work gets to end what it began, and the process ends without an error."""
    with forked("pass") as process:
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENT_S)

    assert said.split() == ["ending", "ended"]
    assert process.returncode == 0


def test_a_signal_while_parts_still_start_is_obeyed_when_they_have() -> None:
    """It is neither lost nor a traceback."""
    with forked("pass", starting="await SystemClock().pause(0.5)") as process:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=PATIENT_S)

    assert said.split() == ["ending", "ended"]
    assert process.returncode == 0


def test_a_second_signal_ends_the_process_at_once() -> None:
    """Whoever presses Ctrl-C again does not wait for what hangs."""
    with forked("await asyncio.Event().wait()") as process:
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.readline() == "ending\n"
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=PATIENT_S)

    assert said == ""
    assert process.returncode == 130


def forked(ending: str, starting: str = "pass") -> subprocess.Popen[str]:
    """Another Python that supervises one task, once that task works."""
    script = textwrap.dedent(FORKED).format(ending=ending, starting=starting)
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    while process.stdout.readline() != "working\n":
        assert process.poll() is None
    return process


def noting(ended: list[str], name: str) -> Callable[[], Awaitable[None]]:
    async def note() -> None:
        ended.append(name)

    return note


def ending_with(end: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Work that runs until it is cancelled and then still awaits `end`."""

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await end()

    return work


async def test_works_that_are_done_together_have_all_ended_when_it_returns() -> None:
    """They go on side by side, and none is left behind."""
    done: list[int] = []
    gate = asyncio.Event()

    async def waits() -> None:
        await gate.wait()
        done.append(1)

    async def opens() -> None:
        gate.set()
        done.append(2)

    await together(waits, opens)

    assert done == [2, 1]


async def test_the_first_failure_ends_what_is_done_together() -> None:
    """It is raised as it is, once the others have ended."""
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cut")

    with pytest.raises(ValueError, match="boom") as failure:
        await together(waits, Crashes(1), waits)

    assert ended == ["cut", "cut"]
    assert failure.value.__cause__ is None
