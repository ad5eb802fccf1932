"""From the lists as they are published to who came and went, and to what is kept of them."""

import datetime as dt
from typing import Literal

import pytest

from tests.support.market import CALENDAR, DAY, NANOS, at, image, take, traded
from tradeul.clock import ManualClock
from tradeul.domain.alerts import Alert
from tradeul.domain.board import Board
from tradeul.domain.events import ListEvent, ListRecord, MinuteBar, Nanos, Symbol
from tradeul.domain.scans import Scan
from tradeul.domain.session import Session
from tradeul.domain.visits import (
    LEFT_THE_MARKET,
    NEW_TO_THE_LIST,
    OUTRANKED,
    THE_DAY_TURNED,
)
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.ports import Span
from tradeul.engine.scanner import Scanner
from tradeul.engine.visits import RecentEvents, Visits

TEN = at("10:00")
SCANS = (
    Scan("winners", "Winners", "change_percent >= 5", "change_percent desc", size=2),
    Scan(
        "openers",
        "Openers",
        "session == 'MARKET_OPEN' and change_percent >= 5",
        "change_percent desc",
        columns=("name",),
    ),
    Scan("odd", "Odd", "price > 0", "1 / (price - 12) desc", size=2),
)


class Notebook:
    """A chronicle that remembers."""

    def __init__(self) -> None:
        self.events: list[ListEvent] = []
        self.states: list[ListRecord] = []
        self.results: list[ListRecord] = []

    def event(self, event: ListEvent) -> None:
        self.events.append(event)

    def state(self, state: ListRecord) -> None:
        self.states.append(state)

    def result(self, state: ListRecord) -> None:
        self.results.append(state)

    def minute(self, minute: MinuteBar) -> None:
        raise AssertionError(f"nobody follows minutes here: {minute}")

    def alert(self, alert: Alert) -> None:
        raise AssertionError(f"nothing rings here: {alert}")


class Bench:
    """Two lists over a small board; each image shown is scanned and looked at."""

    def __init__(self) -> None:
        self.board = Board(capacity=16)
        self.channels = Channels("e1", SCANS, ManualClock(TEN))
        self.enrichment = Enrichment(self.board, CALENDAR)
        self.scanner = Scanner(self.board, SCANS, [], self.channels)
        self.notebook = Notebook()
        self.visits = Visits(self.channels, self.scanner, self.board, CALENDAR, self.notebook)

    def show(self, second: float, session: Session = Session.MARKET_OPEN, **prices: float) -> None:
        when = Nanos(TEN + round(second * NANOS))
        rows = [traded(symbol, price, 1_000 + second, when) for symbol, price in prices.items()]
        take(self.enrichment, image(*rows, feed_time=when), when)
        self.scan(when, session)

    def scan(self, when: Nanos, session: Session = Session.MARKET_OPEN) -> None:
        self.scanner.publish(self.scanner.rank(when, session), when)
        self.visits.look(when)

    def told(self, name: str = "winners") -> list[tuple[str, str, float, int, str]]:
        """What was told of a list: symbol, event, seconds since ten, rank, reason."""
        return [
            (event.symbol, event.event, (event.at - TEN) / NANOS, event.rank, event.reason)
            for event in self.notebook.events
            if event.list == name
        ]


def test_who_stands_in_a_list_at_the_start_is_not_called_new() -> None:
    """Of those nobody knows when they came; whoever comes later is new to the list."""
    bench = Bench()

    bench.show(0, A=11.0, B=10.0)
    bench.show(5, A=11.0, B=12.0)

    assert bench.told() == [("A", "entered", 0, 1, ""), ("B", "entered", 5, 1, NEW_TO_THE_LIST)]


def test_an_exit_says_why() -> None:
    """Beyond the list's size is outranked; below its condition, what failed and with which value."""
    bench = Bench()
    bench.show(0, A=11.0, B=12.0)

    bench.show(5, A=11.0, B=12.0, C=13.0)
    bench.show(10, A=11.0, B=10.0, C=13.0)
    bench.show(21, A=10.9, B=10.0, C=13.0)

    assert bench.told()[2:] == [
        ("C", "entered", 5, 1, NEW_TO_THE_LIST),
        ("B", "peak", 0, 1, ""),
        ("B", "left", 10, 2, "change_percent >= 5 (0)"),
    ]
    # A was outranked at 5 and back at 10: it was never away.


def test_being_outranked_for_long_is_an_exit() -> None:
    """Told once ten seconds have passed, although the list did not change again, with the price it had when it left."""
    bench = Bench()
    bench.show(0, A=11.0, B=12.0)
    bench.show(5, A=11.0, B=12.0, C=13.0)

    bench.scan(Nanos(TEN + 15 * NANOS))
    early = len(bench.told())
    bench.scan(Nanos(TEN + 16 * NANOS))

    assert early == 3
    assert bench.told()[3:] == [("A", "peak", 0, 2, ""), ("A", "left", 5, 2, OUTRANKED)]
    assert [event.price for event in bench.notebook.events if event.event == "left"] == [11.0]


def test_a_member_without_a_place_is_outranked_by_nobody() -> None:
    """Whose order is unknown stands in no list, however much room there is."""
    bench = Bench()
    bench.show(0, A=11.0)
    bench.show(5, A=12.0)

    bench.scan(Nanos(TEN + 16 * NANOS))

    assert bench.told("odd")[2:] == [("A", "left", 5, 1, "1 / (price - 12) (unknown)")]


def test_who_is_missing_from_the_snapshot_left_the_market() -> None:
    """A list's condition ends for all of them, but of one there is nothing any more."""
    bench = Bench()
    bench.show(0, A=11.0, B=12.0)

    bench.show(5, Session.POST_MARKET, B=12.0)
    bench.scan(Nanos(TEN + 16 * NANOS), Session.POST_MARKET)

    left = {symbol: reason for symbol, event, _, _, reason in bench.told("openers") if event == "left"}
    assert left == {"A": LEFT_THE_MARKET, "B": "session == 'MARKET_OPEN' (POST_MARKET)"}


def test_the_turn_of_the_date_ends_all_visits_at_once() -> None:
    """At 03:30, with that as the reason, and once."""
    bench = Bench()
    bench.show(0, A=11.0)
    turn = at("03:30", DAY + dt.timedelta(days=1))

    take(bench.enrichment, image({"symbol": "A", "prev_close": 11.0}, feed_time=turn), turn)
    bench.scan(turn, Session.CLOSED)
    bench.scan(Nanos(turn + NANOS), Session.CLOSED)

    seconds = (turn - TEN) / NANOS
    assert bench.told()[1:] == [("A", "peak", 0, 1, ""), ("A", "left", seconds, 1, THE_DAY_TURNED)]


def test_every_list_is_recorded_after_a_snapshot() -> None:
    """With what its rows showed, or what the board knows where the list does not show it; an empty one as empty."""
    bench = Bench()
    bench.show(0, Session.POST_MARKET, A=11.0, B=12.0)

    bench.visits.record()

    winners, openers, _ = bench.notebook.states
    assert winners == ListRecord(
        TEN,
        "winners",
        (Symbol("B"), Symbol("A")),
        (12.0, 11.0),
        (20.0, 10.0),
        (None, None),
        (1_000, 1_000),
        (None, None),
    )
    assert openers == ListRecord(TEN, "openers", (), (), (), (), (), ())

    bench.show(1, A=11.0, B=12.0)
    bench.visits.record()

    assert bench.notebook.states[4] == winners._replace(at=Nanos(TEN + NANOS), list="openers", volumes=(1_001, 1_001))


def test_a_result_is_kept_at_the_first_snapshot_of_each_minute() -> None:
    """Of market time; and nothing is kept twice of a moment."""
    bench = Bench()
    for second in (0, 5, 55, 55, 62, 65, 180):
        bench.show(second, A=11.0)
        bench.visits.record()

    def kept(records: list[ListRecord]) -> list[float]:
        return [(record.at - TEN) / NANOS for record in records if record.list == "winners"]

    assert kept(bench.notebook.states) == [0, 5, 55, 62, 65, 180]
    assert kept(bench.notebook.results) == [0, 62, 180]


def test_before_the_first_look_nothing_is_recorded() -> None:
    """A snapshot that was not scanned says nothing of the lists."""
    bench = Bench()

    bench.visits.record()

    assert bench.notebook.states == []


def test_without_a_chronicle_memory_is_told_all_the_same() -> None:
    """The lists are followed where no history is kept."""
    bench = Bench()
    bench.visits = Visits(bench.channels, bench.scanner, bench.board, CALENDAR)

    bench.show(0, A=11.0)
    bench.visits.record()

    assert [event.symbol for event in bench.visits.recent.find(Span(list="winners"), 10)] == ["A"]
    assert bench.visits.recent.complete_since == TEN


def event(second: int, symbol: str = "A", kind: Literal["entered", "left", "peak"] = "entered") -> ListEvent:
    return ListEvent(Nanos(TEN + second * NANOS), "winners", Symbol(symbol), kind, 1, 1.0, "")


def test_memory_gives_the_newest_by_when_it_happened() -> None:
    """What was told late stands where it belongs; of one moment the last told comes first."""
    recent = RecentEvents()
    story = [event(0), event(3, "B"), event(3, "C"), event(0, kind="peak"), event(2, kind="left")]
    for each in story:
        recent.add(each)

    entered_a, entered_b, entered_c, peak, left = story
    assert recent.find(Span(), 10) == [entered_c, entered_b, left, peak, entered_a]
    assert recent.find(Span(), 2) == [entered_c, entered_b]


@pytest.mark.parametrize(
    ("span", "found"),
    [
        (Span(), [3, 2, 1, 0]),
        (Span(symbol=Symbol("A")), [2, 0]),
        (Span(list="losers"), []),
        (Span(first=Nanos(TEN + NANOS)), [3, 2, 1]),
        (Span(last=Nanos(TEN + NANOS)), [1, 0]),
        (Span("winners", Symbol("B"), TEN, Nanos(TEN + 2 * NANOS)), [1]),
    ],
)
def test_memory_finds_what_is_asked_for(span: Span, found: list[int]) -> None:
    """By list, symbol and time, both ends included."""
    recent = RecentEvents()
    for second, symbol in enumerate("ABAB"):
        recent.add(event(second, symbol))

    assert [(each.at - TEN) // NANOS for each in recent.find(span, 10)] == found


def test_memory_says_from_when_on_it_is_complete() -> None:
    """From the millisecond of the first look; once it forgets, from the one after the newest of what it forgot."""
    recent = RecentEvents(most=2)
    recent.begin(Nanos(TEN + 999_999))
    begun = recent.complete_since
    for second in (5, 2, 7, 8):
        recent.add(event(second))

    assert begun == TEN
    assert recent.complete_since == TEN + 5 * NANOS + 1_000_000
