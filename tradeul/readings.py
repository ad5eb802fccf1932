"""What `/metrics` shows, read from the parts at each scrape: plain values that they count anyway.

By the names of `domain/instruments`. `operations` hands the parts over. Called once every few seconds at most; takes
about a millisecond.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tradeul import logs
from tradeul.alarms import Alarms
from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.domain.instruments import Reading
from tradeul.domain.lags import Lag
from tradeul.domain.scan_recall import VERDICTS
from tradeul.domain.session import NANOS, instant_of
from tradeul.engine.intake import Intake
from tradeul.engine.minutes import Minutes
from tradeul.engine.reconciler import Reconciler
from tradeul.engine.scanner import Scanner
from tradeul.engine.vendor_hours import VendorHours
from tradeul.engine.view import EngineView
from tradeul.engine.vitals import Vitals
from tradeul.jobs import Loading
from tradeul.loop_watch import LoopWatch
from tradeul.past import KeptDay, Past
from tradeul.polygon.link import LinkState
from tradeul.recording.recorder import FileRecorder
from tradeul.supervisor import Supervisor
from tradeul.web.crowd import Crowd
from tradeul.web.hub import Hub

STUCK_AFTER_S: Final = 5.0
MIDNIGHT: Final = dt.time()
_MS: Final = 1_000
_PERCENT: Final = 100
_STATES: Final[tuple[Literal["live", "stale", "partial", "closed", "starting"], ...]] = (
    "live",
    "stale",
    "partial",
    "closed",
    "starting",
)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Those that tell about themselves; None where the settings do without."""

    vitals: Vitals
    scanner: Scanner
    intake: Intake
    reconciler: Reconciler
    link: Callable[[], LinkState]
    hours: VendorHours
    day: KeptDay
    ringing: Alarms
    past: Past | None
    loading: Loading | None
    minutes: Minutes | None
    recorder: FileRecorder | None


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """What is served, and to whom."""

    view: EngineView
    hub: Hub
    crowd: Crowd | None


def all_of(parts: Parts, served: Served, supervisor: Supervisor, loop: LoopWatch, clock: Clock) -> Iterator[Reading]:
    """Read everything."""
    yield from _well_being(served.view)
    yield from _snapshots(parts, served.view, clock)
    yield from _market(parts)
    yield from _lists(served)
    yield from _recalled(parts)
    yield from _link(parts, clock.now())
    yield from _live(parts, clock.now())
    yield from _viewers(served, clock.monotonic())
    yield from _loop(loop, supervisor)
    yield from _kept(parts, clock.now())
    yield from _audited(parts)
    yield from _told(parts)


def stuck(hub: Hub, now: float, after_s: float = STUCK_AFTER_S) -> int:
    """How many viewers took nothing for so long."""
    return sum(viewer.waiting_bytes > 0 and now - viewer.written_at >= after_s for viewer in hub.waiting)


def _well_being(view: EngineView) -> Iterator[Reading]:
    health, feed = view.health(), view.feed()
    troubles = health["troubles"]
    assert isinstance(troubles, list)  # noqa: S101  for the type checker: a shape says so
    yield Reading("healthy", not troubles)
    yield from (Reading("trouble", 1, (trouble["part"],)) for trouble in troubles)
    yield Reading("ready", feed.state != "starting")
    yield from (Reading("feed_state", feed.state == state, (state,)) for state in _STATES)
    yield Reading("session", 1, (view.moment().session.value,))


def _snapshots(parts: Parts, view: EngineView, clock: Clock) -> Iterator[Reading]:
    vitals, age_ms = parts.vitals, view.feed().age_ms
    if age_ms is not None:
        yield Reading("snapshot_age_seconds", age_ms / _MS)
    since = vitals.fetching_since
    yield Reading("snapshot_in_flight_seconds", 0.0 if since is None else clock.monotonic() - since)
    outcomes = {
        "accepted": vitals.snapshots_accepted,
        "unchanged": vitals.snapshots_unchanged,
        "failed": vitals.snapshots_failed,
        "refused": sum(vitals.snapshots_refused.values()),
    }
    yield from _by_label("snapshots", outcomes)
    yield from _by_label("snapshots_refused", vitals.snapshots_refused)
    yield Reading("snapshots_failing", vitals.failing)
    yield from _by_label("rows_dropped", vitals.rows_dropped)
    yield from _by_label("rows_doubted", vitals.rows_doubted)
    yield from (Reading("stage_seconds", ms / _MS, (stage,)) for stage, ms in vitals.stage_ms.items())


def _market(parts: Parts) -> Iterator[Reading]:
    counted = parts.scanner.counted()
    yield from _by_label("symbols", counted.stages)
    yield from _by_label("symbols_by_rvol", counted.rvol)
    yield from _by_label("symbols_dropped", counted.dropped)


def _lists(served: Served) -> Iterator[Reading]:
    for name, frames in served.hub.lists.items():
        yield Reading("list_rows", len(frames.state.rows), (name,))
        yield Reading("list_changes", frames.sequence, (name,))
        yield from (Reading("deltas", count, (name, action)) for action, count in frames.told.items())
        yield from (Reading("frames", count, (name, kind)) for kind, count in frames.made.items())


def _recalled(parts: Parts) -> Iterator[Reading]:
    last = None if parts.loading is None else parts.loading.recalls.latest
    if last is None:
        return
    yield Reading("scan_recall_day_timestamp_seconds", instant_of(last["day"], MIDNIGHT) / NANOS)
    for each in last["lists"]:
        name = each["list"]
        if each["recall_pct"] is not None:
            yield Reading("scan_recall_ratio", round(each["recall_pct"] / 100, 3), (name,))
        yield from (Reading("scan_recall_symbols", each[verdict], (name, verdict)) for verdict in VERDICTS)
        for share, late_s in (("0.5", "late_p50_s"), ("0.9", "late_p90_s"), ("1", "late_max_s")):
            if each[late_s] is not None:
                yield Reading("scan_recall_late_seconds", each[late_s], (name, share))


def _link(parts: Parts, now: Nanos) -> Iterator[Reading]:
    link, reconciler = parts.link(), parts.reconciler
    yield Reading("link_connected", link.authenticated)
    yield Reading("link_reconnects", link.reconnects)
    yield from _by_label("link_closes", {str(code): count for code, count in link.close_codes.items()})
    yield Reading("link_messages", link.messages)
    yield Reading("link_bad_elements", link.bad_elements)
    if link.last_message_at:
        yield Reading("link_silence_seconds", _seconds(link.last_message_at, now))
    yield Reading("followed", len(reconciler.attention.desired), ("desired",))
    yield Reading("followed", len(link.confirmed), ("confirmed",))
    yield Reading("followed", len(link.pending), ("pending",))
    yield Reading("drift", len(reconciler.drift()))
    yield Reading("drift_found", reconciler.tally.drift)
    yield Reading("corrections", reconciler.tally.corrections)
    yield Reading("audits", reconciler.tally.audits)


def _live(parts: Parts, now: Nanos) -> Iterator[Reading]:
    intake, vitals = parts.intake, parts.vitals
    yield from _by_label("live_events", intake.received_of)
    yield from _by_label("live_events_folded", intake.folded_of)
    yield Reading("live_events_from_the_future", vitals.events_from_the_future)
    yield from _lag("live_lag_seconds", intake.lags.last_minute(now))
    for stage, lags in vitals.latency.items():
        told = _lag("latency_seconds", lags.last_minute(now))
        yield from (Reading(name, value, (stage, *labels)) for name, value, labels in told)
    yield Reading("hot_batches", vitals.hot_batches)


def _viewers(served: Served, now: float) -> Iterator[Reading]:
    hub, crowd = served.hub, served.crowd
    yield Reading("viewers", len(hub))
    yield Reading("viewers_waiting", len(hub.waiting))
    yield Reading("viewers_stuck", stuck(hub, now))
    yield Reading("viewers_due", hub.due)
    yield from _by_label("viewers_ended", {str(code): count for code, count in hub.sent_away.items()})
    if crowd is not None:
        yield from _by_label("requests", {str(status): count for status, count in crowd.answered.items()})
        yield Reading("connections", len(crowd))
        yield Reading("connections_squeezed", len(crowd.squeezed))


def _loop(loop: LoopWatch, supervisor: Supervisor) -> Iterator[Reading]:
    yield from _lag("loop_delay_seconds", loop.delay)
    yield Reading("loop_stalls", loop.stalls)
    yield Reading("clock_steps", loop.clock_steps)
    for task in supervisor.states():
        yield Reading("task_running", task.running, (task.name,))
        yield Reading("task_restarts", task.restarts, (task.name,))


def _kept(parts: Parts, now: Nanos) -> Iterator[Reading]:
    if parts.past is not None:
        writer = parts.past.writer.report
        yield Reading("history_connected", writer.connected)
        yield Reading("history_written", writer.written)
        yield Reading("history_waiting", writer.waiting)
        yield Reading("history_spool_bytes", writer.spooled_bytes)
        yield Reading("history_lost", writer.dropped)
        yield Reading("history_failures", writer.failures)
        if (size := parts.past.bytes_on_disk) is not None:
            yield Reading("database_bytes", size)
    today = parts.day.today.state
    if today.saved_at is not None:
        yield Reading("today_age_seconds", _seconds(today.saved_at, now))
    yield Reading("today_failures", today.failures)
    if parts.loading is not None:
        under_way = parts.loading.desk.under_way()
        yield Reading("jobs_under_way", len(under_way))
        yield Reading("jobs_failing", len(parts.loading.desk.failing()))
        # A job may wait twice, for other days; Prometheus takes each label once.
        shares = {news.name: news.done / news.total for news in reversed(under_way) if news.total}
        yield from _by_label("job_progress_ratio", shares)
    if parts.recorder is not None:
        yield Reading("recorded_bytes", parts.recorder.state.bytes_out)
        yield Reading("recordings_lost", parts.recorder.state.dropped)


def _audited(parts: Parts) -> Iterator[Reading]:
    audit = None if parts.loading is None else parts.loading.audits.latest
    if audit is None:
        return
    errors = audit.errors
    yield Reading("rvol_audit_day_timestamp_seconds", instant_of(audit.date, dt.time()) / NANOS)
    yield from (Reading("rvol_audit_values", each.errors.n, (each.method, each.source)) for each in audit.methods)
    for share, percent in (("0.5", errors.median), ("0.9", errors.p90), ("0.99", errors.p99), ("1", errors.max)):
        if percent is not None:
            yield Reading("rvol_audit_error_ratio", percent / _PERCENT, (share,))
    if errors.within is not None:
        yield Reading("rvol_audit_within_ratio", errors.within / _PERCENT)
    missing = {name: count for name, count in audit.coverage._asdict().items() if name not in ("compared", "quiet")}
    yield from _by_label("rvol_audit_missing", missing)


def _told(parts: Parts) -> Iterator[Reading]:
    rules = list(parts.ringing.alerts.book)
    yield Reading("alerts", sum(rule.fired for rule in rules), ("told",))
    yield Reading("alerts", sum(rule.suppressed for rule in rules), ("held_back",))
    yield Reading("webhooks_waiting", parts.ringing.webhooks_waiting)
    yield from _by_label("log_lines", logs.lines())


def _by_label(name: str, counts: Mapping[str, float]) -> Iterable[Reading]:
    return (Reading(name, count, (label,)) for label, count in counts.items())


def _lag(name: str, lag: Lag | None) -> Iterator[Reading]:
    if lag is not None:
        for share, ms in (("0.5", lag.p50), ("0.99", lag.p99), ("1", lag.max)):
            yield Reading(name, ms / _MS, (share,))


def _seconds(since: Nanos, now: Nanos) -> float:
    return max(0.0, (now - since) / NANOS)
