"""What lists should have shown on a day that is over, held against what they did show.

`RecallBook` is told, image by image, who met a list's definition and in which order, and knows the visits that were
kept; in the end it gives a verdict on every symbol. Images may come from several sources, one after the other, each in
its own order. Promises: whoever was shown at every image at which it belonged there is never missed, nor late; and
in_time + late + missed + below_cut is the number of those who met the definition. Bounded: a few numbers for each
symbol and list, whatever the number of images.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from tradeul.domain.events import Bools, Ints, ListEvent, Nanos, Symbol
from tradeul.domain.session import NANOS

Verdict = Literal["in_time", "late", "missed", "below_cut", "extra", "filtered"]

VERDICTS: Final[tuple[Verdict, ...]] = ("late", "missed", "below_cut", "extra", "filtered", "in_time")
"""In the order in which people look for them."""
NEVER: Final = Nanos(2**63 - 1)
UNRANKED: Final = 2**31 - 1
TOLD_OF_EACH: Final = 500
"""Symbols of one verdict in one list that are told one by one; all are counted."""
LATE_BOUNDS_S: Final = (10, 60, 300, 1_800)
BETWEEN_IMAGES: Final = "it stood there between two images only"


class Visit(NamedTuple):
    """A symbol stood in a list from one moment to another."""

    symbol: Symbol
    first: Nanos
    last: Nanos


class Line(NamedTuple):
    """The verdict on one symbol in one list. Moments are None where there was none."""

    symbol: Symbol
    verdict: Verdict
    reason: str
    due_at: Nanos | None
    """When it first belonged in the list, or first met its condition."""
    shown_at: Nanos | None
    late_s: float | None
    best_rank: int | None
    images_due: int
    """At so many images it belonged in the list."""
    images_shown: int
    """At so many of those it stood there."""


class Outcome(NamedTuple):
    """What one list came to. `lines` hold the first of each verdict."""

    counts: Mapping[Verdict, int]
    lines: Sequence[Line]
    late_s: Sequence[float]
    """Of all that were late, in order."""
    filtered_by: Mapping[str, int]

    @property
    def met(self) -> int:
        return sum(self.counts.get(each, 0) for each in ("in_time", "late", "missed", "below_cut"))

    @property
    def shown(self) -> int:
        return sum(self.counts.get(each, 0) for each in ("in_time", "late", "extra"))

    @property
    def recall_pct(self) -> float | None:
        """Of those who belonged in the list, how many were shown at all."""
        found = self.counts.get("in_time", 0) + self.counts.get("late", 0)
        return _percent(found, found + self.counts.get("missed", 0))

    @property
    def in_time_pct(self) -> float | None:
        found = self.counts.get("in_time", 0)
        return _percent(found, found + self.counts.get("late", 0) + self.counts.get("missed", 0))


Why = Callable[[str, Symbol, Nanos], str]
"""Says why a list did not show a symbol at a moment."""


def visits_of(events: Iterable[ListEvent], day_begins: Nanos, day_ends: Nanos) -> dict[str, list[Visit]]:
    """Fold entries and exits, oldest first, into visits by list; what has no beginning or end is cut at the day's."""
    visits: dict[str, list[Visit]] = {}
    open_: dict[tuple[str, Symbol], Nanos] = {}
    for event in events:
        key = (event.list, event.symbol)
        if event.event == "entered":
            open_.setdefault(key, event.at)
        elif event.event == "left":
            visits.setdefault(event.list, []).append(Visit(event.symbol, open_.pop(key, day_begins), event.at))
    for (name, symbol), first in open_.items():
        visits.setdefault(name, []).append(Visit(symbol, first, day_ends))
    return visits


class ListRecall:
    """One list. Symbols are known by their places, which never change."""

    def __init__(self, size: int, visits: Sequence[Visit], places: Ints) -> None:
        self.size = size
        self._places = places
        self._first = np.array([visit.first for visit in visits], np.int64)
        self._last = np.array([visit.last for visit in visits], np.int64)
        self._visits: dict[int, list[Visit]] = {}
        for place, visit in sorted(zip(places.tolist(), visits, strict=True)):
            self._visits.setdefault(place, []).append(visit)
        self._met_at: Ints = np.empty(0, np.int64)
        self._best: Ints = np.empty(0, np.int64)
        self._due_at: Ints = np.empty(0, np.int64)
        self._due_until: Ints = np.empty(0, np.int64)
        self._due: Ints = np.empty(0, np.int64)
        self._shown: Ints = np.empty(0, np.int64)
        self._dropped_at: Ints = np.empty(0, np.int64)
        self._looked: Ints = np.empty(0, np.int64)
        self._dropped_by: dict[int, str] = {}
        """The filter that dropped a symbol first which met all else."""
        self.said: dict[int, str] = {}
        """What stood against a symbol that was dropped, or shown without belonging there."""

    def grow(self, count: int) -> None:
        """Have room for so many symbols."""
        more = count - len(self._met_at)
        if more > 0:
            for name, empty in (
                ("_met_at", NEVER), ("_best", UNRANKED), ("_due_at", NEVER), ("_due_until", NEVER), ("_due", 0),
                ("_shown", 0), ("_dropped_at", NEVER), ("_looked", 0),
            ):  # fmt: skip
                setattr(self, name, np.concatenate([getattr(self, name), np.full(more, empty, np.int64)]))

    def see(self, at: Nanos, interval: int, ordered: Ints) -> None:
        """Take an image: who met the definition, in the list's order. Called some 11,000 times a day for each list."""
        self._met_at[ordered] = np.minimum(self._met_at[ordered], at)
        self._best[ordered] = np.minimum(self._best[ordered], np.arange(1, len(ordered) + 1))
        due = ordered[: self.size]
        new = due[self._due_at[due] > at]
        self._due_at[new], self._due_until[new] = at, at + interval
        standing = self._standing(at, interval)
        self._looked |= standing
        self._due[due] += 1
        self._shown[due] += standing[due]

    def drop(self, at: Nanos, reason: str, places: Ints) -> list[int]:
        """Take who met all but a filter at an image; gives those of whom it is to be said what stood against them."""
        new = places[self._dropped_at[places] > at]
        self._dropped_at[new] = at
        self._dropped_by |= dict.fromkeys(new.tolist(), reason)
        told: list[int] = new[: max(0, TOLD_OF_EACH - len(self.said))].tolist()
        return told

    def began(self, at: Nanos, interval: int) -> list[int]:
        """Who was shown from within the interval before a moment on, and did not meet the definition up to now."""
        fresh = np.unique(self._places[(self._first > at - interval) & (self._first <= at)])
        return [place for place in fresh[self._met_at[fresh] > at].tolist() if place not in self.said]

    def missed(self) -> Iterator[tuple[int, Nanos]]:
        """Who belonged in the list and was not there in time, and when."""
        for place in (self._due_at < NEVER).nonzero()[0].tolist():
            shown_at = self._shown_at(place)
            if shown_at is None or shown_at > self._due_until[place]:
                yield place, Nanos(int(self._due_at[place]))

    def outcome(self, symbols: Sequence[Symbol], why: Callable[[Symbol, Nanos], str]) -> Outcome:
        """Give the verdicts."""
        counts: Counter[Verdict] = Counter()
        late: list[float] = []
        lines: list[Line] = []
        known = (self._met_at < NEVER) | (self._dropped_at < NEVER)
        # Who stood in the list only while nobody looks at the day stood there neither rightly nor wrongly.
        wanted = {*known.nonzero()[0].tolist(), *self._looked.nonzero()[0].tolist()}
        filtered_by: Counter[str] = Counter()
        for place in sorted(wanted, key=lambda place: (int(self._best[place]), symbols[place])):
            line = self._line(place, symbols[place])
            counts[line.verdict] += 1
            if line.late_s is not None:
                late.append(line.late_s)
            if line.verdict == "filtered":
                filtered_by[self._dropped_by[place]] += 1
            if counts[line.verdict] <= TOLD_OF_EACH:
                lines.append(_reasoned(line, why))
        return Outcome(counts, lines, sorted(late), filtered_by)

    def _standing(self, at: Nanos, interval: int) -> Bools:
        """Who stood in the list within an interval of a moment."""
        standing = np.zeros(len(self._met_at), np.bool_)
        standing[self._places[(self._first <= at + interval) & (self._last >= at - interval)]] = True
        return standing

    def _shown_at(self, place: int) -> Nanos | None:
        """When somebody who belonged in the list was shown for that; who was there before only was early, not late."""
        visits = self._visits.get(place)
        if not visits:
            return None
        since = 2 * int(self._due_at[place]) - int(self._due_until[place])
        return next((visit.first for visit in visits if visit.last >= since), visits[0].first)

    def _line(self, place: int, symbol: Symbol) -> Line:
        visits = self._visits.get(place)
        shown_at = visits[0].first if visits else None
        best = None if self._best[place] == UNRANKED else int(self._best[place])
        images = (best, int(self._due[place]), int(self._shown[place]))
        if self._due_at[place] < NEVER:
            return self._due_line(place, Line(symbol, "missed", "", None, self._shown_at(place), None, *images))
        if best is not None:
            words, met_at = f"best rank {best} of {self.size}", Nanos(int(self._met_at[place]))
            if visits:
                return Line(symbol, "in_time", f"by the full day {words}", met_at, shown_at, None, *images)
            return Line(symbol, "below_cut", f"below the cut: {words}", met_at, None, None, *images)
        if visits and self._looked[place]:
            words = self.said.get(place, BETWEEN_IMAGES)
            return Line(symbol, "extra", words, None, shown_at, None, *images)
        words = f"dropped by filter {self.said.get(place, self._dropped_by[place])}"
        return Line(symbol, "filtered", words, Nanos(int(self._dropped_at[place])), None, None, *images)

    def _due_line(self, place: int, line: Line) -> Line:
        """The verdict on somebody who belonged in the list."""
        line = line._replace(due_at=Nanos(int(self._due_at[place])))
        if line.shown_at is None or line.due_at is None:
            return line
        if line.shown_at <= self._due_until[place]:
            return line._replace(verdict="in_time")
        return line._replace(verdict="late", late_s=round((line.shown_at - line.due_at) / NANOS, 1))


class RecallBook:
    """All lists of a day. `symbols` are by place."""

    def __init__(self) -> None:
        self.symbols: list[Symbol] = []
        self._place_of: dict[Symbol, int] = {}
        self.lists: dict[str, ListRecall] = {}

    def add(self, name: str, size: int, visits: Sequence[Visit]) -> None:
        """Expect a list."""
        self.lists[name] = ListRecall(size, visits, self.places([visit.symbol for visit in visits]))

    def places(self, symbols: Iterable[Symbol]) -> Ints:
        """The places of symbols, made for those that are new."""
        found = []
        for symbol in symbols:
            place = self._place_of.get(symbol)
            if place is None:
                place = self._place_of[symbol] = len(self.symbols)
                self.symbols.append(symbol)
            found.append(place)
        return np.array(found, np.int64)

    def grow(self) -> None:
        """Have room in every list for all symbols that there are."""
        for each in self.lists.values():
            each.grow(len(self.symbols))

    def missed(self) -> list[tuple[Nanos, str, Symbol]]:
        """Who was not where it belonged, by the moment."""
        self.grow()
        found = [(at, name, self.symbols[place]) for name, each in self.lists.items() for place, at in each.missed()]
        return sorted(found)

    def outcomes(self, why: Why) -> dict[str, Outcome]:
        """Give the verdicts, list by list."""
        self.grow()

        def of(name: str) -> Callable[[Symbol, Nanos], str]:
            return lambda symbol, at: why(name, symbol, at)

        return {name: each.outcome(self.symbols, of(name)) for name, each in self.lists.items()}


def _reasoned(line: Line, why: Callable[[Symbol, Nanos], str]) -> Line:
    if line.verdict in ("missed", "late") and line.due_at is not None:
        return line._replace(reason=why(line.symbol, line.due_at))
    return line


def _percent(some: int, whole: int) -> float | None:
    return round(100 * some / whole, 1) if whole else None
