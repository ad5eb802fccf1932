"""What a backtest is told as."""

from typing import Literal

from pydantic import Field

from tradeul.web.shapes.form import Milliseconds, Shape

TrialState = Literal["queued", "running", "done", "failed", "cancelled"]


class BacktestAsked(Shape):
    """It waits for its turn."""

    id: int


class BacktestCancelled(Shape):
    """It does not go on, or is forgotten."""

    cancelled: int


class BacktestNews(Shape):
    """How a backtest stands."""

    id: int
    state: TrialState
    name: str
    """Of the list; `backtest` for a condition."""
    where: str
    first: str = Field(alias="from")
    last: str = Field(alias="to")
    done: int
    """Of `total`: images played, or sessions loaded before that."""
    total: int
    note: str
    error: str
    """Why it failed."""
    took_s: float | None


class Backtests(Shape):
    """The last ones."""

    backtests: tuple[BacktestNews, ...]


class PlayedScan(Shape):
    """The list as it was played."""

    name: str
    title: str
    where: str
    keep: str
    order: str
    size: int
    sessions: tuple[str, ...]
    dropped_if: tuple[str, ...]
    """The global filters that stood before it."""


class PlayedDay(Shape):
    """A day that was played, and what its morning knew."""

    date: str
    source: Literal["stored", "recorded"]
    """By slot, of bars that were kept; or by snapshot, of its recordings."""
    span: str
    """From when to when it was recorded, New York; empty where it was not."""
    symbols: int
    """Whose prices are kept."""
    listed: int
    """How many traded, by the exchange's bars of the day; 0: not known."""
    average_sessions: int | None
    """null, as the next two: a recording holds what was known, and does not say of how much it is."""
    baseline_sessions: int | None
    facts: int | None
    """Securities of which something was known by then."""
    images: int
    entries: int
    standing: int


class MissingDay(Shape):
    """A trading day that was not played, and why."""

    date: str
    why: str


class UnknownField(Shape):
    """A field that the list asks for and days could not tell."""

    field: str
    why: str
    days: int


class HorizonFigures(Shape):
    """Returns to one horizon, in percent; null where there is too little to say it."""

    horizon: str
    """Minutes from the fill such as `15m`, or `close`."""
    n: int
    days: int
    mean: float | None
    low: float | None
    """The lower end of the mean's interval."""
    high: float | None
    median: float | None
    winners: float | None
    """Percent of them above 0."""
    worst: float | None
    """Mean of the furthest against it on the way (MAE)."""
    best: float | None
    """Mean of the furthest for it (MFE)."""
    missing: dict[str, int]
    """How many have none, by reason."""


class DayPart(Shape):
    """Entries of one part of the day."""

    name: str
    entries: int
    horizons: tuple[HorizonFigures, ...]


class Histogram(Shape):
    """How often which return came."""

    horizon: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    """Between two edges each; what is further out is in the first and the last."""


class TriedEntry(Shape):
    """One entry, and what became of it."""

    timestamp: Milliseconds
    """Of the image that decided."""
    symbol: str
    rank: int
    price: float | None
    """What the list showed."""
    filled_at: Milliseconds | None
    fill: float | None
    moves: dict[str, tuple[float, float, float] | str]
    """By horizon: return, worst and best on the way; or why there is none."""
    why: str
    """Why it was not filled."""


class BacktestResult(Shape):
    """What was found."""

    scan: PlayedScan
    first: str = Field(alias="from")
    last: str = Field(alias="to")
    resolution: str
    """How finely days were played, in words."""
    fill: str
    """At which prices entries and exits are, in words."""
    interval: str
    """What the interval is, in words."""
    confidence: float
    days: tuple[PlayedDay, ...]
    missing_days: tuple[MissingDay, ...]
    unknown: tuple[UnknownField, ...]
    notes: tuple[str, ...]
    entries: int
    filled: int
    standing: int
    """Who stood in the list at a day's first image, and is no entry."""
    horizons: tuple[HorizonFigures, ...]
    parts: tuple[DayPart, ...]
    histogram: Histogram
    list: tuple[TriedEntry, ...]
    """The first 20,000 entries."""


class Backtest(BacktestNews):
    """How it stands, with its result."""

    result: BacktestResult | None
