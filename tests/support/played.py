"""Days of the market made by hand, to be played again: a price by slot for each symbol, and what follows from it."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from tests.support.market import CALENDAR, DAY
from tradeul.domain.day_volumes import SLOT_NS
from tradeul.domain.events import Floats, Symbol
from tradeul.domain.filters import Filter
from tradeul.domain.played_day import FORGOTTEN, UNTOLD, PlayedDay, images
from tradeul.domain.scans import Scan
from tradeul.domain.slot_prices import PRICES, bars_of_prices
from tradeul.domain.slots import SLOTS_PER_DAY
from tradeul.engine.backtest import Morning, Played, Player, StoredDay, Told, Trail

HOURS = CALENDAR.hours(DAY)
BEFORE = 10.0
"""The close before, of every symbol."""
OPEN = 66
"""The first slot of the regular session."""


def slot_at(wall: str) -> int:
    """The slot that begins at a wall time."""
    hours, minutes = map(int, wall.split(":"))
    return (hours - 4) * 12 + minutes // 5


def market(closes: Mapping[str, Floats], opens: Mapping[str, Floats] | None = None) -> PlayedDay:
    """A day in which each symbol traded 1,000 shares in every slot that has a close, at it from open to close."""
    close = np.array([closes[symbol] for symbol in closes]).T
    opened = close if opens is None else np.array([opens[symbol] for symbol in closes]).T
    shares = np.where(np.isnan(close), 0.0, 1_000.0)
    previous = np.full((4, len(closes)), BEFORE)
    high, low = np.fmax(opened, close), np.fmin(opened, close)
    volume = np.cumsum(shares, axis=0)
    return PlayedDay(HOURS, tuple(map(Symbol, closes)), opened, high, low, close, volume, close, previous)


def steady(price: float = BEFORE) -> Floats:
    """A symbol that trades at one price all day."""
    return np.full(SLOTS_PER_DAY, price)


def moved(*moves: tuple[str, float], price: float = BEFORE) -> Floats:
    """A symbol that trades at another price from each of these times on; NaN: not any more."""
    prices = steady(price)
    for wall, to in moves:
        prices[slot_at(wall) :] = to
    return prices


def stored(day: PlayedDay, morning: Morning | None = None) -> StoredDay:
    """The day as a source of days gives it."""
    starts = HOURS.pre_market_start + np.arange(SLOTS_PER_DAY) * SLOT_NS

    def trail(symbol: Symbol) -> Trail:
        place = day.symbols.index(symbol)
        traded = np.flatnonzero(~np.isnan(day.close[:, place]))
        return Trail(bars_of_prices(symbol, starts[traded], [getattr(day, name)[traded, place] for name in PRICES]), 5)

    told = Told(len(day.symbols), len(day.symbols), 0, 0, 0)
    return StoredDay(HOURS, day.symbols, morning or Morning(), partial(images, day), trail, told, UNTOLD, FORGOTTEN)


def played(
    day: PlayedDay | StoredDay, where: str = "change_percent >= 5", filters: Sequence[Filter] = (), **more: object
) -> Played:
    """What a list comes to on a day."""
    scan = Scan("tried", "Tried", where, "change_percent desc", **more)  # type: ignore[arg-type]
    there = day if isinstance(day, StoredDay) else stored(day)
    return Player(scan, filters, CALENDAR, 3).play(there)
