"""The lists of a simulated morning, snapshot by snapshot: what every server of the comparison is to send."""

from tests.benchmarks.hot_reranks import Desk
from tests.support.market import at
from tests.support.simulated import listening
from tests.support.stage import Round
from tradeul.clock import ManualClock
from tradeul.polygon.rest import PolygonRest

SYMBOLS = 12_000
BEGINS = at("10:30")
INTERVAL_S = 5.0


async def morning(count: int) -> list[Round]:
    """The lists of 12,000 symbols after each snapshot, of those that every one of them changes."""
    clock = ManualClock(BEGINS)
    desk, rounds, changing = Desk(clock), list[Round](), set(Desk(clock).frames)
    async with listening(clock, SYMBOLS) as exchange, PolygonRest(exchange.rest_url, "bench", clock) as rest:
        for number in range(count):
            image, now, before = await rest.snapshot(), clock.now(), _sequences(desk)
            desk.enrichment.apply_image(image, desk.enrichment.read(image, now), now, now)
            desk.rerank([], {})
            changing &= {name for name, sequence in _sequences(desk).items() if sequence != before[name] or not number}
            states = {name: channel.state for name, channel in desk.channels.by_name.items()}
            rounds.append({name: [(row.symbol, row.values) for row in state.rows] for name, state in states.items()})
            await clock.advance(INTERVAL_S)
    # The first image is what lists begin with, and some begin empty.
    return [{name: rows for name, rows in each.items() if name in changing} for each in rounds[1:]]


def _sequences(desk: Desk) -> dict[str, int]:
    return {name: channel.state.sequence for name, channel in desk.channels.by_name.items()}
