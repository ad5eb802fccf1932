"""The whole state of the engine as parts, and back: a replay can begin, or go on, wherever one was kept.

The first part is a head that says what there is, then come the columns. `captured` gives views that must be copied
before anything else is taken; `restored` makes the very parts of the engine that are given be what was kept.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.deltas import ListState, Row
from tradeul.domain.events import Closure, Nanos, Symbol
from tradeul.domain.filters import Filter
from tradeul.domain.halts import Hearing
from tradeul.domain.session import Session, moment_at
from tradeul.domain.slot_book import SlotBook
from tradeul.domain.splits import MorningSplits
from tradeul.domain.volume_profile import PRIOR, VolumeCurves
from tradeul.domain.windows import Sample
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.fingerprint import Fingerprint
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.scanner import Scanner
from tradeul.engine.steps import Curved, Listed, StepUnreadable

PART_BYTES: Final = 2 * 1024 * 1024
"""Copied at a time: under a millisecond."""

Column = npt.NDArray[Any]


class Engine(NamedTuple):
    """The parts whose state decides what is published."""

    calendar: AnnouncedCalendar
    enrichment: Enrichment
    scanner: Scanner
    pipeline: Pipeline
    channels: Channels
    fingerprint: Fingerprint


class _Array(msgspec.Struct, frozen=True):
    name: str
    dtype: str
    shape: tuple[int, ...]


class _Shown(msgspec.Struct, frozen=True):
    """A list's newest state."""

    timestamp: int
    columns: tuple[str, ...]
    symbols: list[Symbol]
    values: list[tuple[Any, ...]]


class _Stood(msgspec.Struct, frozen=True):
    """Where the board stood in time."""

    moment: Nanos | None
    book: dt.date | None
    next_slot: int
    slot: int
    as_of: Nanos
    image_at: Nanos
    newest_bar: Nanos
    covered: Nanos
    late: bool
    resumed: bool
    minute: int
    hearing: Hearing


class Head(msgspec.Struct, frozen=True):
    """What there is, and all that is no column."""

    life: str
    """Of which program it is: states of one follow from one another."""
    filters: list[tuple[str, str]]
    least_sessions: int
    closures: list[Closure]
    told: dict[dt.date, list[tuple[Nanos, Session]]]
    symbols: list[Symbol]
    texts: dict[str, list[str | None]]
    stood: _Stood
    curves: Curved | None
    splits: tuple[dt.date, dict[Symbol, tuple[float, float]]] | None
    trail: list[Nanos]
    spark_step: int
    scans: list[Listed]
    """In the scanner's order."""
    inside: list[str]
    ranked_at: tuple[Nanos, Session]
    scanned: tuple[dt.date | None, Session | None, int]
    lists: dict[str, _Shown]
    """In the channels' order."""
    counts: dict[str, int]
    running: bytes
    arrays: list[_Array]


def captured(engine: Engine) -> tuple[bytes, list[Column]]:
    """Give the head, and the columns in its order. Takes some ten milliseconds for the texts of 12,000 symbols."""
    arrays = dict(_columns_of(engine))
    return msgspec.msgpack.encode(_head_of(engine, arrays)), list(arrays.values())


def pieces_of(column: Column) -> Iterator[bytes]:
    """The bytes of a column, some at a time."""
    flat = np.ascontiguousarray(column).reshape(-1).view(np.uint8)
    for start in range(0, len(flat), PART_BYTES):
        yield flat[start : start + PART_BYTES].tobytes()


def pieces_count(column: Column) -> int:
    return -(-column.nbytes // PART_BYTES)


def head_of(content: bytes) -> Head:
    """Read a head; raises `StepUnreadable`."""
    try:
        return msgspec.msgpack.decode(content, type=Head)
    except (msgspec.MsgspecError, ValueError) as error:
        raise StepUnreadable(f"a state of the recording cannot be read: {error}") from error


def restored(engine: Engine, head: Head, content: bytes) -> None:
    """Make the engine be what was kept; `content` are all columns, one after the other."""
    arrays = _arrays_in(head, content)
    _restore_calendar(engine.calendar, head)
    _restore_board(engine.enrichment, head, arrays)
    _restore_times(engine, head)
    _restore_lists(engine, head, arrays)


def _columns_of(engine: Engine) -> Iterator[tuple[str, Column]]:
    enrichment, board = engine.enrichment, engine.enrichment.board
    for name in board.names():
        if board[name].dtype != np.object_:
            yield f"board {name}", board[name]
    ends, sessions, as_of = board.usual.columns()
    yield from (("usual ends", ends), ("usual sessions", sessions), ("usual as_of", as_of))
    for number, sample in enumerate(enrichment.trail.samples()):
        yield f"price {number}", sample.prices
        yield f"volume {number}", sample.volumes
    yield "sparks", enrichment.sparks.points()
    for name, rows in engine.scanner.insiders().items():
        yield f"inside {name}", rows


def _head_of(engine: Engine, arrays: dict[str, Column]) -> Head:
    enrichment, scanner, board = engine.enrichment, engine.scanner, engine.enrichment.board
    shape, splits = board.curves.shape, enrichment.morning_splits
    texts = [name for name in board.names() if board[name].dtype == np.object_ and name != "symbol"]
    return Head(
        life=engine.channels.epoch,
        filters=[(each.reason, each.drop_if) for each in scanner.filters],
        least_sessions=board.usual.least_sessions,
        closures=list(engine.calendar.announced),
        told={day: list(told) for day, told in engine.calendar.told_by_date.items()},
        symbols=board.symbols,
        texts={name: board[name].tolist() for name in texts},
        stood=_stood(enrichment),
        curves=None if shape is None else Curved.of(shape),
        splits=None if splits is None else (splits.date, dict(splits.facts)),
        trail=[sample.at for sample in enrichment.trail.samples()],
        spark_step=enrichment.sparks.step,
        scans=[Listed.of(scan) for scan in scanner.scans],
        inside=list(scanner.insiders()),
        ranked_at=(scanner.as_of, scanner.session),
        scanned=engine.pipeline.scanned,
        lists={name: _shown(channel.state) for name, channel in engine.channels.by_name.items()},
        counts=engine.fingerprint.counts,
        running=engine.fingerprint.running,
        arrays=[_Array(name, column.dtype.str, column.shape) for name, column in arrays.items()],
    )


def _stood(enrichment: Enrichment) -> _Stood:
    standing, book = enrichment.standing, enrichment.book
    return _Stood(
        moment=None if standing.moment is None else standing.moment.instant,
        book=None if book is None else book.date,
        next_slot=0 if book is None else book.next_slot,
        slot=standing.slot,
        as_of=enrichment.as_of,
        image_at=standing.image_at,
        newest_bar=standing.newest_bar,
        covered=standing.covered,
        late=standing.late,
        resumed=standing.resumed,
        minute=enrichment.extremes.minute,
        hearing=enrichment.halts.hearing,
    )


def _shown(state: ListState) -> _Shown:
    symbols, values = [row.symbol for row in state.rows], [row.values for row in state.rows]
    return _Shown(state.timestamp, state.columns, symbols, values)


def _arrays_in(head: Head, content: bytes) -> dict[str, Column]:
    arrays, start = {}, 0
    try:
        for each in head.arrays:
            dtype = np.dtype(each.dtype)
            if dtype.hasobject:
                raise StepUnreadable("a state of the recording holds what is no number")
            count = int(np.prod(each.shape, dtype=np.int64))
            arrays[each.name] = np.frombuffer(content, dtype, count, start).reshape(each.shape)
            start += count * dtype.itemsize
    except (ValueError, TypeError) as error:
        raise StepUnreadable(f"a state of the recording is not what it says: {error}") from error
    return arrays


def _restore_calendar(calendar: AnnouncedCalendar, head: Head) -> None:
    calendar.restore(head.closures, {day: tuple(told) for day, told in head.told.items()})


def _restore_board(enrichment: Enrichment, head: Head, arrays: dict[str, Column]) -> None:
    board = enrichment.board
    columns = {name.removeprefix("board "): values for name, values in arrays.items() if name.startswith("board ")}
    board.restore(head.symbols, {**columns, **head.texts})
    board.usual.restore(arrays["usual ends"], arrays["usual sessions"], arrays["usual as_of"])
    board.usual.least_sessions = head.least_sessions
    board.curves = PRIOR if head.curves is None else VolumeCurves.of_shape(head.curves.shape())
    samples = [Sample(at, arrays[f"price {n}"], arrays[f"volume {n}"]) for n, at in enumerate(head.trail)]
    enrichment.trail.restore(samples)
    enrichment.sparks.restore(head.spark_step, arrays["sparks"])
    enrichment.extremes.minute = head.stood.minute
    enrichment.halts.hearing = head.stood.hearing
    enrichment.morning_splits = None if head.splits is None else MorningSplits.of_facts(*head.splits)


def _restore_times(engine: Engine, head: Head) -> None:
    enrichment, stood = engine.enrichment, head.stood
    standing = enrichment.standing
    enrichment.as_of, enrichment.book = stood.as_of, None if stood.book is None else SlotBook(stood.book)
    if enrichment.book is not None:
        enrichment.book.next_slot = stood.next_slot
    standing.moment = None if stood.moment is None else moment_at(engine.calendar, stood.moment)
    standing.slot, standing.image_at, standing.newest_bar = stood.slot, stood.image_at, stood.newest_bar
    standing.covered, standing.late, standing.resumed = stood.covered, stood.late, stood.resumed
    enrichment.forget_images()


def _restore_lists(engine: Engine, head: Head, arrays: dict[str, Column]) -> None:
    scans = [each.scan() for each in head.scans]
    inside = {name: arrays[f"inside {name}"] for name in head.inside}
    engine.scanner.restore(scans, [Filter(*each) for each in head.filters], inside, *head.ranked_at)
    by_name = {scan.name: scan for scan in scans}
    engine.channels.restore(
        {
            name: (by_name[name], _rows_of(shown), shown.timestamp)
            for name, shown in head.lists.items()
            if name in by_name
        }
    )
    engine.pipeline.restore(*head.scanned)
    engine.fingerprint.restore(head.running, head.counts)


def _rows_of(shown: _Shown) -> tuple[Row, ...]:
    return tuple(Row(symbol, values) for symbol, values in zip(shown.symbols, shown.values, strict=True))


def is_whole(head: Head, parts: Sequence[bytes]) -> bool:
    """Tell whether these are all the columns that the head speaks of."""
    wanted = sum(int(np.prod(each.shape, dtype=np.int64)) * np.dtype(each.dtype).itemsize for each in head.arrays)
    return sum(map(len, parts)) == wanted
