"""The laws by which bars fall apart."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tradeul.simulation.chance import mixed
from tradeul.simulation.shape import CENT, UNITS_PER_DOLLAR, Bars, on_tick, slices, split


@st.composite
def parents(draw: st.DrawFn) -> tuple[Bars, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """A few bars that could have traded, and weights to split them by."""
    count = draw(st.integers(1, 5))
    prices = st.lists(st.floats(1.0, 9e7), min_size=count, max_size=count)
    ticks = np.sort([on_tick(np.array(draw(prices))) for _ in range(4)], axis=0)
    low, first, second, high = ticks
    swapped = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    volume = np.array(draw(st.lists(st.integers(1, 10**8), min_size=count, max_size=count)))
    weights = draw(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=78))
    return Bars(volume, np.where(swapped, second, first), high, low, np.where(swapped, first, second)), np.array(
        weights
    )


def split_of(case: tuple[Bars, np.ndarray[tuple[int], np.dtype[np.float64]]], seed: int, size: float) -> Bars:
    bars, weights = case
    count = len(bars.volume)
    return split(bars, weights, np.full(count, size), mixed(np.arange(count, dtype=np.uint64) + np.uint64(seed)))


CASES = (parents(), st.integers(0, 2**40), st.floats(1.0, 5000.0))


@given(*CASES)
def test_children_add_up_and_reach_the_parents_ends(
    case: tuple[Bars, np.ndarray[tuple[int], np.dtype[np.float64]]], seed: int, size: float
) -> None:
    """Volumes add up, the first trade is at the open, the last at the close, the extremes are the parent's."""
    bars = case[0]

    children = split_of(case, seed, size)

    traded = children.volume > 0
    every = np.arange(len(bars.volume))
    last = traded.shape[1] - 1 - traded[:, ::-1].argmax(axis=1)
    assert children.volume.sum(axis=1).tolist() == bars.volume.tolist()
    assert children.open[every, traded.argmax(axis=1)].tolist() == bars.open.tolist()
    assert children.close[every, last].tolist() == bars.close.tolist()
    assert np.where(traded, children.high, 0).max(axis=1).tolist() == bars.high.tolist()
    assert np.where(traded, children.low, 2**62).min(axis=1).tolist() == bars.low.tolist()


@given(*CASES)
def test_every_child_is_a_bar_that_can_trade(
    case: tuple[Bars, np.ndarray[tuple[int], np.dtype[np.float64]]], seed: int, size: float
) -> None:
    """low <= open, close <= high, all on ticks; without volume there is no bar; none has less than no volume."""
    children = split_of(case, seed, size)

    traded = children.volume > 0
    assert (children.volume >= 0).all()
    for price in (children.open, children.high, children.low, children.close):
        assert (price[~traded] == 0).all()
        assert (price[traded] > 0).all()
        assert ((price < UNITS_PER_DOLLAR) | (price % CENT == 0)).all()
        assert (price <= children.high).all()
        assert (price >= children.low).all()


@given(*CASES)
def test_a_price_goes_on_where_it_stood(
    case: tuple[Bars, np.ndarray[tuple[int], np.dtype[np.float64]]], seed: int, size: float
) -> None:
    """Each child opens where the one that traded before it closed."""
    children = split_of(case, seed, size)

    for opens, closes, volumes in zip(children.open, children.close, children.volume, strict=True):
        there = np.flatnonzero(volumes)
        assert opens[there][1:].tolist() == closes[there][:-1].tolist()


def test_rare_trades_leave_most_children_without_a_bar() -> None:
    """Three trades fill at most a few of sixty seconds, yet on average every second gets its share."""
    count = 4000
    bar = Bars(*(np.full(count, value) for value in (300, 100_000, 100_500, 99_500, 100_000)))

    children = split(bar, np.ones(60), np.full(count, 100.0), mixed(np.arange(count, dtype=np.uint64)))

    assert (children.volume > 0).sum(axis=1).mean() < 4
    assert not (children.volume[:, -1] == 1).any()
    assert np.allclose(children.volume.reshape(count, 6, 10).mean(axis=(0, 2)), 5.0, atol=0.6)


def test_a_bar_without_volume_has_no_children() -> None:
    """What did not trade does not trade at any finer scale."""
    nothing = Bars(*(np.zeros(2, np.int64) for _ in range(5)))

    children = split(nothing, np.ones(6), np.full(2, 100.0), mixed(np.arange(2, dtype=np.uint64)))

    assert not any(getattr(children, name).any() for name in Bars.names())


@given(st.integers(0, 100_000), st.integers(1, 500))
def test_slices_cover_all_rows_once(count: int, cells: int) -> None:
    """Working slice by slice misses nothing and repeats nothing."""
    pieces = list(slices(count, cells))

    assert sum(piece.stop - piece.start for piece in pieces) == count
    assert [piece.start for piece in pieces] == [0, *(piece.stop for piece in pieces[:-1])][: len(pieces)]
