"""The clocks: which time moves, who is woken, and in which order."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.eventually import running, settle
from tradeul.clock import NANOS_PER_SECOND, Clock, LateClock, ManualClock, PacedClock, SystemClock
from tradeul.domain.events import Nanos

START = Nanos(1_700_000_000 * NANOS_PER_SECOND)
OTHER_START = Nanos(START - 86_400 * NANOS_PER_SECOND)


class Wall:
    """Stands in for the `time` module: a wall clock that may be stepped, and one that may not."""

    def __init__(self) -> None:
        self.wall_ns = int(START)
        self.seconds = 1000.0

    def time_ns(self) -> int:
        return self.wall_ns

    def monotonic(self) -> float:
        return self.seconds

    def elapse(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall_ns += int(seconds * NANOS_PER_SECOND)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    monkeypatch.setattr("tradeul.clock.time", wall)
    return wall


async def test_the_manual_clock_wakes_nobody_early() -> None:
    """A sleeper sleeps until the clock was moved that far, however much real time goes by."""
    clock = ManualClock(START)
    woken = []

    async def sleep() -> None:
        await clock.sleep_until(Nanos(START + 90 * NANOS_PER_SECOND))
        woken.append(clock.now())

    async with running(sleep):
        await clock.advance(89.9)
        assert not woken
        await clock.advance(0.1)

    assert woken == [START + 90 * NANOS_PER_SECOND]


@given(naps=st.lists(st.integers(1, 100), min_size=1, max_size=8))
async def test_sleepers_wake_in_the_order_of_their_deadlines(naps: list[int]) -> None:
    """Each sees the very moment it asked for; ties go in the order they lay down."""
    clock = ManualClock(START)
    woken: list[tuple[float, int]] = []

    async def sleep(index: int, seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append((clock.monotonic(), index))

    await asyncio.gather(*(sleep(index, nap) for index, nap in enumerate(naps)), clock.advance(100))

    assert woken == sorted((nap, index) for index, nap in enumerate(naps))


async def test_a_sleeper_may_sleep_again_within_one_advance() -> None:
    """A loop that sleeps a second runs ten times in ten seconds."""
    clock = ManualClock(START)
    seen = []

    async def tick() -> None:
        for _ in range(10):
            await clock.pause(1)
            seen.append(clock.now())

    await asyncio.gather(tick(), clock.advance(10))

    assert seen == [START + second * NANOS_PER_SECOND for second in range(1, 11)]


async def test_a_cancelled_sleeper_holds_nobody_up() -> None:
    """Time goes on past a deadline whose owner has left, and is not waited for any more."""
    clock = ManualClock(START)
    async with running(lambda: clock.sleep(5)):
        await settle()
        during = clock.waited_for

    after = clock.waited_for
    await clock.advance(10)

    assert (during, after) == (True, False)
    assert clock.monotonic() == 10


@pytest.mark.parametrize("clock", [ManualClock(START), PacedClock(START, speed=0.001), SystemClock()])
async def test_sleeping_until_a_past_moment_returns_at_once(clock: Clock) -> None:
    """Whoever is late does not wait."""
    await clock.sleep_until(Nanos(clock.now() - 5 * NANOS_PER_SECOND))


def test_the_system_clock_shows_the_wall(wall: Wall) -> None:
    """Market time is the machine's when nothing else is set."""
    wall.elapse(2.5)

    assert SystemClock().now() == START + 2_500_000_000
    assert SystemClock().monotonic() == 1002.5


def test_the_paced_clock_runs_from_its_start_at_its_speed(wall: Wall) -> None:
    """Ten wall seconds at speed 60 are ten market minutes; its monotonic time stays the wall's."""
    clock = PacedClock(OTHER_START, speed=60)

    wall.elapse(10)

    assert clock.now() == OTHER_START + 600 * NANOS_PER_SECOND
    assert clock.monotonic() == 1010.0


def test_a_step_of_the_system_clock_does_not_move_the_paced_one(wall: Wall) -> None:
    """An administrator who sets the date moves no market."""
    clock = PacedClock(OTHER_START)

    wall.wall_ns += 3_600 * NANOS_PER_SECOND

    assert clock.now() == OTHER_START


def test_clocks_with_one_anchor_agree(wall: Wall) -> None:
    """Whenever a process starts, it sees the same market time."""
    anchor = Nanos(wall.time_ns())
    early = PacedClock(OTHER_START, speed=60, anchor=anchor)
    wall.elapse(30)

    late = PacedClock(OTHER_START, speed=60, anchor=anchor)

    assert early.now() == late.now() == OTHER_START + 1800 * NANOS_PER_SECOND


def test_the_time_of_day_is_the_machines_whatever_the_markets_is(wall: Wall) -> None:
    """A paced clock is at another moment and pace; its time of day is everybody's."""
    clock = PacedClock(OTHER_START, speed=60.0)

    wall.elapse(10)

    assert clock.wall() == SystemClock().wall() == LateClock(clock, 900).wall() == START + 10 * NANOS_PER_SECOND
    assert clock.now() == OTHER_START + 600 * NANOS_PER_SECOND
