"""The reference model of the curves that stand in for an unknown usual day: the prior, and what usual days teach.

Plain Python over lists, from the contract: terciles of turnover, the median of the symbols' mean days, monotone.
"""

from collections.abc import Iterable, Sequence
from statistics import median

from tests.golden.past import SHARES, Past

LEAST_SHARES = 1_000.0
LEAST_SYMBOLS = 30


class Curves:
    """Three of them, by turnover; the prior for all as long as nothing was learned."""

    def __init__(self) -> None:
        self.bounds: tuple[float, float] | None = None
        self.lines: list[Sequence[float]] = [SHARES]

    def learn(self, pasts: Iterable[Past]) -> None:
        """Learn from the symbols whose usual day is known, if there are enough of them."""
        days = []
        for past in pasts:
            turnover = past.turnover()
            if past.sessions >= past.least_sessions and turnover is not None and past.ends()[-1] >= LEAST_SHARES:
                days.append((turnover, [volume / past.ends()[-1] for volume in past.ends()]))
        if len(days) < 3 * LEAST_SYMBOLS:
            return
        ranked = sorted(turnover for turnover, _ in days)
        low, high = between(ranked, 1 / 3), between(ranked, 2 / 3)
        parts: list[list[list[float]]] = [[], [], []]
        for turnover, shares in days:
            parts[(turnover >= low) + (turnover >= high)].append(shares)
        if min(map(len, parts)) >= LEAST_SYMBOLS:
            self.bounds, self.lines = (low, high), [typical(part) for part in parts]

    def of(self, turnover: float | None) -> Sequence[float]:
        """The share of a day by the end of each slot; of what is not known to be large or small, the middle one."""
        if self.bounds is None:
            return self.lines[0]
        return self.lines[1 if turnover is None else sum(turnover >= bound for bound in self.bounds)]


def between(ranked: list[float], part: float) -> float:
    """What so large a part of them lies below."""
    place = (len(ranked) - 1) * part
    below = int(place)
    return ranked[below] + (ranked[below + 1] - ranked[below]) * (place - below)


def typical(days: list[list[float]]) -> list[float]:
    """The median at each slot's end, which never falls and ends at 1."""
    line: list[float] = []
    for shares in zip(*days, strict=True):
        line.append(max([median(shares), *line[-1:]]))
    return [share / line[-1] for share in line]
