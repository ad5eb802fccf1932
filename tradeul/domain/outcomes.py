"""What became of an entry: where it could have been filled, and what the price did from there.

Whoever reads a list sees it at one image and can act at the next: the fill is the first price of the piece of time
after the image that decided, and a symbol that did not trade in it was not filled. Exits are the same the other way
round: the first price from the horizon on, if there is one within `PATIENCE_NS`; where there is none the outcome is
missing for a reason, never 0. Percents are those of holding the shares.
"""

from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.events import Nanos, SymbolBars
from tradeul.domain.session import NANOS, DayHours

MINUTE_NS: Final = 60 * NANOS
HORIZONS: Final = {"1m": 1, "5m": 5, "15m": 15, "60m": 60}
"""In minutes from the fill."""
CLOSE: Final = "close"
"""The regular close."""
ALL_HORIZONS: Final = (*HORIZONS, CLOSE)
PATIENCE_NS: Final = 5 * MINUTE_NS
"""Who wants to trade waits so long for a price."""

NOT_FILLED: Final = "did not trade at the next image"
TOO_COARSE: Final = "no minutes were kept"
NOT_TRADED: Final = "halted or did not trade then"
DAY_ENDED: Final = "the day ended before"
AFTER_CLOSE: Final = "came after the close"


class Move(NamedTuple):
    """From the fill to a horizon, in percent of the fill: the return, and the furthest against and for it."""

    change: float
    worst: float
    best: float


class Fill(NamedTuple):
    """When and at which price an entry could have been bought."""

    at: Nanos
    price: float


class Outcome(NamedTuple):
    """An entry's fill, and by horizon the move or the reason for which there is none; `why` where it was not filled."""

    fill: Fill | None
    moves: dict[str, Move | str]
    why: str = ""


def outcome(bars: SymbolBars, minutes: int, decided_at: Nanos, hours: DayHours) -> Outcome:
    """Follow an entry that was decided at an image; `bars` are of so many minutes, the whole day's."""
    place = int(np.searchsorted(bars.start, decided_at))
    if place >= len(bars.start) or bars.start[place] >= decided_at + PATIENCE_NS:
        return Outcome(None, {}, NOT_FILLED)
    fill = Fill(Nanos(int(bars.start[place])), float(bars.open[place]))
    moves: dict[str, Move | str] = {
        name: _after(bars, place, fill, length * MINUTE_NS, hours) if length >= minutes else TOO_COARSE
        for name, length in HORIZONS.items()
    }
    moves[CLOSE] = _at_close(bars, place, fill, minutes, hours)
    return Outcome(fill, moves)


def _after(bars: SymbolBars, place: int, fill: Fill, length_ns: int, hours: DayHours) -> Move | str:
    until = fill.at + length_ns
    if until >= hours.ends_at:
        return DAY_ENDED
    exit_ = int(np.searchsorted(bars.start, until))
    if exit_ >= len(bars.start) or bars.start[exit_] >= until + PATIENCE_NS:
        return NOT_TRADED
    return _move(bars, place, exit_, fill.price, float(bars.open[exit_]))


def _at_close(bars: SymbolBars, place: int, fill: Fill, minutes: int, hours: DayHours) -> Move | str:
    closes_at = hours.closes_at
    if fill.at >= closes_at:
        return AFTER_CLOSE
    end = int(np.searchsorted(bars.start, closes_at))
    if bars.start[end - 1] + minutes * MINUTE_NS <= closes_at - PATIENCE_NS:
        return NOT_TRADED
    return _move(bars, place, end, fill.price, float(bars.close[end - 1]))


def _move(bars: SymbolBars, first: int, end: int, paid: float, got: float) -> Move:
    """From one bar up to another, which is only sold at."""
    lowest = min(paid, got, float(bars.low[first:end].min(initial=paid)))
    highest = max(paid, got, float(bars.high[first:end].max(initial=paid)))
    return Move(*(100.0 * (price - paid) / paid for price in (got, lowest, highest)))
