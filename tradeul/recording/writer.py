"""What is recorded, into files: one per trading date, frames together, bodies as what changed, a key now and then.

The work comes as steps: None lets others run, a call is to be made in a thread before the next step is taken. An
`OSError` of a call that is thrown back in leaves files and memory as they were, so that the same item can be
recorded again. `recorder` takes the steps.
"""

import datetime as dt
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS, TradingCalendar
from tradeul.recording.bodies import Chain, body_packed
from tradeul.recording.file import RecordingFile
from tradeul.recording.format import Draft, FileHeader, Frame, Gap, Kind, Step
from tradeul.recording.frames import FRAMES_PER_BLOCK, frames_parts

log = structlog.get_logger(__name__)

KEY_EVERY_BODIES: Final = 60
KEY_EVERY_NS: Final = 300 * NANOS
FRAMES_TOGETHER_BYTES: Final = 256 * 1024
FRAMES_TOGETHER_NS: Final = 5 * NANOS
"""Frames share a block until the next body, or so many bytes, or so much time: a crash loses those of one block."""

Work = Generator[Callable[[], None] | None, None, None]


class WholeBody(NamedTuple):
    """One answer in the pieces it came in."""

    source: str
    pieces: Sequence[bytes]
    arrived: Nanos

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces))


class RecordingWriter:
    """Owns the open file and what is known of its contents."""

    def __init__(self, folder: Path, market: str, clock: Clock, calendar: TradingCalendar) -> None:
        self._folder = folder
        self._market = market
        self._clock = clock
        self._calendar = calendar
        self._date = dt.date.min
        self._file: RecordingFile | None = None
        self.path: Path | None = None
        """Of the file that is written, or was last."""
        self._chain = Chain()
        self._number = 0
        self._key_number = 0
        self._key_at: Nanos | None = None
        self._frames: list[Frame | Step] = []
        self._frames_size = 0
        self.bodies = 0
        self.frames = 0
        self.bytes_in = 0
        self.bytes_out = 0

    @property
    def writing(self) -> bool:
        """Whether a file is open."""
        return self._file is not None

    def record(self, item: WholeBody | Frame | Step | Gap) -> Work:
        """Put an item after all before it; a frame or step is in the file once its block is."""
        yield from self._turn(item.first if isinstance(item, Gap) else item.arrived)
        if isinstance(item, Frame) or (isinstance(item, Step) and not item.opens):
            if self._frames_full(item.arrived):
                yield from self._flush()
            self._frames.append(item)
            self._frames_size += len(item.content)
            return
        yield from self._flush()
        if isinstance(item, Step):
            yield partial(self._append, Draft(Kind.STATE, item.arrived, item.arrived, parts=frames_parts([item])))
            # Who begins here knows no body.
            self._key_at = None
        elif isinstance(item, Gap):
            yield partial(self._append, Draft(Kind.DROPPED, item.first, item.last, item.bodies, item.frames))
        else:
            yield from self._record_body(item)

    def end(self) -> Work:
        """Close the file in good order."""
        if self._file is not None:
            yield from self._flush()
            yield self._finish
            self._file = None
            log.info("recording_ended", path=str(self.path))

    def abandon(self) -> int:
        """Let go of the file as it is; give the number of frames that are not in it."""
        if self._file is not None:
            self._file.close()
            self._file = None
        return len(self._frames)

    def _turn(self, time: Nanos) -> Work:
        """See to it that the file of the date is open. A clock that steps back does not bring yesterday's back."""
        date = max(self._calendar.trading_date(time), self._date)
        if date != self._date:
            yield from self.end()
        if self._file is None:
            yield partial(self._open, FileHeader(self._market, date, self._clock.now()))
            self._date = date
            self._chain.clear()
            self._number, self._key_at = 0, None

    def _record_body(self, body: WholeBody) -> Work:
        key = self._key_at is None or self._key_is_old(body.arrived - self._key_at)
        base = None if key else self._chain.base(body.source)
        number = self._number + 1
        packed = yield from body_packed(body.source, body.pieces, number, base)
        kind = Kind.KEY if key else Kind.BODY
        yield partial(self._append, Draft(kind, body.arrived, body.arrived, bodies=1, parts=packed.parts))
        if key:
            self._chain.clear()
            self._key_number, self._key_at = number, body.arrived
        self._chain.keep(body.source, packed.base)
        self._number = number
        self.bodies += 1
        self.bytes_in += body.size

    def _key_is_old(self, age: int) -> bool:
        return self._number + 1 - self._key_number >= KEY_EVERY_BODIES or not 0 <= age < KEY_EVERY_NS

    def _frames_full(self, now: Nanos) -> bool:
        held = self._frames
        return bool(held) and (
            len(held) >= FRAMES_PER_BLOCK
            or now - held[0].arrived >= FRAMES_TOGETHER_NS
            or self._frames_size >= FRAMES_TOGETHER_BYTES
        )

    def _flush(self) -> Work:
        """Put the frames that wait for company into a block."""
        held = self._frames
        if held:
            times, parts = [frame.arrived for frame in held], frames_parts(held)
            yield partial(self._append, Draft(Kind.FRAMES, min(times), max(times), frames=len(held), parts=parts))
            self.frames += sum(isinstance(frame, Frame) for frame in held)
            self.bytes_in += self._frames_size
            self._frames, self._frames_size = [], 0

    def _open(self, header: FileHeader) -> None:
        self._file = RecordingFile.open(self._folder, header)
        self.path = self._file.path
        log.info("recording_begun", path=str(self.path))

    def _append(self, draft: Draft) -> None:
        if self._file is not None:
            self.bytes_out += self._file.append(draft)

    def _finish(self) -> None:
        if self._file is not None:
            self.bytes_out += self._file.finish()
