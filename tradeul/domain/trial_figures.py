"""What many entries come to: means with intervals that know that entries of one day are not independent.

Ten entries on one wild morning are one observation and not ten. The interval is that of a mean of clusters, the days:
the deviations are summed by day before they are squared, and Student's quantile has as many degrees of freedom as
there are days, less one. A bootstrap over days was refused: over twenty days it comes out too narrow, and it needs
chance. One day alone has no interval. There is no curve of an account: nobody traded.
"""

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import NormalDist, median
from typing import Final, NamedTuple

from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.outcomes import ALL_HORIZONS, Move, Outcome

CONFIDENCE: Final = 0.95
PARTS: Final = (
    ("pre-market", 4 * 60, 9 * 60 + 30),
    ("09:30-10:00", 9 * 60 + 30, 10 * 60),
    ("10:00-11:30", 10 * 60, 11 * 60 + 30),
    ("11:30-14:00", 11 * 60 + 30, 14 * 60),
    ("14:00-16:00", 14 * 60, 16 * 60),
    ("post-market", 16 * 60, 20 * 60),
)
"""The day in parts: minutes of New York's wall from and to. An entry is of the part in which it was decided."""
BINS: Final = 21
DECIMALS: Final = 4


class Entry(NamedTuple):
    """Who came into the list when, where it stood, and what became of it."""

    date: dt.date
    at: Nanos
    minute: int
    """Of New York's wall."""
    symbol: Symbol
    rank: int
    price: float | None
    """What the list showed; nobody could have it."""
    outcome: Outcome


class Figures(NamedTuple):
    """Of one horizon. Percents; None where there is too little to say it."""

    n: int
    days: int
    mean: float | None
    low: float | None
    high: float | None
    median: float | None
    winners: float | None
    worst: float | None
    best: float | None
    """The last two are the means of the furthest against and for it."""
    missing: dict[str, int]


class Part(NamedTuple):
    """Entries of one part of the day."""

    name: str
    entries: int
    horizons: dict[str, Figures]


def figures(entries: Sequence[Entry]) -> dict[str, Figures]:
    """What the entries come to at each horizon."""
    return {horizon: _figures(entries, horizon) for horizon in ALL_HORIZONS}


def by_part(entries: Sequence[Entry]) -> list[Part]:
    """The same by the part of the day in which the list was entered; parts without an entry too."""
    found = []
    for name, first, end in PARTS:
        own = [entry for entry in entries if first <= entry.minute < end]
        found.append(Part(name, len(own), figures(own)))
    return found


def histogram(entries: Sequence[Entry], horizon: str) -> tuple[list[float], list[int]]:
    """How often which return came: edges in percent, and counts between them; what is further out is in the last."""
    changes = sorted(move.change for _, move in _moves(entries, horizon))
    if not changes:
        return [], []
    # From the fifth to the ninety-fifth of a hundred the scale is that of what is usual.
    reach = max(abs(changes[len(changes) // 20]), abs(changes[-1 - len(changes) // 20]), 0.1)
    width = 2 * reach / BINS
    counts = [0] * BINS
    for change in changes:
        counts[min(max(int((change + reach) // width), 0), BINS - 1)] += 1
    return [round(-reach + number * width, DECIMALS) for number in range(BINS + 1)], counts


def interval(by_day: Iterable[Sequence[float]]) -> tuple[float, float] | None:
    """Where the mean of all values lies with 95 % confidence, days being what is independent; None of one day."""
    days = [values for values in by_day if values]
    count, total = sum(map(len, days)), sum(map(sum, days))
    if len(days) < 2:  # noqa: PLR2004  one day says nothing of another
        return None
    mean = total / count
    spread = sum(sum(value - mean for value in values) ** 2 for values in days)
    error = math.sqrt(len(days) / (len(days) - 1) * spread) / count
    reach = student(len(days) - 1) * error
    return mean - reach, mean + reach


def student(freedom: int, confidence: float = CONFIDENCE) -> float:
    """Student's two-sided quantile: exact for one and two degrees of freedom, else to three decimals or so."""
    tail = (1 + confidence) / 2
    if freedom == 1:
        return math.tan(math.pi * (tail - 0.5))
    if freedom == 2:  # noqa: PLR2004  there is a formula for it
        return (2 * tail - 1) / math.sqrt(2 * tail * (1 - tail))
    z = NormalDist().inv_cdf(tail)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return z + math.fsum(term / float(freedom) ** power for power, term in enumerate(terms, 1))


def _moves(entries: Sequence[Entry], horizon: str) -> list[tuple[dt.date, Move]]:
    told = ((entry.date, entry.outcome.moves.get(horizon)) for entry in entries)
    return [(date, move) for date, move in told if isinstance(move, Move)]


def _figures(entries: Sequence[Entry], horizon: str) -> Figures:
    moves = _moves(entries, horizon)
    missing = Counter(
        entry.outcome.why if entry.outcome.fill is None else str(entry.outcome.moves[horizon])
        for entry in entries
        if not isinstance(entry.outcome.moves.get(horizon), Move)
    )
    by_day: dict[dt.date, list[float]] = {}
    for date, move in moves:
        by_day.setdefault(date, []).append(move.change)
    changes = [move.change for _, move in moves]
    bounds = interval(by_day.values())
    low, high = bounds or (None, None)

    def over(of: Callable[[Move], float]) -> float | None:
        return _rounded(sum(of(move) for _, move in moves) / len(moves)) if moves else None

    return Figures(
        len(moves),
        len(by_day),
        over(lambda move: move.change),
        _rounded(low),
        _rounded(high),
        _rounded(median(changes)) if changes else None,
        over(lambda move: 100.0 * (move.change > 0)),
        over(lambda move: move.worst),
        over(lambda move: move.best),
        dict(missing.most_common()),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DECIMALS) + 0.0
