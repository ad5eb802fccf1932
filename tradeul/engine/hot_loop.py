"""The fast re-rank between snapshots: live events of the symbols in play, at most once per interval.

The interval is wall time and counts from the beginning of the work, which is part of it. Nothing happens while nothing
arrives, and nothing is published of what changes nothing.
"""

from typing import Final

from tradeul.clock import Clock
from tradeul.engine.intake import Intake
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.pulse import Pulse

LEAST_REST: Final = 0.25
"""Of the interval, however long the work takes: the loop has other things to do."""

APPLIED_WITHIN_S: Final = 60.0


class HotLoop:
    """Hands what the intake holds to the pipeline."""

    def __init__(self, intake: Intake, pipeline: Pipeline, clock: Clock, interval_ms: int) -> None:
        self._intake = intake
        self._pipeline = pipeline
        self._clock = clock
        self.pulse = Pulse(clock)
        self._interval_s = interval_ms / 1_000

    async def run(self) -> None:
        """Wait for events, apply them together, and rest for what is left of the interval."""
        while True:
            await self._intake.arrival()
            next_at = self._clock.monotonic() + self._interval_s
            with self.pulse.work(APPLIED_WITHIN_S):
                await self._pipeline.take_pending(self._intake.take)
            left_s = next_at - self._clock.monotonic()
            await self._clock.pause(max(LEAST_REST * self._interval_s, left_s))
