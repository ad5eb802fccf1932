"""The ports of today's past: what the running market wants of volumes and prices that it did not see itself.

`history` and its jobs stand behind them; `ports` holds all others.
"""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from tradeul.domain.day_ranges import DayRange
from tradeul.domain.events import Symbol
from tradeul.domain.rvol_audit import RvolAudit
from tradeul.domain.session import DayHours
from tradeul.domain.slot_book import SlotRecord
from tradeul.domain.splits import SplitBook
from tradeul.domain.usual import Baseline


class BehindUsual(NamedTuple):
    """One session behind what is usual by a slot of today."""

    date: dt.date
    volume_at_slot_end: float
    volume_before: float
    source: str


class PastVolumes(Protocol):
    """What was kept of the volumes of past sessions."""

    async def baseline(self, as_of: dt.date, splits: SplitBook, symbols: Sequence[Symbol] | None = None) -> Baseline:
        """Average the last full sessions before a date, in its shares; raises `HistoryUnavailable`."""


class Demand(Protocol):
    """What the running market wants of its past, and takes of it."""

    def is_up(self) -> bool:
        """Tell whether there is a market yet that wants anything."""

    def symbols(self) -> Sequence[Symbol]:
        """List every symbol."""

    @property
    def hot(self) -> Callable[[], Sequence[Symbol]]:
        """Lists who is in play now."""

    def holes(self) -> tuple[dt.date | None, int, Collection[Symbol]]:
        """Tell the running date, how many of its slots are closed, and of whom some of those are not known well."""

    async def take_baseline(self, baseline: Baseline) -> None:
        """Take what is usual for some symbols."""

    async def backfill(self, date: dt.date, records: Sequence[SlotRecord]) -> None:
        """Take closed slots of the running date."""

    async def take_ranges(self, date: dt.date, ranges: Sequence[DayRange]) -> None:
        """Take how far prices went on the running date."""


class UsualSessions(Protocol):
    """The sessions behind what is usual."""

    async def behind(self, symbol: Symbol, hours: DayHours, slot: int) -> Sequence[BehindUsual]:
        """Find what a symbol traded in each by a slot's end and before it, in today's shares, newest first.

        Raises `HistoryUnavailable`.
        """


class RvolAudits(Protocol):
    """What the nights found of the relative volumes of past days. Every method raises `HistoryUnavailable`."""

    async def days(self) -> Sequence[dt.date]:
        """Find the days that were audited, the newest first."""

    async def of(self, day: dt.date) -> RvolAudit | None:
        """Find the audit of a day; None if there was none."""
