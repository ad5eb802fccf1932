"""The quote that stands after a symbol's last trade: tight where much is traded, wide where little is.

It changes when a trade does, so that a symbol nobody trades stands still.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain.events import Bools, Floats, Ints
from tradeul.domain.session import NANOS
from tradeul.simulation.chance import keyed, mixed, uniform
from tradeul.simulation.shape import CENT, UNITS_PER_DOLLAR, Columns, on_tick
from tradeul.simulation.universe import Traits

_SPREAD_AT_A_MILLION: Final = 45e-4
"""The spread against the price of a symbol that turns over a million dollars a day; it falls with the root of that."""
_SPREAD_BOUNDS: Final = (0.1e-4, 400e-4)
_EXTENDED_HOURS: Final = 2.5
_MOST_LOTS: Final = 24.0


@dataclass(frozen=True, slots=True, eq=False)
class Quotes(Columns):
    """Best bid and ask; sizes in lots of 100, `at` the instant of the last change."""

    bid: Ints
    ask: Ints
    bid_lots: Ints
    ask_lots: Ints
    at: Ints


def spread_of(traits: Traits) -> Floats:
    """Each symbol's usual spread as a part of its price."""
    millions = traits.daily_volume * np.exp(traits.log_price) / 1e6
    return np.clip(_SPREAD_AT_A_MILLION / np.sqrt(millions), *_SPREAD_BOUNDS)


def quotes_after(price: Ints, traded_at: Ints, spread: Floats, regular: Bools) -> Quotes:
    """Give the quotes around the last trades: on the bid, on the ask or between."""
    keys = mixed(traded_at.astype(np.uint64))
    tick = np.where(price < UNITS_PER_DOLLAR, 1, CENT)
    wide = price * spread * np.where(regular, 1.0, _EXTENDED_HOURS) * (0.6 + 0.8 * uniform(keyed(keys, 1)))
    gap = np.maximum(np.rint(wide / tick), 1.0) * tick
    side = np.floor(3.0 * uniform(keyed(keys, 2))) / 2.0
    bid = on_tick(price - gap * side)
    return Quotes(
        bid=bid,
        ask=np.maximum(on_tick(bid + gap), price),
        bid_lots=1 + (_MOST_LOTS * uniform(keyed(keys, 3)) ** 3).astype(np.int64),
        ask_lots=1 + (_MOST_LOTS * uniform(keyed(keys, 4)) ** 3).astype(np.int64),
        at=traded_at + ((NANOS - traded_at % NANOS) * 0.5 * uniform(keyed(keys, 5))).astype(np.int64),
    )
