"""What was published of a day's relative volumes: each symbol's value at the end of each slot, and how it was known.

Noted by `engine/published` when a slot closes, kept by `history/published_files`, read in the night by the audit. NaN
where a row had no value. Pure.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tradeul.domain.events import Ints, Symbol
from tradeul.domain.slot_book import Sources
from tradeul.domain.slots import SLOTS_PER_DAY

Ratios = npt.NDArray[np.float32]
"""Half the bytes tell a ratio to a ten-millionth."""
Codes = npt.NDArray[np.int8]

NOT_NOTED: Final = -1
"""The method of a value that nobody noted."""


@dataclass(frozen=True, slots=True, eq=False)
class PublishedSlot:
    """One slot's end: the values that stood then, by method (`fields.RVOL_METHODS`), and the source of their volume."""

    slot: int
    symbols: tuple[Symbol, ...]
    rvol: Ratios
    methods: Codes
    sources: Sources


@dataclass(frozen=True, slots=True, eq=False)
class PublishedDay:
    """A whole day: in the arrays a row per symbol and a column per slot."""

    date: dt.date
    symbols: tuple[Symbol, ...]
    rvol: Ratios
    methods: Codes
    sources: Sources


def day_of(date: dt.date, slots: Iterable[PublishedSlot], others: Iterable[Symbol] = ()) -> PublishedDay:
    """Put the slots of a day together; of two about one slot the later counts. `others` are symbols to have room for.

    Nothing was published of those.
    """
    by_slot = {each.slot: each for each in slots}
    place_of: dict[Symbol, int] = {}
    for each in by_slot.values():
        for symbol in each.symbols:
            place_of.setdefault(symbol, len(place_of))
    for symbol in others:
        place_of.setdefault(symbol, len(place_of))
    shape = (len(place_of), SLOTS_PER_DAY)
    rvol = np.full(shape, np.nan, np.float32)
    methods, sources = np.full(shape, NOT_NOTED, np.int8), np.zeros(shape, np.int8)
    places: Ints = np.zeros(0, np.int64)
    known: tuple[Symbol, ...] = ()
    for slot, each in by_slot.items():
        if each.symbols != known:
            known = each.symbols
            places = np.fromiter((place_of[symbol] for symbol in known), np.int64, len(known))
        rvol[places, slot], methods[places, slot], sources[places, slot] = each.rvol, each.methods, each.sources
    return PublishedDay(date, tuple(place_of), rvol, methods, sources)
