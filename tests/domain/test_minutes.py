"""A minute folded from its seconds, whatever the order and number of their coming."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import NANOS, at, bar
from tradeul.domain.events import LiveBar, MinuteBar, Nanos, Symbol
from tradeul.domain.minutes import SECONDS, MinuteFold, minute_of

TEN = at("10:00")
A = Symbol("A")
LATER = at("10:01:30")
CENT = 100

prices = st.integers(1, 900).map(lambda cents: cents / CENT)
one_second = st.builds(
    lambda second, four, volume, vwap: second_bar(second, *four, volume=volume, vwap=vwap),
    st.integers(0, SECONDS - 1),
    st.tuples(prices, prices, prices, prices),
    st.integers(0, 5_000).map(float),
    prices,
)
seconds = st.lists(one_second, min_size=1, max_size=SECONDS, unique_by=lambda second: second.start)


def second_bar(second: int, *four: float, volume: float = 100.0, vwap: float = 0.0) -> LiveBar:
    """The bar of a second, its high and low around the four prices."""
    four = four or (5.0, 5.0)
    return bar(
        A,
        Nanos(TEN + (second + 1) * NANOS),
        four[-1],
        open=four[0],
        high=max(four),
        low=min(four),
        volume=volume,
        vwap=vwap,
    )


def folded(came: list[LiveBar]) -> MinuteBar:
    fold = MinuteFold(A, TEN)
    for second in came:
        fold.put(second)
    return fold.bar(LATER)


def naive(came: list[LiveBar]) -> MinuteBar:
    """The minute of seconds in order, by the definition."""
    volume = sum(second.volume for second in came)
    turnover = sum(second.vwap * second.volume for second in came)
    return MinuteBar(
        TEN,
        A,
        came[0].open,
        max(second.high for second in came),
        min(second.low for second in came),
        came[-1].close,
        volume,
        round(turnover / volume, 4) if volume else None,
        None,
        LATER,
    )


@given(seconds, st.data())
def test_order_and_repetition_do_not_matter(came: list[LiveBar], data: st.DataObject) -> None:
    """Seconds in any order, each any number of times, make the minute that they make in order and once."""
    again = data.draw(st.lists(st.sampled_from(came), max_size=20))
    order = data.draw(st.permutations([*came, *again]))

    assert folded(order) == naive(sorted(came, key=lambda second: second.start))


@given(seconds, one_second)
def test_what_comes_again_replaces_what_was_there(came: list[LiveBar], correction: LiveBar) -> None:
    """Of two bars of one second only the one that came last counts, in prices and in volume."""
    others = [second for second in came if second.start != correction.start]

    assert folded([*came, correction]) == folded([*others, correction])


@given(seconds)
def test_what_changes_nothing_is_said_to(came: list[LiveBar]) -> None:
    """A bar is news the first time, and none when it comes as it was."""
    fold = MinuteFold(A, TEN)

    assert all(fold.put(second) for second in came)
    assert not any(fold.put(second) for second in came)
    assert fold.put(came[0]._replace(volume=came[0].volume + 1))


def test_an_average_is_known_only_of_all_shares() -> None:
    """Without the average of any second that traded the minute's is unknown; a second without shares has none."""
    unknown = folded([second_bar(0, vwap=5.0), second_bar(1, vwap=0.0)])
    known = folded([second_bar(0, vwap=5.0, volume=300.0), second_bar(1, vwap=6.0), second_bar(2, volume=0.0)])

    assert (unknown.vwap, known.vwap) == (None, 5.25)


def test_the_feeds_own_minute_is_believed() -> None:
    """It replaces the fold, no second changes it any more, and another one of the same minute replaces it."""
    fold = MinuteFold(A, TEN)
    own = bar(A, at("10:01"), 7.0, start=TEN, volume=900.0, vwap=6.5)
    fold.put(second_bar(0))

    assert fold.replace(own)
    assert not fold.replace(own)
    assert not fold.put(second_bar(1))
    assert fold.bar(LATER) == MinuteBar(TEN, A, 7.0, 7.0, 7.0, 7.0, 900.0, 6.5, None, LATER)
    assert fold.replace(own._replace(volume=901.0))
    assert fold.bar(LATER).volume == 901.0


@pytest.mark.parametrize(("wall", "minute"), [("10:00", "10:00"), ("10:00:59", "10:00"), ("10:01", "10:01")])
def test_a_minute_begins_on_the_clock(wall: str, minute: str) -> None:
    """An instant belongs to the minute that its clock shows."""
    assert minute_of(at(wall)) == at(minute)
