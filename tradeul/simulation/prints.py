"""The single trades behind a second's bars, symbol by symbol in the order of time.

They add up to the bar: the first is at its open, the last at its close, and as far as there are shares for it one
is at its high and one at its low. The last is the one that a snapshot shows.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain.events import Floats, Ints
from tradeul.domain.session import NANOS
from tradeul.simulation.chance import Keys, keyed, numbered, uniform
from tradeul.simulation.shape import Bars, Columns, on_tick
from tradeul.simulation.trading_day import TradingDay

MOST_PRINTS: Final = 50
"""A symbol prints no more often in a second; what is more, as in an auction, makes the prints larger."""
_PRINTS: Final = 46
"""The part of a key that keeps prints apart from the levels above them."""
_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Prints(Columns):
    """One element per trade; `number` counts within the symbol's second, `at` is in nanoseconds."""

    rows: Ints
    number: Ints
    price: Ints
    size: Ints
    at: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Where each bar's prints lie among all."""

    counts: Ints
    first: Ints
    last: Ints
    owner: Ints
    number: Ints


def prints_of(day: TradingDay, rows: Ints, second: int, bars: Bars) -> Prints:
    """The trades of one second; `bars` are the seconds of these rows, all of which traded."""
    last_at, last_size = day.last_trades(rows, np.full(len(rows), second), bars.volume)
    runs = _runs(_counts(bars, day.plan.manner.trade_size[rows], last_size))
    seconds = numbered(keyed(day.plan.manner.key[rows], _PRINTS), np.full(len(rows), second))
    keys = numbered(seconds[runs.owner], runs.number)
    passed = _progress(uniform(keyed(keys, 1)), runs)
    start = day.hours.pre_market_start + second * NANOS
    return Prints(
        rows=rows[runs.owner],
        number=runs.number,
        price=_prices(bars, runs, passed, keys),
        size=_sizes(bars.volume, last_size, runs, keys),
        at=start + ((last_at - start)[runs.owner] * passed).astype(np.int64),
    )


def _counts(bars: Bars, trade_size: Floats, last_size: Ints) -> Ints:
    """How often each prints: by its usual size, but for each corner of the bar once, and each with a share at least."""
    above, below = _wicks(bars)
    corners = 2 + above.astype(np.int64) + below
    usual = np.clip(np.rint(bars.volume / trade_size).astype(np.int64), corners, MOST_PRINTS)
    counts: Ints = np.minimum(usual, 1 + bars.volume - last_size)
    return counts


def _wicks(bars: Bars) -> tuple[Ints, Ints]:
    above = bars.high > np.maximum(bars.open, bars.close)
    below = bars.low < np.minimum(bars.open, bars.close)
    return above.astype(np.int64), below.astype(np.int64)


def _runs(counts: Ints) -> _Runs:
    end = np.cumsum(counts)
    first = end - counts
    owner = np.repeat(np.arange(len(counts)), counts)
    return _Runs(counts, first, end - 1, owner, np.arange(len(owner)) - first[owner])


def _progress(steps: Floats, runs: _Runs) -> Floats:
    """How far along its second each print is, when each has gone its step: the last is at 1."""
    passed = np.cumsum(steps)
    passed -= (passed - steps)[runs.first][runs.owner]
    total = passed[runs.last][runs.owner]
    return np.divide(passed, total, out=np.ones_like(passed), where=total > 0.0)


def _sizes(volume: Ints, last_size: Ints, runs: _Runs, keys: Keys) -> Ints:
    """One share for each, the last one's own size, and the rest dealt out among those before it."""
    steps = uniform(keyed(keys, 2))
    steps[runs.last] = 0.0
    spare = (volume - last_size - (runs.counts - 1))[runs.owner]
    dealt = np.floor(spare * _progress(steps, runs) + _ROUNDING).astype(np.int64)
    size = 1 + np.diff(dealt, prepend=0)
    size[runs.first] = 1 + dealt[runs.first]
    size[runs.last] = last_size
    return size


def _prices(bars: Bars, runs: _Runs, passed: Floats, keys: Keys) -> Ints:
    """Wander from open to close within the bar, touching its ends in the order in which a bar like it would."""
    owner = runs.owner
    drift = bars.open[owner] + (bars.close - bars.open)[owner] * passed
    drift += (uniform(keyed(keys, 3)) - 0.5) * (bars.high - bars.low)[owner]
    price = np.clip(on_tick(drift), bars.low[owner], bars.high[owner])
    above, below = _wicks(bars)
    rising = bars.close >= bars.open
    price[runs.first] = bars.open
    for level, touched, earlier in ((bars.low, below, above * ~rising), (bars.high, above, below * rising)):
        fits = np.flatnonzero((touched > 0) & (1 + earlier <= runs.counts - 2))
        price[(runs.first + 1 + earlier)[fits]] = level[fits]
    price[runs.last] = bars.close
    return price
