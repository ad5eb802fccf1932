"""The last quarter of an hour of every price, in points of 15 s."""

import numpy as np

from tradeul.domain.events import Nanos
from tradeul.domain.sparks import POINTS, STEP_NS, SparkTrail

STEP = 1_000_000


def at(step: int, part: float = 0.0) -> Nanos:
    return Nanos(int((STEP + step + part) * STEP_NS))


def trail(*prices: float) -> SparkTrail:
    """One symbol's prices, a step apart."""
    made = SparkTrail()
    for step, price in enumerate(prices):
        made.record(at(step), np.array([price]))
    return made


def test_a_point_holds_the_last_price_of_its_step() -> None:
    """What comes later in a step replaces what was; what is older than the newest step is ignored."""
    made = trail(1.0, 2.0)
    made.record(at(1, 0.9), np.array([3.0]))
    made.record(at(0), np.array([9.0]))

    assert made.of([0])[0][-2:] == [1.0, 3.0]
    assert made.of([0])[0][:-2] == [None] * (POINTS - 2)


def test_only_the_newest_points_are_kept() -> None:
    """There are never more than 60, in the order of time."""
    made = trail(*(float(price) for price in range(POINTS + 5)))

    assert made.of([0]) == [[float(price) for price in range(5, POINTS + 5)]]


def test_what_was_not_recorded_is_unknown() -> None:
    """A gap is null, and after a gap longer than all points nothing old is left."""
    made = trail(1.0)
    made.record(at(3), np.array([2.0]))
    short = made.of([0])[0]
    made.record(at(3 + 2 * POINTS), np.array([4.0]))

    assert short[-4:] == [1.0, None, None, 2.0]
    assert made.of([0])[0] == [None] * (POINTS - 1) + [4.0]


def test_symbols_that_come_later_have_no_past() -> None:
    """A board that grew is taken as it is; a row that was never recorded has no points; a new day begins empty."""
    made = trail(1.0)
    made.record(at(1), np.array([2.0, 7.5]))
    later = made.of([1, 2])
    made.clear()

    assert later[0][-2:] == [None, 7.5]
    assert later[1] == []
    assert made.of([0]) == [[]]
