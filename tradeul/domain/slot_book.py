"""The day's slot book: the cumulative volume of every symbol at the end of each slot that has closed.

Each value says where it comes from, and the better source wins: seen just before the end, then from the vendor's bars
later, then carried forward from what was known last, a lower bound. What is not known at all is NaN, never 0.
Kept by `engine/enrichment`, written by `engine/today`; a closed slot's record never changes, another may follow it.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from tradeul.domain.events import Bools, Floats, Ints, Nanos, Symbol
from tradeul.domain.session import NANOS, DayHours
from tradeul.domain.slots import SLOT_SECONDS
from tradeul.domain.windows import padded

Sources = npt.NDArray[np.int8]

_SLOT_NS: Final = SLOT_SECONDS * NANOS


class Source(IntEnum):
    """Where a volume comes from; the larger is the better."""

    UNKNOWN = 0
    CARRIED = 1
    """The last known value: nothing was seen just before the slot's end."""
    BACKFILLED = 2
    LIVE = 3


@dataclass(frozen=True, slots=True, eq=False)
class SlotRecord:
    """The volumes at one slot's end. It names its symbols, so that it can be read without any other."""

    slot: int
    symbols: tuple[Symbol, ...]
    volumes: Floats
    sources: Sources


@dataclass(frozen=True, slots=True, eq=False)
class SlotTable:
    """All that is known of a day: one row per slot in order, one column per symbol. No volume ever falls."""

    slots: tuple[int, ...]
    symbols: tuple[Symbol, ...]
    volumes: Floats
    sources: Sources


def slot_end(hours: DayHours, slot: int) -> Nanos:
    """The instant at which a slot closes."""
    return Nanos(hours.pre_market_start + (slot + 1) * _SLOT_NS)


def slots_ended(hours: DayHours, at: Nanos) -> int:
    """How many slots of the day have closed; a day that closes early has fewer of them."""
    elapsed = min(at, hours.post_market_end) - hours.pre_market_start
    return max(0, elapsed // _SLOT_NS)


def steady(volumes: Floats, sources: Sources) -> Floats:
    """Let no volume fall from slot to slot (the rows). What was seen live is neither raised nor lowered."""
    unknown = np.isnan(volumes)
    # Nothing before it can have been more than what was seen live.
    live = np.where(sources == Source.LIVE, volumes, np.nan)
    ceiling = np.fmin.accumulate(live[::-1], axis=0)[::-1]
    risen = np.fmax.accumulate(np.where(unknown, np.nan, np.fmin(volumes, ceiling)), axis=0)
    return np.where(unknown, np.nan, risen)


class SlotBook:
    """The closed slots of one trading date."""

    def __init__(self, date: dt.date) -> None:
        self.date = date
        self.symbols: tuple[Symbol, ...] = ()
        self.next_slot = 0
        """The slot that closes next. One of which nothing was known closed without a record."""
        self.records: list[SlotRecord] = []
        """Of the slots closed here, in order; those taken from elsewhere are not among them."""
        self._closed: dict[int, tuple[Floats, Sources]] = {}

    def close(self, slot: int, symbols: Sequence[Symbol], volumes: Floats, live: Bools) -> None:
        """Record a slot's end. `symbols` are the book's so far and those that came since; NaN is not known now."""
        if len(symbols) != len(self.symbols):
            self.symbols = tuple(symbols)
        self.next_slot = slot + 1
        # A fall that was believed stays out of the book: what is cumulative does not fall.
        largest = np.fmax(volumes, self._last_known(slot))
        known = ~np.isnan(largest)
        if not known.any():
            return
        sources = np.where(known, Source.CARRIED, Source.UNKNOWN).astype(np.int8)
        sources[live & ~np.isnan(volumes)] = Source.LIVE
        self.records.append(SlotRecord(slot, self.symbols, largest, sources))
        self._closed[slot] = (largest, sources)

    def take(self, record: SlotRecord) -> None:
        """Fold in a record from a file or from the vendor's bars; of two sources of a value the better wins."""
        places = self._places(record.symbols)
        volumes, sources = self._of_slot(record.slot)
        better = record.sources > sources[places]
        # Copies: what was read or written before must stay as it is.
        volumes, sources = volumes.copy(), sources.copy()
        volumes[places[better]] = record.volumes[better]
        sources[places[better]] = record.sources[better]
        self._closed[record.slot] = (volumes, sources)
        self.next_slot = max(self.next_slot, record.slot + 1)

    def holes(self) -> list[Symbol]:
        """Of whom a closed slot is not known, or only as a lower bound."""
        weakest = np.full(len(self.symbols), Source.LIVE, np.int8)
        for slot in range(self.next_slot):
            np.minimum(weakest, self._of_slot(slot)[1], out=weakest)
        return [
            symbol for symbol, source in zip(self.symbols, weakest.tolist(), strict=True) if source < Source.BACKFILLED
        ]

    def record(self, slot: int) -> SlotRecord:
        """What is known of one closed slot."""
        return SlotRecord(slot, self.symbols, *self._of_slot(slot))

    def table(self) -> SlotTable:
        """Show all closed slots. A carried value gives way to what its neighbours prove."""
        slots = sorted(self._closed)
        pairs = [self._of_slot(slot) for slot in slots]
        length = len(self.symbols)
        volumes = np.array([pair[0] for pair in pairs], np.float64).reshape(len(slots), length)
        sources = np.array([pair[1] for pair in pairs], np.int8).reshape(len(slots), length)
        return SlotTable(tuple(slots), self.symbols, steady(volumes, sources), sources)

    def _last_known(self, slot: int) -> Floats:
        """The values of the nearest closed slot before `slot`."""
        before = max((closed for closed in self._closed if closed < slot), default=None)
        return np.full(len(self.symbols), np.nan) if before is None else self._of_slot(before)[0]

    def _of_slot(self, slot: int) -> tuple[Floats, Sources]:
        """What is known of a slot, as long as the book is wide."""
        length = len(self.symbols)
        if slot not in self._closed:
            return np.full(length, np.nan), np.zeros(length, np.int8)
        volumes, sources = self._closed[slot]
        missing = length - len(sources)
        return padded(volumes, length), np.pad(sources, (0, missing)) if missing else sources

    def _places(self, symbols: tuple[Symbol, ...]) -> Ints:
        """Where symbols stand in the book; those that are new come at its end."""
        known = len(self.symbols)
        if symbols[:known] == self.symbols:
            self.symbols = symbols
        if symbols == self.symbols[: len(symbols)]:
            return np.arange(len(symbols))
        place_of = {symbol: place for place, symbol in enumerate(self.symbols)}
        for symbol in symbols:
            place_of.setdefault(symbol, len(place_of))
        self.symbols = tuple(place_of)
        return np.fromiter((place_of[symbol] for symbol in symbols), np.int64, len(symbols))
