"""Keeps what alerts must know after a restart: soon after each change, in a thread, and nobody waits for it.

A disk that refuses is said once, shown by `trouble`, and tried again with the next change.
"""

import asyncio
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.engine.alerts import Alerts
from tradeul.engine.ports import RingingStore

SAVED_WITHIN_S: Final = 1.0

log = structlog.get_logger(__name__)


class AlertMemory:
    """Restored once, before the first look; then `run` for ever, and `close`."""

    def __init__(self, alerts: Alerts, store: RingingStore, clock: Clock) -> None:
        self._alerts = alerts
        self._store = store
        self._clock = clock
        self._saved = alerts.changes
        self.trouble = ""

    async def restore(self) -> None:
        """Go on from what the last life of the program kept."""
        try:
            state = await asyncio.to_thread(self._store.load)
        except OSError as error:
            self._failed(error)
            return
        if state is not None:
            self._alerts.resume(state, self._clock.now())

    async def run(self) -> None:
        """Keep what changed, for ever."""
        while True:
            await self._clock.pause(SAVED_WITHIN_S)
            await self._save()

    async def close(self) -> None:
        """Keep the last of it."""
        await self._save()

    async def _save(self) -> None:
        changes = self._alerts.changes
        if changes == self._saved:
            return
        try:
            await asyncio.to_thread(self._store.save, self._alerts.state())
        except OSError as error:
            self._failed(error)
            return
        self._saved = changes
        self.trouble = ""

    def _failed(self, error: OSError) -> None:
        reason = error.strerror or "the disk refused"
        if not self.trouble:
            log.warning("alerts_not_kept", reason=reason)
        self.trouble = f"alerts that rang are not kept, and may ring again after a restart: {reason}"
