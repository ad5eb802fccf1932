"""One measured figure: the middle of many, with its extremes, its ratio to what it is compared with, and its goal."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

KNEE: Final = 1.5


@dataclass(frozen=True)
class Figure:
    """`ratio` is how many times better than the peer measured in the same run."""

    name: str
    unit: str
    values: Sequence[float]
    ratio: float | None = None
    at_least: float | None = None
    """What the ratio should be, if something is asked of it."""
    at_most: float | None = None
    """What the median should be, likewise."""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def missed(self) -> str:
        """What was asked for, if that is not what it came to."""
        if self.at_least is not None and (self.ratio or 0.0) < self.at_least:
            return f"at least {self.at_least:g}x"
        if self.at_most is not None and self.median > self.at_most:
            return f"at most {self.at_most:g} {self.unit}"
        return ""

    def entry(self) -> dict[str, object]:
        """What the history holds of it."""
        return {
            "name": self.name,
            "unit": self.unit,
            "runs": len(self.values),
            "median": round(self.median, 4),
            "min": round(min(self.values), 4),
            "max": round(max(self.values), 4),
            "ratio": None if self.ratio is None else round(self.ratio, 2),
        }

    def __str__(self) -> str:
        text = f"{self.name:58} {self.median:9.2f} {self.unit} (min {min(self.values):.2f}, max {max(self.values):.2f})"
        return (
            text
            + ("" if self.ratio is None else f"  {self.ratio:.1f}x")
            + (f"  [asked: {self.missed}]" if self.missed else "")
        )


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How many times as much a peer takes, in the middle of all rounds."""
    return statistics.median(theirs) / statistics.median(ours)


def knee(costs: Mapping[int, float]) -> str:
    """Say from which size on each one more costs half as much again as at the cheapest size."""
    cheapest = min(costs, key=lambda size: costs[size])
    dear = [size for size in costs if size > cheapest and costs[size] > KNEE * costs[cheapest]]
    if not dear:
        return f"no knee up to {max(costs):,}"
    return f"a knee at {dear[0]:,}, where each costs {costs[dear[0]] / costs[cheapest]:.1f} times that of {cheapest:,}"
