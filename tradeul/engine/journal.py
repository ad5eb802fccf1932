"""Tells a recorder what is done to the engine, so that it can be done again: steps, what they published, whole states.

A whole state is kept when recording begins, at each turn of the date, as a file is of one, every half hour, and after
something could not be kept. A replay begins at one, and is whole again at the next. `pipeline` calls it;
`recording_switch` makes one each time that recording begins.
"""

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Final

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS
from tradeul.engine.ports import StepRecorder
from tradeul.engine.steps import Begun, Born, BrokenOff, Part, Published, Step, encoded
from tradeul.engine.whole_state import Engine, captured, pieces_count, pieces_of

STATE_EVERY_NS: Final = 1_800 * NANOS
"""Forty megabytes of a market of 12,000, a quarter of that on the disk. A replay can begin at each."""


class Journal:
    """Implements `StepLog`. Costs a tenth of a millisecond a step, and a turn of the loop now and then for a state."""

    def __init__(self, recorder: StepRecorder, engine: Engine, clock: Clock) -> None:
        self._recorder = recorder
        self._engine = engine
        self._clock = clock
        self._kept_at: Nanos | None = None
        self._kept_date: dt.date | None = None
        self._missed = 0
        self.take(Born(engine.channels.epoch))

    def take(self, step: Step) -> None:
        self._recorder.step(encoded(step), self._clock.now())

    def published(self, names: Sequence[str]) -> None:
        lists, running = self._engine.fingerprint.look(names)
        self.take(Published(dict(lists), running))

    def broke_off(self) -> None:
        self._kept_at = None
        self.take(BrokenOff())

    def wants_state(self) -> bool:
        now = self._clock.now()
        if self._kept_at is None or not 0 <= now - self._kept_at < STATE_EVERY_NS:
            return True
        turned = self._engine.calendar.trading_date(now) != self._kept_date
        return turned or self._recorder.misses() > self._missed

    async def take_state(self) -> None:
        now = self._clock.now()
        self._kept_at, self._kept_date = now, self._engine.calendar.trading_date(now)
        self._missed = self._recorder.misses()
        head, columns = captured(self._engine)
        heads = [head]
        parts = len(heads) + sum(map(pieces_count, columns))
        # Whatever comes from here on, such as frames between the parts, is not in it.
        self._recorder.step(encoded(Begun(now, self._engine.fingerprint.running, parts)), now, opens=True)
        for pieces in (heads, *map(pieces_of, columns)):
            for piece in pieces:
                self._recorder.step(encoded(Part(piece)), self._clock.now())
                await asyncio.sleep(0)
