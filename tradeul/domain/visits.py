"""Visits to a list: from how it stood, moment by moment, to who entered it, who left it, and how high each came.

One `ListVisits` per list, stepped by `engine/visits`; `at` is market time and never goes back. Promises: per symbol
entries and exits alternate, and folding them gives back who is in the list or was a moment ago; a row back within
`RETURN_NS` was never away, so an exit is told that much later, with the time, rank and price of when it happened.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from tradeul.domain.events import ListEvent, Nanos, Symbol
from tradeul.domain.session import NANOS

RETURN_NS: Final = 10 * NANOS

NEW_TO_THE_LIST: Final = "new to the list"
OUTRANKED: Final = "outranked"
LEFT_THE_MARKET: Final = "left the market"
THE_DAY_TURNED: Final = "the day turned"
THE_LIST_ENDED: Final = "the list was deleted"


class Standing(NamedTuple):
    """Where a symbol stood in the list, and when."""

    at: Nanos
    rank: int
    price: float | None


class _Exit(NamedTuple):
    standing: Standing
    reason: str


class ListVisits:
    """The visits to one list that have not ended."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._symbols: Sequence[Symbol] = ()
        self._prices: Sequence[float | None] = ()
        self._best: dict[Symbol, Standing] = {}
        """The highest standing of each visit, the first of equals."""
        self._gone: dict[Symbol, _Exit] = {}
        """Who is out and may yet be back, in the order of leaving."""

    def step(
        self,
        at: Nanos,
        symbols: Sequence[Symbol],
        prices: Sequence[float | None],
        why_left: Callable[[Symbol], str],
        why_entered: str = NEW_TO_THE_LIST,
    ) -> list[ListEvent]:
        """Take the list as it stands now. Called up to 10x/s with 50 rows: no more than one look-up per row."""
        self._see_out(at, frozenset(symbols), why_left)
        if self._gone:
            self._welcome_back(at, symbols)
        events = self.settle(at)
        best = self._best
        for rank, symbol in enumerate(symbols, 1):
            standing = best.get(symbol)
            if standing is None:
                events.append(ListEvent(at, self._name, symbol, "entered", rank, prices[rank - 1], why_entered))
            elif standing.rank <= rank:
                continue
            best[symbol] = Standing(at, rank, prices[rank - 1])
        self._symbols, self._prices = symbols, prices
        return events

    def settle(self, at: Nanos) -> list[ListEvent]:
        """Tell the exits of those who can no longer be back in time; enough where the list did not change."""
        events: list[ListEvent] = []
        while self._gone:
            symbol, exit_ = next(iter(self._gone.items()))
            if at - exit_.standing.at <= RETURN_NS:
                break
            events += self._ended(symbol, exit_)
        return events

    def end(self, at: Nanos, reason: str) -> list[ListEvent]:
        """End all visits at once; who had left already keeps its own time and reason."""
        self._see_out(at, frozenset(), lambda _symbol: reason)
        self._symbols, self._prices = (), ()
        return [event for symbol, exit_ in list(self._gone.items()) for event in self._ended(symbol, exit_)]

    def _see_out(self, at: Nanos, staying: frozenset[Symbol], why: Callable[[Symbol], str]) -> None:
        for rank, symbol in enumerate(self._symbols, 1):
            if symbol not in staying:
                self._gone[symbol] = _Exit(Standing(at, rank, self._prices[rank - 1]), why(symbol))

    def _welcome_back(self, at: Nanos, symbols: Sequence[Symbol]) -> None:
        for symbol in symbols:
            if symbol in self._gone and at - self._gone[symbol].standing.at <= RETURN_NS:
                del self._gone[symbol]

    def _ended(self, symbol: Symbol, exit_: _Exit) -> tuple[ListEvent, ListEvent]:
        del self._gone[symbol]
        best, last = self._best.pop(symbol), exit_.standing
        return (
            ListEvent(best.at, self._name, symbol, "peak", best.rank, best.price, ""),
            ListEvent(last.at, self._name, symbol, "left", last.rank, last.price, exit_.reason),
        )
