"""What holds the event loop is seen while it does, and how late the loop wakes is known."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from structlog.testing import capture_logs

from tests.support.eventually import PATIENT_S, eventually, running
from tradeul.clock import ManualClock, SystemClock
from tradeul.domain.events import Nanos
from tradeul.loop_watch import BEAT_S, LOOK_S, STALL_S, TOLD_FOR_S, LoopWatch


def hold_the_loop(until: Callable[[], object]) -> None:
    pause, deadline = threading.Event(), SystemClock().monotonic() + PATIENT_S
    while not until() and SystemClock().monotonic() < deadline:
        pause.wait(LOOK_S)


def held(lines: Sequence[Mapping[str, Any]]) -> int:
    """How often that was logged; on a busy machine the loop may stand still for other reasons too."""
    return sum(line["event"] == "loop_stalled" and "hold_the_loop" in line["stack"] for line in lines)


class SteppedClock(ManualClock):
    """One whose time of day can be set."""

    step = 0

    def wall(self) -> Nanos:
        return Nanos(super().wall() + self.step)


async def test_the_stack_of_what_holds_the_loop_is_logged_while_it_does() -> None:
    """Once, after half a second, with the line that is to blame; it is counted and told when it is over."""
    clock = SystemClock()
    watch = LoopWatch(clock)

    with capture_logs() as lines:
        async with running(watch.run):
            await eventually(lambda: watch.delay)
            hold_the_loop(lambda: held(lines))
            during = held(lines)
            await eventually(lambda: watch.stalls)

    assert during == held(lines) == 1
    assert watch.delay is not None
    assert watch.delay.max >= STALL_S * 1_000
    assert "stood still" in watch.trouble


async def test_a_loop_that_is_on_time_is_no_trouble() -> None:
    """Its beats are counted, and nothing is said."""
    clock = ManualClock(Nanos(0))
    watch = LoopWatch(clock)

    with capture_logs() as lines:
        async with running(watch.run):
            for _ in range(20):
                await clock.advance(BEAT_S)

    assert watch.delay is not None
    assert (watch.delay.batches, watch.stalls, watch.clock_steps, watch.trouble, lines) == (20, 0, 0, "", [])


async def test_a_step_of_the_machines_clock_is_seen() -> None:
    """By an hour, either way; it is told for half a minute."""
    clock = SteppedClock(Nanos(0))
    watch = LoopWatch(clock)

    async with running(watch.run):
        await clock.advance(BEAT_S)
        clock.step = -3_600_000_000_000
        await clock.advance(BEAT_S)
        during = watch.trouble
    await clock.advance(TOLD_FOR_S)

    assert during == "the machine's clock was stepped by -3600 s"
    assert (watch.clock_steps, watch.trouble) == (1, "")
