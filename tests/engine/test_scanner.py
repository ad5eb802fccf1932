"""From the board to published lists."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, at, image, take, traded
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos
from tradeul.domain.filters import Filter
from tradeul.domain.scans import BUILT_IN, Scan
from tradeul.domain.session import Session
from tradeul.engine.channels import RING_SECONDS, Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.scanner import Scanner

NOW = at("10:00")


class Bench:
    """A board, the built-in lists and their channels, on a clock that stands still."""

    def __init__(self, *more: Scan) -> None:
        self.clock = ManualClock(NOW)
        scans = [*BUILT_IN, *more]
        self.channels = Channels("e1", scans, self.clock)
        self.board = Board(capacity=16)
        self.enrichment = Enrichment(self.board, CALENDAR)
        self.scanner = Scanner(self.board, scans, [Filter("price_range", "not price between 1 and 500")], self.channels)

    def show(self, prices: dict[str, float], second: int = 0, session: Session = Session.MARKET_OPEN) -> None:
        when = Nanos(NOW + second * 1_000_000_000)
        rows = [traded(symbol, price, 1_000 + second, when) for symbol, price in prices.items()]
        take(self.enrichment, image(*rows), when)
        self.scan(when, session)

    def scan(self, when: Nanos, session: Session = Session.MARKET_OPEN) -> None:
        self.scanner.publish(self.scanner.rank(when, session), when)

    def list(self, name: str) -> list[str]:
        return [row.symbol for row in self.channels.by_name[name].state.rows]


def test_members_are_ranked_and_published() -> None:
    """Winners by change, the first publication is sequence 1."""
    bench = Bench()

    bench.show({"A": 10.6, "B": 11.0, "C": 10.0, "D": 9.0})

    assert bench.list("winners") == ["B", "A"]
    assert bench.list("losers") == ["D"]
    assert bench.channels.by_name["winners"].state.sequence == 1


def test_nothing_new_is_nothing_published() -> None:
    """Scanning the same board twice publishes once."""
    bench = Bench()
    bench.show({"A": 11.0})
    before = bench.channels.by_name["winners"].state

    bench.scan(NOW)

    assert bench.channels.by_name["winners"].state is before


def test_an_emptied_list_is_published_as_empty() -> None:
    """The last member's leaving is a change like any other."""
    bench = Bench()
    bench.show({"A": 11.0})

    bench.show({"A": 10.0}, second=5)

    assert bench.channels.by_name["winners"].state.rows == ()
    assert bench.channels.by_name["winners"].state.sequence == 2


def test_unchanged_rows_stay_the_same_objects() -> None:
    """What did not change is shared between states."""
    bench = Bench()
    bench.show({"A": 11.0, "B": 12.0})
    old = bench.channels.by_name["winners"].state.rows
    fixed = traded("B", 12.0, 1_000, NOW)

    later = Nanos(NOW + 5_000_000_000)
    take(bench.enrichment, image(traded("A", 11.5, 1_005, later), fixed, feed_time=later), later)
    bench.scan(later)

    new = bench.channels.by_name["winners"].state.rows
    assert new[0] is old[0]
    assert new[1] is not old[1]


def test_the_funnel_counts_every_symbol_once() -> None:
    """Seen, priced, passed and dropped add up."""
    bench = Bench()
    bench.show({"A": 11.0, "B": 0.4, "C": 10.0})

    funnel = bench.scanner.funnel()

    assert (funnel["symbols_seen"], funnel["passed_filters"]) == (3, 2)
    assert funnel["dropped"] == {"not_traded": 0, "price_range": 1}
    assert funnel["members"]["winners"] == 1  # type: ignore[index]


def test_a_list_is_made_in_its_sessions_alone() -> None:
    """Outside them it is empty; in them it begins anew, as nobody stayed inside."""
    early = Scan("early", "Early", "price > 12", "price desc", keep="price > 10", sessions=("PRE_MARKET",))
    bench = Bench(early)
    story: list[list[str]] = []
    for price, session in ((13.0, "PRE_MARKET"), (11.0, "PRE_MARKET"), (13.0, "MARKET_OPEN"), (11.0, "PRE_MARKET")):
        bench.show({"A": price}, len(story), Session(session))
        story.append(bench.list("early"))

    assert story == [["A"], ["A"], [], []]


def test_a_list_may_do_without_the_global_filters() -> None:
    """What they drop may stand in it, but nothing that has not traded today."""
    bench = Bench(Scan("pennies", "Pennies", "price > 0", "price desc", global_filters=False))

    silent = {"symbol": "S", "updated": NOW, "prev_close": 5.0}
    take(bench.enrichment, image(traded("A", 0.5, 1_000, NOW), traded("B", 9.0, 1_000, NOW), silent), NOW)
    bench.scan(NOW)

    assert bench.list("pennies") == ["B", "A"]
    assert bench.scanner.funnel()["dropped"] == {"not_traded": 1, "price_range": 1}


def unable(_scope: object) -> object:
    """What cannot be evaluated."""
    raise ValueError("operands could not be broadcast together")


def test_a_list_that_cannot_be_evaluated_harms_no_other() -> None:
    """It is empty and says why until it can be evaluated again; those before and after it go on."""
    first, third = (Scan(name, "T", "price > 0", "price desc") for name in ("first", "third"))
    second = Scan("second", "T", "price > 0.5", "price desc")
    bench = Bench(first, second, third)
    bench.show({"A": 11.0})
    whole = second.enter
    object.__setattr__(second, "enter", replace(whole, true=unable))
    bench.show({"A": 12.0, "B": 13.0}, second=5)
    broken = [bench.list(name) for name in ("first", "second", "third", "winners")]
    failures = dict(bench.scanner.failures)

    object.__setattr__(second, "enter", whole)
    bench.scan(NOW)

    assert broken == [["B", "A"], [], ["B", "A"], ["B", "A"]]
    assert failures == {"second": "ValueError: operands could not be broadcast together"}
    assert bench.list("second") == ["B", "A"]
    assert bench.scanner.failures == {}


def test_a_condition_may_hold_for_all_and_all_be_equal() -> None:
    """One truth stands for every row, and ties go by symbol, whatever row a symbol has."""
    bench = Bench(Scan("all", "All", "1 > 0", "volume_today desc"))

    bench.show({"b": 11.0, "B": 12.0, "AB": 13.0, "A": 14.0})

    assert bench.list("all") == ["A", "AB", "B", "b"]


@given(
    st.lists(
        st.dictionaries(st.sampled_from("ABCDEF"), st.integers(90, 115).map(lambda x: x / 10), min_size=1),
        min_size=1,
        max_size=8,
    )
)
def test_every_kept_state_is_found_by_its_sequence(story: list[dict[str, float]]) -> None:
    """The ring answers for each sequence with the very state that was published as it."""
    bench = Bench()
    published = {name: {0: channel.state} for name, channel in bench.channels.by_name.items()}
    for second, prices in enumerate(story):
        bench.show(prices, second)
        for name, channel in bench.channels.by_name.items():
            published[name][channel.state.sequence] = channel.state

    for name, channel in bench.channels.by_name.items():
        sequences = published[name]
        assert sorted(sequences) == list(range(len(sequences)))
        assert all(channel.at(sequence) is state for sequence, state in sequences.items())
        assert channel.at(len(sequences)) is None
        assert channel.at(-1) is None


async def test_the_ring_forgets_after_a_minute() -> None:
    """States older than the ring are gone, the newest never is."""
    bench = Bench()
    bench.show({"A": 11.0})
    await bench.clock.advance(RING_SECONDS + 1)

    bench.show({"A": 12.0}, second=5)
    channel = bench.channels.by_name["winners"]

    assert channel.at(0) is None
    assert channel.at(2) is channel.state


async def test_the_ring_forgets_while_nothing_changes() -> None:
    """A quiet list holds no old states either."""
    bench = Bench()
    bench.show({"A": 11.0})
    await bench.clock.advance(RING_SECONDS + 1)

    bench.channels.publish({}, 0)

    assert not bench.channels.by_name["winners"].past


async def test_a_ring_over_its_bytes_drops_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded over all lists, but ten seconds are always kept."""
    monkeypatch.setattr("tradeul.engine.channels.RING_BYTES", 0)
    bench = Bench()
    bench.show({"A": 11.0})
    bench.show({"A": 12.0}, second=5)
    young = bench.channels.by_name["winners"].at(1)
    await bench.clock.advance(11.0)

    bench.show({"A": 13.0}, second=10)

    assert young is not None
    assert bench.channels.by_name["winners"].at(1) is None


def test_what_failed_is_forgotten_with_its_list() -> None:
    """One that is removed, or defined anew, is not switched off for what its old definition came to."""
    bench = Bench()
    for name in ("gone", "mended"):
        bench.scanner.define(Scan(name, name, "price > 0", "price desc"))
    bench.show({"A": 11.0})
    bench.scanner.failures = {"gone": "it broke", "mended": "it broke"}

    bench.scanner.remove("gone")
    bench.scanner.define(Scan("mended", "mended", "price > 1", "price desc"))

    assert bench.scanner.failures == {}
