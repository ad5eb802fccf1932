"""Whether a part gets anywhere."""

import asyncio

import pytest

from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos
from tradeul.engine.pulse import Pulse


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(Nanos(0))


async def test_what_was_begun_and_is_not_done_is_overdue(clock: ManualClock) -> None:
    """From the time that was allowed on, and until it is done."""
    pulse = Pulse(clock)
    pulse.begin(10.0)
    seen = []
    for _ in range(3):
        await clock.advance(6.0)
        seen.append(pulse.overdue_s)
    pulse.done()

    assert seen == [0.0, 2.0, 8.0]
    assert pulse.overdue_s == 0.0


async def test_beginning_again_is_no_progress(clock: ManualClock) -> None:
    """Whoever is started anew is overdue until something is done."""
    pulse = Pulse(clock)
    pulse.begin(10.0)
    await clock.advance(11.0)

    pulse.begin(10.0)

    assert pulse.overdue_s == 1.0


async def test_work_that_fails_is_done_and_work_that_is_given_up_is_not(clock: ManualClock) -> None:
    """An error is for the supervisor to count; what was cancelled got nowhere."""
    failed, given_up = Pulse(clock), Pulse(clock)
    with pytest.raises(ValueError, match="boom"), failed.work(1.0):
        raise ValueError("boom")
    with pytest.raises(asyncio.CancelledError), given_up.work(1.0):
        raise asyncio.CancelledError
    await clock.advance(5.0)

    assert (failed.overdue_s, given_up.overdue_s) == (0.0, 4.0)


async def test_who_is_idle_is_never_overdue(clock: ManualClock) -> None:
    """A market that is closed over a weekend."""
    pulse = Pulse(clock)
    with pulse.work(1.0):
        await clock.advance(0.5)
    await clock.advance(200_000.0)

    assert pulse.overdue_s == 0.0
