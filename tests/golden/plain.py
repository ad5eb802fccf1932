"""What the reference model is made of: a day's instants, numbers that may be unknown, the extremes of a day.

Plain Python; nothing is taken from the engine.
"""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Number = float | None

SECOND = 10**9
MINUTE = 60 * SECOND


class Day:
    """The instants that bound a trading date, from New York's wall clock."""

    def __init__(self, date: dt.date, *, early: bool) -> None:
        def instant(hour: int, minute: int = 0) -> int:
            wall = dt.datetime.combine(date, dt.time(hour, minute), ZoneInfo("America/New_York"))
            return int(wall.timestamp()) * SECOND

        self.early = early
        self.midnight, self.turn, self.start = instant(0), instant(3, 30), instant(4)
        self.open, self.close = instant(9, 30), instant(13 if early else 16)
        self.end = instant(17 if early else 20)
        self.closed = self.end
        """Sooner, where the vendor said so in the course of the day."""

    def place(self, moment: int) -> tuple[float, int]:
        """Which second of the day it is, and in which slot that lies."""
        second = min(max((moment - self.start) / SECOND, 0.0), 57_600.0)
        return second, min(int(second // 300), 191)


def positive(value: Any) -> Number:
    """What the vendor has set: 0, null and what is missing are all unknown."""
    return float(value) if value is not None and value > 0 else None


def rounded(value: Number) -> Number:
    return None if value is None else round(value, 4)


def percent(value: Number, basis: Number) -> Number:
    return None if value is None or basis is None else 100.0 * (value - basis) / basis


def minus(a: Number, b: Number) -> Number:
    return None if a is None or b is None else a - b


def beyond(a: Number, b: Number, sign: int) -> Number:
    """The higher of two, or the lower if the sign is -1; where one is unknown, the other."""
    if a is None or b is None:
        return b if a is None else a
    return max(a, b) if sign > 0 else min(a, b)


class Extreme:
    """The highest or the lowest price of the day, and every time that it was exceeded."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.value: Number = None
        self.exceeded: list[int] = []

    def take(self, candidates: list[Number], at: int, *, is_event: bool) -> None:
        best: Number = None
        for candidate in candidates:
            best = beyond(best, rounded(candidate), self.sign)
        if best is None:
            return
        if self.value is not None and self.sign * (best - self.value) > 0 and is_event:
            self.exceeded.append(at)
        self.value = beyond(self.value, best, self.sign)

    def minutes(self, now: int) -> int | None:
        """Clock minutes of the last 15, the running one included, in which it was exceeded."""
        if self.value is None:
            return None
        minutes = {min(at, now) // MINUTE for at in self.exceeded}
        return len([minute for minute in minutes if now // MINUTE - minute < 15])

    def last_at(self) -> int | None:
        return self.exceeded[-1] // 10**6 if self.exceeded else None
