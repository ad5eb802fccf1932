"""Plays a tape: hands what is on it to the engine in its order, as soon as the pace says so.

Begins at the last whole state before it is to begin, and hurries from there. What is sought ahead is hurried to,
unless a whole state lies between; what is sought behind begins at the state before it.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from tradeul.domain.events import Nanos
from tradeul.engine import steps
from tradeul.engine.rerun import Rerun
from tradeul.engine.steps import StepUnreadable
from tradeul.engine.vitals import Vitals
from tradeul.errors import SnapshotRefused
from tradeul.polygon.frames import decode_frame
from tradeul.recording.format import Body, Frame, Gap, Step
from tradeul.recording.reader import Item
from tradeul.replay.pace import Pace
from tradeul.replay.tape import Tape

TURN_EVERY = 64
"""So many items are played without a turn of the loop, where none of them has one itself."""


class Range(NamedTuple):
    """What of a tape is to be played; None: all of it there."""

    first: Nanos | None = None
    last: Nanos | None = None


@dataclass(slots=True)
class Played:
    """What was played so far."""

    snapshots: int = 0
    frames: int = 0
    steps: int = 0
    gaps: list[Gap] = field(default_factory=list)
    running: bytes | None = None
    """The hash of all that was published up to here, as the recording has it."""


class Player:
    """Plays one tape."""

    def __init__(self, tape: Tape, rerun: Rerun, vitals: Vitals, pace: Pace, span: Range) -> None:
        self._tape = tape
        self._rerun = rerun
        self._vitals = vitals
        self._pace = pace
        self._span = span
        self.played = Played()
        self.begun_at: Nanos | None = None
        """Where it began, once there is something to be seen."""
        self.ended: Callable[[], None] = lambda: None
        """Is told when the end was reached."""
        self.progress: Callable[[], None] = lambda: None
        """Is called after each snapshot."""
        self.went_back: Callable[[], None] = lambda: None
        """Is told when what comes next is of before what was shown."""

    async def play(self) -> None:
        """Play to the end, or to where something else is sought: until it is sought no more."""
        state = self._tape.state_before(self._span.first)
        self._hurry(self._span.first)
        while await self._play_from(state):
            state = self._sought()
        self._rerun.end()
        self._pace.end()
        self.ended()

    async def run(self) -> None:
        """Play, and again from wherever is sought after the end; for ever."""
        while True:
            await self.play()
            while self._pace.sought is None:
                await self._pace.moved()
            self._pace.ended = False
            self._span = self._span._replace(first=self._pace.sought)
            self._pace.sought = None
            self.went_back()

    def _sought(self) -> Nanos:
        """Where to begin for what was sought."""
        at, self._pace.sought = self._pace.sought, None
        self._hurry(at)
        self.went_back()
        return self._tape.state_before(at)

    def _hurry(self, at: Nanos | None) -> None:
        if at is not None:
            self._pace.hurry(at)

    async def _play_from(self, state: Nanos) -> bool:
        """Play from a whole state on; whether something else is sought before the end."""
        self._rerun.restore_next()
        restoring = True
        items = self._tape.items(state)
        for number, item in enumerate(items):
            at = item.first if isinstance(item, Gap) else item.arrived
            if self._span.last is not None and at >= self._span.last:
                await self._end_round(chain([item], items))
                break
            if not restoring and await self._pace.until(at) == "sought":
                if not self._is_ahead():
                    return True
                self._hurry(self._pace.sought)
                self._pace.sought = None
            await self.take(item)
            if restoring and self._rerun.life:
                restoring = False
                self.begun_at = self.begun_at or self._rerun.at
                self._vitals.accepted_at = self._vitals.content_changed_at = self._rerun.at
                self._pace.begin_anew()
            if number % TURN_EVERY == 0:
                await asyncio.sleep(0)
        return False

    async def _end_round(self, items: Iterator[Item]) -> None:
        """Take what the last step has published, if it is on the tape behind where that was cut."""
        step = next((item for item in items if isinstance(item, Step)), None)
        if step is not None and isinstance(steps.decoded(step.content), steps.Published):
            await self.take(step)

    def _is_ahead(self) -> bool:
        """Whether what is sought is best had by playing on."""
        at, now = self._pace.sought, self._rerun.at
        return at is not None and now <= at and self._tape.state_before(at) <= now

    async def take(self, item: Item) -> None:
        """Do what one thing on the tape says, whatever the time."""
        match item:
            case Frame():
                self.played.frames += 1
                events = decode_frame(item.content).events
                if any(events):
                    self._rerun.heard(events)
            case Step():
                try:
                    step = steps.decoded(item.content)
                except StepUnreadable:
                    await self.take(Gap("damaged", item.arrived, item.arrived))
                else:
                    await self._take_step(step, item.arrived)
            case Body():
                await self._take_body(item)
            case Gap():
                self.played.gaps.append(item)
                self._rerun.restore_next()

    async def _take_step(self, step: steps.Step, at: Nanos) -> None:
        self.played.steps += 1
        await self._rerun.step(step, at)
        if isinstance(step, steps.Imaged):
            self.played.snapshots += 1
            self._pace.snapshot_shown()
            self.progress()
        elif isinstance(step, steps.Published):
            self.played.running = step.running

    async def _take_body(self, body: Body) -> None:
        try:
            image = await self._tape.image(body)
        except SnapshotRefused as refused:
            self._vitals.count(self._vitals.snapshots_refused, refused.reason)
            return
        if image is not None:
            self._vitals.accepted_at, self._vitals.delayed = body.arrived, image.delayed
            self._rerun.came(image)
