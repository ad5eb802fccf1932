"""Takes live bars from the feed without waiting, and holds them until the hot loop comes for them.

Bounded by itself: bars of one symbol fold together (newest close, widest range, largest volume), so a feed that is
faster than the engine loses no price, volume or extreme, only the steps between. `folded` counts the steps.
"""

import asyncio

from tradeul.domain.events import LiveBar, LiveEvents, Symbol


def fold(first: LiveBar, second: LiveBar) -> LiveBar:
    """Join two bars of one symbol, in whatever order they came, into what the board needs of both."""
    older, newer = (first, second) if second.end >= first.end else (second, first)
    replaced = older.start == newer.start
    return newer._replace(
        start=older.start,
        open=older.open,
        high=max(older.high, newer.high),
        low=min(older.low, newer.low),
        volume=newer.volume if replaced else older.volume + newer.volume,
        trades=newer.trades if replaced else older.trades + newer.trades,
        volume_today=max(older.volume_today, newer.volume_today),
        vwap_today=newer.vwap_today or older.vwap_today,
        official_open=newer.official_open or older.official_open,
    )


class Intake:
    """One pending bar per symbol."""

    def __init__(self) -> None:
        self._pending: dict[Symbol, LiveBar] = {}
        self._arrived = asyncio.Event()
        self.received = 0
        self.folded = 0

    def deliver(self, events: LiveEvents) -> None:
        """Take the bars among the events; never waits."""
        pending = self._pending
        self.received += len(events.seconds)
        for bar in events.seconds:
            waiting = pending.get(bar.symbol)
            if waiting is None:
                pending[bar.symbol] = bar
            else:
                pending[bar.symbol] = fold(waiting, bar)
                self.folded += 1
        if pending:
            self._arrived.set()

    async def arrival(self) -> None:
        """Wait until something is pending."""
        await self._arrived.wait()

    def take(self) -> list[LiveBar]:
        """Hand over what is pending and begin anew."""
        bars = list(self._pending.values())
        self._pending.clear()
        self._arrived.clear()
        return bars
