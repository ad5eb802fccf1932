"""How fast a viewer may talk."""

from tests.support.web import NOON
from tradeul.clock import ManualClock
from tradeul.web.pace import Pace


async def test_a_burst_then_twenty_a_second() -> None:
    """64 messages at once are let through, then 20 in each second."""
    clock = ManualClock(NOON)
    pace = Pace(clock)
    burst = sum(pace.allows() for _ in range(70))
    await clock.advance(1)
    refilled = sum(pace.allows() for _ in range(70))

    assert (burst, refilled) == (64, 20)


async def test_an_allowance_does_not_grow_beyond_the_burst() -> None:
    """An hour of silence does not earn more than one burst."""
    clock = ManualClock(NOON)
    pace = Pace(clock)
    await clock.advance(3_600)

    assert sum(pace.allows() for _ in range(100)) == 64


async def test_a_hundred_dropped_in_ten_seconds_is_enough() -> None:
    """Up to 99 dropped messages are forgiven, and so are a hundred spread over more than 10 s."""
    clock = ManualClock(NOON)
    quick, slow = Pace(clock), Pace(clock)
    for _ in range(64 + 99):
        quick.allows()
    forgiven = quick.ignored
    quick.allows()
    for _ in range(64 + 99):
        slow.allows()
    await clock.advance(10.5)
    for _ in range(64 + 1):
        slow.allows()

    assert (forgiven, quick.ignored, slow.ignored) == (False, True, False)
