"""Volumes of finished sessions, one row per date and symbol: what relative volume is measured against.

A row holds, for each of the 192 slots, the cumulative volume at its end, its trades and average price, and where the
volume comes from; a day that closes early has fewer slots. Pure: made of the day's own book or of the vendor's bars,
and of two tellings of the same day the better value wins, slot by slot.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain.events import Bools, Floats, Ints, Symbol, SymbolBars
from tradeul.domain.session import NANOS, DayHours
from tradeul.domain.slot_book import SlotTable, Source, Sources, steady
from tradeul.domain.slots import SLOT_SECONDS, SLOTS_PER_DAY

SLOT_NS: Final = SLOT_SECONDS * NANOS
DECIMALS: Final = 6
"""Of a share: the vendor tells fractions, and sums of them are not to end in the dust of binary numbers."""

Key = tuple[dt.date, Symbol]


@dataclass(frozen=True, slots=True, eq=False)
class DayVolumes:
    """Rows by key; in the arrays a row per key and a column per slot, NaN where not known."""

    keys: tuple[Key, ...]
    volumes: Floats
    """Cumulative, at the end of each slot."""
    trades: Floats
    """Of the slot alone, as the prices are."""
    prices: Floats
    sources: Sources

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: Ints) -> "DayVolumes":
        """Some of the rows, in this order."""
        keys = tuple(self.keys[row] for row in rows.tolist())
        return DayVolumes(keys, self.volumes[rows], self.trades[rows], self.prices[rows], self.sources[rows])


def slot_count(hours: DayHours) -> int:
    """How many slots a session has."""
    return (hours.post_market_end - hours.pre_market_start) // SLOT_NS


def joined(parts: Sequence[DayVolumes]) -> DayVolumes:
    """All rows of several, which share no key."""
    return DayVolumes(
        tuple(key for part in parts for key in part.keys),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("volumes", "trades", "prices", "sources")
        ),
    )


def volumes_of_bars(bars: SymbolBars, sessions: Sequence[DayHours]) -> DayVolumes:
    """What the vendor's five-minute bars say of whole sessions: a slot without a bar traded nothing."""
    shape = (len(sessions), SLOTS_PER_DAY)
    volumes, trades, prices = np.zeros(shape), np.zeros(shape), np.full(shape, np.nan)
    sources = np.full(shape, Source.BACKFILLED, np.int8)
    for line, hours in enumerate(sessions):
        first, last = np.searchsorted(bars.start, (hours.pre_market_start, hours.post_market_end))
        slots = (bars.start[first:last] - hours.pre_market_start) // SLOT_NS
        np.add.at(volumes[line], slots, bars.volume[first:last])
        np.add.at(trades[line], slots, bars.trades[first:last])
        prices[line, slots] = np.where(bars.vwap[first:last] > 0, bars.vwap[first:last], np.nan)
        _cut(slot_count(hours), volumes[line], trades[line], sources[line])
    cumulative: Floats = np.cumsum(volumes, axis=1)
    np.round(cumulative, DECIMALS, out=cumulative)
    return DayVolumes(tuple((hours.date, bars.symbol) for hours in sessions), cumulative, trades, prices, sources)


def volumes_of_table(table: SlotTable, hours: DayHours) -> DayVolumes:
    """What the day's own book says of it."""
    shape = (len(table.symbols), SLOTS_PER_DAY)
    volumes, sources = np.full(shape, np.nan), np.zeros(shape, np.int8)
    slots = [slot for slot in table.slots if slot < slot_count(hours)]
    volumes[:, slots] = table.volumes[: len(slots)].T
    sources[:, slots] = table.sources[: len(slots)].T
    keys = tuple((hours.date, symbol) for symbol in table.symbols)
    return DayVolumes(keys, volumes, np.full(shape, np.nan), np.full(shape, np.nan), sources)


def merged(kept: DayVolumes, came: DayVolumes) -> DayVolumes:
    """Two tellings of the same rows as one. Where both are as good the newer stands; no volume ever falls."""
    better = came.sources >= kept.sources
    sources = np.where(better, came.sources, kept.sources)
    volumes = steady(np.where(better, came.volumes, kept.volumes).T, sources.T).T
    told = ~np.isnan(came.trades)
    return DayVolumes(
        came.keys, volumes, np.where(told, came.trades, kept.trades), np.where(told, came.prices, kept.prices), sources
    )


def complete(volumes: DayVolumes, slots: int) -> Bools:
    """Which rows know every slot of their day, and none of them only as a lower bound."""
    known: Bools = volumes.sources[:, :slots] >= Source.BACKFILLED
    whole: Bools = np.logical_and.reduce(known, axis=1)
    return whole


def _cut(slots: int, volumes: Floats, trades: Floats, sources: Sources) -> None:
    """After an early close there are no slots."""
    volumes[slots:], trades[slots:], sources[slots:] = np.nan, np.nan, Source.UNKNOWN
