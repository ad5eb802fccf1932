"""What the last 30 sessions say about each symbol: average volumes and price, and Wilder's average true range."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tradeul.domain.events import DailyBars, Floats, Ints, Symbol

LONG_SESSIONS: Final = 30
SHORT_SESSIONS: Final = 10
ATR_SESSIONS: Final = 14


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """One array element per symbol; NaN where the history is too short."""

    symbols: tuple[Symbol, ...]
    volume_10d: Floats
    volume_30d: Floats
    price_30d: Floats
    atr: Floats


class DailyHistory:
    """Collects finished sessions in any order, and averages what it holds."""

    def __init__(self) -> None:
        self._row_of: dict[Symbol, int] = {}
        self._days: list[tuple[DailyBars, Ints]] = []

    def add(self, bars: DailyBars) -> None:
        """Take one session; a day without symbols was no session and is ignored."""
        if not bars.symbols:
            return
        row_of = self._row_of
        rows = np.fromiter((row_of.setdefault(s, len(row_of)) for s in bars.symbols), np.int64, len(bars.symbols))
        self._days.append((bars, rows))

    def __len__(self) -> int:
        return len(self._days)

    def averages(self, splits: Iterable[tuple[Symbol, dt.date, float]] = (), before: dt.date = dt.date.max) -> Averages:
        """Average over the last sessions held, in the shares of after the splits (symbol, date, new shares for an old
        one); over those before a date where one is given.

        A session without a bar after a symbol's first one counts as no volume.
        """
        held = [day for day in self._days if day[0].date < before]
        days = sorted(held, key=lambda day: day[0].date)[-LONG_SESSIONS:]
        shares = self._shares_since([bars.date for bars, _ in days], splits)
        volume = self._matrix(days, "volume") * shares
        close = self._matrix(days, "close") / shares
        listed = np.maximum.accumulate(~np.isnan(close), axis=0)
        volume = np.where(listed, np.nan_to_num(volume), np.nan)
        return Averages(
            symbols=tuple(self._row_of),
            volume_10d=_mean(volume[-SHORT_SESSIONS:]),
            volume_30d=_mean(volume),
            price_30d=np.round(_mean(close), 4),
            atr=np.round(wilder_atr(self._matrix(days, "high") / shares, self._matrix(days, "low") / shares, close), 4),
        )

    def _shares_since(self, dates: Sequence[dt.date], splits: Iterable[tuple[Symbol, dt.date, float]]) -> Floats:
        """How many shares of now one share of each day and symbol has become."""
        shares = np.ones((len(dates), len(self._row_of)))
        for symbol, date, ratio in splits:
            row = self._row_of.get(symbol)
            if row is not None:
                shares[[day < date for day in dates], row] *= ratio
        return shares

    def _matrix(self, days: Sequence[tuple[DailyBars, Ints]], name: str) -> Floats:
        matrix = np.full((len(days), len(self._row_of)), np.nan)
        for line, (bars, rows) in zip(matrix, days, strict=True):
            line[rows] = getattr(bars, name)
        return matrix


def _mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    mean: Floats = total / np.where(count == 0, np.nan, count)
    return mean


def wilder_atr(high: Floats, low: Floats, close: Floats) -> Floats:
    """Smooth the true ranges of sessions (rows, oldest first): the mean of the first 14, then 1/14 of each new one."""
    symbols = close.shape[1]
    previous = np.full(symbols, np.nan)
    total: Floats = np.zeros(symbols)
    count: npt.NDArray[np.int64] = np.zeros(symbols, np.int64)
    atr = np.full(symbols, np.nan)
    for day_high, day_low, day_close in zip(high, low, close, strict=True):
        true_range = np.fmax(day_high, previous) - np.fmin(day_low, previous)
        usable = ~np.isnan(day_close) & ~np.isnan(previous)
        total = np.where(usable, total + true_range, total)
        smoothed = (atr * (ATR_SESSIONS - 1) + true_range) / ATR_SESSIONS
        atr = np.where(usable & ~np.isnan(atr), smoothed, atr)
        count += usable
        atr = np.where(usable & (count == ATR_SESSIONS), total / ATR_SESSIONS, atr)
        previous = np.where(np.isnan(day_close), previous, day_close)
    return atr
