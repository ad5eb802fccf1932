"""How long the stream waits after each way a connection may end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize("ending", [Ending.KEY_IN_USE, Ending.NOT_LET_IN])
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


def test_a_flapping_vendor_is_not_stormed() -> None:
    """A vendor that lets us in and ends after a second sees at most 40 connections in ten minutes, on average."""
    backoff, elapsed, connects = Backoff(lambda low, high: (low + high) / 2), 0.0, 0
    while elapsed < 600:
        connects += 1
        elapsed += 1 + backoff.wait_after(Ending.DROPPED, 1)

    assert connects <= 40
