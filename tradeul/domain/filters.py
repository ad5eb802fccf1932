"""The global filters: what a row must pass before any list looks at it, and why a row was dropped.

A filter is a condition under which a row is dropped, in the language of `expression`; what is unknown is therefore
not dropped unless the condition says so. A row counts under the first filter that drops it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tradeul.domain.events import Bools
from tradeul.domain.expression import Scope, Truth, parse_condition
from tradeul.domain.tokens import quoted


@dataclass(frozen=True, slots=True)
class Filter:
    """One reason to drop a row."""

    reason: str
    drop_if: str
    dropped: Truth = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dropped", parse_condition(self.drop_if))


NOT_TRADED = Filter(
    "not_traded",
    "not (known(price) and price_source != 'prev' and known(volume_today) and volume_today > 0)",
)
"""Always on: a price of yesterday, or no volume, is no trading today."""


def outside_of(sessions: Sequence[str]) -> list[Filter]:
    """What a list that has sessions of its own drops, as a filter; nothing if it has none."""
    if not sessions:
        return []
    return [Filter("sessions", f"not session in ({', '.join(map(quoted, sessions))})")]


def sift(scope: Scope, filters: Sequence[Filter], candidates: Bools) -> tuple[Bools, dict[str, Bools]]:
    """Apply filters in order; give the candidates that pass all, and those that each dropped first."""
    dropped: dict[str, Bools] = {}
    for each in filters:
        drops = candidates & each.dropped.true(scope)
        candidates = candidates & ~drops
        dropped[each.reason] = drops
    return candidates, dropped
