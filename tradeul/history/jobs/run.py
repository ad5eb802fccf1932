"""One run of a job: where it stands, how fast it is, and how that is told in JSON-ready words.

Market moments are for people, wall seconds for the rate, which is that of the last seconds and not of the whole run:
a job that finds much of its work done begins with a leap.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

from tradeul.domain.events import Nanos
from tradeul.history.jobs.job import Progress
from tradeul.history.run_store import Kept

RunState = Literal["queued", "running", "done", "failed", "interrupted"]
ENDED: Final = ("done", "failed", "interrupted")
RATE_OVER_S: Final = 20.0
SAMPLE_EVERY_S: Final = 0.5
_MS_NS: Final = 1_000_000


@dataclass(slots=True, eq=False)
class Run:
    """`number` is of this process; `row` is where the database has it, None while it has not."""

    number: int
    job: str
    days: int | None
    queued_at: Nanos
    state: RunState = "queued"
    started_at: Nanos | None = None
    finished_at: Nanos | None = None
    error: str = ""
    row: int | None = None
    progress: Progress = field(default_factory=Progress)
    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    def begin(self, now: Nanos) -> None:
        self.state, self.started_at = "running", now

    def end(self, state: RunState, now: Nanos, error: str = "") -> None:
        self.state, self.finished_at, self.error = state, now, error

    def kept(self) -> Kept:
        """What of it is noted down."""
        began = self.queued_at if self.started_at is None else self.started_at
        return Kept(self.job, self.days, began, self.finished_at, self.progress.rows, self.error)

    def rate(self, second: float) -> float | None:
        """Pieces a second lately; None while that cannot be said. Whoever asks makes the next answer possible."""
        samples, progress = self._samples, self.progress
        if self.state != "running" or not progress.total:
            return None
        if samples and progress.done < samples[-1][1]:
            # Another whole, of which `done` begins anew.
            samples.clear()
        if not samples or second - samples[-1][0] >= SAMPLE_EVERY_S:
            samples.append((second, progress.done))
        while len(samples) > 1 and second - samples[1][0] >= RATE_OVER_S:
            samples.popleft()
        since, done = samples[0]
        return (progress.done - done) / (second - since) if second > since else None

    def told(self, second: float) -> dict[str, object]:
        progress, rate = self.progress, self.rate(second)
        left = max(0, progress.total - progress.done)
        return {
            "run": self.number,
            "job": self.job,
            "days": self.days,
            "state": self.state,
            "queued_at": self.queued_at // _MS_NS,
            "started_at": milliseconds(self.started_at),
            "finished_at": milliseconds(self.finished_at),
            "error": self.error,
            "done": progress.done,
            "total": progress.total,
            "errors": progress.errors,
            "rows": progress.rows,
            "note": progress.note,
            "rate": None if rate is None else round(rate, 2),
            "eta_s": round(left / rate, 1) if rate else None,
        }


def milliseconds(at: Nanos | None) -> int | None:
    return None if at is None else at // _MS_NS
