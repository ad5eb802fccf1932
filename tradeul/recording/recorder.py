"""Keeps what comes from the vendor in files, without ever holding up who brings it.

`body` and `frame` only put into a queue of so many bytes; full, it drops what has waited longest, counts it, and
the file tells of the gap. `run` empties it in steps of a millisecond; packing and writing go on in a thread. A disk
that fails is logged once and tried again after RETRY_S, while what comes waits in the queue. Between `end` and `begin`
it takes nothing, and its file is whole. `recordings` builds one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.domain.session import TradingCalendar
from tradeul.engine.recording_switch import RecorderState
from tradeul.recording.format import ITEM_BYTES, Frame, Gap, Step
from tradeul.recording.writer import RecordingWriter, WholeBody, Work

log = structlog.get_logger(__name__)

WAITING_BYTES: Final = 64 * 1024 * 1024
"""So much may wait: ten snapshots of today's market, so a disk may fail for RETRY_S and nothing is lost."""
RETRY_S: Final = 30.0
SOURCE_CHARACTERS: Final = 1_000
"""A longer source is cut."""
FRAME_CHARACTERS: Final = ITEM_BYTES // 4
"""No character takes more than four bytes."""

_ITEM_OVERHEAD: Final = 200
_ALWAYS: Final = float("-inf")

Item = WholeBody | Frame | Step | Gap


class FileRecorder:
    """A `Recorder` that writes `<market>-<trading date>.trec` into a folder."""

    def __init__(
        self,
        folder: Path,
        market: str,
        clock: Clock,
        calendar: TradingCalendar,
        *,
        waiting_bytes: int = WAITING_BYTES,
        on: bool = True,
    ) -> None:
        self.on = on
        self._clock = clock
        self._writer = RecordingWriter(folder, market, clock, calendar)
        self._waiting_bytes = waiting_bytes
        self._waiting: deque[Item] = deque()
        self._size = 0
        self._arrival = asyncio.Event()
        self._settled = asyncio.Event()
        self._work: Work | None = None
        self._call: asyncio.Future[None] | None = None
        self._closed = False
        self._failing = False
        self._retry_at = _ALWAYS
        self._dropped = 0
        self._failures = 0

    @property
    def state(self) -> RecorderState:
        done = self._writer
        file = None if done.path is None else str(done.path)
        counts = (done.bodies, done.frames, done.bytes_in, done.bytes_out)
        return RecorderState(self.on, file, done.writing, *counts, self._dropped, self._failures)

    def begin(self) -> None:
        """Keep what comes from now on, in the file of the day where there is one."""
        self.on = True

    def end(self) -> None:
        """Keep nothing more; once what waits is written, `run` ends the file."""
        self.on = False
        self._arrival.set()

    async def settle(self) -> None:
        """Wait until `run` has nothing to do, or the disk refuses."""
        self._settled.clear()
        self._arrival.set()
        await self._settled.wait()

    def body(self, source: str, pieces: Sequence[bytes], arrived: Nanos) -> None:
        """Keep one whole answer."""
        if not self.on:
            return
        body = WholeBody(source[:SOURCE_CHARACTERS], tuple(pieces), arrived)
        self._offer(body if body.size <= ITEM_BYTES else self._missed(body))

    def frame(self, content: str | bytes, arrived: Nanos) -> None:
        """Keep one frame of the live feed."""
        if not self.on:
            return
        frame = Frame(content, arrived)
        self._offer(frame if len(content) <= FRAME_CHARACTERS else self._missed(frame))

    def step(self, content: bytes, at: Nanos, *, opens: bool = False) -> None:
        """Keep a step; with one that `opens`, a whole state begins."""
        if self.on:
            self._offer(Step(content, at, opens))

    def misses(self) -> int:
        """How much is in no file."""
        return self._dropped

    async def run(self) -> None:
        """Write what comes, for ever."""
        while True:
            await self._arrival.wait()
            self._arrival.clear()
            await self._drive()
            if self._failing or not self._waiting:
                self._settled.set()
            if self._failing and not self.on:
                # Nothing comes that would have it tried again.
                await self._clock.pause(RETRY_S)
                self._arrival.set()

    async def close(self) -> None:
        """Write what waits and end the file; `run` has ended. What comes later is dropped."""
        self._closed = True
        self._retry_at = _ALWAYS
        await self._drive()
        self._work = self._ending()
        await self._drive()

    def _offer(self, item: Item) -> None:
        if self._closed:
            self._missed(item)
            return
        self._waiting.append(item)
        self._size += _size_of(item)
        if self._size > self._waiting_bytes:
            self._make_room()
        self._arrival.set()

    def _make_room(self) -> None:
        """Drop what has waited longest; one gap stands for all of it."""
        gap = self._missed(self._next())
        while self._waiting and (self._size > self._waiting_bytes or isinstance(self._waiting[0], Gap)):
            more = self._missed(self._next())
            first, last = min(gap.first, more.first), max(gap.last, more.last)
            gap = Gap("dropped", first, last, gap.bodies + more.bodies, gap.frames + more.frames)
        self._put_back(gap)

    def _missed(self, item: Item) -> Gap:
        if isinstance(item, Gap):
            return item
        self._dropped += 1
        bodies, frames = int(isinstance(item, WholeBody)), int(isinstance(item, Frame))
        return Gap("dropped", item.arrived, item.arrived, bodies, frames)

    def _next(self) -> Item:
        item = self._waiting.popleft()
        self._size -= _size_of(item)
        return item

    def _put_back(self, item: Item) -> None:
        self._waiting.appendleft(item)
        self._size += _size_of(item)

    async def _drive(self) -> None:
        """Take the steps of the work. Cancelled here, it stands where it is, and `close` goes on from there."""
        if self._work is None:
            self._work = self._recording()
        while True:
            if self._call is not None:
                await asyncio.wait([self._call])
            try:
                step = self._step(self._work)
            except StopIteration:
                self._work = None
                return
            if step is None:
                await asyncio.sleep(0)
            else:
                self._call = asyncio.get_running_loop().run_in_executor(None, step)

    def _step(self, work: Work) -> Callable[[], None] | None:
        call, self._call = self._call, None
        error = call.exception() if call is not None else None
        return next(work) if error is None else work.throw(error)

    def _recording(self) -> Work:
        """Record what waits, until nothing does or the disk refuses; then end the file if no more is to come."""
        while self._waiting and self._clock.monotonic() >= self._retry_at:
            item = self._next()
            if not (yield from self._tried(self._writer.record(item))):
                self._put_back(item)
        if not self.on and not self._waiting and self._clock.monotonic() >= self._retry_at:
            yield from self._tried(self._writer.end())

    def _tried(self, work: Work) -> Generator[Callable[[], None] | None, None, bool]:
        """Do it; whether the disk let us."""
        before = self._writer.bytes_out
        try:
            yield from work
        except OSError as error:
            self._refused(error)
            return False
        if self._writer.bytes_out > before:
            self._accepted()
        return True

    def _ending(self) -> Work:
        yield from self._tried(self._writer.end())
        left = self._writer.abandon()
        for item in self._waiting:
            left += not isinstance(item, Gap)
        if left:
            self._dropped += left
            log.warning("recording_cut_short", items_lost=left)

    def _refused(self, error: OSError) -> None:
        self._failures += 1
        self._retry_at = self._clock.monotonic() + RETRY_S
        if not self._failing:
            self._failing = True
            log.error("recording_failed", error=str(error), retry_s=RETRY_S)

    def _accepted(self) -> None:
        if self._failing:
            self._failing = False
            log.info("recording_resumed", failures=self._failures)


def _size_of(item: Item) -> int:
    """How much of the queue an item takes."""
    match item:
        case WholeBody():
            return item.size + _ITEM_OVERHEAD
        case Frame() | Step():
            return len(item.content) + _ITEM_OVERHEAD
        case Gap():
            return _ITEM_OVERHEAD
