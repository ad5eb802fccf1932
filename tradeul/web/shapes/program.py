"""How the program is doing, and what it loads in the background."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from tradeul.web.shapes.form import FeedName, MarketName, Milliseconds, SessionName, Shape

RunState = Literal["queued", "running", "done", "failed", "interrupted"]


class Complaint(Shape):
    """What is wrong."""

    code: str
    """For programs: one of those that the operation names."""
    message: str
    """For people: one line that names what is wrong and what to do."""
    details: Any
    """`parameter` and, within a text, `column` of what cannot be read; else null."""


class Error(Shape):
    """The one shape of every error."""

    error: Complaint


class Ready(Shape):
    """The lists are of a real market."""

    ready: Literal[True]


class SessionNow(Shape):
    """The session of this moment."""

    current: SessionName
    since: Milliseconds
    trading_date: str
    next: SessionName
    next_at: Milliseconds


class Feed(Shape):
    """How fresh the market is that is shown."""

    state: FeedName
    since: Milliseconds
    reason: str
    age_ms: int | None


class Sessions(Shape):
    """How many past sessions the averages stand on."""

    sessions_loaded: int
    sessions_wanted: int


class Health(Shape):
    """How the program is doing. Each part beyond those named here reports in words of its own."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": {"type": "object"}})

    status: Literal["ok", "degraded", "starting"]
    reasons: tuple[str, ...]
    """What is not well; empty where all is."""
    market: MarketName
    session: SessionNow
    feed: Feed
    history: Sessions


class Run(Shape):
    """One run of a job."""

    run: int
    job: str
    days: int | None
    state: RunState
    queued_at: Milliseconds
    started_at: Milliseconds | None
    finished_at: Milliseconds | None
    error: str
    done: int
    total: int
    """0: not known yet."""
    errors: int
    rows: int
    note: str
    rate: float | None
    """Pieces a second, lately."""
    eta_s: float | None


class PastRun(Shape):
    """How a run ended, in this life of the program or an earlier one."""

    days: int | None
    started_at: Milliseconds
    finished_at: Milliseconds | None
    rows: int
    error: str


class Job(Shape):
    """Something that is loaded in the background."""

    name: str
    due: str | None = Field(examples=["02:00"])
    """When, by the wall of New York; null: only when it is asked for."""
    next_due: Milliseconds | None
    state: Literal["queued", "running", "waiting", "idle"]
    retry_in_s: float | None
    progress: Run | None
    last_success: PastRun | None
    last_failure: PastRun | None


class Jobs(Shape):
    """All jobs, and the runs since the start, the newest first."""

    jobs: tuple[Job, ...]
    runs: tuple[Run, ...]


class Asked(Shape):
    """A run that waits or goes on."""

    job: str
    run: int
    """Its number, by which `/api/v1/jobs` has it."""
