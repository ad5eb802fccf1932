"""Minutes are told whole, once they are over, and again when they change."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.eventually import running, settle
from tests.support.market import NANOS, at, bar
from tradeul.clock import ManualClock
from tradeul.domain.alerts import Alert
from tradeul.domain.events import ListEvent, ListRecord, LiveBar, LiveEvents, MinuteBar, Nanos, Symbol
from tradeul.domain.minutes import CHANGES_WITHIN_NS, MINUTE_NS
from tradeul.engine.minutes import GRACE_NS, LOOK_EVERY_S, QUIET_NS, Minutes

TEN = at("10:00")
S = NANOS


@dataclass
class Link:
    """What the feed says of itself."""

    since: Nanos = TEN
    confirmed: frozenset[Symbol] = frozenset()
    authenticated: bool = True
    newest_event_at: Nanos = TEN


class Notebook:
    """A chronicle that remembers minutes."""

    def __init__(self) -> None:
        self.minutes: list[MinuteBar] = []

    def event(self, event: ListEvent) -> None:
        raise AssertionError(f"minutes are no events: {event}")

    def state(self, state: ListRecord) -> None:
        raise AssertionError(f"minutes are no states: {state}")

    def result(self, state: ListRecord) -> None:
        raise AssertionError(f"minutes are no results: {state}")

    def minute(self, minute: MinuteBar) -> None:
        self.minutes.append(minute)

    def alert(self, alert: Alert) -> None:
        raise AssertionError(f"nothing rings here: {alert}")


class Bench:
    """A feed at ten in the morning that can be led on, second by second."""

    def __init__(self, *symbols: str) -> None:
        self.clock = ManualClock(TEN)
        self.link = Link()
        self.notebook = Notebook()
        self.minutes = Minutes(lambda: self.link, self.notebook, self.clock)
        self.follow(*symbols)

    def follow(self, *symbols: str) -> None:
        self.link.confirmed = frozenset(map(Symbol, symbols))

    async def until(self, second: float) -> None:
        """Let the market come to so many seconds after ten."""
        await self.clock.advance((TEN - self.clock.now()) / NANOS + second)
        await self.minutes.look()

    async def bars(self, *bars: LiveBar) -> None:
        self.minutes.deliver(LiveEvents(list(bars), [], [], [], []))
        await self.minutes.look()

    @property
    def told(self) -> list[tuple[str, float, float]]:
        """Which minutes were told: symbol, seconds after ten, volume."""
        return [(str(each.symbol), (each.at - TEN) / S, each.volume) for each in self.notebook.minutes]


def second(number: float, symbol: str = "A", volume: float = 100.0, **more: Any) -> LiveBar:
    """The bar of the second that begins so many seconds after ten."""
    return bar(symbol, Nanos(TEN + int((number + 1) * S)), 5.0, volume=volume, **more)


async def follow_from_ten(*symbols: str) -> Bench:
    bench = Bench(*symbols)
    await bench.minutes.look()
    return bench


async def test_a_minute_is_told_once_it_is_over() -> None:
    """Not before the feed has gone on for the grace, of whatever symbol; then once, with what came late meanwhile."""
    bench = await follow_from_ten("A", "B")
    await bench.until(62)
    await bench.bars(second(1), second(58))
    await bench.until(64.9)
    await bench.bars(second(59), second(62.5, "B"))
    assert bench.told == []
    await bench.until(66)
    await bench.bars(second(64, "B"))
    await bench.bars(second(64, "B"))

    assert bench.told == [("A", 0, 300.0)]
    assert bench.notebook.minutes[0].as_of == TEN + MINUTE_NS + GRACE_NS
    assert bench.minutes.report() == {"symbols": 2, "held": 2, "told": 1}


async def test_a_late_second_has_the_minute_told_again() -> None:
    """Within a quarter of an hour a second that changes the minute is news, one that changes nothing is not."""
    bench = await follow_from_ten("A")
    await bench.until(70)
    await bench.bars(second(1), second(69))
    await bench.until(900)
    await bench.bars(second(1), second(899))
    assert bench.told == [("A", 0, 100.0), ("A", 60, 100.0)]
    await bench.bars(second(2))
    await bench.until(60 + (CHANGES_WITHIN_NS + 2 * MINUTE_NS) // S)
    await bench.bars(second(60 + (CHANGES_WITHIN_NS + 2 * MINUTE_NS) // S - 1))
    await bench.bars(second(3))

    assert bench.told[2:4] == [("A", 0, 200.0), ("A", 840, 100.0)]
    assert ("A", 0, 300.0) not in bench.told
    assert bench.notebook.minutes[2].as_of > bench.notebook.minutes[0].as_of


async def test_a_minute_whose_beginning_was_not_followed_is_not_told() -> None:
    """A symbol that becomes hot within a minute is told of from the next one on."""
    bench = Bench()
    await bench.until(20)
    bench.follow("A")
    await bench.until(21)
    await bench.bars(second(20), second(21))
    await bench.until(130)
    await bench.bars(second(59), second(61), second(129))

    assert bench.told == [("A", 60, 100.0)]


async def test_a_symbol_that_is_left_is_told_of_no_more() -> None:
    """What was not over when it was left is not whole; followed again, it begins anew with the next minute."""
    bench = await follow_from_ten("A", "B")
    await bench.until(63)
    await bench.bars(second(1), second(61))
    bench.follow("B")
    await bench.until(64)
    bench.follow("A", "B")
    await bench.until(65)
    await bench.until(130)
    await bench.bars(second(65), second(125), second(129, "B"))
    await bench.until(190)
    await bench.bars(second(189, "B"))

    assert bench.told == [("A", 120, 100.0), ("B", 120, 100.0)]


async def test_a_broken_connection_breaks_the_minute() -> None:
    """Cut and made again between two looks, nobody knows what was missed: the minute is not told."""
    bench = await follow_from_ten("A")
    await bench.until(30)
    await bench.bars(second(1))
    bench.link.since = Nanos(TEN + 31 * S)
    await bench.until(32)
    await bench.bars(second(40))
    await bench.until(140)
    await bench.bars(second(61), second(139))

    assert bench.told == [("A", 60, 100.0)]


async def test_a_feed_that_falls_silent_is_not_taken_for_the_end_of_a_minute() -> None:
    """Silence tells nothing for a minute; by then a dead feed is found, and what is held is all there was."""
    bench = await follow_from_ten("A")
    await bench.until(58)
    await bench.bars(second(57))
    await bench.until(58 + QUIET_NS // S - 1)
    assert bench.told == []
    await bench.until(58 + QUIET_NS // S)

    assert bench.told == [("A", 0, 100.0)]


async def test_a_delayed_feed_has_its_own_time() -> None:
    """Fifteen minutes behind the clock minutes are told as they end in the feed, and each once."""
    bench = Bench("A")
    behind = 900
    await bench.minutes.look()
    for number in range(behind, behind + 190, 10):
        await bench.until(number + 2)
        await bench.bars(second(number - behind))

    assert bench.told == [("A", 0, 600.0), ("A", 60, 600.0)]


async def test_the_feeds_own_minutes_win() -> None:
    """A minute's own bar is told instead of the fold, after it again, and whole whenever the symbol was followed."""
    bench = await follow_from_ten("A")
    bench.follow("A", "B")
    await bench.until(70)
    await bench.bars(second(1), second(69))
    own = [second(59, name, 777.0, start=TEN) for name in ("A", "B")]
    bench.minutes.deliver(LiveEvents([], own, [], [], []))
    await bench.bars(second(2))

    assert bench.told == [("A", 0, 100.0), ("A", 0, 777.0), ("B", 0, 777.0)]


async def test_nothing_is_held_that_cannot_change() -> None:
    """Hours of trading hold some sixteen minutes of each followed symbol; what nobody follows holds nothing."""
    bench = await follow_from_ten("A", "B")
    for number in range(0, 7_200, 10):
        await bench.until(number + 2)
        await bench.bars(second(number), second(number, "B"), second(number, "C"), second(number + 9_999))

    assert bench.minutes.report()["held"] == 2 * (2 + CHANGES_WITHIN_NS // MINUTE_NS)
    bench.follow()
    await bench.minutes.look()
    assert bench.minutes.report() == {"symbols": 0, "held": 0, "told": 2 * 119}


async def test_it_looks_by_itself() -> None:
    """Run beside the feed, it tells of minutes as they end."""
    bench = Bench("A")
    async with running(bench.minutes.run):
        await settle()
        bench.minutes.deliver(LiveEvents([], [], [], [], []))
        await bench.clock.advance(66)
        bench.minutes.deliver(LiveEvents([second(1), second(65)], [], [], [], []))
        await bench.clock.advance(2 * LOOK_EVERY_S)

    assert bench.told == [("A", 0, 100.0)]


one = st.builds(second, st.integers(0, 179), st.sampled_from(["A", "B"]), st.integers(1, 9).map(float))


@given(st.lists(one, min_size=1, max_size=60, unique_by=lambda each: (each.symbol, each.start)), st.data())
async def test_the_last_word_on_a_minute_is_the_same_in_any_order(came: list[LiveBar], data: st.DataObject) -> None:
    """However seconds are ordered, repeated and split into frames, what is told last of a minute is the whole of it."""
    order = data.draw(st.permutations([*came, *data.draw(st.lists(st.sampled_from(came), max_size=10))]))
    bench = await follow_from_ten("A", "B")
    await bench.until(200)
    size = data.draw(st.integers(1, 20))
    for place in range(0, len(order), size):
        await bench.bars(*order[place : place + size])
    await bench.bars(second(199, "B"))

    last = {(symbol, at_s): volume for symbol, at_s, volume in bench.told}
    whole: dict[tuple[str, float], float] = {}
    for each in came:
        key = (str(each.symbol), float((each.start - TEN) // MINUTE_NS * 60))
        whole[key] = whole.get(key, 0.0) + each.volume
    assert last == whole
