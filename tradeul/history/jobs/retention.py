"""The job `retention`: drops what is older than it is to be kept, by whole parts where a table has parts."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS
from tradeul.history import run_store, store
from tradeul.history.jobs.job import Progress
from tradeul.history.lending import Lender
from tradeul.history.partitions import day_of, drop_parts

DAY_NS = 86_400 * NANOS


@dataclass(frozen=True, slots=True)
class Keep:
    """For how many days rows are kept."""

    ticks: int = 5
    list_states: int = 10
    aggregates_1min: int = 30
    scan_results: int = 30
    list_events: int = 400
    volume_slots: int = 400
    alert_history: int = 400
    slot_prices: int = 60

    def by_table(self) -> Mapping[str, int]:
        """The same by the tables that hold them; one that there is not is nobody's trouble."""
        return {
            "ticks": self.ticks,
            "list_states": self.list_states,
            "aggregates_1min": self.aggregates_1min,
            "list_results": self.scan_results,
            "list_events": self.list_events,
            "slot_days": self.volume_slots,
            "slot_ends": self.volume_slots,
            "alert_history": self.alert_history,
            "slot_prices": self.slot_prices,
        }


class Retention:
    """A `Job`. Its rows are parts and old notes that it dropped."""

    name = "retention"
    due: dt.time | None = dt.time(5, 0)

    def __init__(self, keep: Keep, lender: Lender, clock: Clock) -> None:
        self._keep = keep
        self._lender = lender
        self._clock = clock

    async def run(self, progress: Progress, days: int | None) -> None:  # noqa: ARG002  the settings say how many
        """Drop, table by table, each in its own time."""
        now = self._clock.now()
        tables = self._keep.by_table()
        progress.total = len(tables) + 1
        for table, kept_days in tables.items():
            progress.note = f"dropping old days of {table}"
            async with self._lender.lent() as connection:
                progress.rows += await drop_parts(connection, {table: kept_days}, day_of(now))
            progress.done += 1
        async with self._lender.lent() as connection:
            await store.forget_set_aside(connection)
            progress.rows += await run_store.forget(connection, Nanos(now - run_store.KEPT_DAYS * DAY_NS))
        progress.done += 1
