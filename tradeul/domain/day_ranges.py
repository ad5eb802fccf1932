"""How far prices went today before anybody looked, as the vendor's bars say: in all, and before the open.

A program that starts in the middle of a day sees prices from then on only, and would call the first move a new high.
Pure: made of a symbol's bars by whoever loads them, taken by the board.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tradeul.domain.events import Floats, Symbol, SymbolBars
from tradeul.domain.session import DayHours


class DayRange(NamedTuple):
    """One symbol's extremes of one date; NaN where nothing traded."""

    symbol: Symbol
    high: float
    low: float
    premarket_high: float
    premarket_low: float


def range_of(bars: SymbolBars, hours: DayHours) -> DayRange:
    """What the bars of a session say of it."""
    first, opened, last = np.searchsorted(
        bars.start, (hours.pre_market_start, hours.market_open, hours.post_market_end)
    )
    return DayRange(
        bars.symbol,
        *_extremes(bars.high[first:last], bars.low[first:last]),
        *_extremes(bars.high[first:opened], bars.low[first:opened]),
    )


def columns_of(ranges: Sequence[DayRange]) -> tuple[Floats, Floats, Floats, Floats]:
    """The numbers of several, one element per symbol: highs, lows, and those of before the open."""
    high, low, premarket_high, premarket_low = np.array([each[1:] for each in ranges], np.float64).reshape(-1, 4).T
    return high, low, premarket_high, premarket_low


def _extremes(highs: Floats, lows: Floats) -> tuple[float, float]:
    """The highest and the lowest; a vendor's 0 is no price."""
    return (
        float(np.max(highs, initial=-np.inf, where=highs > 0)) if (highs > 0).any() else np.nan,
        float(np.min(lows, initial=np.inf, where=lows > 0)) if (lows > 0).any() else np.nan,
    )
