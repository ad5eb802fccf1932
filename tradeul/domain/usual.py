"""What is usual by each slot's end: the mean of the cumulative volumes of the last full sessions, by symbol.

`Baseline` is what history says, `Usual` the same by row of the board, one contiguous line per slot, as every snapshot
asks for all symbols at the same moment. An early-close session is in no baseline, a zero day is.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tradeul.domain.events import Bools, Floats, Ints, Symbol
from tradeul.domain.session import TradingCalendar
from tradeul.domain.slots import FIRST_EARLY_POST_SLOT, FIRST_POST_SLOT, SLOT_SECONDS, SLOTS_PER_DAY
from tradeul.domain.splits import SplitBook

ROOM: Final = 16_384
"""Symbols that there is room for before it has to grow, which takes tens of milliseconds."""
_MOVED: Final = FIRST_POST_SLOT - FIRST_EARLY_POST_SLOT
"""How many slots earlier the post-market begins on a day that closes at 13:00."""


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Means of the sessions before `as_of`: a line per slot, an element per symbol; `sessions` is how many count."""

    as_of: dt.date
    symbols: tuple[Symbol, ...]
    ends: Floats
    sessions: Ints


def baseline_sessions(calendar: TradingCalendar, as_of: dt.date, count: int) -> list[dt.date]:
    """The last full sessions before a date, newest first."""
    days: list[dt.date] = []
    while len(days) < count:
        as_of = calendar.previous(as_of)
        if not calendar.is_early_close(as_of):
            days.append(as_of)
    return days


def volume_by(volumes: Sequence[float], slot: int, *, early_close: bool) -> float:
    """What one session had traded by the end of a slot of today, which may close early; -1 is its beginning."""
    if slot < 0:
        return 0.0
    if not early_close or slot < FIRST_EARLY_POST_SLOT:
        return volumes[slot]
    return volumes[FIRST_EARLY_POST_SLOT - 1] + volumes[slot + _MOVED] - volumes[FIRST_POST_SLOT - 1]


def own_sessions(
    day: dt.date, symbols: Sequence[Symbol], volumes: Floats, first: dict[Symbol, dt.date], splits: SplitBook
) -> tuple[list[Symbol], Floats]:
    """Of the whole sessions of a date (a row per symbol) those that count, in the shares of after `splits`.

    A session before a symbol's first trade is none of its own, a later one without a trade is. `first` says when each
    first traded as far as that is known, and is told of those who do so here: the oldest session comes first.
    """
    for symbol, traded in zip(symbols, volumes[:, -1] > 0, strict=True):
        if traded and first.get(symbol, day) >= day:
            first[symbol] = day
    rows = [place for place, symbol in enumerate(symbols) if symbol in first and first[symbol] <= day]
    own = [symbols[row] for row in rows]
    if len(rows) < len(symbols):
        volumes = volumes[rows]
    factors = np.array([splits.shares_since(symbol, day) for symbol in own])
    # Hardly anybody splits: nineteen megabytes are multiplied for a reason only.
    return own, volumes if (factors == 1.0).all() else volumes * factors[:, None]


class BaselineSum:
    """Adds sessions up, in any order and in pieces; each symbol's session counts once."""

    def __init__(self, as_of: dt.date) -> None:
        self._as_of = as_of
        self._row_of: dict[Symbol, int] = {}
        self._sums = np.zeros((SLOTS_PER_DAY, ROOM))
        self._counts: Ints = np.zeros(ROOM, np.int64)

    def add(self, symbols: Sequence[Symbol], volumes: Floats) -> None:
        """Take the whole sessions of some symbols, each once: a row per symbol, a column per slot."""
        row_of = self._row_of
        rows = np.fromiter((row_of.setdefault(s, len(row_of)) for s in symbols), np.int64, len(symbols))
        if len(row_of) > len(self._counts):
            self._grow(max(len(row_of), 2 * len(self._counts)))
        # Session after session the same symbols come in the same order: they are added as one piece, twice as fast.
        into: Ints | slice = slice(0, len(rows)) if (rows == np.arange(len(rows))).all() else rows
        self._sums[:, into] += volumes.T
        self._counts[into] += 1

    def baseline(self) -> Baseline:
        """The means of what was added; nothing can be added any more."""
        length = len(self._row_of)
        # In place: twenty megabytes more would take longer to get than to fill.
        ends = np.divide(self._sums, np.maximum(self._counts, 1), out=self._sums)
        return Baseline(self._as_of, tuple(self._row_of), ends[:, :length], self._counts[:length])

    def _grow(self, length: int) -> None:
        more = length - len(self._counts)
        self._sums = np.pad(self._sums, ((0, 0), (0, more)))
        self._counts = np.pad(self._counts, (0, more))


class Usual:
    """The baselines of the board's rows. Empty until history has been loaded; one writer, `engine/enrichment`."""

    def __init__(self, least_sessions: int) -> None:
        self.least_sessions = least_sessions
        """So many sessions make a value exact."""
        self._ends: Floats = np.zeros((SLOTS_PER_DAY + 1, 0))
        """Line s + 1 is the end of slot s; line 0 is the day's beginning, when nothing has traded."""
        self._sessions: npt.NDArray[np.int8] = np.zeros(0, np.int8)
        self._as_of: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        """The date whose past each row is, as its ordinal."""

    def put(self, rows: Ints, ends: Floats, sessions: Ints, as_of: dt.date) -> None:
        """Replace what is usual for some rows: a line per slot, an element per row."""
        if len(rows) and (least := int(rows.max()) + 1) > len(self._sessions):
            more = max(least, ROOM, 2 * len(self._sessions)) - len(self._sessions)
            self._ends = np.pad(self._ends, ((0, 0), (0, more)))
            self._sessions = np.pad(self._sessions, (0, more))
            self._as_of = np.pad(self._as_of, (0, more))
        self._ends[1:, rows] = ends
        self._sessions[rows] = sessions
        self._as_of[rows] = as_of.toordinal()

    def columns(self) -> tuple[Floats, npt.NDArray[np.int8], npt.NDArray[np.int32]]:
        """All there is, for whoever keeps it: a line per slot's end, sessions, dates. Views."""
        return self._ends, self._sessions, self._as_of

    def restore(self, ends: Floats, sessions: npt.NDArray[np.int8], as_of: npt.NDArray[np.int32]) -> None:
        """Be what was kept."""
        self._ends, self._sessions, self._as_of = ends.copy(), sessions.copy(), as_of.copy()

    def turn(self, date: dt.date, sessions: int) -> None:
        """A date begins, so many sessions after the last: as many fewer count of what is not of its past yet."""
        behind = self._as_of < date.toordinal()
        self._sessions[behind] = np.maximum(self._sessions[behind] - sessions, 0)

    def sessions(self, rows: Ints) -> Ints:
        """How many sessions stand behind each row."""
        known = rows < len(self._sessions)
        counts = np.zeros(len(rows), np.int64)
        counts[known] = self._sessions[rows[known]]
        return counts

    def expected(self, rows: Ints, seconds: Floats, *, early_close: bool) -> tuple[Floats, Floats]:
        """What is usual by each row's second of the day, and by the beginning of its slot."""
        slots = np.minimum(seconds // SLOT_SECONDS, SLOTS_PER_DAY - 1).astype(np.int64)
        before = self._at(slots - 1, rows, early_close=early_close)
        end = self._at(slots, rows, early_close=early_close)
        fraction = (seconds - slots * SLOT_SECONDS) / SLOT_SECONDS
        return before + (end - before) * fraction, before

    def _at(self, slots: Ints, rows: Ints, *, early_close: bool) -> Floats:
        """E at the end of each row's slot; -1 is the day's beginning."""
        if not early_close:
            return self._picked(slots, rows)
        late: Bools = slots >= FIRST_EARLY_POST_SLOT
        value = self._picked(np.where(late, slots + _MOVED, slots).clip(max=SLOTS_PER_DAY - 1), rows)
        # The post-market follows the shorter session at once: E(107) + E(144 + j) - E(143).
        joint = self._ends[FIRST_EARLY_POST_SLOT, rows] - self._ends[FIRST_POST_SLOT, rows]
        return np.where(late, value + joint, value)

    def _picked(self, slots: Ints, rows: Ints) -> Floats:
        """Nearly all rows of a snapshot are in the same slot: its line is read as one piece, then the others."""
        if not len(slots):
            return np.zeros(0)
        common = int(np.bincount(slots + 1).argmax())
        picked: Floats = self._ends[common, rows]
        odd = np.flatnonzero(slots + 1 != common)
        picked[odd] = self._ends[slots[odd] + 1, rows[odd]]
        return picked
