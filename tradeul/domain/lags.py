"""How late what comes is by its own time: the middle, nearly the worst and the worst of the last minute.

A histogram of each second, so that noting costs the same however much comes; steps are 5 % wide. `engine/intake` notes.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS

SECONDS: Final = 60
_STEP: Final = 1.05
_STEPS: Final = 360
"""The last one begins at some 11 hours."""
_MS_NS: Final = 1_000_000


class Lag(NamedTuple):
    """In milliseconds, of so many batches."""

    p50: float
    p99: float
    max: float
    batches: int


class Lags:
    """The last minute's."""

    def __init__(self) -> None:
        self._counts = np.zeros((SECONDS, _STEPS), np.int64)
        self._largest = [0.0] * SECONDS
        self._seconds = [-1] * SECONDS

    def note(self, lag_ns: int, now: Nanos) -> None:
        """Note how late something came; what comes early is on time. Called up to 1,000x/s: a few microseconds."""
        second = now // NANOS
        place = second % SECONDS
        if self._seconds[place] != second:
            self._seconds[place] = second
            self._counts[place] = 0
            self._largest[place] = 0.0
        lag_ms = max(0.0, lag_ns / _MS_NS)
        step = math.ceil(math.log(lag_ms, _STEP)) if lag_ms > 1.0 else 0
        self._counts[place, min(step, _STEPS - 1)] += 1
        self._largest[place] = max(self._largest[place], lag_ms)

    def last_minute(self, now: Nanos) -> Lag | None:
        """What came in the minute before `now`; None if nothing did."""
        second = now // NANOS
        places = [place for place, told in enumerate(self._seconds) if second - SECONDS < told <= second]
        counts = self._counts[places].sum(axis=0)
        total = int(counts.sum())
        if not total:
            return None
        largest = max(self._largest[place] for place in places)
        p50, p99 = (self._at(counts, math.ceil(share * total), largest) for share in (0.5, 0.99))
        return Lag(p50, p99, round(largest, 1), total)

    def _at(self, counts: "np.ndarray[tuple[int], np.dtype[np.int64]]", number: int, largest: float) -> float:
        step = int(np.searchsorted(np.cumsum(counts), number))
        return round(min(_STEP**step, largest), 1)
