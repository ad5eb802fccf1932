"""The lists: what a row must be to stand in one, and in which order. To add a list: one entry in `BUILT_IN`.

`where` lets a row in; `keep`, where given, says what is enough to stay. Conditions are in the language of
`expression` and are evaluated over the rows that pass the global filters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tradeul.domain.board_scope import CLOCK_NUMBERS
from tradeul.domain.events import Bools, Ints
from tradeul.domain.expression import Number, Truth, parse_condition, parse_order
from tradeul.domain.fields import DEFAULT_COLUMNS
from tradeul.domain.gathering import Gathered
from tradeul.domain.ranking import top

DEFAULT_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Scan:
    """One list as a person defines it, with its condition and order compiled.

    Outside its `sessions`, where any are named, a list is empty. Without `global_filters` it is made of all that has
    traded today.
    """

    name: str
    title: str
    where: str
    order: str
    keep: str = ""
    size: int = DEFAULT_SIZE
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    sessions: tuple[str, ...] = ()
    global_filters: bool = True
    enter: Truth = field(init=False, repr=False, compare=False)
    stay: Truth | None = field(init=False, repr=False, compare=False)
    keys: list[tuple[Number, bool]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "enter", parse_condition(self.where, CLOCK_NUMBERS))
        object.__setattr__(self, "stay", parse_condition(self.keep, CLOCK_NUMBERS) if self.keep else None)
        object.__setattr__(self, "keys", parse_order(self.order, CLOCK_NUMBERS))

    def members(self, candidates: Gathered, inside: Bools | None) -> Ints:
        """The places of those candidates that belong to the list now; `inside` says which did before."""
        if self.sessions and candidates.session not in self.sessions:
            return np.empty(0, np.int64)
        mask = candidates.where(self.enter.parts)
        if self.stay is not None and inside is not None:
            # Of all candidates, whose columns are gathered already: to gather those inside would take longer.
            mask = mask | (inside & candidates.where(self.stay.parts))
        return mask.nonzero()[0]

    def ranked(self, candidates: Gathered, members: Ints, alphabetical: Ints) -> Ints:
        """Put members in order and cut to the size of the list; gives their places among the candidates.

        `alphabetical` are the rows' places in the order of symbols.
        """
        keys = [(candidates.values(key).take(members), down) for key, down in self.keys]
        rows = candidates.rows
        best = top(keys, lambda near: alphabetical.take(rows.take(members.take(near))), self.size)
        return members.take(best)

    def texts(self) -> Iterator[str]:
        """What it asks of the market, part by part, each as often as it asks."""
        for truth in (self.enter, self.stay):
            yield from (part.tree.text for part in truth.parts) if truth is not None else ()
        yield from (key.tree.text for key, _ in self.keys)


_RECENT_HIGH: Final = "(seconds_since_high <= 300 or new_highs_15m >= 2)"
_RECENT_LOW: Final = "(seconds_since_low <= 300 or new_lows_15m >= 2)"

BUILT_IN: Final[tuple[Scan, ...]] = (
    Scan("gappers_up", "Gappers up", "gap_percent >= 2", "gap_percent desc"),
    Scan("gappers_down", "Gappers down", "gap_percent <= -2", "gap_percent asc"),
    Scan(
        "momentum_up",
        "Momentum up",
        "session == 'MARKET_OPEN' and change_percent >= 3",
        "change_from_open desc",
    ),
    Scan(
        "momentum_down",
        "Momentum down",
        "session == 'MARKET_OPEN' and change_percent <= -3",
        "change_from_open asc",
    ),
    Scan("winners", "Winners", "change_percent >= 5", "change_percent desc"),
    Scan("losers", "Losers", "change_percent <= -5", "change_percent asc"),
    Scan("anomalies", "Anomalies", "rvol >= 3 and rvol_guarded >= 3", "rvol_guarded desc"),
    Scan("high_volume", "High volume", "rvol >= 2", "volume_today desc"),
    Scan(
        "new_highs",
        "New highs",
        f"{_RECENT_HIGH} and distance_from_high >= -0.1",
        "new_highs_15m desc, last_high_at desc",
        keep=f"{_RECENT_HIGH} and distance_from_high >= -0.5",
    ),
    Scan(
        "new_lows",
        "New lows",
        f"{_RECENT_LOW} and distance_from_low <= 0.1",
        "new_lows_15m desc, last_low_at desc",
        keep=f"{_RECENT_LOW} and distance_from_low <= 0.5",
    ),
    Scan(
        "reversals",
        "Reversals",
        "gap_percent >= 2 and change_from_open <= -1 or gap_percent <= -2 and change_from_open >= 1",
        "abs(gap_percent) + abs(change_from_open) desc",
    ),
)

BY_NAME: Final[Mapping[str, Scan]] = {scan.name: scan for scan in BUILT_IN}
