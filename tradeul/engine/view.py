"""The engine as the server sees it: which market, what time it is there, how fresh, how well. Never waits."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS, Moment, Session, TradingCalendar, moment_at, session_since
from tradeul.engine.channels import Channels
from tradeul.engine.discovery import Discovery
from tradeul.engine.intake import Intake
from tradeul.engine.playback import Playback, Playing
from tradeul.engine.ports import FeedState
from tradeul.engine.scanner import Scanner
from tradeul.engine.troubles import Troubles
from tradeul.engine.vitals import Vitals

STALE_AFTER_S: Final = 15.0
FROZEN_AFTER_S: Final = 60.0
SLOW_AFTER_S: Final = 7.0
"""A snapshot that takes longer is late for the next one."""

Report = Callable[[], Mapping[str, object]]
"""Something that tells about itself in JSON-ready words; what it names `trouble` is a reason not to be well."""

FeedName = Literal["live", "stale", "partial", "closed", "starting"]


class EngineView:
    """Implements `ports.View` over the engine's parts. `reports` are further parts that tell about themselves."""

    def __init__(
        self,
        clock: Clock,
        calendar: TradingCalendar,
        vitals: Vitals,
        discovery: Discovery,
        scanner: Scanner,
        channels: Channels,
        intake: Intake,
        reports: Mapping[str, Report],
    ) -> None:
        self.calendar = calendar
        self._clock = clock
        self._vitals = vitals
        self._discovery = discovery
        self._scanner = scanner
        self._channels = channels
        self._intake = intake
        self._reports = reports
        self.playback: Playback | None = None
        """Where a recording is played."""
        self._troubles = Troubles()
        self._standing = FeedState("starting", vitals.started_at, "no snapshot yet", None)

    def market(self) -> Literal["live", "delayed", "simulated", "replay"]:
        if self.playback is not None:
            return "replay"
        if self._vitals.simulated:
            return "simulated"
        return "delayed" if self._vitals.delayed else "live"

    def playing(self) -> Playing | None:
        return None if self.playback is None else self.playback.playing()

    def moment(self) -> Moment:
        return moment_at(self.calendar, self._clock.now())

    def feed(self) -> FeedState:
        moment = self.moment()
        # A delayed feed has its own time: its market opens and closes later.
        state, reason = self._feed(moment_at(self.calendar, Nanos(moment.instant - self._vitals.behind_ns)))
        same = state == self._standing.state and reason == self._standing.reason
        since = self._standing.since if same else moment.instant
        self._standing = FeedState(state, since, reason, self._age_ms(moment.instant))
        return self._standing

    def age_ms(self) -> int | None:
        return self._age_ms(self._clock.now())

    def _age_ms(self, now: Nanos) -> int | None:
        accepted_at = self._vitals.accepted_at
        return None if accepted_at is None else max(0, (now - accepted_at) // 1_000_000)

    def _feed(self, moment: Moment) -> tuple[FeedName, str]:
        vitals = self._vitals
        if vitals.accepted_at is None or vitals.content_changed_at is None:
            return "starting", vitals.last_failure or "no snapshot yet"
        if moment.session is Session.CLOSED:
            planned = moment.hours.planned_at(moment.instant)
            return "closed", "" if planned is Session.CLOSED else "the vendor says that the market is closed"
        # A closed market is asked seldom; what is due now counts from its opening on.
        since = session_since(self.calendar, moment)
        if _seconds_since(max(vitals.accepted_at - vitals.behind_ns, since), moment) > STALE_AFTER_S:
            return "stale", vitals.last_failure or "no snapshot arrives"
        changed_at = max(vitals.content_changed_at - vitals.behind_ns, since)
        if moment.session is Session.MARKET_OPEN and _seconds_since(changed_at, moment) > FROZEN_AFTER_S:
            return "stale", "frozen: the same snapshot again and again"
        if self._discovery.partial:
            return "partial", "the vendor sends only a part of the market"
        return "live", ""

    def health(self) -> dict[str, object]:
        feed, vitals = self.feed(), self._vitals
        reports = {name: report() for name, report in self._reports.items()}
        found = self._found(feed) | {
            name: str(said["trouble"]) for name, said in reports.items() if said.get("trouble")
        }
        troubles = self._troubles.look(found, self._clock.now())
        return {
            "status": "starting" if feed.state == "starting" else "degraded" if troubles else "ok",
            "reasons": [trouble.reason for trouble in troubles],
            "troubles": [{**trouble._asdict(), "since": trouble.since // 1_000_000} for trouble in troubles],
            "market": self.market(),
            "session": self._session(),
            "feed": {
                "state": feed.state,
                "since": feed.since // 1_000_000,
                "reason": feed.reason,
                "age_ms": feed.age_ms,
            },
            "history": {"sessions_loaded": vitals.sessions_loaded, "sessions_wanted": vitals.sessions_wanted},
            **reports,
        }

    def _found(self, feed: FeedState) -> dict[str, str]:
        """What is wrong with the market as it comes, by part, in words."""
        vitals = self._vitals
        found = {
            "feed": "" if feed.state in ("live", "closed") else f"feed is {feed.state}: {feed.reason}",
            "snapshots": self._of_snapshots(),
            "averages": vitals.history_failure and f"average volumes are not complete: {vitals.history_failure}",
            "calendar": vitals.vendor_disagrees,
        }
        return {part: reason for part, reason in found.items() if reason}

    def _of_snapshots(self) -> str:
        """What is wrong with the newest snapshot, before the feed can be called stale."""
        vitals = self._vitals
        if vitals.failing:
            which = "snapshot" if vitals.failing == 1 else f"{vitals.failing} snapshots"
            return f"the last {which} failed: {vitals.last_failure}"
        since = vitals.fetching_since
        if since is not None and self._clock.monotonic() - since > SLOW_AFTER_S:
            return f"a snapshot has been under way for {self._clock.monotonic() - since:.0f} s"
        if vitals.unread:
            named = ", ".join(f"{reason} {rows:,}" for reason, rows in sorted(vitals.unread.items()))
            return f"rows of the last snapshot could not be read: {named}"
        if vitals.unchanged_in_row and self.moment().session is Session.MARKET_OPEN:
            return "the vendor sent the same snapshot again"
        return ""

    def _session(self) -> dict[str, object]:
        moment = self.moment()
        return {
            "current": moment.session.value,
            "since": session_since(self.calendar, moment) // 1_000_000,
            "trading_date": moment.trading_date.isoformat(),
            "next": moment.next_session.value,
            "next_at": moment.next_session_at // 1_000_000,
        }

    def scanner_status(self) -> dict[str, object]:
        feed, vitals = self.feed(), self._vitals
        return {
            "session": self.moment().session.value,
            "funnel": self._scanner.funnel(),
            "feed": {"state": feed.state, "reason": feed.reason, "age_ms": feed.age_ms},
            "snapshots": {
                "accepted": vitals.snapshots_accepted,
                "unchanged": vitals.snapshots_unchanged,
                "failed": vitals.snapshots_failed,
                "refused": dict(vitals.snapshots_refused),
                "rows_dropped": dict(vitals.rows_dropped),
                "rows_doubted": dict(vitals.rows_doubted),
            },
            "stage_ms": {name: round(value, 3) for name, value in vitals.stage_ms.items()},
            "latency": self._latency(),
            "hot": {
                "batches": vitals.hot_batches,
                "received": self._intake.received,
                "folded": self._intake.folded,
                "from_the_future": self._vitals.events_from_the_future,
            },
            "stream": self._reports["stream"]() if "stream" in self._reports else {},
            "epoch": self._channels.epoch,
            "lists": {
                name: {"size": channel.scan.size, "count": len(channel.state.rows), "sequence": channel.state.sequence}
                for name, channel in self._channels.by_name.items()
            },
        }

    def _latency(self) -> dict[str, object]:
        """Of the last minute, stage by stage; None where nothing came."""
        now = self._clock.now()
        lags = {**self._vitals.latency, "live": self._intake.lags}
        found = {stage: each.last_minute(now) for stage, each in lags.items()}
        return {stage: None if lag is None else lag._asdict() for stage, lag in found.items()}


def _seconds_since(at: int, moment: Moment) -> float:
    return (moment.instant - at) / NANOS
