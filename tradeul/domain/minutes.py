"""One minute of one symbol, folded from the second bars of a live feed that are late, repeated and replaced.

The minute is the same in whatever order its seconds came: each has a place of its own, and what comes for a place
again replaces what was there. The feed's own bar of the minute, where it sends one, is better than any fold of ours.
`engine/minutes` holds one for each minute that may still change.
"""

import struct
from array import array
from collections.abc import Iterable
from typing import Final

from tradeul.domain.events import LiveBar, MinuteBar, Nanos, Symbol
from tradeul.domain.session import NANOS, DayHours

SECONDS: Final = 60
MINUTE_NS: Final = SECONDS * NANOS
CHANGES_WITHIN_NS: Final = 15 * MINUTE_NS
"""So long after its end a minute is sent again when late trades change it."""
PRICE_DECIMALS: Final = 4

_SECOND: Final = struct.Struct("6d")
"""Open, high, low, close, volume and average price. One whose open is 0 did not come."""
_VALUES: Final = 6


def minute_of(at: Nanos) -> Nanos:
    """The start of the minute that an instant is in."""
    return Nanos(at - at % MINUTE_NS)


def final_at(hours: DayHours) -> Nanos:
    """When no minute of a day changes any more."""
    return Nanos(hours.post_market_end + CHANGES_WITHIN_NS)


class MinuteFold:
    """Takes 3 KB, however many seconds came."""

    __slots__ = ("_own", "_seconds", "start", "symbol")

    def __init__(self, symbol: Symbol, start: Nanos) -> None:
        self.symbol = symbol
        self.start = start
        self._seconds = bytearray(SECONDS * _SECOND.size)
        self._own: LiveBar | None = None

    def put(self, second: LiveBar) -> bool:
        """Put a second in its place; whether the minute is another one now. Called 1,500x/s at the open."""
        if self._own is not None:
            return False
        at = (second.start - self.start) // NANOS * _SECOND.size
        packed = _SECOND.pack(second.open, second.high, second.low, second.close, second.volume, second.vwap)
        if self._seconds[at : at + _SECOND.size] == packed:
            return False
        self._seconds[at : at + _SECOND.size] = packed
        return True

    def replace(self, minute: LiveBar) -> bool:
        """Believe the feed's own bar of this minute from here on; whether the minute is another one now."""
        changed = minute != self._own
        self._own = minute
        return changed

    def bar(self, as_of: Nanos) -> MinuteBar:
        """The minute as far as it is known; something was put. Nobody counts trades in a feed of bars."""
        own = self._own
        if own is not None:
            prices = (own.open, own.high, own.low, own.close)
            return MinuteBar(self.start, self.symbol, *prices, own.volume, own.vwap or None, None, as_of)
        values = array("d", bytes(self._seconds))
        opens, highs, lows, closes, volumes, vwaps = (values[place::_VALUES] for place in range(_VALUES))
        opened, closed = next(filter(None, opens)), next(filter(None, reversed(closes)))
        volume = sum(volumes)
        prices = (opened, max(highs), min(filter(None, lows)), closed)
        vwap = _vwap(vwaps, volumes, volume)
        return MinuteBar(self.start, self.symbol, *prices, volume, vwap, None, as_of)


def _vwap(vwaps: Iterable[float], volumes: Iterable[float], volume: float) -> float | None:
    """The average price of all shares; unknown if it is of any of them, as a close would be a guess."""
    if not volume or any(shares and not price for price, shares in zip(vwaps, volumes, strict=True)):
        return None
    turnover = sum(price * shares for price, shares in zip(vwaps, volumes, strict=True))
    return round(turnover / volume, PRICE_DECIMALS)
