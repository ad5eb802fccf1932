"""Tasks that get nowhere: what the supervisor does with them, and how long it is told."""

import asyncio

from structlog.testing import capture_logs

from tests.support.eventually import settle
from tests.test_supervisor import Crashes, Stubborn, abandoned_by, clock, stubborn, supervisor, until_cancelled
from tradeul.clock import ManualClock
from tradeul.engine.pulse import Pulse
from tradeul.supervisor import HANG_GRACE_S, TOLD_FOR_S, Stage, Supervisor

__all__ = ["clock", "stubborn", "supervisor"]  # fixtures


async def test_a_task_that_hangs_is_started_anew(supervisor: Supervisor, clock: ManualClock) -> None:
    """What it began and is not done with is given up, counted and named; then it gets a fair while of its own."""
    pulse, runs = Pulse(clock), 0

    async def hangs() -> None:
        nonlocal runs
        runs += 1
        with pulse.work(60.0):
            await asyncio.Event().wait()

    with capture_logs() as lines:
        supervisor.start("ingest", hangs, stage=Stage.ENGINE, pulse=pulse)
        await clock.advance(59.0)
        before = runs
        await clock.advance(3.0)

    (state,) = supervisor.states()
    assert (before, runs) == (1, 2)
    assert (state.restarts, state.last_error) == (1, "hung: what it had begun was overdue")
    assert "ingest (hung" in supervisor.trouble
    assert [line["event"] for line in lines] == ["task_failed", "task_restarted"]
    await clock.advance(HANG_GRACE_S - 5.0)
    assert runs == 2
    await clock.advance(10.0)
    assert runs == 3


async def test_a_task_that_gets_on_or_waits_is_left_alone(supervisor: Supervisor, clock: ManualClock) -> None:
    """However long it waits for something to do."""
    pulse, done = Pulse(clock), 0

    async def works() -> None:
        nonlocal done
        while True:
            with pulse.work(10.0):
                await clock.pause(9.0)
            done += 1
            await clock.pause(100.0)

    supervisor.start("ranking", works, stage=Stage.ENGINE, pulse=pulse)
    await clock.advance(1_000.0)

    assert done == 10
    assert supervisor.states() == (("ranking", True, 0, None),)
    assert supervisor.trouble == ""


async def test_a_watched_task_that_fails_is_one_that_failed(supervisor: Supervisor, clock: ManualClock) -> None:
    """Its own error is told."""
    supervisor.start("ingest", Crashes(1), stage=Stage.ENGINE, pulse=Pulse(clock))

    await clock.advance(2.0)

    assert supervisor.states() == (("ingest", True, 1, "ValueError: boom"),)


async def test_a_watched_task_that_cannot_be_cancelled_is_abandoned(clock: ManualClock, stubborn: Stubborn) -> None:
    """Like any other: the shutdown ends without it, and says so."""
    supervisor = Supervisor(clock)
    supervisor.start("stubborn", stubborn, stage=Stage.ENGINE, pulse=Pulse(clock))

    assert "stubborn at work" in await abandoned_by(supervisor, clock)


async def test_a_task_that_failed_is_a_reason_for_a_while(supervisor: Supervisor, clock: ManualClock) -> None:
    """Also when it runs again: somebody may want to look."""
    supervisor.start("feed", Crashes(1), stage=Stage.FEEDS)
    await clock.advance(2.0)
    soon = supervisor.trouble
    await clock.advance(TOLD_FOR_S)

    assert soon == "tasks that failed: feed (ValueError: boom)"
    assert supervisor.trouble == ""


async def test_stopping_leaves_nothing_of_the_watching(clock: ManualClock) -> None:
    """Neither the work nor whatever looked at it, though no time passes."""
    supervisor = Supervisor(clock)
    supervisor.start("ingest", until_cancelled, stage=Stage.ENGINE, pulse=Pulse(clock))
    await settle()

    supervisor.request_stop("test")
    await supervisor.run_until_stopped()

    assert {task.get_name() for task in asyncio.all_tasks() if "ingest" in task.get_name()} == set()
