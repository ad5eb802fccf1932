"""What the faults of the stream do to connections, requests, frames and events that would be right.

The stream asks here at each place where the vendor could misbehave; with no fault on, everything passes as it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
from aiohttp import WSCloseCode

from tradeul.simulation.exchange.events import Batch
from tradeul.simulation.exchange.stragglers import Unpunctuality
from tradeul.simulation.exchange.stream_frames import BINARY, TEXT, frame
from tradeul.simulation.exchange.subscriptions import NOT_AUTHORIZED, Status, status
from tradeul.simulation.faults import Faults

AUTH_FAILED: Final = status("auth_failed", "authentication failed")
NO_STREAM_PLAN: Final = status(
    "auth_failed",
    "Your plan doesn't include websocket access. Visit https://massive.com/pricing to upgrade.",
)
_HALF_SHARE: Final = 0.5
_ODD_AVERAGE: Final = 12.5
_NANOS_PER_UNIT: Final = {"luld_in_us": 1_000, "luld_in_ms": 1_000_000}
_BAD_EVENTS: Final = (
    b'{"ev":"A","sym":"F","v":"many","o":"ten","c":[],"h":{},"l":null,"s":"now"}',
    b'{"ev":"A","v":100,"o":1.5,"c":1.5,"h":1.5,"l":1.5,"s":1764086400000,"e":1764086401000}',
    b'{"ev":"A","sym":7,"v":100,"o":1e999,"c":-1,"h":NaN,"l":0,"s":1764086400000}',
    b'{"ev":"T","sym":"F","p":null,"s":-5,"c":"37","t":"today"}',
    b'{"ev":"LULD","T":["F"],"h":"high","l":"low","i":21}',
    b'{"ev":"ZZ","sym":"F"}',
    b'{"sym":"F"}',
    b'null,7,"word",[]',
)
_BAD_FRAMES: Final = (b"no json", b'[{"ev":"A","sym":"F","v":1', b'{"ev":"A","sym":"F"}', b"7", b"null", b"")


@dataclass(frozen=True, slots=True)
class Farewell:
    """How a connection is ended in words."""

    said: Status | None
    code: int
    reason: str

    @property
    def why(self) -> str:
        return self.said["status"] if self.said else f"{self.code} {self.reason}".rstrip()


EVICTED: Final = Farewell(
    status("max_connections", "Maximum number of websocket connections exceeded."), WSCloseCode.POLICY_VIOLATION, ""
)
TOO_SLOW: Final = Farewell(
    status("slow_consumer", "The connection does not read fast enough."), WSCloseCode.POLICY_VIOLATION, "slow consumer"
)


class Reset(NamedTuple):
    """An end without words."""

    hard: bool
    """With RST, otherwise with FIN."""


class Mischief:
    """The faults that are on, applied."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.strikes = faults.strikes

    def ends(self) -> Iterator[Farewell | Reset]:
        """What all connections are ended by now."""
        closed, aborted = self._faults.take("close"), self._faults.take("abort")
        if closed is not None:
            yield Farewell(None, int(closed["code"]), str(closed["reason"]))
        if self.strikes("evicted"):
            yield EVICTED
        if self.strikes("slow_consumer"):
            yield TOO_SLOW
        if aborted is not None:
            yield Reset(hard=bool(aborted["reset"]))

    def refusal(self) -> Status | None:
        """What is said to a key, right or not."""
        if self.strikes("auth_failed"):
            return AUTH_FAILED
        return NO_STREAM_PLAN if self.strikes("no_stream_plan") else None

    def heard(self, channels: list[str]) -> list[str]:
        """What reaches us of a request."""
        if self.strikes("lost_requests"):
            return []
        return channels[::2] if self.strikes("partial_acks") else channels

    def answers(self, answers: list[Status]) -> list[Status]:
        """What is said to a request."""
        if self.strikes("lost_acks"):
            answers = []
        return [NOT_AUTHORIZED, *answers] if self.strikes("not_authorized") else answers

    def nanos_per_unit(self) -> int:
        """The unit in which the times of limits are told."""
        return next((nanos for name, nanos in _NANOS_PER_UNIT.items() if self.strikes(name)), 1)

    def habits(self) -> Unpunctuality:
        """How punctual bars are in this second."""
        late, repeated = self._faults.take("late_bars"), self._faults.take("repeated_bars")
        habits: dict[str, Any] = {}
        if late is not None:
            habits |= {"late_share": float(late["share"]), "late_s": float(late["late_s"])}
        if repeated is not None:
            habits |= {"repeated_share": float(repeated["share"]), "grown": True}
        return Unpunctuality(**habits)

    def counted(self, batches: list[Batch]) -> list[Batch]:
        """The second's events with their counts as they are told."""
        if not self.strikes("fractions"):
            return batches
        return [batch._replace(events=[_with_fractions(event) for event in batch.events]) for batch in batches]

    def frames(self, payload: bytes, *, events: bool) -> bytes:
        """The frames that go out where one of this content would: none, this one, or more."""
        if self.strikes("silence") or (events and self.strikes("half_open")):
            return b""
        contents = [_spoilt(payload, self._faults)] if events else [payload]
        if self.strikes("empty_frames"):
            contents = [b"[]", *contents]
        if self.strikes("bad_frames"):
            contents = [*_BAD_FRAMES, *contents]
        flood = self._faults.take("flood")
        copies = 1 if flood is None else int(flood["copies"])
        return _framed(contents, BINARY if self.strikes("binary_frames") else TEXT) * copies


def _framed(contents: Sequence[bytes], kind: int) -> bytes:
    return b"".join(frame(content, kind) for content in contents)


def _spoilt(payload: bytes, faults: Faults) -> bytes:
    """A list of events with bad ones before them, or with them again and again until it is big."""
    if faults.strikes("bad_events"):
        payload = b"[" + b",".join(_BAD_EVENTS) + b"," + payload[1:]
    big = faults.take("big_frames")
    if big is not None:
        inside = payload[1:-1]
        payload = b"[" + b",".join([inside] * max(int(big["bytes"]) // (len(inside) + 1), 1)) + b"]"
    return payload


def _with_fractions(event: bytes) -> bytes:
    content = orjson.loads(event)
    for name in ("v", "av", "s"):
        if name in content and (name != "s" or "p" in content):
            content[name] += _HALF_SHARE
    if "a" in content:
        content["z"] = _ODD_AVERAGE
    return orjson.dumps(content)
