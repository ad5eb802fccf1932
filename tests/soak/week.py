"""The week that is played, from a Thursday to a Wednesday, and at which pace it is looked at.

Its calendar is made up: a half day, the weekend on which summer time ends, a holiday, and a day that is closed at 14:20
without anybody having planned it. The splits are those of the simulated market.
"""

import datetime as dt
from typing import Final, NamedTuple

from tests.golden.past import Closures
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.session import TradingCalendar

HALF_DAY: Final = dt.date(2026, 10, 30)
HOLIDAY: Final = dt.date(2026, 11, 3)
CUT_SHORT: Final = dt.date(2026, 11, 4)
CUT_SHORT_AT: Final = dt.time(14, 20)
CLOSURES: Final = Closures((HOLIDAY,), (HALF_DAY,))
DATES: Final = (dt.date(2026, 10, 29), HALF_DAY, dt.date(2026, 11, 2), CUT_SHORT)
"""Its trading dates; winter time begins before the third."""
SLOT_S: Final = 300

Span = tuple[int, int]


def second_of(wall: str) -> int:
    """How many seconds after 04:00 that is."""
    return (int(wall[:2]) - 4) * 3_600 + int(wall[3:]) * 60


FAULTS: Final = (
    *(("server_error", 8), ("refused", 5), ("rate_limited", 1), ("cut", 5), ("zeros", 4), ("half", 2)),
    *(("yesterday", 5), ("older", 3), ("frozen", 20), ("shuffled", 6), ("extra", 6)),
)
"""What strikes, each with how many answers it hits at most."""


class Profile(NamedTuple):
    """How much of a market, and how closely it is looked at."""

    name: str
    symbols: int
    interval_s: float
    """Between two snapshots."""
    grain_s: float
    """Nobody sleeps for less, so that nights pass quickly."""
    modelled: int
    """So many symbols are compared with the reference model, and those that split."""
    viewers: int
    kills: int
    faults: int
    busy: tuple[Span, ...] = ((0, 57_600),)
    """When each snapshot tells something new; at other times one a minute does."""
    dates: tuple[dt.date, ...] = DATES
    ends: int = 57_600
    """So many seconds after 04:00 a day's play ends at the latest."""
    block_s: int = 600
    """In each block of time at most one thing happens."""
    kinds: tuple[tuple[str, int], ...] = FAULTS

    def is_busy(self, second: float) -> bool:
        return any(first <= second < last for first, last in self.busy)


TURNS: Final = (
    (second_of("04:00"), second_of("04:10")),
    (second_of("09:20"), second_of("10:20")),
    (second_of("12:50"), second_of("13:10")),
    (second_of("15:50"), second_of("16:10")),
)
PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile("wide", 12_000, 60.0, 5.0, 150, 200, 100, 40),
        Profile("deep", 1_500, 5.0, 1.0, 150, 200, 100, 120, TURNS),
        Profile("short", 500, 5.0, 1.0, 80, 100, 25, 40, TURNS, DATES[1:3]),
    )
}


def calendar() -> AnnouncedCalendar:
    return AnnouncedCalendar(TradingCalendar({HOLIDAY: "A day of rest"}, [HALF_DAY]))
