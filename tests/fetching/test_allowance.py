"""When a client may ask again, decided on a clock that the test moves."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.market import at
from tradeul.clock import ManualClock
from tradeul.errors import VendorUnavailable
from tradeul.fetching.allowance import LONGEST_HOLD_S, Allowance

START = at("10:00")


def shortest(low: float, high: float) -> float:
    """A random source that always draws the lower end."""
    return min(low, high)


async def went_at(allowance: Allowance, clock: ManualClock, count: int, seconds: float) -> list[float]:
    """When each of so many callers, all there from the start, was let go."""
    went: list[float] = []

    async def ask() -> None:
        await allowance.turn()
        went.append(clock.monotonic())

    async def pass_time() -> None:
        await clock.advance(seconds)

    await asyncio.gather(*(ask() for _ in range(count)), pass_time())
    return went


async def test_without_a_limit_everyone_goes_at_once() -> None:
    """Nobody waits for what was not asked."""
    clock = ManualClock(START)

    assert await went_at(Allowance(clock, None, max), clock, 50, 0) == [0.0] * 50


@settings(max_examples=25)  # each takes many turns of the loop
@given(st.integers(1, 7), st.integers(1, 20))
async def test_no_minute_sees_more_than_is_allowed(per_minute: int, count: int) -> None:
    """Whenever a minute begins, no more go in it than the plan holds, and nobody waits longer than that takes."""
    clock = ManualClock(START)

    went = await went_at(Allowance(clock, per_minute, max), clock, count, 60.0 * count)

    assert went == pytest.approx([60.0 * (turn // per_minute) for turn in range(count)])


async def test_requests_are_evenly_spaced() -> None:
    """So many a second means as long between any two of them, in the order in which they were asked for."""
    clock = ManualClock(START)

    went = await went_at(Allowance(clock, None, max, 80.0), clock, 5, 1)

    assert went == pytest.approx([turn / 80 for turn in range(5)])


async def test_nothing_is_caught_up_on() -> None:
    """Who was held up for a second does not send a second's worth of requests at once afterwards."""
    clock = ManualClock(START)
    allowance = Allowance(clock, None, max, 80.0)
    await allowance.turn()
    await clock.advance(1)

    went = await went_at(allowance, clock, 3, 1)

    assert went == pytest.approx([1 + turn / 80 for turn in range(3)])


async def test_everyone_waits_for_what_one_was_told() -> None:
    """A named wait holds all callers back, and those who do not wait are told how long it is."""
    clock = ManualClock(START)
    allowance = Allowance(clock, None, max)

    assert allowance.refused(0.0, 7.5) == 7.5
    with pytest.raises(VendorUnavailable) as held:
        allowance.turn_now()
    assert held.value.retry_after_s == 7.5
    assert await went_at(allowance, clock, 3, 10) == [7.5] * 3
    allowance.turn_now()


@pytest.mark.parametrize("draw", [shortest, max])
async def test_a_vendor_that_names_no_wait_sees_two_requests_a_minute(draw: object) -> None:
    """However the dice fall, whoever asks as soon as allowed asks twice within the first minute of refusals."""
    clock = ManualClock(START)
    allowance = Allowance(clock, None, draw)  # type: ignore[arg-type]  # `max` takes more than two numbers
    asked: list[float] = []

    async def ask() -> None:
        while clock.monotonic() < 600:
            await allowance.turn()
            asked.append(clock.monotonic())
            allowance.refused(clock.monotonic(), None)

    await asyncio.gather(ask(), clock.advance(700))

    assert all(third - first >= 60 for first, third in zip(asked, asked[2:], strict=False))


async def test_refusals_that_were_under_way_are_one() -> None:
    """Ten requests that were all refused together are no reason to stay away for ten times as long."""
    clock = ManualClock(START)
    allowance = Allowance(clock, None, max)

    assert [allowance.refused(0.0, None) for _ in range(10)] == [20.0] * 10
    await clock.advance(21)
    assert allowance.refused(clock.monotonic(), None) == 60.0


async def test_a_success_forgives() -> None:
    """After an answer, a refusal is a first one again."""
    clock = ManualClock(START)
    allowance = Allowance(clock, None, max)
    allowance.refused(0.0, None)
    await clock.advance(21)

    allowance.granted()

    assert allowance.refused(clock.monotonic(), None) == 20.0


@pytest.mark.parametrize("named", [86_400.0, float("inf")])
async def test_no_vendor_sends_us_away_for_ever(named: float) -> None:
    """A wait beyond all reason is cut to an hour."""
    assert Allowance(ManualClock(START), None, max).refused(0.0, named) == LONGEST_HOLD_S
