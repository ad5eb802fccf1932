"""What the exchange says of its peers: what they did, as they said it, and what they hold."""

from tests.support.market import at
from tests.support.simulated import listening
from tests.support.subscriber import asked, connected, holding, ticked
from tradeul.clock import ManualClock
from tradeul.simulation.exchange.ledger import MOST_ENTRIES, Heard, Ledger


async def test_what_a_peer_did_is_told_in_its_order() -> None:
    """Its coming, and each request for channels as it was said, held or not; never the key."""
    async with holding("A.F,A.NVDA") as (exchange, clock, socket):
        began = clock.monotonic()
        await clock.advance(2)
        await asked(socket, "unsubscribe", "A.F, ZZ.F")
        entries = list(exchange.ledger.entries)
        held = exchange.held()

    assert entries == [
        Heard(began, "connect"),
        Heard(began, "subscribe", ("A.F", "A.NVDA")),
        Heard(began + 2, "unsubscribe", ("A.F", "ZZ.F")),
    ]
    assert held == {"A.NVDA"}
    assert exchange.ledger.moments("unsubscribe") == [began + 2]


async def test_what_is_held_is_what_reached_the_exchange() -> None:
    """A request that a fault swallowed was said, and holds nothing; what ended holds nothing either."""
    async with holding("A.F") as (exchange, clock, socket):
        exchange.faults.switch_on("partial_acks", times=1)
        await asked(socket, "subscribe", "A.NVDA,A.TSLA")
        held = exchange.held()
        exchange.faults.switch_on("close", times=1)
        await ticked(exchange, clock)

        assert held == {"A.F", "A.NVDA"}
        assert exchange.ledger.entries[-1].channels == ("A.NVDA", "A.TSLA")
        assert exchange.held() == frozenset()


async def test_peers_are_told_apart_by_their_keys() -> None:
    """Where several keys are let in, each holds its own."""
    async with (
        listening(ManualClock(at("09:30"))) as exchange,
        connected(exchange, "one") as first,
        connected(exchange, "two") as second,
    ):
        await asked(first, "subscribe", "A.F")
        await asked(second, "subscribe", "A.NVDA")

        assert exchange.held("one") == {"A.F"}
        assert exchange.held("two") == {"A.NVDA"}
        assert exchange.held() == {"A.F", "A.NVDA"}


def test_the_ledger_is_bounded() -> None:
    """However long an exchange is asked things: the oldest goes first."""
    ledger = Ledger(ManualClock(at("09:30")))
    ledger.note("connect")
    for _ in range(MOST_ENTRIES):
        ledger.note("subscribe", ["A.F"])

    assert len(ledger.entries) == MOST_ENTRIES
    assert ledger.moments("connect") == []
