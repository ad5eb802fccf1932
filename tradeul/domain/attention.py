"""Which symbols deserve to be followed live, since when and why: whom the sources name, and whom they named just now.

A source is a list, the pins, what viewers watch. The set is one frozen value, the same object while nothing changes.
Its invariants: whoever a source names is in it; nobody leaves it before the cooldown is over, counted from when no
source named him any more; and in session nobody leaves it because every source is empty, until snapshots agree.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.session import NANOS

COOLDOWN: Final = "cooldown"
BELIEVED_AFTER: Final = 3
"""So many snapshots in a row must leave nobody to be followed before that is believed of a market that is open."""

Sources = Mapping[str, frozenset[Symbol]]
"""Whom each source names now; the names are the reasons."""
Reasons = tuple[str, ...]


class Turn(NamedTuple):
    """Who came into the set and who left it, each with the reasons he has or had last."""

    entered: Mapping[Symbol, Reasons]
    left: Mapping[Symbol, Reasons]


class Attention:
    """Looks at the sources again and again; all times are market time."""

    def __init__(self, cooldown_s: float) -> None:
        self._cooldown_ns = int(cooldown_s * NANOS)
        self._sources: Sources = {}
        self._named: frozenset[Symbol] = frozenset()
        self._cooling: dict[Symbol, tuple[Nanos, Reasons]] = {}
        """Since when no source names them, and why they were followed until then."""
        self._snapshot = 0
        self._empty_snapshots = 0
        self.since: dict[Symbol, Nanos] = {}
        """Whom to follow, and since when without a break."""
        self.desired: frozenset[Symbol] = frozenset()
        self.disbelieved = 0
        """How many snapshots left nobody, and were not believed."""

    def look(self, sources: Sources, now: Nanos, *, in_session: bool, snapshot: int | None = None) -> Turn:
        """Bring the set up to the sources. `snapshot` numbers the one that they are made from, if that is known.

        Only another snapshot is new evidence: the fast re-ranks between two of them see the same market.
        """
        named = frozenset[Symbol]().union(*sources.values())
        if self._doubts(named, snapshot, in_session=in_session):
            sources, named = self._sources, self._named
        gone, came = self._named - named, named - self._named
        self._cooling.update((symbol, (now, _reasons(symbol, self._sources))) for symbol in gone)
        for symbol in came:
            self._cooling.pop(symbol, None)
        self._sources, self._named = sources, named
        return self._turned(came - self.since.keys(), now)

    def because(self, symbol: Symbol) -> Reasons:
        """Why a symbol is followed now."""
        return _reasons(symbol, self._sources) or (COOLDOWN,)

    def _doubts(self, named: frozenset[Symbol], snapshot: int | None, *, in_session: bool) -> bool:
        """Whether this leaves nobody, where somebody was, and too few snapshots say so to be believed."""
        fresh = snapshot is not None and snapshot != self._snapshot
        self._snapshot = self._snapshot if snapshot is None else snapshot
        if named or not self._named or not in_session:
            self._empty_snapshots = 0
            return False
        self._empty_snapshots += fresh
        doubted = self._empty_snapshots < BELIEVED_AFTER
        self.disbelieved += fresh and doubted
        return doubted

    def _turned(self, new: frozenset[Symbol], now: Nanos) -> Turn:
        over = [symbol for symbol, (since, _) in self._cooling.items() if now - since >= self._cooldown_ns]
        left = {symbol: self._cooling.pop(symbol)[1] for symbol in over}
        for symbol in left:
            del self.since[symbol]
        self.since.update(dict.fromkeys(new, now))
        if new or left:
            self.desired = frozenset(self.since)
        return Turn({symbol: self.because(symbol) for symbol in sorted(new)}, left)


def _reasons(symbol: Symbol, sources: Sources) -> Reasons:
    return tuple(name for name, symbols in sources.items() if symbol in symbols)
