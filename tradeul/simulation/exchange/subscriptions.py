"""What one connection has subscribed to, and the vendor's answers when that changes: pure bookkeeping, no socket.

What is held already, what is not held and what no one knows gets no answer. A topic that the plan does not have is
refused without being named, first, and the rest is still confirmed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tradeul.domain.events import Bools
from tradeul.simulation.exchange.events import LIMITS, MINUTE_BARS, QUOTES, SECOND_BARS, TRADES, Batch
from tradeul.simulation.universe import Universe

TOPICS: Final = frozenset({SECOND_BARS, MINUTE_BARS, TRADES, QUOTES, LIMITS, "FMV", "NOI"})
"""What the vendor sends to some account or other."""
_ALL: Final = "*"

Status = dict[str, str]


def status(name: str, message: str) -> Status:
    return {"ev": "status", "status": name, "message": message}


NOT_AUTHORIZED: Final = status("error", "not authorized")


@dataclass(frozen=True, slots=True)
class Directory:
    """Where each symbol is, which ones a wildcard means, and the topics that there are for this account."""

    rows: Mapping[str, int]
    listed: Bools
    topics: frozenset[str]


def directory_of(universe: Universe, topics: frozenset[str]) -> Directory:
    """Shares over the counter are sent only to who names them."""
    return Directory({str(symbol): row for row, symbol in enumerate(universe.symbols)}, ~universe.traits.otc, topics)


@dataclass(slots=True)
class _Holding:
    named: Bools
    everything: bool = False


@dataclass(slots=True)
class Subscriptions:
    """The channels of one connection, and per topic which rows they mean."""

    directory: Directory
    channels: set[str] = field(default_factory=set)
    _holdings: dict[str, _Holding] = field(default_factory=dict)

    def changed(self, action: str, channels: Iterable[str]) -> list[Status]:
        """Do as asked and give the answers."""
        if action == "subscribe":
            return list(self._added(list(channels)))
        if action == "unsubscribe":
            return list(self._removed(channels))
        return []

    def clear(self) -> None:
        self.channels.clear()
        self._holdings.clear()

    def mask(self, topic: str) -> Bools | None:
        """Which rows of a topic are wanted; None: there is none."""
        holding = self._holdings.get(topic)
        if holding is None:
            return None
        return holding.named | self.directory.listed if holding.everything else holding.named

    def picked(self, batches: Iterable[Batch]) -> list[bytes]:
        """The events that are for this connection, as of now."""
        masks = {topic: self.mask(topic) for topic in self._holdings}
        picked: list[bytes] = []
        for batch in batches:
            mask = masks.get(batch.topic)
            if mask is None:
                continue
            mine = mask[batch.rows]
            picked += batch.events if mine.all() else [batch.events[place] for place in np.flatnonzero(mine).tolist()]
        return picked

    def _added(self, channels: list[str]) -> Iterator[Status]:
        topics = {_parts(channel)[0] for channel in channels}
        if topics & (TOPICS - self.directory.topics):
            yield NOT_AUTHORIZED
        for channel in channels:
            topic, symbol = _parts(channel)
            if topic in self.directory.topics and symbol and channel not in self.channels:
                self.channels.add(channel)
                self._set(topic, symbol, wanted=True)
                yield status("success", f"subscribed to: {channel}")

    def _removed(self, channels: Iterable[str]) -> Iterator[Status]:
        for channel in channels:
            if channel in self.channels:
                self.channels.discard(channel)
                self._set(*_parts(channel), wanted=False)
                yield status("success", f"unsubscribed to: {channel}")

    def _set(self, topic: str, symbol: str, *, wanted: bool) -> None:
        holding = self._holdings.setdefault(topic, _Holding(np.zeros(len(self.directory.listed), np.bool_)))
        if symbol == _ALL:
            holding.everything = wanted
        elif symbol in self.directory.rows:
            holding.named[self.directory.rows[symbol]] = wanted


def _parts(channel: str) -> tuple[str, str]:
    """Topic and symbol: the first dot parts them, further ones belong to the symbol."""
    topic, _, symbol = channel.partition(".")
    return topic, symbol
