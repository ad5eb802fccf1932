"""The board's own recent past: prices and volumes as they stood a minute and five minutes ago."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain.board import Board, Rows
from tradeul.domain.events import Floats, Nanos
from tradeul.domain.session import NANOS

SPAN_S: Final = 300
TOLERANCE: Final = 1.5
"""A sample stands for "60 s ago" while it is at most 90 s old; after a longer gap the past is unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """All prices and volumes at one moment, by row."""

    at: Nanos
    prices: Floats
    volumes: Floats


class Trail:
    """Samples in order of time, no more than needed to look back five minutes."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()

    def record(self, at: Nanos, prices: Floats, volumes: Floats) -> None:
        """Keep a copy of the present; a moment not later than the last one is ignored."""
        if self._samples and at <= self._samples[-1].at:
            return
        self._samples.append(Sample(at, prices.copy(), volumes.copy()))
        while len(self._samples) > 1 and self._samples[1].at <= at - SPAN_S * NANOS:
            self._samples.popleft()

    def look_back(self, board: Board, rows: Rows, now: Nanos) -> None:
        """Put prices and volumes of a minute and of five before `now` beside those of some rows."""
        for seconds, label in ((60, "1m"), (300, "5m")):
            sample = self._ago(now, seconds)
            for name, column in (("price", f"price_{label}_ago"), ("volume", f"volume_{label}_ago")):
                past = np.nan if sample is None else padded(getattr(sample, f"{name}s"), len(board))[rows]
                board[column][rows] = past

    def clear(self) -> None:
        """Forget the past: a new day begins."""
        self._samples.clear()

    def samples(self) -> list[Sample]:
        """All of the past that is kept, oldest first."""
        return list(self._samples)

    def restore(self, samples: Iterable[Sample]) -> None:
        """Go on from a past that was kept."""
        self._samples = deque(samples)

    def _ago(self, now: Nanos, seconds: int) -> Sample | None:
        """Find the newest sample that is at least so many seconds old."""
        limit = now - seconds * NANOS
        for sample in reversed(self._samples):
            if sample.at <= limit:
                return sample if sample.at >= now - int(TOLERANCE * seconds) * NANOS else None
        return None


def padded(values: Floats, length: int) -> Floats:
    """Extend an older, shorter column with nulls for the rows that came since."""
    if len(values) == length:
        return values
    result = np.full(length, np.nan)
    result[: len(values)] = values
    return result
