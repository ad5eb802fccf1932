"""Hours without a vendor, and a minute in which the machine slept: both end by themselves, and nothing is caught up."""

from itertools import pairwise

from tests.engine.test_discovery import Engine
from tests.support.market import NANOS
from tradeul.errors import VendorUnavailable

OUTAGE_S = 3 * 3_600
SLEPT_S = 60.0


async def test_three_hours_without_a_vendor_end_by_themselves() -> None:
    """It is asked every 5 s all the while, by the same loop, and within 6 s of its being back all is live."""
    engine = Engine("10:00")
    answer = engine.source.answer
    async with engine.running():
        engine.source.answer = VendorUnavailable("no route to the vendor")
        await engine.clock.advance(OUTAGE_S)
        stale, asked = engine.view.feed().state, len(engine.source.asked)
        engine.source.answer = answer
        await engine.clock.advance(6)

        assert stale == "stale"
        assert asked == OUTAGE_S // 5 + 1
        assert engine.view.feed().state == "live"
        assert len(engine.shown) in (2, 3)


async def test_a_minute_that_was_slept_through_is_one_poll() -> None:
    """Twelve were due meanwhile: one is made, and the next one comes 5 s after it."""
    engine = Engine("10:00")
    async with engine.running():
        await engine.clock.advance(10)
        asked = len(engine.source.asked)
        engine.clock.spend(SLEPT_S)
        await engine.clock.advance(4)
        caught_up = len(engine.source.asked) - asked
        await engine.clock.advance(10)

    assert caught_up == 1
    since = [(later - earlier) / NANOS for earlier, later in pairwise(engine.source.asked[asked:])]
    assert set(since) == {5.0}
