"""Why a list did not show at a moment what a full day says belonged there: from what is known of the program then.

In order: the list was not made then, nothing was (the program was down, or no image came), what a recording of the
board says, what was known too late, and at last whether the list had room. What nobody knows is said to be unknown.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.session import NANOS, local_time

QUIET_NS: Final = 90 * NANOS
"""Lists are kept at least once a minute; where nothing was for longer, nothing was made."""
LATER_NS: Final = 30 * NANOS
"""A program that began anew makes its first lists so near to the first that are kept."""

DOWN: Final = "the program was down"
NO_IMAGE: Final = "no image of the market came: the feed was away or stale"
NOTHING_KEPT: Final = "nothing is kept: the program was down, or the feed away"
NOT_MADE: Final = "the list was not there, or switched off,"
AS_RECORDED: Final = "as recorded it belonged there, but no entry of then is kept"
NOT_KNOWN: Final = "not known: the list had room, and no recording says what its board knew then"


class Silence(NamedTuple):
    """Nothing was made from one moment to another."""

    first: Nanos
    last: Nanos
    why: str

    def said(self) -> str:
        return f"{self.why} from {_wall(self.first)} to {_wall(self.last)}"


class Filled(NamedTuple):
    """How many rows a list had at a moment, and how many it may have."""

    rows: int
    size: int


def silences_of(times: Sequence[Nanos], begins: Sequence[Nanos], first: Nanos, last: Nanos) -> tuple[Silence, ...]:
    """Find where nothing was made of a day. `begins` are when a program looked first; both are in order."""
    found = []
    for before, after in zip([first, *times], [*times, last], strict=True):
        if after - before > QUIET_NS:
            found.append(Silence(before, after, _why(after, begins, last)))
    return tuple(found)


def _why(after: Nanos, begins: Sequence[Nanos], last: Nanos) -> str:
    if any(abs(begin - after) <= LATER_NS for begin in begins):
        return DOWN
    return NOTHING_KEPT if after == last else NO_IMAGE


def lack_of(times: Sequence[Nanos], made: Sequence[Nanos], first: Nanos, last: Nanos) -> tuple[Silence, ...]:
    """Find where one list was not made while others were: `made` of `times`, both in order."""
    found = []
    for before, after in zip([first, *made], [*made, last], strict=True):
        others = times[bisect_right(times, before) :]
        others = others[: bisect_right(others, after - 1)]
        if others and after - before > QUIET_NS and others[-1] - others[0] > QUIET_NS:
            found.append(Silence(before, after, NOT_MADE))
    return tuple(found)


@dataclass(slots=True)
class Reasons:
    """What is known of the program on a day."""

    silences: Sequence[Silence] = ()
    lacks: Mapping[str, Sequence[Silence]] = field(default_factory=dict)
    """By list, where it was not made."""
    told: dict[tuple[str, Symbol], str] = field(default_factory=dict)
    """What the recorded board said of a symbol and a list at the moment that it belonged there."""
    recorded: list[tuple[Nanos, Nanos]] = field(default_factory=list)
    filled_in: Mapping[Symbol, Collection[Nanos]] = field(default_factory=dict)
    """The ends of a symbol's slots that were not seen live."""
    averages_at: Nanos | None = None
    """When the last of the sessions behind the averages came, if that was on the day itself."""
    averages: Mapping[str, str] = field(default_factory=dict)
    """By list, which average it asks for."""
    rows: Mapping[str, tuple[Sequence[Nanos], Sequence[Filled]]] = field(default_factory=dict)
    """By list, in order."""

    def of(self, name: str, symbol: Symbol, at: Nanos) -> str:
        """Say why."""
        silence = _around(self.silences, at) or _around(self.lacks.get(name, ()), at)
        if silence is not None:
            return silence.said()
        if (name, symbol) in self.told:
            return self.told[name, symbol]
        if any(first <= at <= last for first, last in self.recorded):
            return AS_RECORDED
        if at in self.filled_in.get(symbol, ()):
            return f"the feed did not have it then: its slot up to {_wall(at)} was filled in later"
        if self.averages_at is not None and at < self.averages_at and name in self.averages:
            return f"value unknown then: {self.averages[name]}, whose sessions came at {_wall(self.averages_at)}"
        return self._by_room(name, at)

    def _by_room(self, name: str, at: Nanos) -> str:
        times, filled = self.rows.get(name, ((), ()))
        place = bisect_right(times, at) - 1
        if place < 0 or filled[place].rows < filled[place].size:
            return NOT_KNOWN
        return f"the list was full then: {filled[place].rows} of {filled[place].size}"


def _around(silences: Sequence[Silence], at: Nanos) -> Silence | None:
    return next((each for each in silences if each.first < at < each.last), None)


def _wall(at: Nanos) -> str:
    return f"{local_time(at):%H:%M:%S}"
