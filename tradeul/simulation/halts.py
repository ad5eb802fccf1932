"""Halts of a day: windows in which a symbol's trading is stopped.

They are part of the day's plan: within one there is no volume at any scale of time, so no bar and no trade.
Only some of Nasdaq's common shares that have news are halted, for whole slots of the regular session.
"""

from typing import NamedTuple

import numpy as np

from tradeul.domain.slots import SLOT_SECONDS
from tradeul.simulation.trading_day import TradingDay


class Halt(NamedTuple):
    """One window, in seconds since 04:00: the first without trading, and the first with it again."""

    row: int
    start: int
    end: int


def halts_of(day: TradingDay) -> list[Halt]:
    """The halts of a trading day in the order of time."""
    manner = day.plan.manner
    rows = np.flatnonzero((manner.halt_slots > 0) & (day.plan.regular.volume > 0))
    starts = manner.halt_slot[rows] * SLOT_SECONDS
    ends = starts + manner.halt_slots[rows] * SLOT_SECONDS
    halts = map(Halt, rows.tolist(), starts.tolist(), ends.tolist())
    return sorted(halts, key=lambda halt: (halt.start, halt.row))
