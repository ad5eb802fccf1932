"""The minutes of hot symbols, folded from the live feed while they are followed, and told to the chronicle.

A minute is told once it is over and the feed has gone on for a grace, and again when a late second changes it within a
quarter of an hour. Only whole minutes are told: what began before the symbol was followed on this very connection is
left to the nightly job. Time is the feed's own, so that one that is late, or slow, or silent cuts no minute short.

Bounded: some 16 minutes of each followed symbol, 20 MB for 400 of them. `app` hands `deliver` every event that
comes, beside the intake; `run` is the supervisor's.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from tradeul.clock import Clock
from tradeul.domain.events import LiveBar, LiveEvents, Nanos, Symbol
from tradeul.domain.minutes import CHANGES_WITHIN_NS, MINUTE_NS, MinuteFold, minute_of
from tradeul.domain.session import NANOS
from tradeul.engine.link_watch import Link
from tradeul.engine.ports import Chronicle

LOOK_EVERY_S: Final = 0.25
GRACE_NS: Final = 5 * NANOS
"""A second's bar comes about two seconds after its end."""
QUIET_NS: Final = MINUTE_NS
"""After so long without a bar of any symbol nothing more of the past is on its way. A dead feed is found sooner."""
TOLD_A_TURN: Final = 20
"""About a millisecond of the loop."""


class _Followed:
    """One symbol, and its minutes that may still change, by their start."""

    __slots__ = ("minutes", "since")

    def __init__(self, since: Nanos) -> None:
        self.since = since
        self.minutes: dict[Nanos, MinuteFold] = {}


class Minutes:
    """Follows what `link` says is followed."""

    def __init__(self, link: Callable[[], Link], chronicle: Chronicle, clock: Clock) -> None:
        self._link = link
        self._chronicle = chronicle
        self._clock = clock
        self._followed: dict[Symbol, _Followed] = {}
        self._connected_since = Nanos(0)
        self._untold: dict[tuple[Symbol, Nanos], MinuteFold] = {}
        """Those that are another one than was told."""
        self._newest = Nanos(0)
        """How far the feed has come."""
        self._heard_at = Nanos(0)
        self._oldest = Nanos(0)
        """Minutes from here on may still change."""
        self._told = 0

    def deliver(self, events: LiveEvents) -> None:
        """Take the bars among the events; never waits."""
        if events.seconds:
            self._put(events.seconds, MinuteFold.put, whole=False)
        if events.minutes:
            self._put(events.minutes, MinuteFold.replace, whole=True)

    async def run(self) -> None:
        """Tell of minutes as they end, for ever."""
        while True:
            await self.look()
            await self._clock.pause(LOOK_EVERY_S)

    async def look(self) -> None:
        """See who is followed, and tell of what is over."""
        self._follow(self._link(), self._clock.now())
        until = self._known_until()
        over = [key for key in self._untold if key[1] + MINUTE_NS + GRACE_NS <= until]
        for number, key in enumerate(over, 1):
            # It may have gone, with its symbol, while others had the loop.
            fold = self._untold.pop(key, None)
            if fold is not None:
                self._chronicle.minute(fold.bar(until))
                self._told += 1
            if not number % TOLD_A_TURN:
                await asyncio.sleep(0)
        oldest = Nanos(minute_of(until) - MINUTE_NS - CHANGES_WITHIN_NS)
        if oldest > self._oldest:
            self._forget_before(oldest)

    def report(self) -> dict[str, object]:
        """For health: how many symbols are followed, how much is held, and what was told since the start."""
        held = sum(len(followed.minutes) for followed in self._followed.values())
        return {"symbols": len(self._followed), "held": held, "told": self._told}

    def _put(self, bars: Sequence[LiveBar], into: Callable[[MinuteFold, LiveBar], bool], *, whole: bool) -> None:
        """Put bars into their minutes. One that is a `whole` minute is so whenever we came."""
        followed, now, newest = self._followed, self._clock.now(), self._newest
        for bar in bars:
            mine, at = followed.get(bar.symbol), bar.start
            if mine is None or at > now:
                continue
            start = Nanos(at - at % MINUTE_NS)
            fold = mine.minutes.get(start) or self._begun(mine, bar.symbol, start, whole=whole)
            if fold is not None and into(fold, bar):
                self._untold[bar.symbol, start] = fold
            newest = max(newest, bar.end)
        self._newest, self._heard_at = min(newest, now), now

    def _begun(self, followed: _Followed, symbol: Symbol, start: Nanos, *, whole: bool) -> MinuteFold | None:
        """A minute of which nothing came before, unless it is too old or its beginning was not followed."""
        if start < self._oldest or not (whole or start >= followed.since):
            return None
        fold = followed.minutes[start] = MinuteFold(symbol, start)
        return fold

    def _known_until(self) -> Nanos:
        """Up to when the feed has told what it had to tell; 0 before its first bar."""
        quiet = self._clock.now() - self._heard_at
        return self._newest if quiet < QUIET_NS or not self._newest else Nanos(self._newest + quiet)

    def _follow(self, link: Link, now: Nanos) -> None:
        """Begin with those who came. Who went, or was cut off, is given up: what is not over will not be whole."""
        confirmed = link.confirmed
        if link.since != self._connected_since:
            self._connected_since = link.since
            self._followed.clear()
            self._untold.clear()
        for symbol in self._followed.keys() - confirmed:
            for start in self._followed.pop(symbol).minutes:
                self._untold.pop((symbol, start), None)
        for symbol in confirmed - self._followed.keys():
            self._followed[symbol] = _Followed(now)

    def _forget_before(self, oldest: Nanos) -> None:
        self._oldest = oldest
        for followed in self._followed.values():
            for start in [start for start in followed.minutes if start < oldest]:
                del followed.minutes[start]
