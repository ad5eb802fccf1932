"""What a recording costs: bytes and CPU a snapshot over the simulated day, and the day they add up to.

Bodies and frames are those of the simulated exchange with 12,000 symbols, taken over its sockets at some moments of
the day; between two moments the bytes are taken to change evenly. The peer packs every body by itself, as gzip does.
The feed of all symbols' second bars is the most a feed can be; we follow some hundreds.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import aiohttp
import numpy as np
import orjson
import structlog
from isal import isal_zlib

from tests.benchmarks.figure import Figure
from tests.support.market import CALENDAR, DAY, NANOS, at
from tests.support.simulated import SNAPSHOT, got, listening
from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos
from tradeul.recording.format import Frame
from tradeul.recording.writer import KEY_EVERY_BODIES, RecordingWriter, WholeBody
from tradeul.simulation.exchange.server import Exchange

SYMBOLS = 12_000
FOLLOWED = 300
INTERVAL_S = 5
SNAPSHOTS = 4
PIECE_BYTES = 64 * 1024
MOMENTS = (
    "04:05", "07:00", "09:15", "09:29:30", "09:30:10", "09:31", "09:35", "09:45", "10:30", "12:00", "14:00", "15:30",
    "15:58", "16:00:10", "16:05", "17:00", "19:30",
)  # fmt: skip
SHOWN = {"09:30:10": "open", "12:00": "midday", "17:00": "post-market"}
NIGHT_S = 7.5 * 3_600
"""From 20:00 to 03:30 nothing changes, but keys are written all the same."""
GIGABYTE = 1e9


@dataclass
class Moment:
    """What was measured at one moment of the day; times in ms, sizes in bytes."""

    key: int = 0
    bodies: list[int] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)
    loop: list[float] = field(default_factory=list)
    longest: list[float] = field(default_factory=list)
    thread: list[float] = field(default_factory=list)
    frames_all: float = 0.0
    frames_followed: float = 0.0
    """Bytes a second."""

    @property
    def body(self) -> float:
        """Bytes a snapshot, the key now and then among them."""
        return float(np.median(self.bodies)) * (1 - 1 / KEY_EVERY_BODIES) + self.key / KEY_EVERY_BODIES

    def __str__(self) -> str:
        alone, followed, whole = np.median(self.alone) / 1_000, self.frames_followed / 1_000, self.frames_all / 1_000
        feeds = f"feed of {FOLLOWED} {followed:6.1f} KB/s, of all {whole:6.1f} KB/s"
        return f"{self.body / 1_000:7.0f} KB a snapshot (alone {alone:6.0f}), {feeds}"


async def run() -> list[Figure]:
    """Measure all moments in turn."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    moments = {wall: await _measured(wall) for wall in MOMENTS}
    for wall, moment in moments.items():
        print(f"  {wall:8} {moment}")
    snapshots = _day_of([moment.body / INTERVAL_S for moment in moments.values()])
    night = moments[MOMENTS[-1]].key * NIGHT_S / INTERVAL_S / KEY_EVERY_BODIES
    feeds = [_day_of([getattr(each, f"frames_{which}") for each in moments.values()]) for which in ("followed", "all")]
    shown = [(name, moments[wall]) for wall, name in SHOWN.items()]
    busiest = moments["09:30:10"]
    return [
        *(Figure(f"recorded, a snapshot, {name}", "KB", _thousands(of.bodies), _ratio(of)) for name, of in shown),
        Figure("recorded, the day's snapshots", "GB", [(snapshots + night) / GIGABYTE]),
        Figure(f"recorded, the day's feed of {FOLLOWED} symbols", "GB", [feeds[0] / GIGABYTE]),
        Figure("recorded, the day's feed of all symbols", "GB", [feeds[1] / GIGABYTE]),
        Figure("CPU of the loop a snapshot at the open", "ms", busiest.loop),
        Figure("CPU of the thread a snapshot at the open", "ms", busiest.thread),
        Figure("longest step of the loop while recording, CPU", "ms", busiest.longest),
    ]


async def _measured(wall: str) -> Moment:
    moment, clock = Moment(), ManualClock(at(wall, DAY))
    with tempfile.TemporaryDirectory() as folder:
        writer = RecordingWriter(Path(folder), "bodies", clock, CALENDAR)
        async with (
            listening(clock, symbols=SYMBOLS) as exchange,
            aiohttp.ClientSession() as client,
            client.ws_connect(exchange.ws_url, max_msg_size=0) as socket,
        ):
            await _take(exchange, writer, clock, moment)
            for action, params in (("auth", "key"), ("subscribe", "A.*")):
                await socket.send_json({"action": action, "params": params})
            feed: list[Frame] = []
            for _ in range(SNAPSHOTS):
                await clock.advance(INTERVAL_S)
                await _take(exchange, writer, clock, moment)
            while len(feed) < SNAPSHOTS * INTERVAL_S:
                text = await socket.receive_str(timeout=20)
                if '"status"' not in text:
                    feed.append(Frame(text, Nanos(clock.now() + len(feed) * NANOS)))
        writer.abandon()
        seconds = SNAPSHOTS * INTERVAL_S
        moment.frames_all = _recorded_bytes(feed, Path(folder) / "all") / seconds
        moment.frames_followed = _recorded_bytes(_of_the_busiest(feed), Path(folder) / "followed") / seconds
    return moment


async def _take(exchange: Exchange, writer: RecordingWriter, clock: ManualClock, moment: Moment) -> None:
    _, content, _ = await got(exchange, SNAPSHOT)
    pieces = [content[start : start + PIECE_BYTES] for start in range(0, len(content), PIECE_BYTES)]
    before = writer.bytes_out
    loop, longest, thread = _costs(writer, WholeBody(SNAPSHOT, pieces, clock.now()))
    size = writer.bytes_out - before
    if not moment.key:
        moment.key = size
        return
    moment.bodies.append(size)
    moment.alone.append(len(isal_zlib.compress(content, 1)))
    moment.loop.append(loop)
    moment.longest.append(longest)
    moment.thread.append(thread)


def _costs(writer: RecordingWriter, item: WholeBody) -> tuple[float, float, float]:
    """CPU of the loop, its longest step, CPU of the thread, in ms: what others do on the machine does not count."""
    loop = longest = thread = 0.0
    work = writer.record(item)
    while True:
        cpu = time.thread_time()
        call = next(work, work)
        step = time.thread_time() - cpu
        loop, longest = loop + step, max(longest, step)
        if call is work:
            return loop * 1_000, longest * 1_000, thread * 1_000
        if callable(call):
            cpu = time.thread_time()
            call()
            thread += time.thread_time() - cpu


def _recorded_bytes(frames: Sequence[Frame], folder: Path) -> int:
    """How large a file of these frames is, between two bodies of a few bytes every five seconds."""
    writer = RecordingWriter(folder, "frames", ManualClock(at("09:30")), CALENDAR)
    for number, frame in enumerate(frames):
        if number % INTERVAL_S == 0:
            _costs(writer, WholeBody("", (b"",), frame.arrived))
        for call in writer.record(frame):
            if call is not None:
                call()
    for call in writer.end():
        if call is not None:
            call()
    return writer.bytes_out


def _of_the_busiest(feed: Sequence[Frame]) -> list[Frame]:
    """The frames as a client gets them that follows only the symbols with most events."""
    events = [orjson.loads(frame.content) for frame in feed]
    counts = Counter(event["sym"] for frame in events for event in frame)
    followed = {symbol for symbol, _ in counts.most_common(FOLLOWED)}
    return [
        Frame(orjson.dumps([event for event in mine if event["sym"] in followed]).decode(), frame.arrived)
        for frame, mine in zip(feed, events, strict=True)
    ]


def _day_of(rates: Sequence[float]) -> float:
    """Bytes of a day from 04:00 to 20:00, from bytes a second at the moments."""
    seconds = [at(wall) / NANOS for wall in ("04:00", *MOMENTS, "20:00")]
    values = [rates[0], *rates, rates[-1]]
    return sum(
        (end - start) * (first + last) / 2
        for (start, end), (first, last) in zip(pairwise(seconds), pairwise(values), strict=True)
    )


def _thousands(sizes: Sequence[int]) -> list[float]:
    return [size / 1_000 for size in sizes]


def _ratio(moment: Moment) -> float:
    return float(np.median(moment.alone) / np.median(moment.bodies))
