"""What scan recall is told as."""

from typing import Literal

from tradeul.web.shapes.form import Milliseconds, Shape

RecallVerdict = Literal["in_time", "late", "missed", "below_cut", "extra", "filtered"]


class RecallSource(Shape):
    """What the full day was made of: `slots`, or a recording by its name."""

    kind: str
    first: Milliseconds | None
    last: Milliseconds | None
    images: int
    """Complete images of the market at which every list was made again."""
    symbols: int | None
    gaps: int
    """Places at which something is missing."""
    why: str
    """Why it could not be played; empty if it could."""


class RecallSilence(Shape):
    """No list was made from one moment to another."""

    first: Milliseconds
    last: Milliseconds
    why: str


class RecallList(Shape):
    """What one list came to. `met` = `in_time` + `late` + `missed` + `below_cut`."""

    list: str
    title: str
    size: int
    met: int
    """Symbols that met its condition and the global filters at any image."""
    shown: int
    """Symbols that it showed: `in_time` + `late` + `extra`."""
    in_time: int
    """Shown within one image of the first at which they belonged among its rows."""
    late: int
    missed: int
    """Belonged among its rows, and were never shown."""
    below_cut: int
    """Met the definition, and never ranked high enough to be shown."""
    extra: int
    """Shown, though at no image of the full day they met the definition."""
    filtered: int
    """Met the condition at some image, and were dropped by a global filter at each of them."""
    recall_pct: float | None
    """Shown, of those that belonged among its rows; null where nobody did."""
    in_time_pct: float | None
    late_p50_s: float | None
    late_p90_s: float | None
    late_max_s: float | None
    late_within: dict[str, int]
    """How many were late by up to so many seconds and no less than the bound before; `more`: by more than that."""
    filtered_by: dict[str, int]
    note: str
    """What is to be known beside: fields that the stored day does not tell, a definition of a later day."""


class RecallSymbol(Shape):
    """The verdict on one symbol."""

    symbol: str
    verdict: RecallVerdict
    reason: str
    due_at: Milliseconds | None
    """When it first belonged among the rows, or else first met the definition or the condition."""
    shown_at: Milliseconds | None
    late_s: float | None
    best_rank: int | None
    images_due: int
    """At so many images it belonged among the rows."""
    images_shown: int
    """At so many of those it stood there."""


class ScanRecall(Shape):
    """A day, list by list."""

    day: str | None
    """Null while no day was worked out."""
    days: tuple[str, ...]
    """Of which there is something, the newest first."""
    made_at: Milliseconds | None
    sources: tuple[RecallSource, ...]
    silences: tuple[RecallSilence, ...]
    lists: tuple[RecallList, ...]
    symbols: tuple[RecallSymbol, ...]
    """Of the one list that was asked for, by their best rank; at most 500 of each verdict."""
