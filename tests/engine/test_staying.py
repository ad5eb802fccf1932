"""New highs and new lows, minute by minute: who enters, who stays, who leaves, also through a restart."""

import pytest

from tests.support.day import Process
from tests.support.market import NANOS, at, image, take, traded
from tradeul.domain.events import Nanos
from tradeul.domain.session import Session

OPEN = at("09:31:00")

Step = tuple[float, int, float, bool]
"""Seconds after the open, which extreme is the day's, how many percent from it, and whether it stands in the list."""

EXTREMES = {"new_highs": (100.0, 110.0, 111.0), "new_lows": (100.0, 90.0, 89.0)}

DISTANCE: list[Step] = [
    (0, 0, 0.0, False),  # the day's first print is no event
    (60, 1, 0.0, True),
    (65, 1, 0.5, True),  # not enough to enter, enough to stay
    (70, 1, 0.5001, False),
    (75, 1, 0.5, False),  # once outside, it takes more
    (80, 1, 0.1001, False),
    (85, 1, 0.1, True),
    (90, 1, 0.4999, True),
]
AGE: list[Step] = [
    (0, 0, 0.0, False),
    (60, 1, 0.0, True),
    (359, 1, 0.0, True),
    (360, 1, 0.0, True),  # 300 s ago, and at it without exceeding it
    (361, 1, 0.0, False),
    (365, 2, 0.0, True),
]
COUNT: list[Step] = [
    (0, 0, 0.0, False),
    (60, 1, 0.0, True),  # minute 1
    (310, 2, 0.0, True),  # minute 5
    (611, 2, 0.0, True),  # long ago, but in two of the last 15 minutes
    (958, 2, 0.0, True),  # minute 15 is the last that looks back to minute 1
    (960, 2, 0.0, False),
]


def seen(name: str, steps: list[Step], *, restarts: bool) -> list[bool]:
    """Whether the symbol stands in the list at each step; with restarts the program is killed before it looks."""
    process, found = Process(), []
    for seconds, extreme, away, _ in steps:
        when = Nanos(OPEN + round(seconds * NANOS))
        sign = -1 if name == "new_highs" else 1
        price = round(EXTREMES[name][extreme] * (1 + sign * away / 100), 4)
        ranked = _looked(process, name, price, when)
        if restarts:
            process = _next_life(process)
            ranked = _looked(process, name, price, Nanos(when + NANOS // 2))
        found.append(ranked)
    return found


def _looked(process: Process, name: str, price: float, when: Nanos) -> bool:
    volume = (when - OPEN) / NANOS + 1_000
    take(process.enrichment, image(traded("A", price, volume, when, prev_close=100.0)), when)
    return len(process.scanner.rank(when, Session.MARKET_OPEN)[name]) == 1


def _next_life(process: Process) -> Process:
    state, book = process.enrichment.state(process.scanner.inside()), process.enrichment.book
    assert book is not None
    after = Process()
    after.pipeline.resume(book, state)
    return after


@pytest.mark.parametrize("restarts", [False, True], ids=["one life", "killed at every step"])
@pytest.mark.parametrize("steps", [DISTANCE, AGE, COUNT], ids=["distance", "age", "count"])
@pytest.mark.parametrize("name", sorted(EXTREMES))
def test_who_makes_extremes_stays_while_it_holds(name: str, steps: list[Step], restarts: bool) -> None:
    """Entering takes 0.1 %, staying 0.5 %, and either an event of the last 300 s or two of the last 15 minutes."""
    # Half a second after a step is beyond the 300 s of the very same second.
    told = [step for step in steps if not restarts or step[0] != 360]

    assert seen(name, told, restarts=restarts) == [listed for *_, listed in told]
