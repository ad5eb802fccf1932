"""The fast re-rank between snapshots: live bars of the symbols in play, at most once per interval.

The interval is wall time. Nothing happens while nothing arrives.
"""

from collections.abc import Callable

from tradeul.clock import Clock
from tradeul.domain.session import Session
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.intake import Intake
from tradeul.engine.vitals import Vitals


class HotLoop:
    """Applies what the intake holds and asks for a scan."""

    def __init__(
        self,
        intake: Intake,
        enrichment: Enrichment,
        scan: Callable[[], None],
        clock: Clock,
        vitals: Vitals,
        interval_ms: int,
    ) -> None:
        self._intake = intake
        self._enrichment = enrichment
        self._scan = scan
        self._clock = clock
        self._vitals = vitals
        self._interval_s = interval_ms / 1_000

    async def run(self) -> None:
        """Wait for bars, apply them together, and rest for the interval."""
        while True:
            await self._intake.arrival()
            self.step()
            await self._clock.pause(self._interval_s)

    def step(self) -> None:
        """Apply the pending bars to a board that has seen a snapshot, and re-rank."""
        bars = self._intake.take()
        moment = self._enrichment.moment()
        if moment is None or moment.session is Session.CLOSED:
            return
        self._enrichment.apply_bars(bars)
        self._vitals.hot_batches += 1
        self._scan()
