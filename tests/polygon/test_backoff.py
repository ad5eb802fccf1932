"""How long the stream waits after each way a connection may end."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeul.fetching.allowance import Uniform
from tradeul.polygon.backoff import Backoff, Ending


def longest(low: float, high: float) -> float:
    """A random source that always draws the upper end."""
    return max(low, high)


def shortest(low: float, high: float) -> float:
    """One that always draws the lower end."""
    return min(low, high)


def test_refusals_are_retried_ever_more_patiently() -> None:
    """Refused, or cut before we were let in: between 0 and min(3, 0.5 * 2^n) seconds."""
    slow, quick = Backoff(longest), Backoff(shortest)

    assert [slow.wait_after(Ending.REFUSED, 0) for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert [quick.wait_after(Ending.REFUSED, 0) for _ in range(5)] == [0.0] * 5


def test_short_lives_double_the_wait() -> None:
    """Let in and ended within 30 s: w/2 + U(0, w/2), w doubling up to 30 s."""
    slow, quick = Backoff(longest), Backoff(shortest)

    assert [slow.wait_after(Ending.DROPPED, 1) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert [quick.wait_after(Ending.DROPPED, 1) for _ in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]


def test_thirty_seconds_of_health_forgive_everything() -> None:
    """After a healthy connection the waits start small again."""
    backoff = Backoff(longest)
    for _ in range(6):
        backoff.wait_after(Ending.DROPPED, 1)

    assert backoff.wait_after(Ending.DROPPED, 29.9) == 30
    assert backoff.wait_after(Ending.DROPPED, 30) == 1


def test_being_let_in_forgives_refusals() -> None:
    """Refusals are counted in a row only."""
    backoff = Backoff(longest)
    for _ in range(6):
        backoff.wait_after(Ending.REFUSED, 0)

    backoff.wait_after(Ending.DROPPED, 1)

    assert backoff.wait_after(Ending.REFUSED, 0) == 0.5


@pytest.mark.parametrize("ending", [Ending.KEY_IN_USE, Ending.NOT_LET_IN, Ending.NOT_IN_PLAN])
@pytest.mark.parametrize("lived_s", [0, 5, 500])
def test_a_locked_door_is_not_rattled(ending: Ending, lived_s: float) -> None:
    """When the key is in use elsewhere or not accepted, a minute passes."""
    assert Backoff(longest).wait_after(ending, lived_s) == 60


@given(st.lists(st.tuples(st.sampled_from(Ending), st.floats(0, 100)), max_size=50), st.randoms())
def test_no_history_makes_it_give_up(history: list[tuple[Ending, float]], random: object) -> None:
    """Whatever happened before, the wait is at most a minute, and never negative."""
    backoff = Backoff(random.uniform)  # type: ignore[attr-defined]  # hypothesis names no type for it

    waits = [backoff.wait_after(ending, lived_s) for ending, lived_s in history]

    assert all(0 <= wait <= 60 for wait in waits)


def drawn(seed: int) -> Uniform:
    """A random source that can be repeated."""
    return Random(seed).uniform  # noqa: S311  # no secret


def connects(backoff: Backoff, ending: Ending, lived_s: float, within_s: float) -> int:
    """How often a vendor is called on that ends every connection so."""
    elapsed, calls = 0.0, 0
    while elapsed < within_s:
        calls += 1
        elapsed += lived_s + backoff.wait_after(ending, lived_s)
    return calls


@given(st.integers())
def test_a_flapping_vendor_is_not_stormed(seed: int) -> None:
    """A vendor that lets us in and ends after a second sees at most 40 connections in ten minutes."""
    assert connects(Backoff(drawn(seed)), Ending.DROPPED, 1, 600) <= 40


@given(st.integers(), st.floats(0, 100))
def test_another_program_with_our_key_is_not_fought(seed: int, lived_s: float) -> None:
    """Evicted again and again, we come back at most sixty times an hour."""
    assert connects(Backoff(drawn(seed)), Ending.KEY_IN_USE, lived_s, 3600) <= 60


@given(st.integers())
def test_a_key_that_is_refused_is_tried_once_a_minute(seed: int) -> None:
    """And no more often."""
    assert connects(Backoff(drawn(seed)), Ending.NOT_LET_IN, 0, 600) <= 10


@given(st.integers())
def test_three_hours_of_refusals_change_nothing(seed: int) -> None:
    """It is still tried, and the next wait is at most three seconds, so that its end is found at once."""
    backoff, elapsed = Backoff(drawn(seed)), 0.0
    while elapsed < 3 * 3600:
        wait_s = backoff.wait_after(Ending.REFUSED, 0)
        elapsed += wait_s + 1

        assert 0 <= wait_s <= 3
