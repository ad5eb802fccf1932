"""A list on days that are over: the very board, filters and scanner of the live market, fed what a day showed by when.

A day comes from whoever kept it, as a `StoredDay`: all that was known on its morning, its images in their order, and
the bars of its symbols to see what became of an entry. Stored days are played by slot. A day that was recorded hands
over the board itself, as it stood at each snapshot. Each day begins with an empty board, so nothing of one leaks into
the next. Who stands in the list at the day's first image, or at the first one behind a gap, came into it nobody knows
when: that is no entry.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from tradeul.clock import ManualClock
from tradeul.domain.averages import Averages
from tradeul.domain.board import Board
from tradeul.domain.events import ListEvent, MarketImage, Nanos, Symbol, SymbolBars
from tradeul.domain.filters import Filter
from tradeul.domain.outcomes import outcome
from tradeul.domain.reference import Facts
from tradeul.domain.scans import Scan
from tradeul.domain.session import DayHours, Session, TradingCalendar, local_time
from tradeul.domain.splits import MorningSplits
from tradeul.domain.syntax import Name, Node
from tradeul.domain.trial_figures import Entry
from tradeul.domain.usual import Baseline
from tradeul.domain.visits import NEW_TO_THE_LIST, ListVisits
from tradeul.domain.volume_profile import VolumeCurves
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.scanner import Scanner
from tradeul.errors import JobFailed

NOBODY_ASKS_WHY: Final = ""
IMAGES_A_DAY: Final = 191
OF_REFERENCE: Final = frozenset(Facts._fields) - {"symbol"}
OF_AVERAGES: Final = frozenset(("avg_volume_10d", "avg_volume_30d", "avg_price_30d", "atr", "atr_percent"))


class Told(NamedTuple):
    """How much a day's morning knew, for whoever reads the result."""

    symbols: int
    listed: int
    """Of so many that traded, by the exchange's own bars of the day; 0: nobody knows."""
    average_sessions: int | None
    """None: as they were known then, which is not said."""
    baseline_sessions: int | None
    facts: int | None


@dataclass(frozen=True, slots=True)
class Morning:
    """What was known when the day began, and not a moment later."""

    averages: Averages | None = None
    baseline: Baseline | None = None
    curves: VolumeCurves | None = None
    splits: MorningSplits | None = None
    facts: Sequence[Facts] = ()


class Trail(NamedTuple):
    """What a symbol did on a day: bars of so many minutes."""

    bars: SymbolBars
    minutes: int


class Sight(NamedTuple):
    """The market of a day at one moment; `anew` where nobody knows what was before."""

    at: Nanos
    enrichment: Enrichment
    anew: bool


@dataclass(frozen=True, slots=True)
class StoredDay:
    """A day that is over. `untold` names the fields that its images do not tell."""

    hours: DayHours
    symbols: tuple[Symbol, ...]
    morning: Morning
    images: Callable[[], Iterator[MarketImage]]
    trail: Callable[[Symbol], Trail]
    told: Told
    untold: Collection[str] = ()
    forgotten: Sequence[str] = field(default_factory=tuple)
    """Fields that the board would count from such images and that are not what they say."""
    sights: Callable[[], Iterator[Sight]] | None = None
    """The board as it stood then, where that was kept; None: it is made of the morning and the images."""
    source: Literal["stored", "recorded"] = "stored"
    span: str = ""
    """From when to when it is known, in words; empty: all of it."""
    count: int = IMAGES_A_DAY
    """About so many images."""


class Played(NamedTuple):
    """What a day came to."""

    entries: list[Entry]
    standing: int
    """Who stood in the list at the first image, or at the first one behind a gap."""
    images: int


class Player:
    """Plays days. One list at a time, as a person defines it, behind the filters of now."""

    def __init__(self, scan: Scan, filters: Sequence[Filter], calendar: TradingCalendar, least_sessions: int) -> None:
        self._scan = scan
        self._filters = filters
        self._calendar = calendar
        self._least_sessions = least_sessions

    def play(self, day: StoredDay, counted: Callable[[Iterator[Sight]], Iterator[Sight]] = iter) -> Played:
        """Play a day from its first image to its last, and see what became of every entry.

        `counted` gives the moments on, and may tell of it.
        """
        visits, entered, standing, images = ListVisits(self._scan.name), list[ListEvent](), 0, 0
        sights = self._made(day) if day.sights is None else day.sights()
        for at, symbols, prices, anew in self._rankings(counted(sights)):
            why = "" if anew else NEW_TO_THE_LIST
            visits = ListVisits(self._scan.name) if anew else visits
            images += 1
            for event in visits.step(at, symbols, prices, _nobody_asks, why):
                if event.event == "entered":
                    if event.reason:
                        entered.append(event)
                    else:
                        standing += 1
        return Played([_followed(event, day) for event in entered], standing, images)

    def _rankings(self, sights: Iterator[Sight]) -> Iterator[tuple[Nanos, list[Symbol], list[float | None], bool]]:
        """Give the list as it stood at each moment, with the prices it showed."""
        scanner: Scanner | None = None
        for at, enrichment, anew in sights:
            board = enrichment.board
            if scanner is None or anew:
                channels = Channels("backtest", [self._scan], ManualClock(at))
                scanner = Scanner(board, [self._scan], self._filters, channels)
            moment = enrichment.moment()
            session = Session.CLOSED if moment is None else moment.session
            rows = scanner.rank(enrichment.as_of, session)[self._scan.name]
            if self._scan.name in scanner.failures:
                raise JobFailed(f"the list cannot be evaluated: {scanner.failures[self._scan.name]}")
            prices = [price if isinstance(price, float) else None for price in board.values("price", rows)]
            yield at, [board.symbols[row] for row in rows.tolist()], prices, anew

    def _made(self, day: StoredDay) -> Iterator[Sight]:
        """Make the board of what is kept of a day, image by image."""
        board = Board(capacity=max(1, len(day.symbols)), least_sessions=self._least_sessions)
        enrichment, anew = Enrichment(board, self._calendar), True
        begin(enrichment, board, day)
        for image in day.images():
            now = image.feed_time
            if day.hours.session_at(now) is Session.CLOSED:
                # As in the live market: what closed stands as it is.
                return
            enrichment.apply_image(image, enrichment.read(image, now), now, now)
            board.reset(day.forgotten)
            yield Sight(now, enrichment, anew)
            anew = False


def asked_of(scan: Scan) -> frozenset[str]:
    """What a list asks of the market, by the names of its fields."""
    truths = [truth for truth in (scan.enter, scan.stay) if truth is not None]
    trees = [truth.tree for truth in truths] + [number.tree for number, _ in scan.keys]
    return frozenset(node.name for tree in trees for node in _walked(tree) if isinstance(node, Name))


def _walked(tree: Node) -> Iterator[Node]:
    yield tree
    for child in tree.children:
        yield from _walked(child)


def _nobody_asks(_symbol: Symbol) -> str:
    return NOBODY_ASKS_WHY


def begin(enrichment: Enrichment, board: Board, day: StoredDay) -> None:
    """Put on the board what was known in the morning."""
    morning = day.morning
    board.rows_of(day.symbols)
    if morning.curves is not None:
        board.curves = morning.curves
    if morning.baseline is not None:
        enrichment.apply_baseline(morning.baseline, 0)
    if morning.averages is not None:
        enrichment.apply_averages(morning.averages)
    if morning.splits is not None:
        enrichment.apply_splits(morning.splits)
    facts = [each for each in morning.facts if each.symbol in board.row_of]
    if facts:
        enrichment.apply_reference(facts)


def _followed(event: ListEvent, day: StoredDay) -> Entry:
    wall, trail = local_time(event.at), day.trail(event.symbol)
    became = outcome(trail.bars, trail.minutes, event.at, day.hours)
    minute = wall.hour * 60 + wall.minute
    return Entry(day.hours.date, event.at, minute, event.symbol, event.rank, event.price, became)


def missing_of(scan: Scan, day: StoredDay) -> Mapping[str, str]:
    """Which of the fields that a list asks for a day cannot tell, and why."""
    asked = asked_of(scan)
    missing = dict.fromkeys(sorted(asked & frozenset(day.untold)), "not told by bars of five minutes")
    if day.told.facts == 0:
        missing |= dict.fromkeys(sorted(asked & OF_REFERENCE), "nothing was kept of what was known then")
    if day.told.average_sessions == 0:
        missing |= dict.fromkeys(sorted(asked & OF_AVERAGES), "no sessions before it are kept")
    return missing


def days_between(calendar: TradingCalendar, first: dt.date, last: dt.date) -> list[dt.date]:
    """The trading days from one to another, both included."""
    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if calendar.is_trading_day(day)]
