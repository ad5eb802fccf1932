"""How long it takes from the newest event to published lists, stage by stage, on a clock that is moved by hand."""

import pytest

from tests.engine.test_discovery import Engine
from tests.support.market import at, bar, image, traded
from tradeul.domain.deltas import Times
from tradeul.domain.events import Nanos
from tradeul.domain.folding import Folded


async def test_each_stage_is_timed_from_where_the_one_before_ended() -> None:
    """An event of three seconds ago, lists at once, and a fifth of a second to publish them."""
    engine = Engine("10:00")
    engine.channels.changed = lambda _names: engine.clock.spend(0.2)
    engine.a_scan_takes_s = 7.0  # what others do with the lists afterwards

    await engine.pipeline.take_image(image(traded("A", 11.0, 1_000, at("09:59:57"))), engine.clock.now())
    told = {stage: lags.last_minute(engine.clock.now()) for stage, lags in engine.vitals.latency.items()}

    assert {stage: lag and lag.batches for stage, lag in told.items()} == {"fetch": 1, "scan": 1, "publish": 1}
    assert told["fetch"] is not None
    assert told["fetch"].p50 == pytest.approx(3_000, rel=0.05)
    assert told["publish"] is not None
    assert told["publish"].p50 == pytest.approx(200, rel=0.05)
    assert told["scan"] is not None
    assert told["scan"].max == 0


async def test_live_events_are_timed_as_snapshots_are() -> None:
    """From when they were taken to lists, and on to their publication."""
    engine = Engine("10:00")
    await engine.pipeline.take_image(image(traded("A", 11.0, 1_000, at("10:00"))), engine.clock.now())
    engine.channels.changed = lambda _names: engine.clock.spend(0.5)

    await engine.pipeline.take_live([Folded([bar("A", at("10:00:01"), 12.0, 2_000.0)])])
    publish = engine.vitals.latency["publish"].last_minute(engine.clock.now())

    assert publish is not None
    assert publish.batches == 2
    assert publish.max == pytest.approx(500, rel=0.05)


async def test_a_state_knows_when_it_went_through() -> None:
    """One of a snapshot when that was asked for and came, one of live events only when they were taken."""
    engine = Engine("10:00")
    engine.source.takes_s = 0.5
    async with engine.running():
        await engine.clock.advance(0.5)
    asked, came = at("10:00"), Nanos(at("10:00") + 500_000_000)
    snapshot = engine.channels.by_name["winners"].state.times

    await engine.clock.advance(0.6)
    await engine.pipeline.take_live([Folded([bar("A", engine.clock.now(), 12.0, 2_000.0)])])
    live = engine.channels.by_name["winners"].state.times

    assert snapshot == (asked, came, came, came)
    assert live == (None, *[engine.clock.now()] * 3)


async def test_those_who_look_after_a_publication_are_told_of_the_same() -> None:
    """While they look, and not when they look by themselves; what is of no event has no times."""
    engine, told = Engine("10:00"), list[Times | None]()
    engine.looks = lambda: told.append(engine.pipeline.times)

    await engine.pipeline.take_image(image(traded("A", 11.0, 1_000, at("10:00"))), engine.clock.now())
    await engine.pipeline.rescan()

    assert told == [Times(*[engine.clock.now()] * 4), None]
    assert engine.pipeline.times is None


async def test_nothing_is_timed_while_the_market_is_closed() -> None:
    """The day's newest event is no latency, and lists that stand are not made again."""
    engine = Engine("21:00")
    for _ in range(3):
        await engine.pipeline.take_image(image(traded("A", 11.0, 1_000, at("20:00"))), engine.clock.now())

    told = [lags.last_minute(engine.clock.now()) for lags in engine.vitals.latency.values()]

    # The first lists are made whatever the hour, as somebody may look at them.
    assert [lag and lag.batches for lag in told] == [None, 1, 1]
