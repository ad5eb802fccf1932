"""Whether a live feed is asked for what is wanted, seen from the vendor's end: drift, and what was wrongly given up.

Looks at the exchange and at the stream again and again while a test does something to both. Drift is every second bar
that is wanted and not held there, or held and not wanted.
"""

from collections import Counter

from tradeul.clock import SystemClock
from tradeul.domain.events import Symbol
from tradeul.polygon.frames import SECONDS, channel_of
from tradeul.polygon.stream import PolygonStream
from tradeul.simulation.exchange.server import Exchange

LOOK_EVERY_S = 0.05
RENEWED_WITHIN_S = 1.5
"""What is taken back to be asked for again comes with the next batch."""

Wish = tuple[float, frozenset[Symbol]]


class FeedWatch:
    """One stream on one exchange. Times are monotonic seconds."""

    def __init__(self, exchange: Exchange, stream: PolygonStream, key: str | None = None) -> None:
        self._exchange = exchange
        self.stream = stream
        self._key = key
        self.clock = SystemClock()
        self.wishes: list[Wish] = []
        self.whole_at: list[float] = []
        """When there was no drift."""

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await self.clock.pause(LOOK_EVERY_S)

    def look(self) -> None:
        now, desired = self.clock.monotonic(), self.stream.state.desired
        if not self.wishes or self.wishes[-1][1] != desired:
            self.wishes.append((now, desired))
        if not self.drift():
            self.whole_at.append(now)

    def drift(self) -> set[str]:
        """The channels in question."""
        held = {channel for channel in self._exchange.held(self._key) if channel.startswith(f"{SECONDS}.")}
        return held ^ {channel_of(SECONDS, symbol) for symbol in self.stream.state.desired}

    def lost(self) -> bool:
        """Whether the exchange sends nothing at all: a symbol that has just come is drift too, for a moment."""
        return not self._exchange.held(self._key)

    def healed_after(self, moment: float) -> float | None:
        """Seconds from then until there was no drift; None: there still is."""
        return next((at - moment for at in self.whole_at if at > moment), None)

    def wrongly_left(self) -> Counter[str]:
        """Channels that were unsubscribed while they were wanted all along, and not asked for again at once."""
        wrong, entries = Counter[str](), list(self._exchange.ledger.entries)
        for place, each in enumerate(entries):
            if each.action != "unsubscribe":
                continue
            again = {
                channel
                for later in entries[place:]
                if later.action == "subscribe" and later.at - each.at <= RENEWED_WITHIN_S
                for channel in later.channels
            }
            wrong.update(channel for channel in set(each.channels) - again if self._wanted_around(channel, each.at))
        return wrong

    def _wanted_around(self, channel: str, at: float) -> bool:
        """Whether it was wanted just before and just after: a look may see a wish late."""
        symbol = Symbol(channel.partition(".")[2])
        near = [wish for began, wish in self.wishes if abs(began - at) <= 2 * LOOK_EVERY_S]
        before = next((wish for began, wish in reversed(self.wishes) if began <= at), frozenset[Symbol]())
        return all(symbol in wish for wish in (before, *near))
