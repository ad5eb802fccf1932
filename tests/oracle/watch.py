"""The invariants I1 to I6, written as what is looked at after every step. A `Violation` names the one that broke."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from tests.oracle.life import Connection, Life, Truth
from tests.oracle.peers import Event, Held, Outcome
from tests.oracle.pipe import frame_at
from tests.oracle.way import DELTA, Client
from tradeul.engine import channels
from tradeul.web import standings

NEWEST_S: Final = 0.1
ANSWER_S: Final = 5.0
HEARTBEAT_S: Final = 5.0
ROUNDING_S: Final = 0.001
SLICE_S: Final = 1.0
"""In such steps time passes, so that what is due is seen this late."""
IDLE: Final = Outcome("", 0, [], [], {})
MOST_OTHER_BYTES: Final = 4_096
"""Of frames that are no list's: hello, status, a heartbeat."""


class Violation(AssertionError):
    """A promise about what a viewer is shown was broken."""


def must(holds: object, promise: str, *facts: object) -> None:
    if not holds:
        raise Violation(f"{promise}: {facts}")


class Watcher:
    """Looks at what the server hands over, at what clients hold, and at what they ask for."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._largest = 0
        self._highest: dict[tuple[int, str, str], int] = {}
        self._asked: dict[tuple[int, int, str], float] = {}
        self.resyncs: dict[tuple[int, str], int] = {}

    def written(self, connection: Connection, data: bytes, life: Life, now: float) -> None:
        """I5, and that what goes over one connection makes sense by itself."""
        start = 0
        while (found := frame_at(data, start)) is not None:
            frame, end = found
            self._largest = max(self._largest, end - start)
            start = end
            if frame.text:
                self._said(connection, orjson.loads(frame.text), life, now)
        assert start == len(data), "whole frames are written"

    def _said(self, connection: Connection, message: Mapping[str, Any], life: Life, now: float) -> None:
        kind, following = message["type"], connection.following
        if kind == "subscribed":
            claim = connection.claims.get(message["list"]) if message["recovered"] else None
            following[message["list"]] = claim
        elif kind == "unsubscribed":
            following.pop(message["list"], None)
        elif kind in ("snapshot", "delta"):
            self._handed_over(connection, message, life, now)

    def _handed_over(self, connection: Connection, message: Mapping[str, Any], life: Life, now: float) -> None:
        name, sequence = message["list"], message["sequence"]
        must(message["epoch"] == life.epoch, "one connection is of one life", message)
        must(name in connection.following, "nothing of a list comes outside its subscription", message)
        key = life.epoch, name, sequence
        must(key in self._truth.rows, "what is sent was once published", message)
        late = now - self._truth.superseded_at.get(key, now)
        must(late <= NEWEST_S, "I5: the newest state is handed over", name, sequence, late)
        before = connection.following[name]
        if message["type"] == "delta":
            must(message["prev"] == before, "a delta starts where the viewer is", message, before)
            must(message["change_count"] == len(message["deltas"]) > 0, "a delta counts its changes", message)
            same = self._truth.columns[life.epoch, name, before or 0] == self._truth.columns[key]
            must(same, "other columns take a snapshot", message)
        connection.following[name] = sequence

    def stepped(self, client: Client, event: Event, outcome: Outcome, now: float) -> None:
        """I1, I2, and that evidence of having missed something is not overlooked. `client` is as it was before."""
        peer = client.number
        for name, held in outcome.changed.items():
            if held is None:
                self._highest = {key: n for key, n in self._highest.items() if key[:2] != (peer, name)}
            else:
                self._held(peer, name, held)
        if event[0] == "frame" and event[1] != client.sockets - 1:
            must(outcome[1:] == IDLE[1:], "a frame of an older socket is dropped", peer, event, outcome)
        elif event[0] == "frame" and event[2].startswith(DELTA):
            self._evidence(orjson.loads(event[2]), outcome, client.held)
        for socket, text in outcome.sent:
            self._asks(peer, socket, orjson.loads(text), now)

    def _held(self, peer: int, name: str, held: Held) -> None:
        if held.epoch is not None:
            key = peer, name, held.epoch
            must(held.sequence >= self._highest.get(key, 0), "I2: the sequence never falls", name, held)
            self._highest[key] = held.sequence
        if held.live:
            true = self._truth.at(held.epoch, name, held.sequence)
            must(true == list(held.rows), "I1: rows that are live are the server's", peer, name, held, true)
            self._asked = {key: at for key, at in self._asked.items() if (key[0], key[2]) != (peer, name)}

    @staticmethod
    def _evidence(delta: Mapping[str, Any], outcome: Outcome, before: Mapping[str, Held]) -> None:
        name = delta["list"]
        held = before.get(name)
        if held is None or not held.live:
            return
        after = outcome.changed.get(name, held)
        known = after is None or not after.live or (after.epoch, after.sequence) >= (delta["epoch"], delta["sequence"])
        must(known or outcome.state == "DOWN", "a gap that is seen is not shown as live", name, held, delta)

    def _asks(self, peer: int, socket: int, request: Mapping[str, Any], now: float) -> None:
        """I4: one request about a list is under way at a time, and the next one waits for its answer."""
        if request["action"] != "resync":
            return
        name = request["list"]
        asked = self._asked.get((peer, socket, name))
        must(asked is None or now - asked > ANSWER_S - ROUNDING_S, "I4: one resync at a time", peer, name, now, asked)
        self._asked[peer, socket, name] = now
        self.resyncs[peer, name] = self.resyncs.get((peer, name), 0) + 1

    def bounds(self, life: Life, connection: Connection, now: float) -> None:
        """I4: what one viewer may cost; and that it hears something in time, so that I3 can hold."""
        quiet = now - connection.heard_at if connection.pipe.read and connection.served else 0.0
        must(quiet <= HEARTBEAT_S + SLICE_S, "a viewer that reads hears something every 5 s", now, quiet)
        most = standings.BLOCK_BYTES + self._largest + MOST_OTHER_BYTES
        must(connection.pipe.most_buffered <= most, "I4: what waits for a viewer is bounded", most)
        must(len(life.hub) <= 1_000, "I4: viewers that are gone are forgotten")

    def ring(self, life: Life, now: float) -> None:
        """I4: the ring, after a publication: bounded in time and bytes, but never under ten seconds."""
        kept = [entry for channel in life.channels.by_name.values() for entry in channel.past]
        must(all(now - at <= channels.RING_SECONDS for at, _, _ in kept), "I4: the ring is bounded in time")
        if kept and now - min(at for at, _, _ in kept) > channels.RING_LEAST_SECONDS:
            must(sum(size for _, size, _ in kept) <= channels.RING_BYTES, "I4: the ring is bounded in bytes")
