"""The jobs of a world, put together: whom they ask, where they write, in which order they begin.

`app` makes them. They have a client of the vendor of their own, so that no snapshot ever waits behind a job's question,
and connections of their own, so that neither the writer nor whoever looks into the past does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tradeul.backtests import Backtests, Ground
from tradeul.clock import Clock
from tradeul.domain.scans import Scan
from tradeul.domain.session import TradingCalendar
from tradeul.engine.filters import global_filters
from tradeul.engine.past_ports import Demand
from tradeul.engine.warmup import PARTS, Part, Warmup
from tradeul.fmp.rest import FmpRest
from tradeul.history.daily import DailyLedger
from tradeul.history.jobs.bars import Bars
from tradeul.history.jobs.daily import AtrJob, DailyJob
from tradeul.history.jobs.desk import Ask, JobDesk
from tradeul.history.jobs.job import Job
from tradeul.history.jobs.ledger import Ledger
from tradeul.history.jobs.metadata import Metadata, Sources
from tradeul.history.jobs.retention import Keep, Retention
from tradeul.history.jobs.rvol_audit import Evidence, RvolAuditJob, Usual
from tradeul.history.jobs.slot_fill import Filling
from tradeul.history.jobs.slots import PricesJob, SlotsJob
from tradeul.history.jobs.splits import Splits
from tradeul.history.jobs.universe import Universe
from tradeul.history.lending import Lender
from tradeul.history.reference import PostgresReference
from tradeul.history.rvol_audits import RvolAudits
from tradeul.history.volumes import PostgresVolumes
from tradeul.past import Past
from tradeul.polygon.rest import PolygonRest
from tradeul.recordings import folder_of
from tradeul.scan_recall.job import Ground as Recalled
from tradeul.scan_recall.job import ScanRecallJob
from tradeul.settings import History, Settings
from tradeul.supervisor import Stage, Supervisor, together

REQUESTS_PER_SECOND: Final = 80.0
"""Vendors ask to stay below 100, and the snapshots want some of that."""
COMPANIES_PER_SECOND: Final = 5.0
"""What the second source's smallest paid plan allows."""
CONNECTIONS: Final = 3


HALF_DAYS: Final = 2
"""So many of the last sessions may have closed early, and are in no baseline."""

REFRESHED_BY: Final[Mapping[str, Sequence[Part]]] = {
    "atr": ("averages",),
    "slots": ("baseline",),
}
"""What a job has changed of what the board stands on."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the jobs ask, and what opens it; the second source only where there is a key to it."""

    rest_url: str
    api_key: str
    companies_url: str
    companies_key: str | None


class Loading:
    """The desk, its jobs, and the reference that they load."""

    def __init__(
        self,
        past: Past,
        settings: Settings,
        doors: Doors,
        clock: Clock,
        calendar: TradingCalendar,
        demand: Demand,
        scans: Callable[[], Sequence[Scan]],
    ) -> None:
        self.rest = PolygonRest(doors.rest_url, doors.api_key, clock, requests_per_second=REQUESTS_PER_SECOND)
        self.companies = _companies(doors, clock)
        self.lender = Lender(past.address, past.world, CONNECTIONS)
        self.reference = PostgresReference(past.address, past.world)
        self.daily = DailyLedger(self.rest, self.lender, lambda: past.ready, clock, calendar)
        self.volumes = PostgresVolumes(self.lender, calendar, settings.rvol.lookback_sessions)
        fill = Filling(self.rest, self.daily, self.lender, self.volumes, demand, together)
        self.audits = RvolAudits(self.lender, lambda: past.ready, clock, settings.rvol.audit_alarm_percent)
        evidence = Evidence(past.published, self.rest, self.daily, self.lender)
        usual = Usual(settings.rvol.lookback_sessions, settings.rvol.min_sessions)
        filters, days = global_filters(settings.filters), (usual.lookback, usual.least)
        recalled = Recalled(past.world, past.address, folder_of(settings), scans, filters, *days)
        self.recalls = ScanRecallJob(recalled, self.lender, clock, calendar)
        jobs: list[Job] = [
            DailyJob(self.daily, clock, calendar),
            AtrJob(self.daily, self.lender, clock, calendar),
            SlotsJob(fill, past.slots.pending, clock, calendar),
            PricesJob(fill, past.slots.pending, clock, calendar),
            Universe(self.rest, self.lender, clock, calendar, self._renamed),
            Splits(self.rest, self.lender, clock),
            Metadata(Sources(self.rest, self.companies), self.lender, clock, together, demand.hot),
            Bars(self.rest, self.lender, clock, calendar, together, settings.history.retention_aggregates_1min),
            RvolAuditJob(evidence, clock, calendar, together, usual, self.audits.heard),
            self.recalls,
            Retention(_keep(settings.history), self.lender, clock),
        ]
        ledger = Ledger(Lender(past.address, past.world, 1))
        order = _order(settings.rvol.lookback_sessions + HALF_DAYS)
        self.desk = JobDesk(jobs, order, ledger, clock, ready=lambda: past.ready and demand.is_up(), ended=self._ended)
        ground = Ground(past.world, *days, filters, folder_of(settings))
        self.backtests = Backtests(ground, self.lender, past.address, self.daily, clock, calendar)
        self._warmup: Warmup | None = None

    def start(self, supervisor: Supervisor, warmup: Warmup) -> None:
        """Have the desk carry jobs out, and all of it end before the database does; `warmup` takes what they load."""
        self._warmup = warmup
        supervisor.start("jobs", self.desk.run, stage=Stage.HISTORY)
        supervisor.start("backtests", self.backtests.run, stage=Stage.HISTORY)
        supervisor.start("rvol audits", self.audits.run, stage=Stage.HISTORY)
        supervisor.start("scan recall", self.recalls.watch, stage=Stage.HISTORY)
        supervisor.add_stop(Stage.HISTORY, "jobs", self.desk.close)
        supervisor.add_stop(Stage.HISTORY, "jobs' connections", self.lender.close)
        supervisor.add_stop(Stage.HISTORY, "jobs' vendor", self.rest.close)
        supervisor.add_stop(Stage.HISTORY, "reference", self.reference.close)
        if self.companies is not None:
            supervisor.add_stop(Stage.HISTORY, "jobs' second vendor", self.companies.close)

    def _ended(self, name: str) -> None:
        if self._warmup is None:
            return
        for part in REFRESHED_BY.get(name, ()):
            self._warmup.refresh(part)
        if name == "splits":
            self._warmup.look_at_splits()

    def _renamed(self) -> None:
        """All that the board stands on was kept under other names."""
        if self._warmup is not None:
            for part in PARTS:
                self._warmup.refresh(part)


def _order(usual: int) -> Sequence[Ask]:
    """What is missing is loaded in this order: first what relative volume needs, then what stands on it.

    The sessions that `daily` keeps are loaded by the warm-up meanwhile, which does not wait for a job.
    """
    return (
        ("splits", None),
        ("universe", None),
        ("slots", usual),
        ("daily", None),
        ("atr", None),
        ("metadata", None),
        ("slots", None),
        ("bars", None),
        ("rvol_audit", None),
        ("prices", None),
        ("scan_recall", None),
        ("retention", None),
    )


def _companies(doors: Doors, clock: Clock) -> FmpRest | None:
    key = doors.companies_key
    if key is None:
        return None
    return FmpRest(doors.companies_url, key, clock, requests_per_second=COMPANIES_PER_SECOND)


def _keep(settings: History) -> Keep:
    return Keep(
        ticks=settings.retention_ticks,
        list_states=settings.retention_list_states,
        aggregates_1min=settings.retention_aggregates_1min,
        scan_results=settings.retention_scan_results,
        list_events=settings.retention_list_events,
        volume_slots=settings.retention_volume_slots,
        slot_prices=settings.retention_slot_prices,
    )
