"""The audit of a day's relative volumes: what was published at each slot's end against what the day's minutes say.

Worked out anew and otherwise than live: volumes from the vendor's minutes instead of its snapshots, the usual day from
the stored sessions as whole rows, always by history, so that values of the general curve are held against it too. An
error is signed and in percent of what should have been published. Pure; `history/jobs/rvol_audit` calls it.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tradeul.domain.day_volumes import SLOT_NS, slot_count
from tradeul.domain.events import Bools, Floats, Nanos, Symbol, SymbolBars
from tradeul.domain.fields import RVOL_METHODS
from tradeul.domain.published import NOT_NOTED, PublishedDay, Ratios
from tradeul.domain.session import DayHours
from tradeul.domain.slot_book import Source
from tradeul.domain.slots import FIRST_EARLY_POST_SLOT, FIRST_POST_SLOT, SLOTS_PER_DAY
from tradeul.domain.splits import SplitBook

WITHIN_PERCENT: Final = 1.0
"""Errors up to it count as right."""
LEAST_RVOL: Final = 0.01
"""Of less than a hundredth of the usual, an error is told in percent of this: four decimals say no more."""
DECIMALS: Final = 4
"""Of a relative volume as it is published, and of percent as they are told."""
WORST_SHOWN: Final = 25
_EXPECTED_FLOOR: Final = 1.0
_RATED: Final = [RVOL_METHODS.index(name) for name in ("exact", "curve")]


class Spread(NamedTuple):
    """How errors are spread, in percent without their sign but for `bias`, their mean with it; None where are none."""

    n: int
    median: float | None
    p90: float | None
    p99: float | None
    max: float | None
    within: float | None
    """Percent of the values that are off by no more than WITHIN_PERCENT."""
    bias: float | None


class OfSlot(NamedTuple):
    """The errors of one slot's end, of values of one method."""

    slot: int
    method: str
    errors: Spread


class OfMethod(NamedTuple):
    """The errors of a whole day, of values of one method whose volume was known in one way."""

    method: str
    source: str
    errors: Spread


class Worst(NamedTuple):
    """Where a symbol was furthest off, and how far it was off in the median of its slots."""

    symbol: Symbol
    slot: int
    method: str
    source: str
    published: float
    recomputed: float
    error: float
    median: float


class Coverage(NamedTuple):
    """What became of every symbol's every slot of which there is something to say."""

    compared: int
    quiet: int
    """Nothing had traded, and 0 was published."""
    unpublished: int
    """It had traded, and nothing was noted: the program was down, or did not know the symbol."""
    unrated: int
    """It had traded, and was published as unknown."""
    unproven: int
    """A value was published, but too few sessions are stored to work it out."""
    without_bars: int
    """A value was published, and the vendor has no minute of it up to then."""


@dataclass(frozen=True, slots=True)
class RvolAudit:
    """What the audit of a day found."""

    date: dt.date
    audited_at: Nanos
    symbols: int
    failed: int
    """Symbols whose minutes could not be had."""
    coverage: Coverage
    errors: Spread
    """Of all that was compared."""
    methods: tuple[OfMethod, ...]
    slots: tuple[OfSlot, ...]
    silent_slots: tuple[int, ...]
    """At whose end nothing was noted of anybody."""
    worst: tuple[Worst, ...]


def volumes_at_ends(bars: SymbolBars, hours: DayHours) -> Floats:
    """How much had traded by the end of each slot of a day, by bars of a minute."""
    ends = hours.pre_market_start + np.arange(slot_count(hours) + 1) * SLOT_NS
    traded_before = np.concatenate([[0.0], np.cumsum(bars.volume)])[np.searchsorted(bars.start, ends)]
    volumes: Floats = traded_before[1:] - traded_before[0]
    return volumes


class UsualDay:
    """What these symbols usually traded by each slot's end: whole sessions in, means out."""

    def __init__(self, symbols: Sequence[Symbol], first_traded: Mapping[Symbol, dt.date], splits: SplitBook) -> None:
        self._place_of = {symbol: place for place, symbol in enumerate(symbols)}
        self._first = dict(first_traded)
        self._splits = splits
        self._totals = np.zeros((len(symbols), SLOTS_PER_DAY))
        self.sessions = np.zeros(len(symbols), np.int64)
        """How many stand behind each."""

    def add(self, day: dt.date, symbols: Sequence[Symbol | None], volumes: Floats) -> None:
        """Take a whole session, the oldest first; one before a symbol's first trade is none of its own."""
        lines, places, factors = [], [], []
        for line, symbol in enumerate(symbols):
            place = self._place_of.get(symbol) if symbol is not None else None
            if symbol is None or place is None:
                continue
            if volumes[line, -1] > 0:
                self._first[symbol] = min(day, self._first.get(symbol, day))
            if self._first.get(symbol, dt.date.max) <= day:
                lines.append(line)
                places.append(place)
                factors.append(self._splits.shares_since(symbol, day))
        self._totals[places] += volumes[lines] * np.array(factors).reshape(-1, 1)
        self.sessions[places] += 1

    def at_ends(self, *, early_close: bool) -> Floats:
        """The means by each slot's end of a day, which may close early; NaN without a session."""
        means: Floats = self._totals / np.where(self.sessions > 0, self.sessions, np.nan)[:, None]
        if early_close:
            # The post-market comes three hours sooner, on top of what a day has traded by 13:00.
            by_one = means[:, FIRST_EARLY_POST_SLOT - 1 : FIRST_EARLY_POST_SLOT]
            by_four = means[:, FIRST_POST_SLOT - 1 : FIRST_POST_SLOT]
            means = np.hstack([means[:, :FIRST_EARLY_POST_SLOT], by_one + means[:, FIRST_POST_SLOT:] - by_four])
        return means


class Comparison:
    """Holds a day as it was published against what its minutes say, symbol by symbol."""

    def __init__(self, published: PublishedDay, usual: Floats, known: Bools, hours: DayHours) -> None:
        self._published = published
        self._usual = usual
        self._known = known
        """Of whom there are enough sessions."""
        self._slots = slot_count(hours)
        shape = (len(published.symbols), self._slots)
        self._recomputed: Ratios = np.zeros(shape, np.float32)
        self._traded: Bools = np.zeros(shape, np.bool_)
        self._failed: Bools = np.zeros(len(published.symbols), np.bool_)

    def asked(self, traded: frozenset[Symbol]) -> list[int]:
        """Whose minutes are needed: who traded that day as far as anybody knows, or was said to have."""
        said = np.nan_to_num(self._published.rvol).max(axis=1, initial=0) > 0
        return [row for row, symbol in enumerate(self._published.symbols) if said[row] or symbol in traded]

    def take(self, row: int, volumes: Floats) -> None:
        """Take what a symbol had traded by each slot's end."""
        ratio = volumes / np.maximum(self._usual[row], _EXPECTED_FLOOR)
        self._recomputed[row] = np.round(ratio, DECIMALS)
        self._traded[row] = volumes > 0

    def fail(self, row: int) -> None:
        """Know that the minutes of a symbol cannot be had; nothing is said of it."""
        self._failed[row] = True

    def audit(self, at: Nanos) -> RvolAudit:
        """Work out the figures. Takes tenths of a second: not for the loop."""
        published, slots = self._published, slice(0, self._slots)
        rvol, methods = published.rvol[:, slots], published.methods[:, slots]
        here = ~self._failed[:, None]
        rated = np.isin(methods, _RATED) & ~np.isnan(rvol) & here
        said, known = rated & (rvol > 0), self._known[:, None]
        compared = rated & self._traded & known
        unrated = (methods == RVOL_METHODS.index("none")) & self._traded & here
        found = Coverage(
            int(compared.sum()),
            int((rated & ~said & ~self._traded).sum()),
            int((~rated & ~unrated & self._traded & here).sum()),
            int(unrated.sum()),
            int((rated & self._traded & ~known).sum()),
            int((said & ~self._traded).sum()),
        )
        errors = self._errors(rvol, compared)
        silent = np.flatnonzero((methods == NOT_NOTED).all(axis=0)).tolist()
        worst, count = tuple(self._worst(errors, compared)), len(published.symbols)
        figures = spread_of(errors[compared]), tuple(self._methods(errors, compared)), tuple(self._by_slot(errors))
        return RvolAudit(published.date, at, count, int(self._failed.sum()), found, *figures, tuple(silent), worst)

    def _errors(self, rvol: Ratios, compared: Bools) -> Ratios:
        """Signed, in percent; NaN where nothing was compared."""
        right = self._recomputed
        errors = 100 * (rvol - right) / np.maximum(right, np.float32(LEAST_RVOL))
        return np.where(compared, errors, np.float32(np.nan))

    def _by_slot(self, errors: Ratios) -> Iterator[OfSlot]:
        methods = self._published.methods
        for slot in range(self._slots):
            for code in _RATED:
                of = errors[methods[:, slot] == code, slot]
                of = of[~np.isnan(of)]
                if len(of):
                    yield OfSlot(slot, RVOL_METHODS[code], spread_of(of))

    def _methods(self, errors: Ratios, compared: Bools) -> Iterator[OfMethod]:
        methods, sources = (part[:, : self._slots] for part in (self._published.methods, self._published.sources))
        for code in _RATED:
            for source in reversed(Source):
                of = errors[compared & (methods == code) & (sources == source)]
                if len(of):
                    yield OfMethod(RVOL_METHODS[code], source.name.lower(), spread_of(of))

    def _worst(self, errors: Ratios, compared: Bools) -> Iterator[Worst]:
        """The symbols that were furthest off, each where it was; ties by symbol."""
        size = np.where(compared, np.abs(errors), np.float32(-1))
        furthest = size.max(axis=1, initial=-1)
        symbols, published = self._published.symbols, self._published
        off = np.flatnonzero(furthest > 0).tolist()
        for row in sorted(off, key=lambda row: (-furthest[row], symbols[row]))[:WORST_SHOWN]:
            slot = int(size[row].argmax())
            yield Worst(
                symbols[row],
                slot,
                RVOL_METHODS[published.methods[row, slot]],
                Source(published.sources[row, slot]).name.lower(),
                _rounded(published.rvol[row, slot]),
                _rounded(self._recomputed[row, slot]),
                _rounded(errors[row, slot]),
                _rounded(np.median(size[row][compared[row]])),
            )


def spread_of(errors: npt.NDArray[np.floating]) -> Spread:
    """Tell how errors in percent are spread."""
    if not len(errors):
        return Spread(0, None, None, None, None, None, None)
    size, signed = np.abs(errors).astype(np.float64), errors.astype(np.float64)
    median, p90, p99, largest = np.quantile(size, (0.5, 0.9, 0.99, 1.0)).tolist()
    within = 100 * float((size <= WITHIN_PERCENT).mean())
    return Spread(len(errors), *map(_rounded, (median, p90, p99, largest, within, float(signed.mean()))))


def _rounded(value: float | np.floating) -> float:
    return round(float(value), DECIMALS)
