"""What the engine knows about its own well-being: counters, ages and stage times, read by health and status."""

from dataclasses import dataclass, field
from typing import Final

from tradeul.domain.events import Nanos
from tradeul.domain.lags import Lags
from tradeul.domain.session import NANOS

NEVER: Final = Nanos(0)
LATENCIES: Final = ("fetch", "scan", "publish")
"""From the newest event to the snapshot that holds it, from what came to lists, from lists to their publication."""


@dataclass(slots=True)
class Vitals:
    """Plain values, written where things happen and read where they are asked for. Times are market time."""

    started_at: Nanos
    snapshots_accepted: int = 0
    snapshots_unchanged: int = 0
    snapshots_failed: int = 0
    snapshots_refused: dict[str, int] = field(default_factory=dict)
    rows_dropped: dict[str, int] = field(default_factory=dict)
    rows_doubted: dict[str, int] = field(default_factory=dict)
    accepted_at: Nanos | None = None
    confirmed_at: Nanos = NEVER
    """The board holds all that was traded until then: it is when the snapshot was asked for that last said so."""
    content_changed_at: Nanos | None = None
    last_failure: str = ""
    failing: int = 0
    """How many snapshots failed or were refused since the last good one."""
    unchanged_in_row: int = 0
    unread: dict[str, int] = field(default_factory=dict)
    """Rows of the last snapshot that could not be read, by reason."""
    fetching_since: float | None = None
    """Since when a snapshot is under way, in monotonic time; None while none is."""
    sessions_loaded: int = 0
    sessions_wanted: int = 0
    history_failure: str = ""
    vendor_disagrees: str = ""
    stage_ms: dict[str, float] = field(default_factory=dict)
    latency: dict[str, Lags] = field(default_factory=lambda: {name: Lags() for name in LATENCIES})
    hot_batches: int = 0
    events_from_the_future: int = 0
    delayed: bool = False
    behind_s: float = 0.0
    """How far the feed's time is behind the clock; 0 for one that is not delayed."""
    simulated: bool = False

    @property
    def behind_ns(self) -> int:
        return int(self.behind_s * NANOS)

    def count(self, counters: dict[str, int], name: str, by: int = 1) -> None:
        """Add to one of the named counters."""
        counters[name] = counters.get(name, 0) + by
