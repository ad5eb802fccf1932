"""Quotes after trades."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.simulated import small_market
from tradeul.simulation.quotes import quotes_after, spread_of
from tradeul.simulation.shape import CENT, UNITS_PER_DOLLAR


@given(
    st.integers(1, 10**9).map(lambda price: price if price < UNITS_PER_DOLLAR else price // CENT * CENT),
    st.integers(1, 2 * 10**18),
    st.floats(1e-5, 0.04),
    st.booleans(),
)
def test_a_quote_stands_around_the_trade(price: int, traded_at: int, spread: float, regular: bool) -> None:
    """The bid is below the ask, the trade between them, and the quote changed within the trade's second."""
    quotes = quotes_after(*(np.array([value]) for value in (price, traded_at, spread, regular)))

    assert 0 < quotes.bid[0] < quotes.ask[0]
    assert quotes.bid[0] <= price <= quotes.ask[0]
    assert traded_at <= quotes.at[0] < traded_at - traded_at % 10**9 + 10**9
    assert quotes.bid_lots[0] > 0


def test_what_trades_much_is_quoted_tightly() -> None:
    """Spreads fall with turnover: a basis point for the largest, a percent for the quiet ones."""
    universe = small_market().universe

    spread = spread_of(universe.traits)

    assert spread[universe.symbols.index("SPY")] < 1e-4
    assert spread.max() > 0.005
