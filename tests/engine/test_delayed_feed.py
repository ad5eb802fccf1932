"""A feed that is a quarter of an hour late and does not say so: its own time decides what is due, stale and closed."""

from tests.engine.test_discovery import Engine
from tests.support.market import NANOS, at, image, traded
from tradeul.domain.events import MarketImage, Nanos
from tradeul.domain.session import Session

LATE_S = 900


def late(now: Nanos) -> MarketImage:
    """The market of a quarter of an hour ago; after its last trade at 20:00 it stands."""
    when = Nanos(min(now - LATE_S * NANOS, at("19:59:59")))
    opened = {"day_open": 10.5, "day_close": 11.0} if when >= at("09:30") else {}
    return image(traded("A", 11.0, when % 1_000_000_007, when, **opened), traded("B", 9.0, 500, when))


async def test_it_is_called_delayed_and_not_stale() -> None:
    """By its lag alone, from the first image on."""
    engine = Engine("11:00")
    engine.source.answer = late

    async with engine.running():
        await engine.clock.advance(21)

    assert engine.view.market() == "delayed"
    assert engine.view.feed().state == "live"
    assert engine.vitals.behind_s == LATE_S


async def test_values_are_of_the_feeds_session() -> None:
    """At 09:40 its market is not open yet; lists of the regular session begin a quarter of an hour later."""
    engine = Engine("09:40")
    engine.source.answer = late

    async with engine.running():
        await engine.clock.advance(1)
        moment = engine.enrichment.moment()
        before = len(engine.channels.by_name["momentum_up"].state.rows)
        await engine.clock.advance(310)

    assert moment is not None
    assert moment.session is Session.PRE_MARKET
    assert before == 0
    assert len(engine.channels.by_name["momentum_up"].state.rows) == 1


async def test_it_is_fetched_until_its_own_close() -> None:
    """At eight in the evening its market trades on for a quarter of an hour, at the even pace."""
    engine = Engine("19:59:57")
    engine.source.answer = late

    async with engine.running():
        await engine.clock.advance(600)
        during = engine.view.feed().state
        paces = set(engine.asked_after())
        await engine.clock.advance(400)

    assert (during, paces) == ("live", {5.0})
    assert engine.view.feed().state == "closed"
    assert engine.asked_after()[-1] == 60.0


async def test_one_that_stands_still_is_stale_all_the_same() -> None:
    """A minute of the same content while its market is open, as for any feed."""
    engine = Engine("11:00")
    engine.source.answer = late
    async with engine.running():
        await engine.clock.advance(10)
        fixed = late(engine.clock.now())
        engine.source.answer = lambda _now: fixed
        await engine.clock.advance(70)

    assert engine.view.market() == "delayed"
    assert engine.view.feed().reason.startswith("frozen")


async def test_a_prompt_feed_is_not_called_delayed_when_the_market_closes() -> None:
    """After its last trade it falls behind the clock, ten to twenty minutes too, and that says nothing."""
    engine = Engine("19:59:50")
    engine.source.answer = lambda now: image(traded("A", 11.0, now % 1_000_003, min(now, at("19:59:55"))))

    async with engine.running():
        for _ in range(30):
            await engine.clock.advance(60)
            assert engine.view.market() == "live"
