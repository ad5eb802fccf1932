"""Who watches which symbols. What is watched is followed live, whatever the lists say, and nothing is watched for long.

A watcher is whoever can go away, such as a connected viewer. A request is carried out whole or not at all. The web's
hub calls it for its viewers; whoever decides what is followed live asks for `symbols`, and is told when they change.
"""

from collections.abc import Callable, Collection, Container, Hashable, Iterable
from typing import Final, Generic, TypeVar

from tradeul.domain.events import Symbol
from tradeul.errors import UsageError

Watcher = TypeVar("Watcher", bound=Hashable)

MOST_WATCHED: Final = 50
"""By one watcher."""
MOST_IN_ALL: Final = 500
"""Different symbols, by all watchers together."""
MOST_NAMED: Final = 5
"""Symbols that a refusal names: whoever sends rubbish need not get all of it back."""


class UnknownSymbols(UsageError):
    """Some of the symbols are not on the board."""


class TooManyWatched(UsageError):
    """One watcher, or all of them, would watch more than may be."""


class Watches(Generic[Watcher]):
    """`known` holds the symbols there are. `changed` is called when other symbols are watched than before."""

    def __init__(self, known: Container[Symbol]) -> None:
        self.changed: Callable[[], None] = lambda: None
        self._known = known
        self._of: dict[Watcher, set[Symbol]] = {}
        self._watchers: dict[Symbol, set[Watcher]] = {}
        self._symbols: frozenset[Symbol] = frozenset()

    def symbols(self) -> frozenset[Symbol]:
        """All that are watched by anybody."""
        return self._symbols

    def watchers(self, symbol: Symbol) -> Collection[Watcher]:
        """Who watches a symbol."""
        return self._watchers.get(symbol, ())

    def watch(self, watcher: Watcher, symbols: Iterable[Symbol]) -> None:
        """Watch these too; raises `UnknownSymbols` or `TooManyWatched`, and then nothing has changed."""
        wanted = dict.fromkeys(symbols)
        self._check(watcher, wanted.keys())
        if wanted:
            self._of.setdefault(watcher, set()).update(wanted)
        for symbol in wanted:
            self._watchers.setdefault(symbol, set()).add(watcher)
        self._settle()

    def unwatch(self, watcher: Watcher, symbols: Iterable[Symbol]) -> None:
        """Watch these no longer; what was not watched is not watched now either."""
        watched = self._of.get(watcher, set())
        for symbol in watched.intersection(symbols):
            watched.discard(symbol)
            self._watchers[symbol].discard(watcher)
            if not self._watchers[symbol]:
                del self._watchers[symbol]
        if not watched:
            self._of.pop(watcher, None)
        self._settle()

    def leave(self, watcher: Watcher) -> None:
        """Whoever went away watches nothing."""
        self.unwatch(watcher, tuple(self._of.get(watcher, ())))

    def _check(self, watcher: Watcher, wanted: Collection[Symbol]) -> None:
        unknown = [symbol for symbol in wanted if symbol not in self._known]
        if unknown:
            more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
            raise UnknownSymbols(f"there is no such symbol: {', '.join(unknown[:MOST_NAMED])}{more}")
        if len(self._of.get(watcher, set()).union(wanted)) > MOST_WATCHED:
            raise TooManyWatched(f"at most {MOST_WATCHED} symbols at a time: unwatch some first")
        if len(self._symbols.union(wanted)) > MOST_IN_ALL:
            raise TooManyWatched(f"all viewers together watch at most {MOST_IN_ALL} symbols: try again later")

    def _settle(self) -> None:
        if self._watchers.keys() != self._symbols:
            self._symbols = frozenset(self._watchers)
            self.changed()
