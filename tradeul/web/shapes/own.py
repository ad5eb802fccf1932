"""What a user makes: lists, pins and rules of alerts."""

from typing import Any, Literal

from tradeul.definitions import Occasion
from tradeul.web.shapes.form import Milliseconds, Row, Shape, sometimes

Origin = Literal["built_in", "config", "user"]
TradingSession = Literal["PRE_MARKET", "MARKET_OPEN", "POST_MARKET"]


class ScanTold(Shape):
    """A list as it is defined; what is null is as built in, or as usual."""

    name: str
    origin: Origin
    made: bool
    """Whether there is such a list now."""
    reason: str
    """Why not, where there is none."""
    title: str | None
    where: str | None
    keep: str | None
    order: str | None
    size: int | None
    columns: tuple[str, ...] | None
    sessions: tuple[TradingSession, ...] | None
    global_filters: bool | None
    enabled: bool
    count: int | None
    """How many rows it has."""
    sequence: int | None


class Scans(Shape):
    """Every list, those that are switched off or cannot be made too."""

    scans: tuple[ScanTold, ...]


class Deleted(Shape):
    """It is done."""

    deleted: str


class Preview(Shape):
    """What a definition finds."""

    count: int
    """How many symbols hold it, whatever the size."""
    timestamp: Milliseconds
    rows: tuple[Row, ...]
    ms: float
    """How long it took."""


class Pin(Shape):
    """A pinned symbol."""

    symbol: str
    since: Milliseconds


class Pins(Shape):
    """All of them."""

    pins: tuple[Pin, ...]


class Unpinned(Shape):
    """It is done."""

    unpinned: str


class Rule(Shape):
    """A rule of alerts. Its secret is never told, and of its address not the query.

    Of one that cannot be read there is only the reason.
    """

    name: str
    origin: Origin
    state: str
    """Whether it can ring: `error` where it cannot, for the reason that is given."""
    reason: str
    where: str | None = sometimes()
    list: str | None = sometimes()
    on: Occasion | None = sometimes()
    count: int | None = sometimes()
    cooldown_s: int = sometimes()
    once_per_day: bool = sometimes()
    quiet: tuple[str, ...] = sometimes()
    text: str | None = sometimes()
    sound: str | None = sometimes()
    webhook: str | None = sometimes()
    enabled: bool = sometimes()
    signed: bool = sometimes()
    """Whether its webhooks are."""
    last_fired: Milliseconds | None
    fired: int
    suppressed: int
    """How often it would have rung, but for cooldown, quiet hours and the like."""


class Rules(Shape):
    """All of them."""

    alerts: tuple[Rule, ...]


class Alert(Shape):
    """What a rule told."""

    id: int
    rule: str
    symbol: str | None
    """Null: of several symbols at once."""
    list: str | None
    timestamp: Milliseconds
    text: str
    data: dict[str, Any]


class Decision(Alert):
    """What rang, or did not and why."""

    fired: bool
    why: str


class Rang(Shape):
    """The newest first."""

    alerts: tuple[Decision, ...]


class Letter(Shape):
    """A webhook."""

    id: str
    rule: str
    queued_at: Milliseconds
    why: str
    alert: dict[str, Any]


class FailingHost(Shape):
    """Who does not take webhooks."""

    host: str
    since: Milliseconds
    failures: int
    reason: str
    next_in_s: float


class Undelivered(Shape):
    """What was not delivered: what waits, the oldest first, and what was given up, the newest first."""

    waiting_count: int
    waiting: tuple[Letter, ...]
    dead: tuple[Letter, ...]
    forgotten: int
    failing: tuple[FailingHost, ...]


class TriedAgain(Shape):
    """It is under way."""

    again: int
    """How many that had been given up."""
