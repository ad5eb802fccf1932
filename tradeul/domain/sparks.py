"""The last quarter of an hour of every price, a point for each 15 s: what the page draws beside a row.

Points stand on whole steps of market time; each holds the last price known at its end, null before there was one and
where nothing was recorded. Bounded: 60 columns of the board's length. The engine records, the routes read; both on the
loop, so no reader sees half a point.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from tradeul.domain.events import Floats, Nanos
from tradeul.domain.session import NANOS

STEP_NS: Final = 15 * NANOS
POINTS: Final = 60


class SparkTrail:
    """A ring of columns; the newest one is of the step that is under way."""

    def __init__(self) -> None:
        self._points: npt.NDArray[np.float32] = np.full((POINTS, 0), np.nan, dtype=np.float32)
        self.step = 0
        """Of the newest column, in steps since 1970; 0 while there is none."""

    def record(self, at: Nanos, prices: Floats) -> None:
        """Take the prices as they stand; a moment before the newest step is ignored."""
        step = at // STEP_NS
        if step < self.step:
            return
        self._widen(len(prices))
        if self.step:
            # Quiet steps between two records hold what was before them only if they are few: else nothing is known.
            skipped = np.arange(max(self.step + 1, step - POINTS + 1), step) % POINTS
            self._points[skipped] = np.nan
        self.step = step
        self._points[step % POINTS, : len(prices)] = prices

    def of(self, rows: Iterable[int]) -> list[list[float | None]]:
        """Read the points of some rows in the order of time, to the precision of prices."""
        if not self.step:
            return [[] for _ in rows]
        order = np.arange(self.step + 1, self.step + 1 + POINTS) % POINTS
        known = self._points.shape[1]
        return [_told(self._points[order, row]) if row < known else [] for row in rows]

    def clear(self) -> None:
        """Forget the past: a new day begins."""
        self._points.fill(np.nan)
        self.step = 0

    def points(self) -> npt.NDArray[np.float32]:
        """The whole ring as it lies, a line per step."""
        return self._points

    def restore(self, step: int, points: npt.NDArray[np.float32]) -> None:
        """Go on from a ring that was kept."""
        self.step, self._points = step, points.copy()

    def _widen(self, length: int) -> None:
        """Make room for symbols that came since, of which nothing is known before."""
        missing = length - self._points.shape[1]
        if missing > 0:
            more = np.full((POINTS, missing), np.nan, dtype=np.float32)
            self._points = np.concatenate([self._points, more], axis=1)


def _told(points: Floats) -> list[float | None]:
    return [None if np.isnan(point) else round(float(point), 4) for point in points]
