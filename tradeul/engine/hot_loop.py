"""The fast re-rank between snapshots: live events of the symbols in play, at most once per interval.

The interval is wall time. Nothing happens while nothing arrives, and nothing is published of what changes nothing.
"""

from tradeul.clock import Clock
from tradeul.engine.intake import Intake
from tradeul.engine.pipeline import Pipeline


class HotLoop:
    """Hands what the intake holds to the pipeline."""

    def __init__(self, intake: Intake, pipeline: Pipeline, clock: Clock, interval_ms: int) -> None:
        self._intake = intake
        self._pipeline = pipeline
        self._clock = clock
        self._interval_s = interval_ms / 1_000

    async def run(self) -> None:
        """Wait for events, apply them together, and rest for the interval."""
        while True:
            await self._intake.arrival()
            await self._pipeline.take_live(self._intake.take())
            await self._clock.pause(self._interval_s)
