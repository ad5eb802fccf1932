"""Keeps the live feed at what deserves to be followed: acts after each scan, audits now and then, and heals.

The set is derived anew from what the lists show, what is pinned and what is watched, and handed to the feed whole; the
feed sends the difference to what it knows to be subscribed. The audit trusts neither: it makes the set anew, compares
it with what the feed has confirmed, and has the feed look again. The pipeline calls `follow`, the feed's adapter
`connected`, the supervisor `run`; nothing here waits for the vendor.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

import structlog

from tradeul.clock import Clock
from tradeul.domain.attention import Attention, Reasons, Sources
from tradeul.domain.deltas import ListState
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.session import Session
from tradeul.engine.channels import Channels

REMEMBERED: Final = 1_000
LIST: Final = "list:"
"""Before a list's name in a reason."""

log = structlog.get_logger(__name__)


class Link(Protocol):
    """What a live feed says of its connection and of what it brings."""

    @property
    def connected(self) -> bool: ...

    @property
    def authenticated(self) -> bool: ...

    @property
    def since(self) -> Nanos: ...

    @property
    def reconnects(self) -> int: ...

    @property
    def close_codes(self) -> Mapping[int, int]: ...

    @property
    def messages(self) -> int: ...

    @property
    def last_message_at(self) -> Nanos: ...

    @property
    def lag_ms(self) -> int | None: ...

    @property
    def requests(self) -> int: ...

    @property
    def trouble(self) -> str: ...

    @property
    def desired(self) -> frozenset[Symbol]: ...

    @property
    def confirmed(self) -> frozenset[Symbol]: ...

    @property
    def pending(self) -> frozenset[Symbol]: ...


class Feed(Protocol):
    """A live feed that is told what to follow, and can be looked at."""

    @property
    def state(self) -> Link: ...

    def want(self, symbols: frozenset[Symbol]) -> None: ...


class Change(NamedTuple):
    """A symbol that came to be followed, or is followed no more."""

    symbol: Symbol
    action: Literal["subscribed", "unsubscribed"]
    why: Reasons
    """For what it is followed, or was until its cooldown began."""
    session: Session
    at: Nanos


class Audit(NamedTuple):
    """What an audit found, and had put right."""

    drift: int
    """How many symbols were wanted and not known to come, or came and were not wanted."""
    subscribed: int
    unsubscribed: int


@dataclass(slots=True)
class Tally:
    """What was counted since the start."""

    audits: int = 0
    drift: int = 0
    corrections: int = 0
    overlooked: int = 0
    """Symbols that an audit found in a source and not in the set: no scan had told of them."""
    last_at: Nanos | None = None
    promoted: int = 0
    degraded: int = 0


class Reconciler:
    """`sources` name, beside the lists, who is to be followed and why; `session` is the one of the feed's market."""

    def __init__(
        self,
        feed: Feed,
        channels: Channels,
        sources: Mapping[str, Callable[[], frozenset[Symbol]]],
        session: Callable[[], Session],
        clock: Clock,
        cooldown_s: float,
        every_s: float,
    ) -> None:
        self._feed = feed
        self._channels = channels
        self._others = sources
        self._session = session
        self._clock = clock
        self._every_s = every_s
        self._shown: dict[str, tuple[ListState, frozenset[Symbol]]] = {}
        self._unsettled: frozenset[Symbol] = frozenset()
        """What the last audit found amiss; what the next one finds again is trouble."""
        self._stuck: frozenset[Symbol] = frozenset()
        self.attention = Attention(cooldown_s)
        self.tally = Tally()
        self.changes: deque[Change] = deque(maxlen=REMEMBERED)
        """The newest last."""

    @property
    def link(self) -> Link:
        """What the feed says of itself now."""
        return self._feed.state

    async def run(self) -> None:
        """Audit for ever. The pace is the wall's, as the vendor's losses are."""
        while True:
            await self._clock.pause(self._every_s)
            self.audit()

    def follow(self, snapshot: int | None = None) -> None:
        """Bring the set up to its sources, and the feed to the set, at once.

        After a scan `snapshot` numbers the one that the lists stand on. Called ten times a second: 0.2 ms for 11 lists
        of 50 rows, 0.9 for 111.
        """
        now, session = self._clock.now(), self._session()
        attention, disbelieved = self.attention, self.attention.disbelieved
        turn = attention.look(self._sources(), now, in_session=session is not Session.CLOSED, snapshot=snapshot)
        if attention.disbelieved > disbelieved:
            log.warning("empty_lists_not_believed", followed=len(attention.desired), times=attention.disbelieved)
        if not (turn.entered or turn.left):
            return
        self.tally.promoted += len(turn.entered)
        self.tally.degraded += len(turn.left)
        self.changes += (Change(symbol, "unsubscribed", why, session, now) for symbol, why in turn.left.items())
        self.changes += (Change(symbol, "subscribed", why, session, now) for symbol, why in turn.entered.items())
        self._feed.want(attention.desired)

    def connected(self) -> None:
        """There is a new connection, on which nothing is confirmed."""
        self.audit()

    def audit(self) -> Audit:
        """Compare what should be with what is, and have the feed see to the difference."""
        overlooked = frozenset[Symbol]().union(*self._sources().values()) - self.attention.desired
        self.follow()
        found = self._compared(self.attention.desired, self._feed.state)
        tally = self.tally
        tally.audits += 1
        tally.drift += found.drift
        tally.corrections += found.subscribed + found.unsubscribed
        tally.overlooked += len(overlooked)
        tally.last_at = self._clock.now()
        return found

    def drift(self) -> frozenset[Symbol]:
        """Who is wanted and not known to come, or comes and is not wanted; what is not answered yet is not known."""
        return self.attention.desired ^ self._feed.state.confirmed

    @property
    def trouble(self) -> str:
        """Why not all is well with what is followed live; empty if it is."""
        if self.link.trouble:
            return self.link.trouble
        return f"symbols that are not followed live as they should be: {len(self._stuck)}" if self._stuck else ""

    def report(self) -> dict[str, object]:
        """For health and status, in JSON-ready words."""
        link = self.link
        return {
            "connected": link.connected,
            "authenticated": link.authenticated,
            "since": link.since // 1_000_000,
            "reconnects": link.reconnects,
            "lag_ms": link.lag_ms,
            "desired": len(self.attention.desired),
            "confirmed": len(link.confirmed),
            "drift": len(self.drift()),
            "trouble": self.trouble,
        }

    def _compared(self, desired: frozenset[Symbol], link: Link) -> Audit:
        amiss = desired ^ link.confirmed
        # Without a connection nothing can be known, and nothing put right.
        self._stuck = self._unsettled & amiss if link.authenticated else frozenset()
        self._unsettled = amiss if link.authenticated else frozenset()
        known = link.confirmed | link.pending
        missing, left_over = desired - known, known - desired
        if missing or left_over or link.desired != desired:
            self._feed.want(desired)
        if not link.authenticated:
            return Audit(len(amiss), 0, 0)
        if missing or left_over:
            log.info("subscriptions_healed", missing=len(missing), left_over=len(left_over), drift=len(amiss))
        return Audit(len(amiss), len(missing), len(left_over))

    def _sources(self) -> Sources:
        channels = self._channels.by_name.items()
        self._shown = {name: self._rows_of(name, channel.state) for name, channel in channels}
        lists = {LIST + name: symbols for name, (_, symbols) in self._shown.items()}
        return lists | {name: symbols() for name, symbols in self._others.items()}

    def _rows_of(self, name: str, state: ListState) -> tuple[ListState, frozenset[Symbol]]:
        """The symbols that a list shows; made once for each of its states."""
        known = self._shown.get(name)
        if known is not None and known[0] is state:
            return known
        return state, frozenset(row.symbol for row in state.rows)
