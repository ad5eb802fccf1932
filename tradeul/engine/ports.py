"""What the engine needs from the edges, as protocols. The edges implement them without importing one another."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from tradeul.domain.alerts import Alert
from tradeul.domain.averages import Averages
from tradeul.domain.events import (
    Bools,
    Closure,
    DailyBars,
    Floats,
    FloatShares,
    Ints,
    ListEvent,
    Listing,
    ListRecord,
    ListRow,
    LiveEvents,
    MarketImage,
    MarketStatus,
    Metadata,
    MinuteBar,
    Nanos,
    Profile,
    Split,
    Symbol,
    SymbolBars,
)
from tradeul.domain.reference import Facts
from tradeul.domain.session import Moment, TradingCalendar
from tradeul.domain.slot_book import SlotRecord, Sources
from tradeul.domain.usual import Baseline
from tradeul.domain.volume_profile import Shape
from tradeul.engine.playback import Playing

Deliver = Callable[[LiveEvents], None]
"""Takes live events without waiting."""


class MarketSource(Protocol):
    """The whole market on request. Every method raises `VendorError` kinds only."""

    async def snapshot(self) -> MarketImage:
        """Fetch one image of the market now."""


class HoursSource(Protocol):
    """What the vendor says of the market's hours. Every method raises `VendorError` kinds only."""

    async def market_status(self) -> MarketStatus:
        """Fetch what the vendor says the market is doing."""

    async def upcoming_closures(self) -> tuple[Closure, ...]:
        """Fetch the coming days on which the exchange is closed or closes early, by date."""


class DailySource(Protocol):
    """Finished sessions, from wherever they are had soonest. Every method raises `VendorError` kinds only."""

    async def daily_bars(self, day: dt.date) -> DailyBars:
        """Find every symbol's finished bar of `day`, as it was traded; no symbols on a day without trading."""

    async def splits(self, since: dt.date) -> tuple[Split, ...]:
        """Find the splits from `since` on."""


class BarSource(Protocol):
    """Finished bars on request. Waits where the vendor wants it to, and gives all that was asked for or raises."""

    async def daily_bars(self, day: dt.date, *, adjusted: bool = True) -> DailyBars:
        """Fetch every symbol's finished bar of `day`, adjusted for splits since or as it was traded."""

    async def bars(
        self,
        symbol: Symbol,
        span: int | Literal["day"],
        first: Nanos | dt.date,
        last: Nanos | dt.date,
        *,
        adjusted: bool = False,
    ) -> SymbolBars:
        """Fetch one symbol's bars of so many minutes, or of a day, from `first` to `last`, both included."""


class ReferenceSource(Protocol):
    """What is known of securities. Lists come whole or not at all."""

    async def listings(self, *, active: bool = True) -> tuple[Listing, ...]:
        """Fetch the list of securities: those that trade, or those that do no more."""

    async def profile(self, symbol: Symbol) -> Profile | None:
        """Fetch what is known of one symbol; None if the source does not know it."""

    async def floats(self) -> tuple[FloatShares, ...]:
        """Fetch the free float of every symbol that has one."""

    async def splits(self, since: dt.date) -> tuple[Split, ...]:
        """Fetch the splits from `since` on, announced ones too."""


class CompanySource(Protocol):
    """What a second source knows of companies, in the symbols of the first."""

    async def profile(self, symbol: Symbol) -> Profile | None:
        """Fetch what is known of one symbol; None if the source does not know it."""

    async def floats(self) -> tuple[FloatShares, ...]:
        """Fetch the free float of every symbol that has one."""

    async def market_caps(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, float]:
        """Fetch the market value of these symbols, as far as the source knows it."""


class LiveFeed(Protocol):
    """Live events of the wanted symbols, second by second."""

    def want(self, symbols: frozenset[Symbol]) -> None:
        """Replace the set of symbols to be followed; takes effect without waiting."""

    def reconnect(self, why: str) -> None:
        """Give up the present connection, which is known to be dead, and make another."""


class Recorder(Protocol):
    """Keeps what came from the vendor as it came. Every method returns at once and never fails its caller."""

    @property
    def on(self) -> bool:
        """Whether anything is kept now; what need not be gathered for it then is not."""

    def body(self, source: str, pieces: Sequence[bytes], arrived: Nanos) -> None:
        """Keep one whole answer, decompressed; `source` says what was asked, without any key."""

    def frame(self, content: str | bytes, arrived: Nanos) -> None:
        """Keep one frame of the live feed."""


class StepRecorder(Protocol):
    """Keeps what was done with it, in one order with what came. Returns at once and never fails its caller."""

    def step(self, content: bytes, at: Nanos, *, opens: bool = False) -> None:
        """Keep a step; with one that `opens`, a whole state begins."""

    def misses(self) -> int:
        """How much could not be kept since the start."""


@dataclass(frozen=True, slots=True)
class FeedState:
    """How fresh the market on the board is. `since` is market time; `age_ms` is of the last accepted snapshot."""

    state: Literal["live", "stale", "partial", "closed", "starting"]
    since: Nanos
    reason: str
    age_ms: int | None


class View(Protocol):
    """What the server tells viewers and programs beyond the lists; every answer is ready at once."""

    calendar: TradingCalendar

    def market(self) -> Literal["live", "delayed", "simulated", "replay"]:
        """Name the market that is shown."""

    def moment(self) -> Moment:
        """Place the present in the market's time."""

    def playing(self) -> Playing | None:
        """Tell how a recording is played; None where the market is no replay."""

    def feed(self) -> FeedState:
        """Say how fresh the board is."""

    def age_ms(self) -> int | None:
        """Tell how long ago the last snapshot was accepted, and nothing else: every heartbeat says it."""

    def health(self) -> dict[str, object]:
        """Say what is well and what is not, in words."""

    def scanner_status(self) -> dict[str, object]:
        """Show the funnel from the market to the lists, with ages and times."""


class Chronicle(Protocol):
    """Keeps what happened in lists and hot symbols, and what rang. Every method returns at once and fails nobody."""

    def event(self, event: ListEvent) -> None:
        """Keep one entry, exit or peak."""

    def state(self, state: ListRecord) -> None:
        """Keep a list as it stands after a snapshot."""

    def result(self, state: ListRecord) -> None:
        """Keep a list as its result of this minute."""

    def minute(self, minute: MinuteBar) -> None:
        """Keep a finished minute of a symbol; of two about one minute the one of the later `as_of` counts."""

    def alert(self, alert: Alert) -> None:
        """Keep what rang, or why it did not."""


@dataclass(frozen=True, slots=True)
class Span:
    """What of the past is asked for; None where it does not matter. Both ends are included."""

    list: str | None = None
    symbol: Symbol | None = None
    first: Nanos | None = None
    last: Nanos | None = None


class KeptDay(NamedTuple):
    """From when to when something is kept of a list on a day, None where nothing is; and of it after each snapshot."""

    first: Nanos | None
    last: Nanos | None
    fine_first: Nanos | None
    fine_last: Nanos | None


class Annals(Protocol):
    """What was kept. Every method raises `HistoryUnavailable` while the database cannot answer."""

    async def results(self, span: Span, limit: int, cursor: str | None) -> tuple[Sequence[ListRow], str | None]:
        """Find who was in which list when, newest first, and where the next page begins; None at the end."""

    async def events(self, span: Span, limit: int) -> Sequence[ListEvent]:
        """Find entries, exits and peaks, newest first."""

    async def list_at(self, name: str, at: Nanos) -> ListRecord | None:
        """Find a list as it stood then: the newest kept state at or before it, of the same trading date."""

    async def kept_days(self, name: str, days: Sequence[tuple[Nanos, Nanos]]) -> Sequence[KeptDay]:
        """Tell of each day, given by its first moment and the one after its last, from when to when a list is kept."""


class ReferenceBook(Protocol):
    """What is kept of securities. Raises `HistoryUnavailable` while the database cannot answer."""

    async def changes(self, after: int, limit: int) -> tuple[list[Facts], int]:
        """Give what changed after a mark, at most so many, and the mark behind them; the first mark is 0."""


class JobNews(NamedTuple):
    """A job that loads something now, or waits for its turn."""

    name: str
    done: int
    total: int
    """0: not known yet."""
    note: str


class Jobs(Protocol):
    """What is loaded in the background. Nobody who is live waits for any of it."""

    async def submit(self, name: str, days: int | None = None) -> int:
        """Ask for a run, for so many sessions, and give its number; joins one that waits or goes on already.

        Raises `UsageError`, which names the jobs there are, if it is none of them.
        """

    def report(self) -> dict[str, object]:
        """Tell of every job and of the last runs, in JSON-ready words."""

    def under_way(self) -> Sequence[JobNews]:
        """Tell what is being loaded now."""


class SymbolAnnals(Protocol):
    """What was kept of single symbols. Every method raises `HistoryUnavailable` while the database cannot answer."""

    async def metadata(self, symbol: Symbol) -> Metadata | None:
        """Find what is known of a symbol beyond its prices."""

    async def complete_days(self, symbol: Symbol, first: dt.date, last: dt.date) -> frozenset[dt.date]:
        """Find the days from `first` to `last` all of whose minutes are kept, and change no more."""

    async def bars(self, symbol: Symbol, minutes: int, first: Nanos, last: Nanos) -> SymbolBars:
        """Find what is kept of a symbol's minutes from `first` to `last`, so many to a bar."""


@dataclass(frozen=True, slots=True, eq=False)
class DayState:
    """What of a trading date no snapshot can restore: the board's columns, and who was inside each list.

    `as_of` is the moment the board was known for, `image_at` that of its last image, `slot` the running one.
    """

    date: dt.date
    as_of: Nanos
    image_at: Nanos
    slot: int
    symbols: tuple[Symbol, ...]
    columns: Mapping[str, Floats | Ints | Sources]
    inside: Mapping[str, Bools]


class UserStore(Protocol):
    """Keeps what the user made, by section and name. Every method may wait for the disk."""

    def load(self) -> Mapping[str, Mapping[str, object]]:
        """Read everything; raises `ConfigurationError` where it cannot be understood."""

    def keep(self, section: str, name: str, content: object) -> None:
        """Keep one thing in place of what has its name, None: nothing. Raises `OSError`, and then nothing changed."""


class KnownStore(Protocol):
    """Keeps what history said, for a start without it. Every method waits for the disk, and raises `OSError`.

    What is not there or cannot be read is None.
    """

    def averages(self) -> tuple[dt.date, Averages] | None:
        """Read the averages that were kept last, and of which trading date they are."""

    def baseline(self) -> Baseline | None:
        """Read the baselines that were kept last."""

    def shape(self) -> Shape | None:
        """Read the curves that were kept last."""

    def keep_averages(self, as_of: dt.date, averages: Averages) -> None:
        """Keep these instead."""

    def keep_baseline(self, baseline: Baseline) -> None:
        """Keep these instead."""

    def keep_shape(self, shape: Shape) -> None:
        """Keep these instead."""


class StateStore(Protocol):
    """Keeps the newest state of the day. Every method may wait for the disk, and raises `OSError` where it refuses."""

    set_aside: int
    """How many files were put aside, as they are of another world or later than they can be."""

    def load(self, latest: Nanos) -> DayState | None:
        """Read the newest whole state; what is later than `latest` is set aside."""

    def save(self, state: DayState) -> None:
        """Keep a state; the one before stays until this one is safe."""


class RingingState(NamedTuple):
    """What alerts must know after a restart, so that they do not ring again."""

    last_id: int
    rung: Sequence[tuple[str, Symbol, Nanos]]
    """When each rule rang last for each symbol."""


class RingingStore(Protocol):
    """Keeps the newest of them. Waits and raises like `StateStore`."""

    def load(self) -> RingingState | None:
        """Read what was kept; None if there is nothing, or nothing that can be read."""

    def save(self, state: RingingState) -> None:
        """Keep this instead."""


class Messenger(Protocol):
    """Tells other programs of alerts, for as long as it takes. Every method returns at once."""

    def send(self, alert: Alert) -> None:
        """Have the address of the alert's rule told, once."""

    def undelivered(self) -> Mapping[str, object]:
        """Tell in JSON-ready words what waits, and what was given up."""

    def retry(self, rule: str | None) -> int:
        """Try again what was given up, of one rule or all; how many those are."""


class SlotStore(Protocol):
    """Keeps the closed slots of the last days. Waits and raises like `StateStore`."""

    set_aside: int

    def days(self) -> list[dt.date]:
        """List the days that are kept, oldest first."""

    def records(self, day: dt.date) -> list[SlotRecord]:
        """Read what was kept of a day, in the order it was; none where nothing can be read."""

    def append(self, day: dt.date, record: SlotRecord) -> None:
        """Keep one more record of a day."""

    def put_aside(self, day: dt.date) -> None:
        """Keep a day out of the way: it is later than the market clock."""

    def close(self) -> None:
        """Let go of the files."""
