"""What the audit of relative volumes is told as."""

from pydantic import Field

from tradeul.web.shapes.form import Milliseconds, Shape


class Spread(Shape):
    """How errors are spread, in percent of what should have been published; null where nothing was compared."""

    n: int
    """Values."""
    median: float | None
    p90: float | None
    p99: float | None
    max: float | None
    within: float | None
    """Percent of the values that are off by no more than 1 %."""
    bias: float | None
    """The mean with its sign: above 0, too much was published."""


class SlotErrors(Spread):
    """The errors at the end of one slot, of values of one method."""

    slot: int
    time: str = Field(examples=["09:35"])
    """Its end, by the wall of New York."""
    method: str = Field(examples=["exact"])
    """`exact` or `curve`."""


class MethodErrors(Spread):
    """The errors of the whole day, of values of one method whose volume was known in one way."""

    method: str
    source: str = Field(examples=["live"])
    """`live`: seen just before the slot's end; `carried`: not, so it was what was known last."""


class WorstError(Shape):
    """Where a symbol was furthest off."""

    symbol: str
    slot: int
    time: str
    method: str
    source: str
    published: float
    recomputed: float
    error: float
    """In percent, with its sign."""
    median: float
    """Of all of its slots, without."""


class AuditedDays(Shape):
    """The days that were audited, the newest first."""

    days: tuple[str, ...]
    reason: str
    """Why there are none, where there are none."""


class AuditCoverage(Shape):
    """What became of every symbol's every slot of which there is something to say."""

    compared: int
    quiet: int
    """Nothing had traded, and 0 was published."""
    unpublished: int
    """It had traded, and nothing was published: the program was down, or did not know the symbol."""
    unrated: int
    """It had traded, and its relative volume was published as unknown."""
    unproven: int
    """A value was published, but too few sessions are stored to work it out."""
    without_bars: int
    """A value was published, and the vendor has no minute up to then."""


class RvolAudit(Shape):
    """What the audit of a day found."""

    date: str
    audited_at: Milliseconds
    symbols: int
    failed: int
    """Symbols whose minutes could not be had."""
    coverage: AuditCoverage
    errors: Spread
    """Of all that was compared."""
    methods: tuple[MethodErrors, ...]
    slots: tuple[SlotErrors, ...]
    silent_slots: tuple[int, ...]
    """At whose end nothing was noted of any symbol."""
    worst: tuple[WorstError, ...]
    """The symbols that were furthest off, the worst first."""
    days: tuple[str, ...]
    """The days that were audited, the newest first."""
