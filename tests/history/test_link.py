"""The writing connection leaves a server that fails alone for longer and longer, and says so once."""

from structlog.testing import capture_logs

from tests.history.keeping import NOON
from tradeul.clock import ManualClock
from tradeul.history.link import Link, Pace


class Nowhere:
    """An address that there is not yet; counts how often somebody asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        return ""


async def test_the_waits_grow_to_half_a_minute() -> None:
    """1, 2, 4 ... 30 s between attempts, each made when its time has come and not before; one line in the log."""
    clock, nowhere = ManualClock(NOON), Nowhere()
    link = Link(nowhere, "live", clock, Pace())
    attempts = []
    with capture_logs() as logs:
        for second in range(130):
            before = nowhere.asked
            assert not await link.ready()
            if nowhere.asked > before:
                attempts.append(second)
            await clock.advance(1)

    assert attempts == [0, 1, 3, 7, 15, 31, 61, 91, 121]
    assert link.failures == len(attempts)
    assert link.last_error == "Postgres has not started yet"
    assert [line["event"] for line in logs] == ["history_away"]
    assert not link.prepared
    await link.close()
