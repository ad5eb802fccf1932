"""The trades behind a second's bars."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.simulated import played, small_day, tape_at
from tradeul.domain.events import Ints
from tradeul.domain.session import NANOS
from tradeul.simulation.prints import MOST_PRINTS, Prints, prints_of
from tradeul.simulation.shape import UNITS_PER_DOLLAR, Bars

SECOND = 19_800


@st.composite
def bars(draw: st.DrawFn) -> list[tuple[int, int, int, int, int]]:
    """Draw bars as (volume, open, high, low, close), prices in whole cents."""
    drawn = []
    for _ in range(draw(st.integers(1, 8))):
        low = draw(st.integers(1, 5000))
        high = low + draw(st.integers(0, 60))
        first, last = draw(st.integers(low, high)), draw(st.integers(low, high))
        drawn.append((draw(st.integers(1, 3_000_000)), first * 100, high * 100, low * 100, last * 100))
    return drawn


def by_row(prints: Prints) -> dict[int, list[dict[str, Any]]]:
    """Each row's trades in the order they were given."""
    rows: dict[int, list[dict[str, Any]]] = {}
    columns = {name: getattr(prints, name).tolist() for name in Prints.names()}
    for place, row in enumerate(columns["rows"]):
        rows.setdefault(row, []).append({name: column[place] for name, column in columns.items()})
    return rows


def printed(drawn: list[tuple[int, int, int, int, int]]) -> dict[int, list[dict[str, Any]]]:
    columns: list[Ints] = [np.array(column, np.int64) for column in zip(*drawn, strict=True)]
    return by_row(prints_of(small_day(), np.arange(len(drawn)), SECOND, Bars(*columns)))


@given(bars())
def test_prints_make_up_their_bar(drawn: list[tuple[int, int, int, int, int]]) -> None:
    """Sizes add up to the volume; prices begin at the open, end at the close, and from four on touch high and low."""
    for row, prints in printed(drawn).items():
        volume, first, high, low, last = drawn[row]
        prices = [each["price"] for each in prints]

        assert sum(each["size"] for each in prints) == volume
        assert min(each["size"] for each in prints) >= 1
        assert len(prints) <= MOST_PRINTS
        assert prices[-1] == last
        assert len(prints) == 1 or prices[0] == first
        assert low <= min(prices)
        assert max(prices) <= high
        if len(prints) >= 4:
            assert (min(prices), max(prices)) == (low, high)


@given(bars())
def test_prints_are_in_the_order_of_time(drawn: list[tuple[int, int, int, int, int]]) -> None:
    """Instants never go back and stay within their second; numbers count up from 0."""
    start = small_day().hours.pre_market_start + SECOND * NANOS
    for prints in printed(drawn).values():
        instants = [each["at"] for each in prints]

        assert instants == sorted(instants)
        assert start <= instants[0]
        assert instants[-1] < start + NANOS
        assert [each["number"] for each in prints] == list(range(len(prints)))


@pytest.mark.parametrize("wall", ["08:12", "09:30", "12:00", "16:00", "18:30"])
def test_the_last_print_is_the_last_trade(wall: str) -> None:
    """At any time of day the tape's last price, size and instant are those of each symbol's last print."""
    tape = tape_at(wall)
    for _ in range(5):
        trades = played(tape)
        for row, prints in by_row(prints_of(tape.day, trades.rows, tape.second - 1, trades.bars)).items():
            last = prints[-1]
            shown = (tape.price[row], tape.trade_size[row], tape.traded_at[row])

            assert (last["price"], last["size"], last["at"]) == shown


def test_prices_are_prices_that_can_trade() -> None:
    """From a dollar up every print is in whole cents."""
    tape = tape_at("09:30")
    trades = played(tape)
    price = prints_of(tape.day, trades.rows, tape.second - 1, trades.bars).price

    dear = price[price >= UNITS_PER_DOLLAR]

    assert len(dear) > 100
    assert not (dear % 100).any()


def test_what_trades_much_prints_often() -> None:
    """At the open the busiest symbol prints many times in a second, most symbols a few times."""
    tape = tape_at("09:30")
    trades = played(tape)
    counts = [len(prints) for prints in by_row(prints_of(tape.day, trades.rows, tape.second - 1, trades.bars)).values()]

    assert max(counts) > 20
    assert np.median(counts) < 8
