"""Takes live bars from the feed without waiting, and holds them until the hot loop comes for them.

Bounded by itself: bars of one symbol fold together (newest close, widest range, largest volume), so a feed that is
faster than the engine loses no price, volume or extreme, only the steps between. `folded` counts the steps. The newest
minute of a symbol is kept apart from those before it, as sessions and slots end with a minute.
"""

import asyncio

from tradeul.domain.events import LiveBar, LiveEvents, Symbol
from tradeul.domain.minutes import MINUTE_NS


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
    """At most two pending bars per symbol: of its newest minute, and of all before."""

    def __init__(self) -> None:
        self._newest: dict[Symbol, LiveBar] = {}
        self._older: dict[Symbol, LiveBar] = {}
        self._arrived = asyncio.Event()
        self.received = 0
        self.folded = 0

    def deliver(self, events: LiveEvents) -> None:
        """Take the bars among the events; never waits."""
        self.received += len(events.seconds)
        for bar in events.seconds:
            waiting = self._newest.get(bar.symbol)
            if waiting is None or _minute(waiting) == _minute(bar):
                self._put(self._newest, bar)
            elif _minute(waiting) > _minute(bar):
                self._put(self._older, bar)
            else:
                self._put(self._older, waiting)
                self._newest[bar.symbol] = bar
        if self._newest:
            self._arrived.set()

    def _put(self, pending: dict[Symbol, LiveBar], bar: LiveBar) -> None:
        waiting = pending.get(bar.symbol)
        if waiting is None:
            pending[bar.symbol] = bar
        else:
            pending[bar.symbol] = fold(waiting, bar)
            self.folded += 1

    async def arrival(self) -> None:
        """Wait until something is pending."""
        await self._arrived.wait()

    def take(self) -> list[LiveBar]:
        """Hand over what is pending, at most one bar per symbol: if something is of older minutes that, first."""
        if self._older:
            bars = list(self._older.values())
            self._older.clear()
            return bars
        bars = list(self._newest.values())
        self._newest.clear()
        self._arrived.clear()
        return bars


def _minute(bar: LiveBar) -> int:
    return bar.start // MINUTE_NS
