"""The audits of relative volume that were kept: the newest in memory, for health and metrics, the others asked for."""

import datetime as dt
from collections.abc import Callable
from typing import Final

from tradeul.clock import Clock
from tradeul.domain.rvol_audit import RvolAudit
from tradeul.errors import HistoryUnavailable
from tradeul.history import rvol_audit_store as store
from tradeul.history.lending import Lender

FIRST_LOOK_S: Final = 0.5
LOOK_EVERY_S: Final = 600.0
"""What this process audits it hears of at once."""


class RvolAudits:
    """Implements `past_ports.RvolAudits`. The job tells it of what it found."""

    def __init__(self, lender: Lender, ready: Callable[[], bool], clock: Clock, alarm_percent: float) -> None:
        self._lender = lender
        self._ready = ready
        self._clock = clock
        self._alarm_percent = alarm_percent
        self.latest: RvolAudit | None = None
        """None: there is none, or nobody has looked yet."""

    async def run(self) -> None:
        """Look for the newest one as soon as the database can be asked, and now and then, for ever."""
        while True:
            await self._clock.pause(LOOK_EVERY_S if await self._loaded() else FIRST_LOOK_S)

    async def _loaded(self) -> bool:
        if not self._ready():
            return False
        try:
            await self.load()
        except HistoryUnavailable:
            return False
        return True

    async def load(self) -> None:
        """Look for the newest one; raises `HistoryUnavailable`."""
        async with self._lender.lent() as connection:
            now = self._clock.now()
            days = await store.days(connection, now)
            found = await store.audit_of(connection, days[0], now) if days else None
        if found is not None:
            self.heard(found)

    def heard(self, audit: RvolAudit) -> None:
        """Hear of an audit that was kept."""
        if self.latest is None or audit.date >= self.latest.date:
            self.latest = audit

    async def days(self) -> list[dt.date]:
        """Find the days that were audited, the newest first; raises `HistoryUnavailable`."""
        async with self._lender.lent() as connection:
            return await store.days(connection, self._clock.now())

    async def of(self, day: dt.date) -> RvolAudit | None:
        """Find the audit of a day; raises `HistoryUnavailable`."""
        if self.latest is not None and self.latest.date == day:
            return self.latest
        async with self._lender.lent() as connection:
            return await store.audit_of(connection, day, self._clock.now())

    def health(self) -> dict[str, object]:
        """For health: the newest audit in a few words, and whether it found too much."""
        audit = self.latest
        if audit is None:
            return {"day": None, "trouble": ""}
        median, trouble = audit.errors.median, ""
        if median is not None and 0 < self._alarm_percent < median:
            trouble = f"relative volumes of {audit.date} were off by {median:.1f} % in the median, says the audit"
        return {"day": audit.date.isoformat(), **audit.errors._asdict(), "trouble": trouble}
