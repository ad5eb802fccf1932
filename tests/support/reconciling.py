"""A reconciler over two lists and pins, and a feed that says what a test has it say."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.feed_desk import wanted
from tests.support.market import CALENDAR, at
from tests.support.web import row, scan
from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.session import Session, moment_at
from tradeul.engine.channels import Channels
from tradeul.engine.reconciler import Reconciler

START = at("10:00")
NEVER = Nanos(0)
EVERY_S = 30.0
COOLDOWN_S = 60.0


@dataclass(frozen=True)
class Link:
    """A connection as a feed tells of it."""

    connected: bool = True
    authenticated: bool = True
    since: Nanos = START
    reconnects: int = 0
    close_codes: Mapping[int, int] = field(default_factory=dict)
    messages: int = 0
    last_message_at: Nanos = NEVER
    lag_ms: int | None = None
    requests: int = 0
    trouble: str = ""
    desired: frozenset[Symbol] = frozenset()
    confirmed: frozenset[Symbol] = frozenset()
    pending: frozenset[Symbol] = frozenset()


class Feed:
    """A feed that confirms at once what is wanted, unless the test has it say something else."""

    def __init__(self) -> None:
        self.state = Link()
        self.heard: list[frozenset[Symbol]] = []
        self.deaf = False

    def want(self, symbols: frozenset[Symbol]) -> None:
        self.heard.append(symbols)
        if not self.deaf:
            self.says(desired=symbols, confirmed=symbols, pending=frozenset())

    def says(self, **known: Any) -> None:
        self.state = replace(self.state, **known)


class Desk:
    """A reconciler over two lists and pins, and the feed it drives."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.channels = Channels("epoch", [scan("gappers"), scan("losers")], self.clock)
        self.pins: frozenset[Symbol] = frozenset()
        self.feed = Feed()
        self.reconciler = Reconciler(
            self.feed, self.channels, {"pin": lambda: self.pins}, self._session, self.clock, COOLDOWN_S, EVERY_S
        )
        self._snapshots = 0

    def _session(self) -> Session:
        return moment_at(CALENDAR, self.clock.now()).session

    def show(self, **lists: str) -> None:
        """A snapshot after which these lists have one row per letter."""
        self._snapshots += 1
        self.publish(**lists)
        self.reconciler.follow(self._snapshots)

    def publish(self, **lists: str) -> None:
        """Change lists without anybody being told."""
        self.channels.publish({name: tuple(map(row, letters)) for name, letters in lists.items()}, 0)

    def tell(self, **known: str) -> None:
        """The feed says that it stands so, one letter per symbol."""
        self.feed.says(**{name: wanted(*letters) for name, letters in known.items()})
