"""Which share of a normal day's volume has traded by which second of the day.

There are three curves, as what trades a lot is spread over the day otherwise than what hardly trades; which one is a
symbol's, its usual turnover says. They are learned from what was kept; until then the prior stands for all three. On a
day that closes early the regular session is cut at 13:00 and the post-market piece of the curve follows it at once.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain.events import Floats, Ints
from tradeul.domain.slots import (
    DAY_SECONDS,
    FIRST_EARLY_POST_SLOT,
    FIRST_POST_SLOT,
    SLOT_SECONDS,
    SLOTS_PER_DAY,
)

_PRIOR: Final = (
    ("04:00", 0.0), ("06:00", 0.001), ("07:00", 0.002), ("08:00", 0.0045), ("09:00", 0.011), ("09:30", 0.018),
    ("09:35", 0.05), ("09:45", 0.09), ("10:00", 0.14), ("10:30", 0.215), ("11:00", 0.275), ("11:30", 0.325),
    ("12:00", 0.368), ("12:30", 0.406), ("13:00", 0.442), ("13:30", 0.478), ("14:00", 0.515), ("14:30", 0.556),
    ("15:00", 0.603), ("15:30", 0.668), ("15:45", 0.718), ("15:55", 0.77), ("16:00", 0.83), ("16:05", 0.96),
    ("16:30", 0.975), ("17:00", 0.985), ("18:00", 0.993), ("20:00", 1.0),
)  # fmt: skip

CURVES: Final = 3
LEAST_SYMBOLS: Final = 30
"""Fewer make no curve: the median of a handful is one symbol's habit."""
LEAST_SHARES: Final = 1_000.0
"""A symbol whose usual day is smaller has no shape."""

_EARLY_CLOSE_AT: Final = FIRST_EARLY_POST_SLOT * SLOT_SECONDS
_CLOSE_AT: Final = FIRST_POST_SLOT * SLOT_SECONDS


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Three curves as they are kept: `shares` has a line per curve and an element per slot's end."""

    as_of: dt.date
    bounds: tuple[float, float]
    """Turnover in dollars a day below which the first curve holds, and from which on the last does."""
    shares: Floats


class VolumeCurves:
    """The three curves by second of the day; `learned` is the date of what they were learned from, None: the prior."""

    def __init__(
        self, seconds: Floats, shares: Floats, bounds: Sequence[float] = (), learned: dt.date | None = None
    ) -> None:
        self.learned = learned
        self.shape: Shape | None = None
        """What they were made of; None for the prior."""
        self._bounds = np.array(bounds)
        # All corners lie on whole seconds, so between two of them the curve is straight.
        self._tables = {
            early: np.array([_by_second(seconds, line, early_close=early) for line in shares])
            for early in (False, True)
        }

    @classmethod
    def of_shape(cls, shape: Shape) -> "VolumeCurves":
        """Take what was learned."""
        ends: Floats = np.arange(SLOTS_PER_DAY + 1, dtype=np.float64) * SLOT_SECONDS
        curves = cls(ends, np.pad(shape.shares, ((0, 0), (1, 0))), shape.bounds, shape.as_of)
        curves.shape = shape
        return curves

    def numbers(self, turnover: Floats) -> Ints:
        """Which curve is whose; where the turnover is unknown, the middle one."""
        if not len(self._bounds):
            return np.zeros(len(turnover), np.int64)
        numbers = np.searchsorted(self._bounds, turnover, side="right")
        numbers[np.isnan(turnover)] = CURVES // 2
        return numbers

    def share(self, turnover: Floats, seconds: Floats, *, early_close: bool) -> Floats:
        """Give the share of the day's volume that has traded by each second since 04:00, within the day's length."""
        return self._share(self.numbers(turnover), seconds, early_close=early_close)

    def _share(self, numbers: Ints | int, seconds: Floats, *, early_close: bool) -> Floats:
        table, whole = self._tables[early_close], seconds.astype(np.int64)
        before = table[numbers, whole]
        share: Floats = before + (table[numbers, whole + 1] - before) * (seconds - whole)
        return share


def learned(as_of: dt.date, turnover: Floats, ends: Floats) -> Shape | None:
    """Learn from usual days: `ends` has a line per slot's end and an element per symbol, NaN turnover is unknown.

    Symbols are parted in three by turnover; of each part the curve is the median share at each slot's end, which never
    falls. None if there is too little to learn from.
    """
    usable = ~np.isnan(turnover) & (ends[-1] >= LEAST_SHARES)
    turnover, shares = turnover[usable], ends[:, usable] / ends[-1, usable]
    if len(turnover) < CURVES * LEAST_SYMBOLS:
        return None
    low, high = np.quantile(turnover, (1 / CURVES, 2 / CURVES)).tolist()
    numbers = np.searchsorted((low, high), turnover, side="right")
    lines = [shares[:, numbers == number] for number in range(CURVES)]
    if min(line.shape[1] for line in lines) < LEAST_SYMBOLS:
        return None
    curves = np.array([np.maximum.accumulate(np.median(line, axis=1)) for line in lines])
    return Shape(as_of, (low, high), curves / curves[:, -1:])


def _by_second(seconds: Floats, shares: Floats, *, early_close: bool) -> Floats:
    """Tabulate a curve at every second of the day and one beyond."""
    every = np.arange(DAY_SECONDS + 2, dtype=np.float64)
    curve = np.interp(every, seconds, shares)
    if early_close:
        post_seconds = len(every) - _EARLY_CLOSE_AT
        post = np.interp(np.arange(post_seconds) + float(_CLOSE_AT), seconds, shares)
        curve[_EARLY_CLOSE_AT:] = curve[_EARLY_CLOSE_AT] + post - post[0]
    return curve


def prior_share(seconds: Floats, *, early_close: bool) -> Floats:
    """Give what the prior says, whose ever it is; the simulated market trades by it."""
    return PRIOR._share(0, seconds, early_close=early_close)  # noqa: SLF001  it is our own


def _second_of(wall: str) -> float:
    hours, minutes = wall.split(":")
    return (int(hours) - 4) * 3600.0 + int(minutes) * 60.0


PRIOR: Final = VolumeCurves(
    np.array([_second_of(wall) for wall, _ in _PRIOR]), np.array([[share for _, share in _PRIOR]])
)
