"""What is said about the lists that a program follows, over one connection after another, without a socket.

Messages go in, messages to send come out. Pure; `scanner.py` owns the socket and carries out. `Retry` says how long
to stay away after a connection ended.
"""

from collections.abc import Callable
from typing import Final

from tradeul.client.list_sync import ListSync
from tradeul.client.rankings import Message
from tradeul.errors import TradeulError

MOST_UNANSWERED: Final = 3
STALE_S: Final = 12.0
"""The server says something every 5 s; after this long what is held is no longer called live."""
SILENCE_S: Final = 15.0
"""After this long the connection is dead."""
FIRST_RETRY_S: Final = 2.0
LONGEST_RETRY_S: Final = 20.0
HEALTHY_S: Final = 30.0
"""A connection that lived this long was a good one: the next wait is drawn from the shortest span again."""
FIRST_FINAL_CLOSE_CODE: Final = 4500


class ServerLost(TradeulError):
    """The server cannot be reached, fell silent, or does not answer what it must."""


class Conversation:
    """The lists that are followed, each in step with the server or on its way there."""

    def __init__(self) -> None:
        self.lists: dict[str, ListSync] = {}
        self.offered: tuple[str, ...] | None = None
        """The lists that the server has; None before it said so."""
        self.retry_after_s = 0.0
        """How long the server asked to stay away, besides what everybody waits."""
        self._epoch: str | None = None
        self._requests: dict[int, str] = {}
        self._last_id = 0

    @property
    def greeted(self) -> bool:
        """The server of this connection introduced itself."""
        return self._epoch is not None

    def follow(self, *names: str) -> None:
        """Follow lists from the next connection on."""
        for name in names:
            self.lists.setdefault(name, ListSync(name))

    def opened(self, now: float) -> list[Message]:
        """Begin on a new connection: everything that is followed is subscribed to, from what is held of it."""
        self.retry_after_s = 0.0
        self._epoch = None
        self._requests.clear()
        return [self.subscribe(name, now) for name in self.lists]

    def closed(self) -> None:
        for sync in self.lists.values():
            sync.disconnect()

    def subscribe(self, name: str, now: float) -> Message:
        sync = self.lists.setdefault(name, ListSync(name))
        return self._numbered(sync.subscription(now))

    def unsubscribe(self, name: str) -> Message:
        self._let_go(name)
        return {"action": "unsubscribe_list", "list": name}

    def take_in(self, message: Message, now: float) -> list[Message]:
        """Take what the server said; `ServerLost` when it does not answer what it must."""
        kind, name = message["type"], message.get("list")
        if kind == "subscribed":
            self._subscribed(message)
        elif kind == "unsubscribed" and message["reason"] != "requested":
            self._gone(str(name))
        elif kind == "error":
            self._refused(message)
        elif kind == "bye":
            self.retry_after_s = message["retry_after_ms"] / 1_000
        self._learn(message)
        requests = [self._asked(sync, message, now) for sync in self.lists.values()]
        return [request for request in requests if request is not None]

    def _asked(self, sync: ListSync, message: Message, now: float) -> Message | None:
        concerned = message["type"] == "heartbeat" or message.get("list") == sync.name
        request = (sync.step(message, now) if concerned else None) or sync.overdue(now)
        if sync.unanswered >= MOST_UNANSWERED:
            raise ServerLost(f"{sync.name}: no answer to {MOST_UNANSWERED} requests")
        return None if request is None else self._numbered(request)

    def _learn(self, message: Message) -> None:
        if message["type"] == "hello":
            self._epoch = message["epoch"]
        if message["type"] in ("hello", "status") and "lists" in message:
            self.offered = tuple(found["name"] for found in message["lists"])

    def _subscribed(self, message: Message) -> None:
        """Only the answer to what was asked last says anything about what is held now."""
        sync = self.lists.get(message["list"])
        if sync is not None and self._requests.pop(message["id"], None) == sync.name:
            sync.subscribed(recovered=message["recovered"] and sync.rankings.epoch == self._epoch)

    def _refused(self, message: Message) -> None:
        name = self._requests.pop(message["id"], None)
        if name is not None and message["code"] == "unknown_list":
            self._gone(name)
        elif name is not None and message["code"] == "too_many":
            self._let_go(name)

    def _gone(self, name: str) -> None:
        """The server has this list no more; that it has it again, it says."""
        self._let_go(name)
        self.offered = tuple(other for other in self.offered or () if other != name)

    def _let_go(self, name: str) -> None:
        self.lists.pop(name, None)
        self._forget_requests(name)

    def _forget_requests(self, name: str) -> None:
        self._requests = {number: asked for number, asked in self._requests.items() if asked != name}

    def _numbered(self, request: Message) -> Message:
        self._forget_requests(request["list"])
        self._last_id += 1
        self._requests[self._last_id] = request["list"]
        return {**request, "id": self._last_id}


class Retry:
    """How long to stay away: full jitter spreads the clients of a restarted server over the whole wait."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._longest_s = FIRST_RETRY_S

    def wait_s(self, lived_s: float, retry_after_s: float) -> float:
        """`lived_s`: how long the connection was good for; 0 where there was none."""
        if lived_s >= HEALTHY_S:
            self._longest_s = FIRST_RETRY_S
        longest = self._longest_s
        self._longest_s = min(LONGEST_RETRY_S, 2 * longest)
        return retry_after_s + self._chance() * longest
