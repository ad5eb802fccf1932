"""Bars that are late or come again."""

import numpy as np
import orjson

from tests.support.market import at
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS
from tradeul.simulation.exchange.events import Batch
from tradeul.simulation.exchange.stragglers import LATE_SHARE, REPEATED_SHARE, Stragglers, Unpunctuality

OPEN = at("09:30")
ROWS = 3000


def bars(second: int, topic: str = "A") -> Batch:
    rows = np.arange(ROWS)
    return Batch(
        topic, rows, [orjson.dumps({"row": row, "second": second, "v": 100, "dv": "100.0"}) for row in range(ROWS)]
    )


def sent(habits: Unpunctuality, seconds: int, silent: int = 0, topic: str = "A") -> list[tuple[int, int, int, int]]:
    """Let seconds with bars pass, then some without; give (sent at, row, of second, volume) of all that went out."""
    stragglers = Stragglers()
    out = []
    for second in range(seconds + silent):
        batches = [bars(second, topic)] if second < seconds else []
        for batch in stragglers.passed(batches, Nanos(OPEN + second * NANOS), habits):
            assert len(batch.rows) == len(batch.events) > 0
            for row, event in zip(batch.rows.tolist(), map(orjson.loads, batch.events), strict=True):
                assert event["row"] == row
                out.append((second, row, event["second"], event["v"]))
    return out


def test_a_few_bars_are_late_and_a_few_come_again() -> None:
    """By itself about one bar in a thousand is two seconds late, five come again as they were, none is lost."""
    out = sent(Unpunctuality(), 20, silent=10)

    bars_sent = {(row, second) for _, row, second, _ in out}
    delays = np.array([at_ - second for at_, _, second, _ in out])
    assert len(bars_sent) == 20 * ROWS
    assert {volume for *_, volume in out} == {100}
    assert set(delays.tolist()) == {0, 2, 4}
    assert 0.5 * LATE_SHARE < (delays == 2).mean() < 2 * LATE_SHARE
    assert 0.5 * REPEATED_SHARE < (delays == 4).mean() < 2 * REPEATED_SHARE
    assert len(out) == 20 * ROWS + (delays == 4).sum()


def test_lateness_can_be_asked_for() -> None:
    """The share and the seconds are as asked; all of the bars may be late."""
    out = sent(Unpunctuality(late_share=1.0, late_s=7.0, repeated_share=0.0), 3, silent=10)

    assert len(out) == 3 * ROWS
    assert {at_ - second for at_, _, second, _ in out} == {7}


def test_repeated_bars_may_have_grown() -> None:
    """A bar that comes again after late trades has more volume, in both ways of writing it."""
    stragglers = Stragglers()
    habits = Unpunctuality(late_share=0.0, repeated_share=1.0, grown=True)
    stragglers.passed([bars(0)], OPEN, habits)

    (again,) = stragglers.passed([], Nanos(OPEN + 4 * NANOS), habits)

    events = [orjson.loads(event) for event in again.events]
    assert len(events) == ROWS
    assert all(event["v"] > 100 and float(event["dv"]) == event["v"] for event in events)


def test_the_same_second_has_the_same_stragglers() -> None:
    """Two runs send the same bars at the same times."""
    assert sent(Unpunctuality(), 5, silent=5) == sent(Unpunctuality(), 5, silent=5)


def test_only_bars_straggle() -> None:
    """Trades and quotes come once and in time, minute bars as second bars do."""
    for topic, delays in (("T", {0}), ("AM", {0, 2, 4})):
        out = sent(Unpunctuality(), 5, silent=10, topic=topic)

        assert {at_ - second for at_, _, second, _ in out} == delays


def test_what_is_too_old_is_forgotten() -> None:
    """After a jump of hours nothing of before is sent."""
    stragglers = Stragglers()
    stragglers.passed([bars(0)], OPEN, Unpunctuality())

    assert stragglers.passed([], Nanos(OPEN + 3600 * NANOS), Unpunctuality()) == []
