"""Volumes by slot for tests of what is kept of them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.support.market import CALENDAR, DAY
from tradeul.domain.day_volumes import DayVolumes, joined, slot_count
from tradeul.domain.events import Symbol
from tradeul.domain.slot_book import SlotRecord, Source

SLOTS = 192


def day_of(
    symbol: str, volume: float, date: dt.date = DAY, source: Source = Source.BACKFILLED, known: int = SLOTS
) -> DayVolumes:
    """A session that trades the same in every slot, known in the first so many of them."""
    slots = min(known, slot_count(CALENDAR.hours(date)))
    volumes, sources = np.full((1, SLOTS), np.nan), np.zeros((1, SLOTS), np.int8)
    volumes[0, :slots] = volume * np.arange(1, slots + 1)
    sources[0, :slots] = source
    prices = np.where(np.isnan(volumes), np.nan, 12.5)
    return DayVolumes(((date, Symbol(symbol)),), volumes, np.where(np.isnan(volumes), np.nan, 3.0), prices, sources)


def days_of(volumes: Mapping[tuple[str, dt.date], float], **more: Any) -> DayVolumes:
    """Several of them."""
    return joined([day_of(symbol, volume, date, **more) for (symbol, date), volume in volumes.items()])


def end_of(slot: int, volumes: Mapping[str, float], source: Source = Source.LIVE) -> SlotRecord:
    """One slot's end."""
    values = np.array(list(volumes.values()), np.float64)
    sources = np.where(np.isnan(values), Source.UNKNOWN, source).astype(np.int8)
    return SlotRecord(slot, tuple(map(Symbol, volumes)), values, sources)
