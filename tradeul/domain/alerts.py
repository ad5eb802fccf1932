"""Alerts: where a condition began to hold, whether a rule may ring for it now, and what is told then.

Pure. `Edges` is one condition over the rows of the board, `Rung` what the rules remember of their ringing, `Room` how
much may be told at once. Times are the market's and never go back, but for `Room`'s. `engine/alerts` steps them.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from tradeul.domain.board import Rows
from tradeul.domain.events import Bools, Nanos, Symbol
from tradeul.domain.session import NANOS, local_time

QUIET: Final = "quiet hours"
ONCE: Final = "once a day"
COOLING: Final = "cooling down"
STORM: Final = "storm"


class Alert(NamedTuple):
    """A rule that rang, or would have."""

    id: int
    """Higher than any before it, in whichever life of the program."""
    at: Nanos
    rule: str
    symbol: Symbol | None
    """None: of several symbols at once."""
    list: str | None
    text: str
    why: str
    """Why nobody was told; empty: it rang."""
    data: dict[str, Any]
    """In JSON-ready words."""


class Quiet(NamedTuple):
    """Hours of New York's wall in which a rule keeps silent; beyond midnight where they end before they begin."""

    begin: dt.time
    end: dt.time

    def holds(self, wall: dt.time) -> bool:
        """Tell whether it is quiet then: from the first minute on, and no more at the last."""
        if self.begin < self.end:
            return self.begin <= wall < self.end
        return wall >= self.begin or wall < self.end


def quiet_of(span: str) -> Quiet:
    """Read hours such as `20:00-07:00`."""
    begin, _, end = span.partition("-")
    return Quiet(dt.time.fromisoformat(begin), dt.time.fromisoformat(end))


@dataclass(frozen=True, slots=True)
class Manners:
    """How a rule holds back."""

    cooldown_s: int = 0
    once_per_day: bool = False
    quiet: tuple[Quiet, ...] = ()

    def is_quiet(self, at: Nanos) -> bool:
        """Tell whether the rule keeps silent then."""
        return bool(self.quiet) and any(span.holds(local_time(at).time()) for span in self.quiet)


class Rung:
    """When each rule rang last for each symbol."""

    def __init__(self) -> None:
        self._last: dict[str, dict[Symbol, Nanos]] = {}

    def why_not(self, rule: str, manners: Manners, symbol: Symbol, at: Nanos, day_began: Nanos) -> str:
        """Say why a rule may not ring for a symbol now; empty if it may. `day_began` is when the date turned."""
        if manners.is_quiet(at):
            return QUIET
        last = self._last.get(rule, {}).get(symbol)
        if last is None:
            return ""
        if manners.once_per_day and last >= day_began:
            return ONCE
        return COOLING if at - last < manners.cooldown_s * NANOS else ""

    def note(self, rule: str, symbol: Symbol, at: Nanos) -> None:
        """Remember that the rule rang."""
        self._last.setdefault(rule, {})[symbol] = at

    def forget_before(self, at: Nanos) -> None:
        """Let go of what rang before then."""
        self._last = {
            rule: kept
            for rule, last in self._last.items()
            if (kept := {symbol: rang for symbol, rang in last.items() if rang >= at})
        }

    def all(self) -> list[tuple[str, Symbol, Nanos]]:
        """Tell all that is remembered."""
        return [(rule, symbol, rang) for rule, last in self._last.items() for symbol, rang in last.items()]

    def resume(self, remembered: Iterable[tuple[str, Symbol, Nanos]], now: Nanos) -> None:
        """Go on from what was remembered; what is later than now never happened in this market."""
        for rule, symbol, rang in remembered:
            if rang <= now:
                self.note(rule, symbol, rang)


class Edges:
    """Where one condition turned true since it was last looked at.

    What is true at the first look turned true nobody knows when. A row that was not looked at yet counts as one in
    which it did not hold.
    """

    def __init__(self) -> None:
        self._ready: Bools | None = None
        """Where it did not hold: true there the next time is an edge."""

    @property
    def begun(self) -> bool:
        """Whether there was a first look."""
        return self._ready is not None

    def rising(self, length: int, rows: Rows, true: Bools, false: Bools | None = None) -> Bools:
        """Find which of these rows rose, of a board of that length; `true` is where the condition holds among them.

        With `false`, where it certainly does not hold now, what is unknown now is no edge when it turns true.
        Called up to 10x/s with some 200 rows for each of 100 rules: a few microseconds.
        """
        first = self._ready is None
        ready = self._ready = self._grown(length)
        rose: Bools = np.zeros(len(true), np.bool_) if first else ready[rows] & true
        ready[rows] = ~true if false is None else false
        return rose

    def _grown(self, length: int) -> Bools:
        ready = self._ready
        if ready is None:
            return np.ones(length, np.bool_)
        if len(ready) == length:
            return ready
        return np.concatenate([ready, np.ones(length - len(ready), np.bool_)])


class Room:
    """How much may be told at once: so much in a burst, and so much a second from then on."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._left = burst
        self._at = 0.0

    def left(self, now: float) -> int:
        """Tell for how many there is room. `now` is in seconds that never step."""
        self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._per_second)
        self._at = now
        return int(self._left)

    def take(self) -> None:
        """One was told."""
        self._left -= 1
