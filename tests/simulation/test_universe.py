"""The listing of the simulated market."""

import re

import numpy as np
import pytest

from tests.support.simulated import small_market
from tradeul.simulation.universe import EXCHANGES, NASDAQ, NOWHERE, RENAME_CYCLE, Kind, universe_of

SPELLING = re.compile(r"^[A-Za-z][A-Za-z0-9]{0,9}([./-][A-Za-z0-9]{1,4})*$")


@pytest.mark.parametrize("count", [100, 3000, 12_000])
def test_it_has_as_many_symbols_as_asked_for(count: int) -> None:
    """Symbols are unique, sorted, and spelt as symbols are."""
    symbols = universe_of(1, count).symbols

    assert len(set(symbols)) == count
    assert list(symbols) == sorted(symbols)
    assert all(SPELLING.match(symbol) for symbol in symbols)


def test_the_odd_ones_are_there() -> None:
    """Share classes, a preferred beside its upper-case twin, warrants, units and foreign shares are listed."""
    universe = universe_of(1, 3000)

    assert {"BRK.B", "BACpL", "BACPL", "AVACU", "AVACW"} <= set(universe.symbols)
    assert set(universe.traits.kind.tolist()) == {int(kind) for kind in Kind}
    foreign = [symbol for symbol, otc in zip(universe.symbols, universe.traits.otc, strict=True) if otc]
    assert foreign
    assert all(len(symbol) == 5 and symbol[-1] in "FY" for symbol in foreign)


def test_most_symbols_have_up_to_four_letters() -> None:
    """Common shares and funds make up most of the market."""
    symbols = universe_of(2, 3000).symbols

    assert sum(len(symbol) <= 4 and symbol.isupper() for symbol in symbols) > 2400


def test_traits_hang_on_spelling_and_seed_only() -> None:
    """A symbol is the same in a small and in a large market, and another with another seed; but one that shares its
    company with another follows that.
    """
    small, large, other = universe_of(1, 500), universe_of(1, 1500), universe_of(2, 500)
    plain = [
        {symbol for symbol, offset in zip(each.symbols, each.traits.rename_offset, strict=True) if offset < 0}
        for each in (small, large)
    ]
    shared = sorted(plain[0] & plain[1])

    here = small.traits.take([small.symbols.index(symbol) for symbol in shared])
    there = large.traits.take([large.symbols.index(symbol) for symbol in shared])

    assert len(shared) > 300
    assert here.daily_volume.tolist() == there.daily_volume.tolist()
    assert here.log_price.tolist() == there.log_price.tolist()
    assert set(other.symbols) != set(small.symbols)


def test_liquidity_and_prices_are_spread_as_in_a_market() -> None:
    """A few trade tens of millions of shares, many ten thousand; prices go from cents to hundreds of dollars."""
    traits = universe_of(1, 6000).traits
    price = np.exp(traits.log_price)

    assert (traits.daily_volume > 2e7).sum() >= 10
    assert (traits.daily_volume < 20_000).mean() > 0.15
    assert (price < 1).mean() > 0.01
    assert (price > 200).mean() > 0.005
    assert np.median(price[traits.kind == Kind.COMMON]) == pytest.approx(17, rel=0.2)


def test_small_worlds_are_shared_by_tests() -> None:
    """Building the same market twice gives the same symbols."""
    assert universe_of(1, 400).symbols == small_market().universe.symbols


def test_every_kind_is_listed_where_such_are_listed() -> None:
    """Foreign shares are listed nowhere, funds mostly on Arca, and most common shares on Nasdaq or in New York."""
    traits = universe_of(1, 6000).traits

    assert (traits.exchange[traits.otc] == NOWHERE).all()
    assert (traits.exchange[~traits.otc] >= 0).all()
    funds = traits.exchange[traits.kind == Kind.FUND]
    assert (funds == EXCHANGES.index("ARCX")).mean() > 0.5
    common = np.bincount(traits.exchange[traits.kind == Kind.COMMON], minlength=len(EXCHANGES))
    assert common[NASDAQ] > common[EXCHANGES.index("XNYS")] > common[EXCHANGES.index("XASE")] > 0


def test_a_few_split_either_way() -> None:
    """There is a reverse split on every day of the cycle and a forward one now and then; the rest never splits."""
    traits = universe_of(1, 12_000).traits
    reverse, forward = traits.split_factor == 10.0, traits.split_factor == 0.25

    assert sorted(traits.split_offset[reverse].tolist()) == list(range(200))
    assert forward.sum() == 40
    assert (traits.split_offset[~reverse & ~forward] == -1).all()


def test_some_companies_have_two_symbols() -> None:
    """They come in pairs of one key, and one of the two is current at a time."""
    universe = universe_of(1, 12_000)
    rows = np.flatnonzero(universe.traits.rename_offset >= 0)

    keys, counts = np.unique(universe.traits.key[rows], return_counts=True)
    assert counts.tolist() == [2] * 8
    for key in keys:
        pair = universe.traits.take(rows[universe.traits.key[rows] == key])
        assert pair.daily_volume[0] == pair.daily_volume[1]
        assert abs(pair.rename_offset[0] - pair.rename_offset[1]) == RENAME_CYCLE


def test_a_row_is_found_by_the_exact_spelling() -> None:
    """Upper and lower case are different symbols, and an unknown one has no row."""
    universe = universe_of(1, 400)

    assert [universe.row_of(symbol) for symbol in universe.symbols] == list(range(400))
    assert universe.row_of("BACpL") != universe.row_of("BACPL")
    assert universe.row_of("aapl") is None
    assert universe.row_of("") is None
