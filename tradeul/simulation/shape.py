"""Bars, and the one law by which a bar falls apart into finer ones: `split`.

Volumes of the children add up to the parent's; the first that traded opens at its open, the last closes at its
close; together they reach its high and its low and never pass them. So a day, its slots, minutes and seconds
always agree. Prices are whole ten-thousandths of a dollar.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from tradeul.domain.events import Floats, Ints
from tradeul.simulation.chance import Keys, mixed, numbered, rough_normal, uniform

UNITS_PER_DOLLAR: Final = 10_000
CENT: Final = 100
PRICES_IN_TURNOVER: Final = 4
CELLS_PER_SLICE: Final = 12_000
"""What is worked on between two yields to the loop: 12,000 children split in 2 to 3 ms."""

_HALF: Final = np.uint64(0xFFFFFFFF)
_HALF_UNIT: Final = 2.0**-32
_ROUNDING: Final = 1e-6
_SPREAD_OF_PATH: Final = 0.8
_ENVELOPE: Final = 0.92
_WICK: Final = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Arrays (or groups of arrays) of one length, handled together."""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        names: tuple[str, ...] = cls.__dict__["__slots__"]
        return names

    def take(self, rows: Any) -> Self:
        """Select rows by anything that indexes an array."""
        return type(self)(*[_part(getattr(self, name), rows) for name in self.names()])

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put the parts one behind the other."""
        return cls(*[_whole([getattr(part, name) for part in parts]) for name in cls.names()])


def _part(column: Any, rows: Any) -> Any:
    return column.take(rows) if isinstance(column, Columns) else column[rows]


def _whole(parts: list[Any]) -> Any:
    return parts[0].joined(parts) if isinstance(parts[0], Columns) else np.concatenate(parts)


@dataclass(frozen=True, slots=True, eq=False)
class Bars(Columns):
    """Bars of any length of time; where the volume is 0 there was no trade and the prices are 0."""

    volume: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints

    @property
    def turnover(self) -> Ints:
        """Volume times mean price, in quarter units: whole numbers, so sums do not depend on their order."""
        return self.volume * (self.open + self.high + self.low + self.close)

    def flat(self) -> Self:
        """All of them in one row."""
        return type(self)(*(getattr(self, name).ravel() for name in self.names()))


def slices(count: int, cells_per_row: int) -> Iterator[slice]:
    """Cut rows into slices that are worked through in a few milliseconds each."""
    step = max(1, CELLS_PER_SLICE // cells_per_row)
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def on_tick(price: Floats) -> Ints:
    """Round to a price that can trade: cents, and hundredths of a cent below a dollar."""
    return np.maximum(_rounded(price), 1.0).astype(np.int64)


def _rounded(price: Floats) -> Floats:
    fine: Floats = np.rint(price)
    coarse = price / CENT
    np.rint(coarse, out=coarse)
    coarse *= CENT
    return np.where(fine < UNITS_PER_DOLLAR, fine, coarse)


def shared_out(volume: Ints, weights: Floats, trade_size: Floats, keys: Keys, roughness: float) -> Ints:
    """Deal whole shares to children about by their weights; few trades leave most children with none.

    Every deal adds up. On average a child gets its weight, however rarely it trades.
    """
    weights = weights / weights.sum(axis=-1, keepdims=True)
    trades = (volume / trade_size)[:, None]
    chance = np.maximum(-np.expm1(-trades * weights), 1e-12)
    draw = uniform(keys) / chance
    traded = (draw < 1.0) | (draw == draw.min(axis=1, keepdims=True))
    portion = (keys & _HALF).astype(np.float64)
    portion *= 2.0 * roughness * _HALF_UNIT
    portion += 1.0 - roughness
    portion *= weights
    portion /= chance
    portion *= traded
    edges = np.cumsum(portion, axis=1)
    edges *= volume[:, None] / edges[:, -1:]
    # Where nothing trades any more, rounding must not leave a share over.
    edges += _ROUNDING
    edges[:, -1] = volume
    dealt = np.floor(edges).astype(np.int64)
    dealt[:, 1:] -= dealt[:, :-1].copy()
    return dealt


def split(parents: Bars, weights: Floats, trade_size: Floats, keys: Keys, roughness: float = 0.6) -> Bars:
    """Take M bars apart into M x K finer ones; `weights` is K or M x K, `keys` names each parent's place."""
    shape = np.broadcast_shapes((len(keys), 1), weights.shape)
    child_keys = numbered(keys[:, None], np.arange(shape[1]))
    volume = shared_out(parents.volume, np.broadcast_to(weights, shape), trade_size, child_keys, roughness)
    step, *wicks = rough_normal(mixed(child_keys ^ _HALF))
    ends = np.stack((parents.open, parents.high, parents.low, parents.close)).astype(np.float64)[:, :, None]
    close, reach = _path(ends, volume, step)
    return _with_wicks(ends, volume, close, reach, (wicks[0], wicks[1]))


def _path(ends: Floats, volume: Ints, step: Floats) -> tuple[Floats, Floats]:
    """Walk from the parents' open to their close inside [low, high]: far where much trades, nowhere where nothing
    does.
    """
    start, high, low, end = ends
    activity = np.sqrt(volume)
    passed = np.cumsum(activity, axis=1)
    total = passed[:, -1:]
    step *= np.sqrt(activity)
    walk = np.cumsum(step, axis=1)
    done = passed / np.maximum(total, 1.0)
    reach = (high - low) * _SPREAD_OF_PATH / np.sqrt(np.maximum(total, 1.0))
    path = (walk - done * walk[:, -1:]) * reach
    done *= end - start
    path += done
    path += start
    _press(path, np.maximum(start, end), high, np.maximum)
    _press(path, np.minimum(start, end), low, np.minimum)
    tidy = np.minimum(np.maximum(_rounded(path), low), high)
    np.copyto(tidy, start, where=passed == 0.0)
    np.copyto(tidy, end, where=passed == total)
    return tidy, reach * np.sqrt(activity)


def _press(path: Floats, shoulder: Floats, limit: Floats, outer: np.ufunc) -> None:
    """Squeeze or stretch what lies beyond the shoulder so that it ends just before the limit."""
    excess = outer(path, shoulder)
    excess -= shoulder
    peak = outer.reduce(excess, axis=1, keepdims=True)
    scale = np.divide((limit - shoulder) * _ENVELOPE, peak, out=np.zeros_like(peak), where=peak != 0.0)
    path -= excess
    excess *= scale
    path += excess


def _with_wicks(ends: Floats, volume: Ints, close: Floats, reach: Floats, wicks: tuple[Floats, Floats]) -> Bars:
    start, highest, lowest, _ = ends
    traded = volume > 0
    open_ = np.concatenate([start, close[:, :-1]], axis=1)
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    upper, lower = (wick * wick * (_WICK * reach) for wick in wicks)
    high = np.minimum(_rounded(top + upper), highest)
    low = np.maximum(_rounded(bottom - lower), lowest)
    every = np.arange(len(close))
    high[every, np.where(traded, top, -1.0).argmax(axis=1)] = highest[:, 0]
    low[every, np.where(traded, bottom, np.inf).argmin(axis=1)] = lowest[:, 0]
    return Bars(volume, *((price * traded).astype(np.int64) for price in (open_, high, low, close)))
