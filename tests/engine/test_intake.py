"""Bars wait folded, and nothing that counts is lost."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import NANOS, at, bar
from tradeul.domain.events import LiveBar, LiveEvents, Nanos
from tradeul.engine.intake import Intake

START = at("10:00")

one = st.builds(
    lambda symbol, second, close, spread, volume: bar(
        symbol, Nanos(START + second * NANOS), close, volume, high=close + spread, low=close - spread
    ),
    st.sampled_from("ABC"),
    st.integers(1, 10),
    st.integers(5, 9).map(float),
    st.integers(0, 3).map(float),
    st.integers(0, 100).map(float),
)


@given(st.lists(one, min_size=1, max_size=30), st.integers(1, 5))
def test_folding_keeps_the_newest_price_and_every_extreme(bars: list[LiveBar], chunk: int) -> None:
    """In any order and any batches: newest close, highest high, lowest low, largest volume, one bar per symbol."""
    intake = Intake()
    for i in range(0, len(bars), chunk):
        intake.deliver(LiveEvents(bars[i : i + chunk], [], [], [], []))

    held = {each.symbol: each for each in intake.take()}

    assert set(held) == {each.symbol for each in bars}
    for symbol, folded in held.items():
        mine = [each for each in bars if each.symbol == symbol]
        newest = max(each.end for each in mine)
        assert folded.end == newest
        assert folded.close in {each.close for each in mine if each.end == newest}
        assert folded.high == max(each.high for each in mine)
        assert folded.low == min(each.low for each in mine)
        assert folded.volume_today == max(each.volume_today for each in mine)
    assert intake.folded == len(bars) - len(held)
    assert intake.take() == []


def test_trades_of_folded_bars_add_up() -> None:
    """But for a bar that replaces an earlier one, whose trades it has."""
    intake = Intake()
    seconds = [
        bar("A", Nanos(START + second * NANOS), 5.0, trades=trades) for second, trades in ((1, 4), (2, 3), (2, 5))
    ]

    intake.deliver(LiveEvents(seconds[1:], [], [], [], []))
    replaced = intake.take()
    intake.deliver(LiveEvents(seconds[:2], [], [], [], []))

    assert [each.trades for each in (*replaced, *intake.take())] == [5, 7]


def test_bars_of_two_minutes_are_not_folded() -> None:
    """The open, a slot and a minute's count lie between them: the older ones are handed over first, in any order."""
    intake = Intake()
    seconds = [
        bar("A", Nanos(START + second * NANOS), 5.0, second, high=6.0 + second) for second in (62, 59, 61, 60, -5)
    ]

    intake.deliver(LiveEvents(seconds, [], [], [], []))
    taken = [(each.end, each.high, each.volume_today) for _ in range(3) for each in intake.take()]

    assert taken == [(seconds[3].end, 66.0, 60.0), (seconds[0].end, 68.0, 62.0)]
    assert intake.folded == 3
    assert len(intake.take()) == 0


async def test_what_is_left_is_announced() -> None:
    """Who has taken the older minute does not wait for the next bar to take the newer one."""
    intake = Intake()
    intake.deliver(LiveEvents([bar("A", Nanos(START + second * NANOS), 5.0) for second in (60, 61)], [], [], [], []))

    taken = []
    for _ in range(2):
        await intake.arrival()
        taken += intake.take()

    assert [each.end - START for each in taken] == [60 * NANOS, 61 * NANOS]
