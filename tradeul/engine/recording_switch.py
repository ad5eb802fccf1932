"""Begins and ends the recording of the program that runs, between two steps of its engine.

While it is off nobody hears of a step and the recorder keeps nothing. Turned on again it begins as after a restart:
nothing is claimed of what comes until the next whole state, which the next snapshot brings. `app` makes one, and
`web/routes/recording` moves it.
"""

import asyncio
import contextlib
from typing import Final, NamedTuple, Protocol

from tradeul.clock import Clock
from tradeul.engine.journal import Journal
from tradeul.engine.ports import StepRecorder
from tradeul.engine.whole_state import Engine

WRITTEN_WITHIN_S: Final = 5.0
"""Whoever moves the switch waits no longer for the disk."""


class RecorderState(NamedTuple):
    """What the recorder does, and has done since it was made."""

    enabled: bool
    file: str | None
    """The path of the one that is written, or was last."""
    writing: bool
    """Whether it is still open."""
    bodies: int
    frames: int
    bytes_in: int
    bytes_out: int
    dropped: int
    """Bodies and frames that came while it was on and are in no file."""
    failures: int
    """Times the disk refused."""


class SwitchedRecorder(StepRecorder, Protocol):
    """A recorder that can be turned on and off."""

    @property
    def state(self) -> RecorderState:
        """What it does and has done."""

    def begin(self) -> None:
        """Keep what comes from now on."""

    def end(self) -> None:
        """Keep what came so far, and nothing more; the file is ended in good order."""

    async def settle(self) -> None:
        """Wait until what was begun or ended shows in a file, or the disk refuses."""


class RecordingSwitch:
    """The one way to turn recording on and off. Turning it to where it is changes nothing."""

    def __init__(self, recorder: SwitchedRecorder, engine: Engine, clock: Clock) -> None:
        self._recorder = recorder
        self._engine = engine
        self._clock = clock

    @property
    def state(self) -> RecorderState:
        return self._recorder.state

    async def turn(self, *, on: bool) -> RecorderState:
        """Begin or end, and give how it stands then; a disk that is slow goes on with it."""
        await self._engine.pipeline.settled(self.begin if on else self._end)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WRITTEN_WITHIN_S):
                await self._recorder.settle()
        return self._recorder.state

    def begin(self) -> None:
        """Begin; no step is under way."""
        if not self._recorder.state.enabled:
            self._recorder.begin()
            log = Journal(self._recorder, self._engine, self._clock)
            # The same life may have recorded before: what it has done since then is in no file.
            log.broke_off()
            self._engine.pipeline.log = log

    def _end(self) -> None:
        if self._recorder.state.enabled:
            self._engine.pipeline.log = None
            self._recorder.end()
