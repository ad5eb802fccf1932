"""One measured figure: the middle of many, with its extremes, and its ratio to what it is compared with."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`ratio` is how many times better than the peer measured in the same run."""

    name: str
    unit: str
    values: Sequence[float]
    ratio: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def entry(self) -> dict[str, object]:
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
        return text if self.ratio is None else f"{text}  {self.ratio:.1f}x"
