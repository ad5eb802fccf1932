"""How the program is doing, and what it loads in the background."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from tradeul.web.shapes.form import FeedName, MarketName, Milliseconds, Played, SessionName, Shape, sometimes

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


class Trouble(Shape):
    """What is not well with one part."""

    part: str
    reason: str
    since: Milliseconds


class Health(Shape):
    """How the program is doing. Each part beyond those named here reports in words of its own.

    Strangers are told no more than `status`.
    """

    model_config = ConfigDict(json_schema_extra={"additionalProperties": {"type": "object"}})

    status: Literal["ok", "degraded", "starting"]
    reasons: tuple[str, ...] = sometimes()
    """What is not well; empty where all is."""
    troubles: tuple[Trouble, ...] = sometimes()
    """The same by part, and since when."""
    market: MarketName = sometimes()
    session: SessionNow = sometimes()
    feed: Feed = sometimes()
    history: Sessions = sometimes()


class Followed(Shape):
    """A symbol that is followed live."""

    symbol: str
    since: Milliseconds
    because: tuple[str, ...]
    """Lists, `pin` or `watch`; none while it only cools down."""


class LinkChange(Shape):
    """A symbol that came to be followed, or is followed no more."""

    symbol: str
    action: Literal["subscribed", "unsubscribed"]
    why: tuple[str, ...]
    session: SessionName
    time: Milliseconds


class Subscriptions(Shape):
    """Who is followed live, and how far that is known to be so."""

    desired: tuple[Followed, ...]
    confirmed: tuple[str, ...]
    """Known to come."""
    pending: tuple[str, ...]
    """Asked for, and not answered yet."""
    log: tuple[LinkChange, ...] = sometimes()
    """The last changes, the newest first, if asked for."""


class LinkStats(Shape):
    """How the link to the vendor is."""

    connected: bool
    authenticated: bool
    since: Milliseconds
    reconnects: int
    close_codes: dict[str, int]
    """By code, how often the vendor ended it so."""
    messages: int
    lag_ms: float | None
    """How late events are."""
    last_message_at: Milliseconds | None
    batches: int
    """Requests that asked for symbols, or for no more of them."""
    trouble: str
    """In words; empty where all is well."""
    promoted: int
    """Symbols that came to be followed since the start."""
    degraded: int
    """Those that are followed no more."""


class Audits(Shape):
    """What comparing who should be followed with who is found since the start, and how it stands now."""

    reconciliations_count: int
    total_drift_detected: int
    total_corrections: int
    last_reconciliation: Milliseconds | None
    drift: int
    desired: int
    confirmed: int
    batches: int
    overlooked: int
    """Symbols that a list had and nobody followed."""
    disbelieved: int
    """Times that nothing to follow was not believed."""


class Audit(Shape):
    """What was found now, and is being put right."""

    drift: int
    subscribed: int
    unsubscribed: int


class SignedIn(Shape):
    """Whose token it is, and what it may."""

    name: str
    role: Literal["viewer", "operator"]


class Replay(Played):
    """How a recording is played, and whether it shows what was shown."""

    differs: str
    """Where first something else is published than was live; empty while nothing is."""


class Recording(Shape):
    """Whether what comes is recorded, and how much was since the program started."""

    enabled: bool
    file: str | None = Field(examples=["/var/lib/tradeul/live/recordings/live-2026-11-18.trec"])
    """The one that is written, or was last; only its name for who may only look."""
    writing: bool
    """Whether the file is open still."""
    bodies: int
    """Snapshots."""
    frames: int
    """Of the live feed."""
    bytes_in: int
    """As they came, unpacked."""
    bytes_out: int
    """In files."""
    dropped: int
    """Snapshots and frames that came while it was on and are in no file."""
    failures: int
    """Times the disk refused."""


class SignedOut(Shape):
    """The browser holds no token any more."""

    signed_out: Literal[True]


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
