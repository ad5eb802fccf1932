"""What the vendor sells: which of its data an account may see, how late, and how often it may ask."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Plan:
    """One kind of account."""

    shows: frozenset[str]
    """Of the market now: snapshots, and trades and quotes in them."""
    delay_s: int
    topics: frozenset[str]
    """What the stream sends; none: there is no stream for it."""
    requests_per_minute: int | None

    @property
    def snapshots(self) -> bool:
        return "snapshots" in self.shows

    @property
    def end_of_day(self) -> bool:
        """Whether it sees a date only when that is over."""
        return not self.snapshots

    @property
    def trades(self) -> bool:
        return "trades" in self.shows

    @property
    def quotes(self) -> bool:
        return "quotes" in self.shows


_QUARTER_HOUR_S: Final = 900

PLANS: Final = {
    "free": Plan(frozenset(), 0, frozenset(), 5),
    "starter": Plan(frozenset({"snapshots"}), _QUARTER_HOUR_S, frozenset({"A", "AM"}), None),
    "developer": Plan(frozenset({"snapshots", "trades"}), _QUARTER_HOUR_S, frozenset({"A", "AM", "T"}), None),
    "advanced": Plan(frozenset({"snapshots", "trades", "quotes"}), 0, frozenset({"A", "AM", "T", "Q", "LULD"}), None),
}
