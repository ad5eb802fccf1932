"""The division behind a symbol's relative volume, so that a person can redo it by hand.

Read from the board as it stands: what was traded, by when, against what is usual by then. The sessions that are
averaged in it come from whoever kept them.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain import metrics, rvol
from tradeul.domain.board import Board
from tradeul.domain.events import Ints, Nanos, Symbol
from tradeul.domain.session import DayHours
from tradeul.domain.slots import SLOT_SECONDS, SLOTS_PER_DAY, slot_of
from tradeul.engine.pipeline import Pipeline

_SHOWN: Final = ("volume_today", "rvol", "rvol_guarded", "rvol_slot", "rvol_method", "rvol_sessions", "avg_volume_30d")


@dataclass(frozen=True, slots=True)
class Division:
    """All parts of one division. `expected` and what is made of it are None where nothing is known to expect."""

    symbol: Symbol
    as_of: Nanos
    """The moment that the volume is known for."""
    hours: DayHours
    slot: int
    fraction: float
    """How much of the slot had passed by then."""
    volume_today: object
    expected: float | None
    rvol: object
    rvol_guarded: object
    rvol_slot: object
    method: object
    sessions: object
    avg_volume_30d: object
    curve_learned: dt.date | None
    """What the general curve was learned from; None: it is the prior."""
    k: float


@dataclass(frozen=True, slots=True)
class UsualDay:
    """What is usual by the end of each slot of the board's date; None where nothing is known to expect."""

    hours: DayHours
    ends: tuple[float | None, ...]
    method: object
    sessions: object


class Divisions:
    """Reads the board."""

    def __init__(self, board: Board, pipeline: Pipeline) -> None:
        self._board = board
        self._pipeline = pipeline

    def division(self, symbol: Symbol) -> Division | None:
        """Show the work of one symbol; None if it is not on the board, or has no volume of today yet."""
        row, hours = self._board.row_of.get(symbol), self._pipeline.hours()
        if row is None or hours is None or not self._board["volume_at"][row]:
            return None
        return self._of(symbol, np.array([row]), hours)

    def usual_day(self, symbol: Symbol) -> UsualDay | None:
        """Tell the whole usual day of a symbol, slot by slot; None if it is not on the board or there is no date."""
        row, hours = self._board.row_of.get(symbol), self._pipeline.hours()
        if row is None or hours is None:
            return None
        rows = np.full(SLOTS_PER_DAY, row)
        seconds = np.arange(1.0, SLOTS_PER_DAY + 1) * SLOT_SECONDS
        with np.errstate(invalid="ignore"):
            expected = metrics.usual_by(self._board, rows, seconds, hours)[0]
        method, sessions = (self._board.values(name, rows[:1])[0] for name in ("rvol_method", "rvol_sessions"))
        ends = tuple([None if np.isnan(end) else end for end in expected.tolist()])
        return UsualDay(hours, ends, method, sessions)

    def _of(self, symbol: Symbol, rows: Ints, hours: DayHours) -> Division:
        board = self._board
        shown = {name: board.values(name, rows)[0] for name in _SHOWN}
        second = float(metrics.seconds_known(board, rows, hours)[0])
        with np.errstate(invalid="ignore"):
            expected = float(metrics.expected_volume(board, rows, hours)[0][0])
        slot = slot_of(second)
        return Division(
            symbol=symbol,
            as_of=Nanos(int(board["volume_at"][rows[0]])),
            hours=hours,
            slot=slot,
            fraction=(second - slot * SLOT_SECONDS) / SLOT_SECONDS,
            volume_today=shown["volume_today"],
            expected=None if np.isnan(expected) else expected,
            rvol=shown["rvol"],
            rvol_guarded=shown["rvol_guarded"],
            rvol_slot=shown["rvol_slot"],
            method=shown["rvol_method"],
            sessions=shown["rvol_sessions"],
            avg_volume_30d=shown["avg_volume_30d"],
            curve_learned=board.curves.learned,
            k=float(rvol.guard_constant(board["avg_volume_30d"][rows])[0]),
        )
