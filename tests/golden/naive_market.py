"""All symbols of the reference model, and what they have in common: which moments are known.

It reads the vendor's own bytes, rows of snapshots and frames of live bars, one by one in the order in which they come.
"""

import math
from collections.abc import Sequence

import orjson

from tests.golden.curves import Curves
from tests.golden.naive import NaiveSymbol, View
from tests.golden.past import Past
from tests.golden.plain import SECOND, Day, Row


class NaiveMarket:
    """One trading date."""

    def __init__(self, day: Day, pasts: dict[str, Past]) -> None:
        self.day = day
        self.pasts = pasts
        self.curves = Curves()
        self.symbols: dict[str, NaiveSymbol] = {}
        self.moments: list[int] = []
        self.taken: list[tuple[int, int]] = []
        self.now = 0
        self._newest_bar = 0
        self._live: dict[str, int] = {}
        """What live bars told of since the last snapshot, and what was known then."""
        self._last: dict[str, bytes] = {}
        self._updated: dict[str, int] = {}

    def take(self, rows: Sequence[tuple[str, bytes]], now: int, newest_of_others: int = 0) -> None:
        """One snapshot: each row as its bytes, which are read anew only if they are not the same as before.

        Where only some symbols are modelled, `newest_of_others` is when the newest row of the others was updated.
        """
        changed = {symbol: orjson.loads(content) for symbol, content in rows if self._last.get(symbol) != content}
        self._updated.update({symbol: int(row.get("updated") or 0) for symbol, row in changed.items()})
        newest = max(newest_of_others, *(self._updated[symbol] for symbol, _ in rows))
        at = newest if newest >= self.day.turn else now
        since_last_s = (at - self.moments[-1]) / SECOND if self.moments else math.inf
        later = not self.moments or at > self.moments[-1]
        if later:
            self.moments.append(at)
        self.now = max(at, self._newest_bar)
        self.taken.append((self.now, at))
        for each in self.symbols.values():
            each.stale = True
        for symbol, content in rows:
            each = self.symbols.get(symbol) or self.symbols.setdefault(symbol, NaiveSymbol(symbol, self.pasts[symbol]))
            each.stale = False
            if symbol in changed or not each.settled:
                each.take(changed.get(symbol) or orjson.loads(content), at, self.day, since_last_s)
                each.note(self.now)
                if later:
                    each.remember(at)
                each.settled = each.settled and later
            each.known_at = max(each.known_at, at)
        if later:
            for symbol in self._live:
                self.symbols[symbol].remember(at)
        self._live.clear()
        self._last.update(rows)

    def take_bars(self, content: bytes) -> None:
        """One frame of live bars, which say nothing before there is a market, or of symbols that are not in it."""
        bars: list[Row] = [bar for bar in orjson.loads(content) if bar["sym"] in self.symbols]
        if not bars:
            return
        self._newest_bar = max(self._newest_bar, *(bar["e"] * 10**6 for bar in bars))
        self.now = max(self.now, self._newest_bar)
        for bar in bars:
            each = self.symbols[bar["sym"]]
            each.take_bar(bar, self.now, self.day)
            each.note(self.now)
            self._live[bar["sym"]] = self.now

    def fields(self, symbol: str) -> Row:
        now, back_from = self.taken[-1]
        if symbol in self._live:
            now = back_from = self._live[symbol]
        view = View(now, self.now, back_from, self.moments, self.taken, self.curves)
        return self.symbols[symbol].fields(view, self.day)
