"""Recordings for tests: items written without a loop or threads, and markets that look like the one before."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.support.market import CALENDAR, NANOS, at
from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos
from tradeul.recording.blocks import BlockFile
from tradeul.recording.format import Body, Frame, Gap
from tradeul.recording.reader import Item, Recording
from tradeul.recording.writer import RecordingWriter, WholeBody, Work

OPEN = at("09:30")
SOURCE = "snapshot of the market"


def later(seconds: float) -> Nanos:
    """So long after the open."""
    return Nanos(OPEN + round(seconds * NANOS))


def market(rows: Iterable[tuple[str, object]], end: str = "]}") -> bytes:
    """A body of records in the vendor's manner."""
    records = ",".join(f'{{"ticker":"{symbol}","price":{value}}}' for symbol, value in rows)
    return f'{{"status":"OK","tickers":[{records}{end}'.encode()


def busy_market(count: int, turn: int, *, every: int = 3) -> bytes:
    """A market in which one record in `every` has changed since the turn before; a record takes 500 bytes."""
    rows = ((f"S{row:05d}", f"{(turn + row) // every}{row:0450d}") for row in range(count))
    return market(rows)


def bodies(
    contents: Iterable[bytes], source: str = SOURCE, *, after_s: float = 0.0, every_s: float = 5.0
) -> list[Body]:
    """Bodies as they come, one every few seconds."""
    return [Body(source, content, later(after_s + number * every_s)) for number, content in enumerate(contents)]


def done(work: Work) -> None:
    """Do everything here and now."""
    for call in work:
        if call is not None:
            call()


def pieces_of(content: bytes, size: int = 1000) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def writer_into(folder: Path, started: Nanos = OPEN) -> RecordingWriter:
    return RecordingWriter(folder, "simulated", ManualClock(started), CALENDAR)


def put(writer: RecordingWriter, items: Iterable[Item]) -> None:
    for item in items:
        if isinstance(item, Body):
            done(writer.record(WholeBody(item.source, pieces_of(item.content), item.arrived)))
        else:
            done(writer.record(item))


def written(folder: Path, items: Iterable[Item], *, close: bool = True) -> Path:
    """Record into a folder, and give the file that came of it."""
    writer = writer_into(folder)
    put(writer, items)
    if close:
        done(writer.end())
    else:
        writer.abandon()
    return max(folder.iterdir())


def read(path: Path, from_: Nanos | None = None, to: Nanos | None = None) -> list[Item]:
    with Recording(path) as recording:
        return list(recording.items(from_, to))


def key_times(path: Path) -> list[Nanos]:
    """The times of a file's keys, as its index has them."""
    with path.open("rb") as file:
        blocks = BlockFile(file.fileno())
        assert blocks.index is None or blocks.index == blocks.find_keys()
        return [time for _, time in blocks.find_keys()]


def gaps(items: Iterable[Item]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def kept(items: Iterable[Item]) -> list[Body | Frame]:
    """Without the gaps."""
    return [item for item in items if isinstance(item, Body | Frame)]


def is_part_of(some: Sequence[Item], everything: Sequence[Item]) -> bool:
    """All of `some` stand in `everything`, in that order."""
    rest: Iterator[Item] = iter(everything)
    return all(item in rest for item in some)


def small_day() -> list[Item]:
    """A bit of everything, with two keys."""
    items: list[Item] = []
    for number, body in enumerate(bodies([market([("A", turn), ("B", turn // 3), ("C", 1)]) for turn in range(6)])):
        items += [Frame(f'[{{"number":{number}}}]', Nanos(body.arrived - NANOS)), body]
        if number == 2:
            items.append(Body("status", b'{"market":"open"}', body.arrived))
            items.append(Frame(bytes([number, 255]), body.arrived))
    late = later(400)
    return [*items, Body(SOURCE, market([("A", 9), ("C", 1)]), late), Frame("", late), Gap("dropped", late, late, 1, 2)]
