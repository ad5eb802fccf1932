"""When snapshots prove that a live feed is dead."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import NANOS, at
from tradeul.domain.events import Nanos
from tradeul.domain.silence import Silence

START = at("10:00")
INTERVAL_S = 5


def after(seconds: float) -> Nanos:
    return Nanos(START + int(seconds * NANOS))


def judged(silence: Silence, heard: float, trade: float | None, now: float) -> bool:
    return silence.broken(after(heard), Nanos(0) if trade is None else after(trade), after(now))


def test_a_feed_that_stops_in_a_busy_market_is_found_within_25_seconds() -> None:
    """Trades go on in the snapshots, nothing is heard: the fifth snapshot is proof."""
    silence = Silence()
    verdicts = {now: judged(silence, 0, now - 0.2, now) for now in range(1, 40, INTERVAL_S)}

    found = [now for now, broken in verdicts.items() if broken]

    assert found[0] <= 25
    assert not any(broken for now, broken in verdicts.items() if now < 20)


def test_a_quiet_market_is_no_silence() -> None:
    """Where nothing trades nothing is owed, however long it lasts."""
    silence = Silence()

    assert not any(judged(silence, 0, None, now) for now in range(5, 3600, INTERVAL_S))


def test_a_trade_that_the_feed_brings_a_moment_later_is_forgiven() -> None:
    """After a minute of nothing one trade shows in a snapshot first; its bar comes before the next."""
    silence = Silence()

    assert not judged(silence, 0, 60, 60.5)
    assert not judged(silence, 61, 60, 65.5)


def test_a_single_trade_that_never_comes_is_found_at_the_next_snapshot() -> None:
    """It needs no second trade."""
    silence = Silence()
    judged(silence, 0, None, 58)

    assert not judged(silence, 0, 60, 63)
    assert judged(silence, 0, 60, 68)


def test_what_traded_before_it_was_followed_is_not_owed() -> None:
    """A symbol enters a list by a trade older than the last snapshot: no event of that trade will ever come."""
    silence = Silence()
    judged(silence, 0, None, 60)

    assert not judged(silence, 0, 58, 65)
    assert not judged(silence, 0, 58, 70)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_a_feed_that_is_never_later_than_a_snapshot_is_never_cut(traded: list[bool]) -> None:
    """Whatever trades when, bars that come within one interval keep the connection."""
    silence = Silence()
    heard = 0.0
    for turn, trades in enumerate(traded, start=1):
        now = float(turn * INTERVAL_S)
        trade = now - 0.5 if trades else None

        assert not judged(silence, heard, trade, now)
        if trade is not None:
            heard = trade


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_one_dead_connection_is_cut_once(gaps: list[int]) -> None:
    """After the verdict a new connection starts with nothing owed."""
    silence, now = Silence(), 0.0
    while not judged(silence, 0, now, now + 0.5):
        now += INTERVAL_S
    reconnected = now + 1.0
    for gap in gaps:
        now += gap
        assert not judged(silence, max(reconnected, now), None, now + 1.0)
