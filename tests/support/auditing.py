"""Builders for audits of relative volume: minutes of a symbol, what was published of them, and whole audits."""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from tests.support.market import CALENDAR, DAY, NANOS, at
from tradeul.domain.events import Nanos, Symbol, SymbolBars
from tradeul.domain.fields import RVOL_METHODS
from tradeul.domain.published import PublishedSlot
from tradeul.domain.rvol_audit import Coverage, OfMethod, OfSlot, RvolAudit, Spread, Worst
from tradeul.domain.slot_book import Source

MINUTE_NS = 60 * NANOS


def minutes_of(symbol: str, volumes: Mapping[int, float], day: dt.date = DAY) -> SymbolBars:
    """Bars of so many shares in the minutes of the day, counted from 04:00; of others there is none."""
    begins = CALENDAR.hours(day).pre_market_start
    starts = np.array([begins + minute * MINUTE_NS for minute in sorted(volumes)], np.int64)
    ones = np.ones(len(starts))
    shares = np.array([volumes[minute] for minute in sorted(volumes)], np.float64)
    return SymbolBars(Symbol(symbol), False, starts, ones, ones, ones, ones, shares, ones, ones)  # noqa: FBT003


def published_slot(
    slot: int, values: Mapping[str, float], method: str = "exact", source: Source = Source.LIVE
) -> PublishedSlot:
    """What stood at a slot's end, all of it known in the same way."""
    count = len(values)
    codes = np.full(count, RVOL_METHODS.index(method), np.int8)
    symbols = tuple(map(Symbol, values))
    return PublishedSlot(
        slot, symbols, np.array(list(values.values()), np.float32), codes, np.full(count, source, np.int8)
    )


def spread(n: int = 3, median: float | None = 0.2, p99: float | None = 4.0) -> Spread:
    return Spread(n, median, 1.5, p99, 9.0, 87.5, -0.05)


def audit_of(day: dt.date = DAY, *, median: float = 0.2, slots: Sequence[OfSlot] | None = None) -> RvolAudit:
    """An audit with something in every part."""
    found = (OfSlot(66, "exact", spread(2)), OfSlot(66, "curve", spread(1, 30.0, 41.5)), OfSlot(67, "exact", spread()))
    return RvolAudit(
        day,
        Nanos(at("02:46", day) + 86_400 * NANOS),
        12,
        1,
        Coverage(6, 20, 3, 2, 1, 4),
        spread(6, median),
        (OfMethod("exact", "live", spread(4)), OfMethod("curve", "carried", spread(2, 30.0))),
        found if slots is None else tuple(slots),
        (0, 1, 70),
        (Worst(Symbol("ACME"), 67, "exact", "carried", 3.1, 2.5, 24.0, 0.3),),
    )
