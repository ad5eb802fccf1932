"""What was done to the engine, step by step, as values: enough to do it again, in the same order and at the same times.

`pipeline` tells a `StepLog` of each step before it takes it, so their order is the order in which they were taken.
Images and live events are not in them: the steps say when those were applied that had come by then. `journal` hands
steps to the recorder, `rerun` takes them again. Encoded as MessagePack, each with its name.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final, Protocol, Self

import msgspec
import numpy as np

from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.averages import Averages
from tradeul.domain.day_ranges import DayRange
from tradeul.domain.events import Closure, Floats, Ints, Nanos, Symbol
from tradeul.domain.reference import Facts
from tradeul.domain.scans import Scan
from tradeul.domain.session import Session
from tradeul.domain.slots import SLOTS_PER_DAY
from tradeul.domain.splits import MorningSplits
from tradeul.domain.usual import Baseline
from tradeul.domain.volume_profile import CURVES, Shape
from tradeul.errors import TradeulError

_COLUMNS: Final = ("volume_10d", "volume_30d", "price_30d", "atr")


class StepUnreadable(TradeulError):
    """A step of a recording is none that this version knows."""


class _Step(msgspec.Struct, tag_field="step", tag=str.lower):
    """One step."""


class Born(_Step):
    """A program began to record. What it does counts from its first whole state on."""

    life: str


class Imaged(_Step):
    """The newest admitted image was taken."""

    now: Nanos
    asked_at: Nanos
    halts_told: bool


class Lived(_Step):
    """The live events that had come were taken."""

    now: Nanos
    halts_told: bool


class Averaged(_Step):
    """Averages were taken."""

    symbols: list[Symbol]
    columns: list[bytes]

    @classmethod
    def of(cls, averages: Averages) -> Self:
        return cls(list(averages.symbols), [_packed(getattr(averages, name)) for name in _COLUMNS])

    def averages(self) -> Averages:
        return Averages(tuple(self.symbols), *(_floats(column, len(self.symbols)) for column in self.columns))


class Usual(_Step):
    """What volume is usual was taken, of some symbols."""

    as_of: dt.date
    symbols: list[Symbol]
    ends: bytes
    sessions: list[int]
    missed: int

    @classmethod
    def of(cls, baseline: Baseline, missed: int) -> Self:
        ends, sessions = _packed(baseline.ends), baseline.sessions.tolist()
        return cls(baseline.as_of, list(baseline.symbols), ends, sessions, missed)

    def baseline(self) -> Baseline:
        ends = _floats(self.ends, SLOTS_PER_DAY * len(self.symbols)).reshape(SLOTS_PER_DAY, len(self.symbols))
        return Baseline(self.as_of, tuple(self.symbols), ends, np.array(self.sessions, np.int64))


class Curved(_Step):
    """Learned curves were taken."""

    as_of: dt.date
    bounds: tuple[float, float]
    shares: bytes

    @classmethod
    def of(cls, shape: Shape) -> Self:
        return cls(shape.as_of, shape.bounds, _packed(shape.shares))

    def shape(self) -> Shape:
        shares = _floats(self.shares, CURVES * SLOTS_PER_DAY).reshape(CURVES, SLOTS_PER_DAY)
        return Shape(self.as_of, self.bounds, shares)


class Ranged(_Step):
    """How far prices went before was taken."""

    ranges: list[DayRange]


class Split(_Step):
    """What is split on a date was taken."""

    date: dt.date
    facts: dict[Symbol, tuple[float, float]]

    @classmethod
    def of(cls, splits: MorningSplits) -> Self:
        return cls(splits.date, dict(splits.facts))

    def splits(self) -> MorningSplits:
        return MorningSplits.of_facts(self.date, self.facts)


class Referred(_Step):
    """What is known of securities was taken."""

    facts: list[Facts]


class Rescanned(_Step):
    """The lists were made anew of what was taken."""


class Listed(_Step):
    """A list was begun, or defined anew."""

    name: str
    title: str
    where: str
    order: str
    keep: str
    size: int
    columns: tuple[str, ...]
    sessions: tuple[str, ...]
    global_filters: bool

    @classmethod
    def of(cls, scan: Scan) -> Self:
        parts = (scan.name, scan.title, scan.where, scan.order, scan.keep, scan.size, scan.columns, scan.sessions)
        return cls(*parts, scan.global_filters)

    def scan(self) -> Scan:
        return Scan(**msgspec.structs.asdict(self))


class Unlisted(_Step):
    """A list was ended."""

    name: str


class Told(_Step):
    """The vendor was believed that the market is further on."""

    now: Nanos
    session: Session

    def put_into(self, calendar: AnnouncedCalendar) -> None:
        calendar.tell(self.now, self.session)


class Announced(_Step):
    """The vendor's list of coming closures was taken over."""

    now: Nanos
    closures: list[Closure]

    def put_into(self, calendar: AnnouncedCalendar) -> None:
        calendar.announce(self.closures, self.now)


class Published(_Step):
    """What came of the step before: which lists are at another state now, by their hashes, and the hash of it all."""

    lists: dict[str, bytes]
    running: bytes


class BrokenOff(_Step):
    """The step before was not taken to its end: what we are nobody knows, up to the next whole state."""


class Begun(_Step):
    """The whole state of the engine follows: the first part says what there is, the others are its columns.

    Nothing is applied between the parts.
    """

    at: Nanos
    running: bytes
    parts: int


class Part(_Step):
    """One part of it."""

    content: bytes


Step = (
    Born | Imaged | Lived | Averaged | Usual | Curved | Ranged | Split | Referred | Rescanned | Listed | Unlisted | Told
    | Announced | Published | BrokenOff | Begun | Part
)  # fmt: skip


class StepLog(Protocol):
    """Who is told of steps. Every method returns at once, but for the state, which is told with turns of the loop."""

    def take(self, step: Step) -> None:
        """Hear of a step that is about to be taken."""

    def published(self, names: Sequence[str]) -> None:
        """Hear which lists the step has changed."""

    def broke_off(self) -> None:
        """Hear that the step was not taken to its end."""

    def wants_state(self) -> bool:
        """Whether the whole state is to be told."""

    async def take_state(self) -> None:
        """Look at the whole state, which stands still. No live event waits to be applied."""


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[Step]] = msgspec.msgpack.Decoder(Step)


def encoded(step: Step) -> bytes:
    return _ENCODER.encode(step)


def decoded(content: bytes) -> Step:
    """Read a step; raises `StepUnreadable`."""
    try:
        return _DECODER.decode(content)
    except (msgspec.MsgspecError, ValueError) as error:
        raise StepUnreadable(f"a step of the recording cannot be read: {error}") from error


def _packed(values: Floats | Ints) -> bytes:
    return np.ascontiguousarray(values, "<f8").tobytes()


def _floats(content: bytes, count: int) -> Floats:
    if len(content) != 8 * count:
        raise StepUnreadable("a step of the recording is not as long as it says")
    return np.frombuffer(content, "<f8").astype(np.float64, copy=False)
