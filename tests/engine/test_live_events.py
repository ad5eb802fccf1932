"""Live events of every kind on the board: trades, quotes, minutes and halts beside the bars of seconds."""

from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, NANOS, at, bar, image, take, traded
from tradeul.clock import ManualClock
from tradeul.domain.board import EVERY_ROW, Board
from tradeul.domain.events import LiveBar, LiveEvents, LiveQuote, LiveTrade, Nanos, PriceBand, Symbol
from tradeul.domain.scans import BUILT_IN
from tradeul.domain.session import TradingCalendar
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.intake import Intake
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.scanner import Scanner
from tradeul.engine.vitals import Vitals

KINDS = LiveEvents._fields
COMPARED = (
    "price", "price_source", "updated", "high", "low", "premarket_high", "premarket_low", "premarket_volume",
    "volume_today", "vwap", "bid", "ask", "spread_bps", "distance_from_high", "rvol", "halted", "halted_at",
)  # fmt: skip
Event = LiveBar | LiveTrade | LiveQuote | PriceBand


class Desk:
    """A board that has taken one snapshot, and the way live events come to it."""

    def __init__(self, wall: str = "10:00:00", *symbols: str, calendar: TradingCalendar = CALENDAR) -> None:
        self.clock = ManualClock(at(wall))
        self.vitals = Vitals(self.clock.now())
        self.board = Board(capacity=8)
        self.enrichment = Enrichment(self.board, calendar)
        self.channels = Channels("e1", BUILT_IN, self.clock)
        self.scans = 0
        self.halts_told = False
        scanner = Scanner(self.board, BUILT_IN, [], self.channels)
        self.pipeline = Pipeline(
            self.enrichment, scanner, self.clock, self.vitals, (self._scanned,), lambda: self.halts_told
        )
        self.intake = Intake(self.clock, calendar, self.vitals)
        self.snapshot(*(traded(symbol, 10.0, 1_000, at(wall)) for symbol in symbols or ("A",)))

    def _scanned(self) -> None:
        self.scans += 1

    def snapshot(self, *rows: dict[str, Any]) -> None:
        newest = max(row["updated"] for row in rows)
        take(self.enrichment, image(*rows), newest)

    def deliver(self, *events: Event) -> None:
        self.intake.deliver(as_events(*events))

    def apply(self, *events: Event) -> bool:
        """Deliver events together, and bring the board up to them."""
        self.deliver(*events)
        changed = [self.enrichment.apply_live(folded) for folded in self.intake.take()]
        return any(changed)

    async def run(self, *events: Event) -> None:
        """The same as the hot loop does it."""
        self.deliver(*events)
        await self.pipeline.take_live(self.intake.take())

    def show(self, name: str, symbol: str = "A") -> Any:
        return self.board.values(name, np.array([self.board.row_of[Symbol(symbol)]]))[0]


def as_events(*events: Event) -> LiveEvents:
    """As one frame has them. A bar of a minute is one by its length."""
    found = LiveEvents([], [], [], [], [])
    for event in events:
        match event:
            case LiveBar():
                (found.minutes if event.end - event.start > NANOS else found.seconds).append(event)
            case LiveTrade():
                found.trades.append(event)
            case LiveQuote():
                found.quotes.append(event)
            case PriceBand():
                found.bands.append(event)
    return found


def trade(
    wall: str, price: float, counts: Literal["always", "extended", "never"] = "always", symbol: str = "A"
) -> LiveTrade:
    return LiveTrade(Symbol(symbol), at(wall), price, 100.0, 4, (), counts)


def quote(wall: str, bid: float, ask: float) -> LiveQuote:
    return LiveQuote(Symbol("A"), at(wall), bid, ask, 1.0, 1.0)


def band(wall: str, says: Literal["band", "halted", "resumed"], symbol: str = "A") -> PriceBand:
    return PriceBand(Symbol(symbol), at(wall), 9.0, 11.0, says)


def minute(wall: str, close: float, volume_today: float, **more: Any) -> LiveBar:
    """The one that ends then."""
    return bar("A", at(wall), close, volume_today, start=Nanos(at(wall) - 60 * NANOS), **more)


def test_a_trade_is_shown_before_the_bar_of_its_second() -> None:
    """Price, extremes and the count of the minute follow each trade; volume is only what the feed says of the day."""
    desk = Desk("10:00:10")

    desk.apply(trade("10:00:11", 10.3), trade("10:00:12", 10.2))
    at_once = [desk.show(name) for name in ("price", "high", "volume_today", "trades_1m", "last_high_at")]
    desk.apply(bar("A", at("10:00:12"), 10.3, 1_200, trades=1.0))

    assert at_once == [10.2, 10.3, 1_000, 2, at("10:00:12") // 1_000_000]
    assert [desk.show(name) for name in ("price", "volume_today", "trades_1m")] == [10.2, 1_200, 2]


def test_a_bar_that_ended_as_a_trade_took_place_does_not_take_its_price_back() -> None:
    """A second holds nothing of the instant at which it ends."""
    desk = Desk("10:00:10")

    desk.apply(trade("10:00:12", 10.2))
    desk.apply(bar("A", at("10:00:12"), 10.1, 1_200))

    assert desk.show("price") == 10.2


@pytest.mark.parametrize(
    ("wall", "counts", "shown"),
    [
        ("10:00:11", "always", 10.2),
        ("10:00:11", "extended", 10.0),
        ("10:00:11", "never", 10.0),
        ("08:00:11", "extended", 10.2),
        ("08:00:11", "never", 10.0),
        ("16:30:11", "extended", 10.2),
    ],
)
def test_only_a_price_that_counts_is_shown(
    wall: str, counts: Literal["always", "extended", "never"], shown: float
) -> None:
    """An odd lot never moves price and extremes, a trade of the extended hours only within them."""
    desk = Desk(wall[:-2] + "00")

    desk.apply(trade(wall, 10.2, counts))

    assert (desk.show("price"), desk.show("high")) == (shown, shown)


def test_a_price_far_from_all_is_not_believed() -> None:
    """More than a fifth away it moves nothing, is counted, and the row is marked; the next one is fine."""
    desk = Desk("10:00:10")

    desk.apply(trade("10:00:11", 12.01))
    doubted = [desk.show(name) for name in ("price", "high", "suspect")]
    desk.apply(trade("10:00:12", 7.9), trade("10:00:13", 11.9))

    assert doubted == [10.0, 10.0, True]
    assert [desk.show(name) for name in ("price", "high", "low")] == [11.9, 11.9, 10.0]
    assert desk.enrichment.doubted["price_suspect"] == 2


def test_quotes_follow_their_time() -> None:
    """The newest is shown whoever tells it; a snapshot that was long on its way does not bring an old one back."""
    desk = Desk("10:00:00")
    told = []
    for step in (
        quote("10:00:03", 9.98, 10.02),
        quote("10:00:02", 9.90, 10.10),
        {"bid": 9.5, "ask": 10.5, "quote_at": at("10:00:02")},
        {"bid": 9.97, "ask": 10.01, "quote_at": at("10:00:04")},
        quote("10:00:03", 9.98, 10.02),
        quote("10:00:06", 0.0, 10.03),
        {},
    ):
        if isinstance(step, dict):
            desk.snapshot(traded("A", 10.0, 1_000, at("10:00:05") if step else at("10:00:07")) | step)
        else:
            desk.apply(step)
        told.append((desk.show("bid"), desk.show("ask"), desk.show("spread_bps")))

    first, second = (9.98, 10.02, 40.0), (9.97, 10.01, 40.04)
    assert told == [first, first, first, second, second, (None, 10.03, None), (None, None, None)]


def test_a_minutes_bar_adds_nothing_to_its_seconds() -> None:
    """Its volume is the day's, its trades are counted already, and a high of it is of that minute."""
    desk = Desk("10:00:58")
    desk.apply(bar("A", at("10:00:59"), 10.1, 1_100, trades=3.0))
    before = [desk.show(name) for name in ("price", "volume_today", "trades_1m")]

    desk.apply(minute("10:01:00", 10.1, 1_100, high=10.4, trades=9.0))

    assert [desk.show(name) for name in ("price", "volume_today", "trades_1m")] == before
    assert (desk.show("high"), desk.show("last_high_at")) == (10.4, at("10:01:00") // 1_000_000 - 1)


def test_minutes_alone_bring_price_and_volume() -> None:
    """Where seconds are not followed, or the plan has none."""
    desk = Desk("10:00:30")

    desk.apply(minute("10:01:00", 10.2, 1_500, vwap_today=10.05))

    assert [desk.show(name) for name in ("price", "volume_today", "vwap")] == [10.2, 1_500, 10.05]


async def test_what_changes_nothing_is_not_ranked() -> None:
    """A bar that comes again, the same quote, a band of who is not halted: nothing is published, nobody is asked."""
    desk = Desk("10:00:10")
    second = bar("A", at("10:00:11"), 10.2, 1_200)
    await desk.run(second, quote("10:00:11", 10.1, 10.3))
    ranked = desk.scans

    await desk.run(second)
    await desk.run(quote("10:00:12", 10.1, 10.3))
    await desk.run(band("10:00:12", "band"))
    still = desk.scans
    await desk.run(quote("10:00:13", 10.15, 10.3))

    assert (ranked, still, desk.scans) == (1, 1, 2)


async def test_a_halt_is_in_the_lists_at_once() -> None:
    """And gone from them with the word of its end; what is of a later day, or of nobody here, is nothing."""
    desk = Desk("10:00:00")
    desk.halts_told = True
    desk.board.put_texts("exchange", slice(1), ["XNAS"])
    story = []
    for event in (quote("10:00:01", 9.9, 10.1), band("10:00:02", "halted"), band("10:05:02", "resumed")):
        await desk.run(event)
        story.append((desk.show("halted"), desk.show("halted_at"), desk.scans))
        await desk.clock.advance(300)
    await desk.run(band("23:00", "halted"), band("10:06", "halted", symbol="NOBODY"))

    halt = at("10:00:02") // 1_000_000
    assert story == [(False, None, 1), (True, halt, 2), (False, None, 3)]
    assert (desk.show("halted"), desk.vitals.events_from_the_future) == (False, 1)


async def test_where_halts_are_not_told_nobody_knows() -> None:
    """Unknown before the feed tells them, and again from the next snapshot on when it is lost; a halt stands."""
    desk = Desk("10:00:00", "A", "B")
    desk.board.put_texts("exchange", EVERY_ROW, ["XNAS"] * len(desk.board))
    story = [(desk.show("halted"), desk.show("halted", "B"))]
    for told in (True, False):
        desk.halts_told = told
        now = desk.clock.now()
        await desk.pipeline.take_image(image(traded("A", 10.0, 1_000, now), traded("B", 9.0, 1_000, now)), now)
        await desk.run(band("10:00:01", "halted", "B"))
        story.append((desk.show("halted"), desk.show("halted", "B")))
        await desk.clock.advance(5)

    assert story == [(None, None), (False, True), (None, True)]


def test_a_halt_outlives_a_restart() -> None:
    """Nobody tells it again; who was not halted may be by now."""
    before = Desk("10:00:00", "A", "B")
    before.board.put_texts("exchange", EVERY_ROW, ["XNAS"] * len(before.board))
    before.enrichment.listen(at("10:00"), halts_told=True)
    before.apply(band("10:00:01", "halted"))
    state, book = before.enrichment.state({}), before.enrichment.book
    assert state is not None
    assert book is not None
    after = Enrichment(Board(capacity=8), CALENDAR)

    after.resume(book, state)
    after.board.put_texts("exchange", EVERY_ROW, ["XNAS"] * len(after.board))
    after.listen(at("10:01"), halts_told=True)

    assert after.board.values("halted", np.array([0, 1])) == [True, None]


OPEN = at("09:30:00")
"""Times in the property go on both sides of it."""


def price_at(end: int) -> float:
    """A price that is always the same at an instant, and never far from another."""
    return round(9.6 + (end // NANOS * 7919 % 81) / 100, 2)


@st.composite
def happenings(draw: st.DrawFn) -> list[Event]:
    """Events of three symbols around the open, no two of a kind at one instant."""
    events: list[Event] = []
    for number, (symbol, kind, second) in enumerate(
        draw(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 7), st.integers(-90, 150)), max_size=40))
    ):
        name, when = Symbol(symbol), Nanos(OPEN + second * NANOS + number * 1_000_000)
        end = Nanos(OPEN + second * NANOS)
        if kind <= 1:
            span = NANOS if kind == 0 else 60 * NANOS
            end = Nanos(end - end % span)
            price, spread = price_at(end), draw(st.integers(0, 5)) / 100
            volume = float(1_000 + 10 * ((end - OPEN) // NANOS + 200))
            bounds = {"start": Nanos(end - span), "high": price + spread, "low": price - spread, "vwap_today": price}
            events.append(bar(symbol, end, price, volume, **bounds))
        elif kind <= 4:
            counts: Any = draw(st.sampled_from(("always", "extended", "never")))
            events.append(LiveTrade(name, when, draw(st.integers(960, 1040)) / 100, 1.0, 4, (), counts))
        elif kind <= 6:
            events.append(LiveQuote(name, when, draw(st.integers(0, 3)) * 1.0, 10.0 + number / 100, 1.0, 1.0))
        else:
            says: Any = draw(st.sampled_from(("band", "halted", "resumed")))
            events.append(PriceBand(name, when, 9.0, 11.0, says))
    return events


@given(st.data())
def test_folded_in_any_order_the_board_is_the_same(data: st.DataObject) -> None:
    """Whatever the order in which events come, and however many are folded: as if each had been applied by itself, in
    the order of time. No price, volume, extreme, quote or halt is lost, and no older one shown.
    """
    events = data.draw(happenings())
    shuffled = data.draw(st.permutations(events))
    plain, folded = (Desk("09:20:00", "A", "B", "C") for _ in range(2))
    for desk in (plain, folded):
        desk.board.put_texts("exchange", slice(2), ["XNAS"] * 2)
        desk.enrichment.listen(at("09:20"), halts_told=True)

    for event in sorted(events, key=lambda event: event.end if isinstance(event, LiveBar) else event.at):
        plain.apply(event)
    while shuffled:
        many = data.draw(st.integers(1, 12))
        folded.apply(*shuffled[:many])
        shuffled = shuffled[many:]

    rows = np.arange(3)
    for name in COMPARED:
        assert folded.board.values(name, rows) == plain.board.values(name, rows), name
    assert folded.intake.received == len(events)
