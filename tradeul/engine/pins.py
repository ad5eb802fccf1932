"""Pins: symbols that a user wants in sight. They are followed live whatever the lists say.

Each change is kept before it counts. The HTTP routes ask, and for what is hot the reconciler, which is told of each.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from tradeul.clock import Clock
from tradeul.domain.events import Symbol
from tradeul.engine.ports import UserStore
from tradeul.errors import UsageError

SECTION: Final = "pins"
MOST_PINS: Final = 200


class Pins:
    """In the order in which they were pinned; `since` is market time in milliseconds. `changed` hears of each turn."""

    def __init__(self, kept: Mapping[str, object], store: UserStore, clock: Clock) -> None:
        self._since = {Symbol(name): since if isinstance(since, int) else 0 for name, since in kept.items()}
        self._store = store
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self.changed: Callable[[], None] = lambda: None

    @property
    def since(self) -> Mapping[Symbol, int]:
        """Since when each is pinned."""
        return self._since

    def symbols(self) -> frozenset[Symbol]:
        """All that are pinned."""
        return frozenset(self._since)

    async def pin(self, symbol: Symbol) -> int:
        """Pin a symbol, if it is not; gives since when. Raises `UsageError` if there are too many, or `OSError`."""
        async with self._one_at_a_time:
            if symbol in self._since:
                return self._since[symbol]
            if len(self._since) >= MOST_PINS:
                raise UsageError(f"{MOST_PINS} pins are the most: take one away first")
            now = self._clock.now() // 1_000_000
            await asyncio.to_thread(self._store.keep, SECTION, symbol, now)
            self._since[symbol] = now
            self.changed()
            return now

    async def unpin(self, symbol: Symbol) -> bool:
        """Take a pin away; whether there was one. Raises `OSError`."""
        async with self._one_at_a_time:
            if symbol not in self._since:
                return False
            await asyncio.to_thread(self._store.keep, SECTION, symbol, None)
            del self._since[symbol]
            self.changed()
            return True
