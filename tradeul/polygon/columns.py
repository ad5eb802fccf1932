"""Columns that grow by packed records: each record is its times (int64), then its amounts (float64), without gaps.

Called by the decoders in `wire` once a slice. The arrays handed out are views of one block each and are read-only.
"""

from typing import Any

import numpy as np

ROOM_AT_FIRST = 16_384
"""Enough for today's US market, so that growing is rare."""


class Columns:
    """Named columns of a number of records that is not known before."""

    def __init__(self, times: tuple[str, ...], amounts: tuple[str, ...], room: int = ROOM_AT_FIRST) -> None:
        self._names = times + amounts
        self._record = np.dtype([("times", "=i8", (len(times),)), ("amounts", "=f8", (len(amounts),))])
        self._times = np.empty((len(times), room), np.int64)
        self._amounts = np.empty((len(amounts), room), np.float64)
        self._count = 0
        self.newest = np.zeros(len(times), np.int64)
        """The largest of each of the times, known as soon as the last record is."""

    def add(self, packed: bytes) -> None:
        """Append records."""
        records = np.frombuffer(packed, self._record)
        start, self._count = self._count, self._count + len(records)
        while self._count > self._times.shape[1]:
            self._times = np.concatenate([self._times, np.empty_like(self._times)], axis=1)
            self._amounts = np.concatenate([self._amounts, np.empty_like(self._amounts)], axis=1)
        times = records["times"].T
        np.maximum(self.newest, times.max(axis=1, initial=0), out=self.newest)
        self._times[:, start : self._count] = times
        self._amounts[:, start : self._count] = records["amounts"].T

    def arrays(self) -> dict[str, Any]:
        """Every column under its name; no more may be added."""
        self._times.flags.writeable = False
        self._amounts.flags.writeable = False
        rows = [*self._times[:, : self._count], *self._amounts[:, : self._count]]
        return dict(zip(self._names, rows, strict=True))
