"""Bars wait folded, and nothing that counts is lost."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, NANOS, at, bar
from tradeul.clock import ManualClock
from tradeul.domain.events import LiveBar, LiveEvents, LiveQuote, LiveTrade, Nanos, PriceBand, Symbol
from tradeul.engine.intake import Intake
from tradeul.engine.vitals import Vitals

START = at("10:00")


def intake_at(wall: str = "10:02") -> Intake:
    clock = ManualClock(at(wall))
    return Intake(clock, CALENDAR, Vitals(clock.now()))


def seconds_of(intake: Intake) -> list[LiveBar]:
    return [bar for folded in intake.take() for bar in folded.seconds]


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
    intake = intake_at()
    for i in range(0, len(bars), chunk):
        intake.deliver(LiveEvents(bars[i : i + chunk], [], [], [], []))

    held = {each.symbol: each for each in seconds_of(intake)}

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
    intake = intake_at()
    seconds = [
        bar("A", Nanos(START + second * NANOS), 5.0, trades=trades) for second, trades in ((1, 4), (2, 3), (2, 5))
    ]

    intake.deliver(LiveEvents(seconds[1:], [], [], [], []))
    replaced = seconds_of(intake)
    intake.deliver(LiveEvents(seconds[:2], [], [], [], []))

    assert [each.trades for each in (*replaced, *seconds_of(intake))] == [5, 7]


def test_bars_of_two_minutes_are_not_folded() -> None:
    """The open, a slot and a minute's count lie between them: the older ones are handed over first, in any order."""
    intake = intake_at()
    seconds = [
        bar("A", Nanos(START + second * NANOS), 5.0, second, high=6.0 + second) for second in (62, 59, 61, 60, -5)
    ]

    intake.deliver(LiveEvents(seconds, [], [], [], []))
    taken = [(each.end, each.high, each.volume_today) for each in seconds_of(intake)]

    assert taken == [(seconds[3].end, 66.0, 60.0), (seconds[0].end, 68.0, 62.0)]
    assert intake.folded == 3
    assert len(intake.take()) == 0


def test_minutes_of_both_sides_of_the_open_stay_apart() -> None:
    """Three of them or more may wait, and no price of one side gets into the range of the other."""
    intake = intake_at("09:33")
    minutes = [Nanos(at("09:28:30") + number * 60 * NANOS) for number in range(4)]

    intake.deliver(LiveEvents([bar("A", end, 5.0 + number) for number, end in enumerate(minutes)], [], [], [], []))

    assert [(each.low, each.high) for each in seconds_of(intake)] == [(5.0, 6.0), (7.0, 7.0), (8.0, 8.0)]


def test_every_kind_is_received_folded_and_bounded() -> None:
    """However many come of a symbol, of each kind a few wait, and the counts say what came and what was joined."""
    intake = intake_at("10:02")
    name = Symbol("A")
    times = [Nanos(START + step * 50_000_000) for step in range(2_400)]
    trades = [LiveTrade(name, when, 5.0, 1.0, 4, ()) for when in times]
    quotes = [LiveQuote(name, when, 4.9, 5.1, 1.0, 1.0) for when in times]
    words: list[PriceBand] = [PriceBand(name, when, 4.0, 6.0, "halted") for when in times[:2]]
    bands = [PriceBand(name, when, 4.0, 6.0, "band") for when in times[:3]]

    intake.deliver(LiveEvents([], [], trades, quotes, words + bands))
    taken = intake.take()

    assert [folded.count() for folded in taken] == [1, 4]
    assert sum(trades.trades for folded in taken for trades in folded.trades) == 2_400
    assert taken[1].bands == [words[1], bands[2]]
    assert intake.report()["received"] == {"seconds": 0, "minutes": 0, "trades": 2400, "quotes": 2400, "bands": 5}
    assert intake.report()["folded"] == {"seconds": 0, "minutes": 0, "trades": 2398, "quotes": 2399, "bands": 3}
    assert intake.take() == []


def test_lag_is_by_the_events_own_time() -> None:
    """Of the newest in each batch, and less the delay that the feed is known to have; nothing came: unknown."""
    clock = ManualClock(at("10:02:00"))
    vitals = Vitals(clock.now())
    intake = Intake(clock, CALENDAR, vitals)
    silent = intake.report()["lag_ms"]

    old, new = (bar("A", Nanos(clock.now() - late * NANOS), 5.0) for late in (600, 2))
    intake.deliver(LiveEvents([new, old], [], [], [], []))
    lags = [intake.lags.last_minute(clock.now())]
    vitals.behind_s = 900.0
    intake = Intake(clock, CALENDAR, vitals)
    intake.deliver(LiveEvents([bar("A", Nanos(clock.now() - 903 * NANOS), 5.0)], [], [], [], []))
    lags.append(intake.lags.last_minute(clock.now()))

    assert silent is None
    assert [lag and lag.p50 for lag in lags] == [2_000.0, 3_000.0]
