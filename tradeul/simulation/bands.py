"""The price bands that listed symbols may trade within during the regular session: 5 or 10 % around their price.

Each symbol has its own second in every five minutes in which its band is set, so that they do not come all at once.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain.events import Bools, Floats, Ints
from tradeul.domain.session import NANOS
from tradeul.domain.slots import SLOT_SECONDS
from tradeul.simulation.chance import keyed, uniform
from tradeul.simulation.shape import Columns, on_tick
from tradeul.simulation.tape import Tape
from tradeul.simulation.universe import Kind, Traits

BAND_EVERY_S: Final = 300
NARROW: Final = 0.05
WIDE: Final = 0.10
_LARGE_TURNOVER: Final = 50e6
"""Dollars a day from which on a common share has the narrow band, as every fund has."""
_PHASE, _INSTANT = 47, 48
"""The parts of a key for the second of a symbol's band, and for the instant within it."""


@dataclass(frozen=True, slots=True, eq=False)
class Bands(Columns):
    """Limits for some rows; `moved` where there were trades since the band before."""

    rows: Ints
    lower: Ints
    upper: Ints
    at: Ints
    moved: Bools


def width_of(traits: Traits) -> Floats:
    """By which part of its price each symbol may move."""
    turnover = traits.daily_volume * np.exp(traits.log_price)
    return np.where((traits.kind == Kind.FUND) | (turnover > _LARGE_TURNOVER), NARROW, WIDE)


def phase_of(traits: Traits) -> Ints:
    """Each symbol's second within the five minutes."""
    return (uniform(keyed(traits.key, _PHASE)) * BAND_EVERY_S).astype(np.int64)


def due_for_bands(traits: Traits, phase: Ints, tape: Tape) -> Ints:
    """The rows whose band is set in the second that just ended: listed, and traded since the official open."""
    second = tape.second - 1
    if not tape.day.regular(np.array(second // SLOT_SECONDS)):
        return np.zeros(0, np.int64)
    return np.flatnonzero((phase == second % BAND_EVERY_S) & ~traits.otc & (tape.regular.volume > 0))


def bands_around(traits: Traits, width: Floats, tape: Tape, rows: Ints) -> Bands:
    """The bands of these rows after the second that just ended."""
    start = tape.day.hours.pre_market_start + (tape.second - 1) * NANOS
    price, reach = tape.price[rows], tape.price[rows] * width[rows]
    within = uniform(keyed(traits.key[rows], _INSTANT, tape.second))
    return Bands(
        rows=rows,
        lower=on_tick(price - reach),
        upper=on_tick(price + reach),
        at=start + (within * NANOS).astype(np.int64),
        moved=tape.traded_at[rows] >= start - (BAND_EVERY_S - 1) * NANOS,
    )
