"""The reference model of the past: averages, true range and usual volumes of one symbol, from raw bars of each day.

Plain Python over lists, from the contract's words; bars are as they were traded, splits since are applied here.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

SLOTS = 192
AVERAGES = ("avg_volume_10d", "avg_volume_30d", "avg_price_30d", "atr")
REFERENCE = (
    "name", "exchange", "type", "sector", "industry", "market_cap", "float_shares", "shares_outstanding", "beta",
    "is_etf",
)  # fmt: skip

CURVE = (
    ("04:00", 0.0), ("06:00", 0.001), ("07:00", 0.002), ("08:00", 0.0045), ("09:00", 0.011), ("09:30", 0.018),
    ("09:35", 0.05), ("09:45", 0.09), ("10:00", 0.14), ("10:30", 0.215), ("11:00", 0.275), ("11:30", 0.325),
    ("12:00", 0.368), ("12:30", 0.406), ("13:00", 0.442), ("13:30", 0.478), ("14:00", 0.515), ("14:30", 0.556),
    ("15:00", 0.603), ("15:30", 0.668), ("15:45", 0.718), ("15:55", 0.77), ("16:00", 0.83), ("16:05", 0.96),
    ("16:30", 0.975), ("17:00", 0.985), ("18:00", 0.993), ("20:00", 1.0),
)  # fmt: skip
"""The contract's prior."""


class Closures(NamedTuple):
    """When the market does not open, and when it closes early."""

    holidays: tuple[dt.date, ...]
    early_closes: tuple[dt.date, ...]


KNOWN = Closures((dt.date(2026, 11, 26), dt.date(2026, 12, 25)), (dt.date(2026, 11, 27),))


@cache
def sessions_before(day: dt.date, count: int, *, full: bool = False, closures: Closures = KNOWN) -> list[dt.date]:
    """The last trading days before a date, the oldest first; `full` leaves out those that close early."""
    found: list[dt.date] = []
    while len(found) < count:
        day -= dt.timedelta(days=1)
        closed = day.weekday() >= 5 or day in closures.holidays
        if not (closed or (full and day in closures.early_closes)):
            found.insert(0, day)
    return found


def share(slot: int) -> float:
    """The part of an average day's volume that has traded by the end of a slot; all the curve's corners are such."""
    second = (slot + 1) * 300
    seconds = [(int(wall[:2]) - 4) * 3600 + int(wall[3:]) * 60 for wall, _ in CURVE]
    for place in range(1, len(CURVE)):
        if second <= seconds[place]:
            before, after = CURVE[place - 1][1], CURVE[place][1]
            return before + (after - before) * (second - seconds[place - 1]) / (seconds[place] - seconds[place - 1])
    return 1.0


SHARES = [share(slot) for slot in range(SLOTS)]


@dataclass
class RawBar:
    """One day's official bar, in the shares of that day."""

    high: float
    low: float
    close: float
    volume: float


@dataclass
class Past:
    """What history says of one symbol; None is not known."""

    avg_volume_10d: float | None = None
    avg_volume_30d: float | None = None
    avg_price_30d: float | None = None
    atr: float | None = None
    reference: dict[str, Any] | None = None
    """Facts by name, those that are known; None: nothing is."""
    exactly: dict[str, float | None] = field(default_factory=dict)
    """The four above before they were rounded to what is shown, of which other fields are made."""
    sessions: int = 0
    least_sessions: int = 3
    """So many make the usual volume exact."""
    split: tuple[float, float | None] | None = None
    """Today's: new shares for an old one, and the last close in old shares."""
    days: list[list[float]] = field(default_factory=list)
    """Of each session the cumulative volume at the end of each slot, in the shares of now."""
    _usual: list[float] = field(default_factory=list)

    def turnover(self) -> float | None:
        """In dollars a day, by the averages before they were rounded."""
        volume, price = self.exactly.get("avg_volume_30d"), self.avg_price_30d
        return None if volume is None or price is None else volume * price

    def expected(
        self, second: float, slot: int, curve: Sequence[float], *, early: bool
    ) -> tuple[str, float | None, float | None]:
        """How the usual volume is known, what it is by this second, and by the beginning of its slot."""
        if self.sessions >= self.least_sessions:
            method, ends = "exact", self.ends()
        elif self.avg_volume_30d is not None:
            method, ends = "curve", [self.avg_volume_30d * part for part in curve]
        else:
            return "none", None, None
        before = at_end(ends, slot - 1, early=early)
        end = at_end(ends, slot, early=early)
        return method, before + (end - before) * ((second - slot * 300) / 300), before

    def ends(self) -> list[float]:
        """The usual volume at the end of each slot."""
        if not self._usual:
            self._usual = [sum(volumes) / self.sessions for volumes in zip(*self.days, strict=True)]
            self.days = []
        return self._usual


def at_end(ends: list[float], slot: int, *, early: bool) -> float:
    """E at the end of a slot; on a day that closes early the post-market follows 13:00."""
    if slot < 0:
        return 0.0
    if early and slot >= 108:
        return ends[107] + ends[min(144 + slot - 108, SLOTS - 1)] - ends[143]
    return ends[slot]


class RawHistory:
    """Bars by symbol and day; `slots` are volumes of five minutes, of every session that is asked about."""

    def __init__(
        self, today: dt.date, splits: Iterable[tuple[str, dt.date, float]], closures: Closures = KNOWN
    ) -> None:
        self.today = today
        self._closures = closures
        self.daily: dict[str, dict[dt.date, RawBar]] = {}
        self.slots: dict[str, dict[dt.date, list[float]]] = {}
        self.reference: dict[str, dict[str, Any]] = {}
        self._splits: dict[str, list[tuple[dt.date, float]]] = {}
        for symbol, date, ratio in splits:
            self._splits.setdefault(symbol, []).append((date, ratio))

    def ratio(self, symbol: str, day: dt.date) -> float:
        """How many shares of today one share of that day is."""
        ratio = 1.0
        for date, times in self._splits.get(symbol, ()):
            if day < date <= self.today:
                ratio *= times
        return ratio

    def past(self, symbol: str, lookback: int) -> Past:
        """All of it worked out for one symbol."""
        bars = self.daily.get(symbol, {})
        past = Past(reference=self.reference.get(symbol))
        sessions = [
            day for day in sessions_before(self.today, 30, closures=self._closures) if bars and day >= min(bars)
        ]
        if bars:
            volumes = [bars[day].volume * self.ratio(symbol, day) if day in bars else 0.0 for day in sessions]
            closes = [bars[day].close / self.ratio(symbol, day) for day in sorted(bars)]
            recent = volumes[-10:]
            volume_10d, volume_30d = sum(recent) / len(recent), sum(volumes) / len(volumes)
            price, atr = sum(closes) / len(closes), self._true_range(symbol, bars)
            past.exactly = dict(zip(AVERAGES, (volume_10d, volume_30d, price, atr), strict=True))
            past.avg_volume_10d, past.avg_volume_30d = float(round(volume_10d)), float(round(volume_30d))
            past.avg_price_30d, past.atr = round(price, 4), None if atr is None else round(atr, 4)
        yesterday = sessions_before(self.today, 1, closures=self._closures)[0]
        ratio = self.ratio(symbol, yesterday)
        if ratio != 1.0:
            past.split = ratio, bars[yesterday].close if yesterday in bars else None
        self._usual_days(symbol, past, lookback)
        return past

    def _true_range(self, symbol: str, bars: dict[dt.date, RawBar]) -> float | None:
        """Wilder's: the mean of the first 14 true ranges, then a fourteenth of each new one."""
        ranges: list[float] = []
        before: float | None = None
        for day in sorted(bars):
            ratio = self.ratio(symbol, day)
            high, low, close = bars[day].high / ratio, bars[day].low / ratio, bars[day].close / ratio
            if before is not None:
                ranges.append(max(high, before) - min(low, before))
            before = close
        if len(ranges) < 14:
            return None
        atr = sum(ranges[:14]) / 14
        for each in ranges[14:]:
            atr = (13 * atr + each) / 14
        return atr

    def _usual_days(self, symbol: str, past: Past, lookback: int) -> None:
        """The last full sessions since it is on the market, days without a trade among them."""
        slots = self.slots.get(symbol, {})
        days = sessions_before(self.today, lookback, full=True, closures=self._closures)
        traded = [day for day in days if sum(slots.get(day, ())) > 0]
        listed = min([*self.daily.get(symbol, {}), *traded], default=None)
        for day in days:
            if listed is not None and day >= listed:
                ratio = self.ratio(symbol, day)
                past.days.append([total * ratio for total in accumulate(slots.get(day, [0.0] * SLOTS))])
        past.sessions = len(past.days)
