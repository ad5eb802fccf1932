"""The live protocol, defined once: its words, its limits, what a viewer may say, and the bytes of what it is told.

Pure: no socket, no clock. Wire times are integer milliseconds UTC. Read by everything in `web`; the page's
`protocol.js` and `tradeul.client` know the same words from the documentation, and tests hold them equal.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Final, Literal, Never

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from tradeul.domain.alerts import Alert
from tradeul.domain.deltas import Change, ListState, Times, wire_rows
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.scans import Scan
from tradeul.domain.session import Moment
from tradeul.engine.playback import Playing
from tradeul.engine.ports import FeedState, JobNews
from tradeul.engine.watches import MOST_WATCHED
from tradeul.errors import TradeulError
from tradeul.web.depth import MAX_DEPTH, is_too_deep

PROTOCOL: Final = 1
HEARTBEAT_MS: Final = 5_000

MAX_MESSAGE_BYTES: Final = 4_096
MESSAGES_PER_SECOND: Final = 20
MESSAGE_BURST: Final = 64
MAX_DROPPED: Final = 100
"""Messages beyond the rate that are dropped within `DROPPED_WINDOW_S` before the viewer is sent away."""
DROPPED_WINDOW_S: Final = 10.0
MAX_LISTS: Final = 128
"""Lists that one viewer may be subscribed to."""

# JSON's own safe range: beyond it a browser could not give the number back.
LARGEST_NUMBER: Final = 2**53 - 1
LONGEST_ID: Final = 64
LONGEST_SYMBOL: Final = 32
LONGEST_TOKEN: Final = 256
LONGEST_COMPLAINT: Final = 200

# RFC 6455, 5.2: one whole frame from a server, which never masks, and the lengths that fit its three headers.
_TEXT_FRAME: Final = 0x81
_CLOSE_FRAME: Final = 0x88
_PING_FRAME: Final = 0x89
_PONG_FRAME: Final = 0x8A
_SHORT: Final = 125
_MIDDLE: Final = 65_535
_MIDDLE_MARK: Final = 126
_LONG_MARK: Final = 127


class FrameType(StrEnum):
    """What a frame from the server is."""

    HELLO = "hello"
    SNAPSHOT = "snapshot"
    DELTA = "delta"
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    AGGREGATE = "aggregate"
    ALERT = "alert"
    HEARTBEAT = "heartbeat"
    STATUS = "status"
    ERROR = "error"
    BYE = "bye"


class Action(StrEnum):
    """What a viewer may ask for."""

    SUBSCRIBE_LIST = "subscribe_list"
    UNSUBSCRIBE_LIST = "unsubscribe_list"
    RESYNC = "resync"
    WATCH = "watch"
    UNWATCH = "unwatch"
    PING = "ping"
    AUTH = "auth"


class ErrorCode(StrEnum):
    """Why a request of a viewer was not carried out."""

    BAD_REQUEST = "bad_request"
    UNKNOWN_LIST = "unknown_list"
    UNKNOWN_SYMBOL = "unknown_symbol"
    RATE_LIMITED = "rate_limited"
    TOO_MANY = "too_many"
    STARTING = "starting"
    UNAUTHORISED = "unauthorised"


class CloseCode(IntEnum):
    """Why a connection ended. After 4000 to 4499 a viewer comes back, after 4500 to 4999 it does not."""

    LEFT = 1001
    BINARY = 1003
    BAD_UTF8 = 1007
    TOO_BIG = 1009
    BUG = 1011
    RESTART = 1012
    FULL = 1013
    SLOW = 4000
    DID_NOT_SUBSCRIBE = 4001
    TOO_FAST = 4002
    REPLACED = 4003
    BAD_REQUESTS = 4500
    UNAUTHORISED = 4501
    TOO_MANY_CONNECTIONS = 4503
    PROTOCOL_TOO_OLD = 4504


Recovery = Literal["new", "current", "caught_up", "other_epoch", "too_far_behind"]
"""Why a subscription starts as it does: nothing claimed, nothing missed, one delta, or a snapshot after all."""


class BadRequest(TradeulError):
    """A viewer's message is not one of this protocol. `request_id` is its own, as far as it could be read."""

    def __init__(self, request_id: "RequestId | None", message: str) -> None:
        super().__init__(message)
        self.request_id = request_id


RequestId = (
    Annotated[int, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
    | Annotated[str, StringConstraints(max_length=LONGEST_ID)]
)
SymbolName = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_SYMBOL)]
LastSequence = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]


class Request(BaseModel):
    """What all requests have in common. Fields of later protocols are ignored, known ones are never coerced."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    id: RequestId | None = None


class ListRequest(Request):
    list: str


class SubscribeList(ListRequest):
    """Follow a list, from `last_sequence` of `epoch` if the viewer has seen that state."""

    action: Literal["subscribe_list"]
    epoch: str | None = None
    last_sequence: LastSequence | None = None


class UnsubscribeList(ListRequest):
    action: Literal["unsubscribe_list"]


class Resync(ListRequest):
    """Send a snapshot, whatever the viewer holds."""

    action: Literal["resync"]
    epoch: str | None = None
    last_sequence: LastSequence | None = None


class SymbolsRequest(Request):
    symbols: Annotated[list[SymbolName], Field(min_length=1)]


class Watch(SymbolsRequest):
    """Tell of these symbols too, whatever lists they are in: as they are now, and each time that changes."""

    action: Literal["watch"]


class Unwatch(SymbolsRequest):
    action: Literal["unwatch"]


class Ping(Request):
    action: Literal["ping"]


class Auth(Request):
    """Show a token, as the first thing said where the upgrade could not."""

    action: Literal["auth"]
    token: Annotated[str, StringConstraints(max_length=LONGEST_TOKEN)]


AnyRequest = SubscribeList | UnsubscribeList | Resync | Watch | Unwatch | Ping | Auth

_REQUEST: Final[TypeAdapter[AnyRequest]] = TypeAdapter(Annotated[AnyRequest, Field(discriminator="action")])
_REQUEST_ID: Final[TypeAdapter[RequestId | None]] = TypeAdapter(RequestId | None, config=ConfigDict(strict=True))


def request_of(text: str) -> AnyRequest:
    """Read a viewer's message; `BadRequest` names what is wrong with it."""
    if is_too_deep(text.encode(errors="replace")):
        raise BadRequest(None, f"nested more than {MAX_DEPTH} deep")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadRequest(None, "this is not JSON") from None
    if not isinstance(message, dict):
        raise BadRequest(None, "a message is a JSON object")
    try:
        return _REQUEST.validate_python(message)
    except ValidationError as error:
        _complain(message, error)


def _complain(message: Mapping[str, object], error: ValidationError) -> Never:
    try:
        request_id = _REQUEST_ID.validate_python(message.get("id"))
    except ValidationError:
        request_id = None
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # A model's field comes after the action that chose the model.
    where = ".".join(str(part) for part in first["loc"][1:]) or "action"
    raise BadRequest(request_id, f"{where}: {first['msg']}"[:LONGEST_COMPLAINT]) from None


def hello(epoch: str, now: Nanos, market: str, moment: Moment, scans: Iterable[Scan]) -> bytes:
    return orjson.dumps(
        {
            "type": FrameType.HELLO,
            "protocol": PROTOCOL,
            "epoch": epoch,
            "server_time": milliseconds(now),
            "market": market,
            "session": moment.session,
            "heartbeat_ms": HEARTBEAT_MS,
            "lists": [_told(scan) for scan in scans],
            "limits": {
                "message_bytes": MAX_MESSAGE_BYTES,
                "messages_per_second": MESSAGES_PER_SECOND,
                "message_burst": MESSAGE_BURST,
                "lists": MAX_LISTS,
                "symbols": MOST_WATCHED,
            },
        }
    )


def _told(scan: Scan) -> Mapping[str, object]:
    return {"name": scan.name, "title": scan.title, "size": scan.size, "columns": scan.columns}


def snapshot(name: str, epoch: str, state: ListState) -> bytes:
    return orjson.dumps(
        {
            "type": FrameType.SNAPSHOT,
            "list": name,
            "epoch": epoch,
            "sequence": state.sequence,
            "timestamp": state.timestamp,
            "rows": wire_rows(state),
        }
    )


def delta(name: str, epoch: str, prev: int, state: ListState, changes: Sequence[Change]) -> bytes:
    return orjson.dumps(
        {
            "type": FrameType.DELTA,
            "list": name,
            "epoch": epoch,
            "prev": prev,
            "sequence": state.sequence,
            "timestamp": state.timestamp,
            **_times(state.times),
            "change_count": len(changes),
            "deltas": changes,
        }
    )


def _times(times: Times | None) -> Mapping[str, object]:
    if times is None:
        return {}
    return {"times": {stage: milliseconds(at) for stage, at in times._asdict().items() if at is not None}}


def subscribed(request_id: RequestId | None, name: str, recovery: Recovery) -> bytes:
    recovered = recovery in ("current", "caught_up")
    return _reply(FrameType.SUBSCRIBED, request_id, list=name, recovered=recovered, reason=recovery)


def unsubscribed(
    request_id: RequestId | None, name: str, reason: Literal["requested", "deleted"] = "requested"
) -> bytes:
    return _reply(FrameType.UNSUBSCRIBED, request_id, list=name, reason=reason)


def aggregate(symbol: Symbol, at: Nanos, values: Mapping[str, object], times: Times | None = None) -> bytes:
    """Tell how a watched symbol stands; `values` are all of the live fields, null where unknown."""
    head = {"type": FrameType.AGGREGATE, "symbol": symbol, "timestamp": milliseconds(at)}
    return orjson.dumps({**head, **_times(times), "data": values})


def alert(rang: Alert) -> bytes:
    return orjson.dumps({"type": FrameType.ALERT, **alert_fields(rang)})


def alert_fields(rang: Alert) -> dict[str, object]:
    """An alert as it is told, in a frame and elsewhere."""
    return {
        "id": rang.id,
        "rule": rang.rule,
        "symbol": rang.symbol,
        "list": rang.list,
        "timestamp": milliseconds(rang.at),
        "text": rang.text,
        "data": rang.data,
    }


def error(request_id: RequestId | None, code: ErrorCode, message: str) -> bytes:
    return _reply(FrameType.ERROR, request_id, code=code, message=message)


def heartbeat(
    epoch: str,
    now: Nanos,
    sequences: Mapping[str, int],
    checksums: Mapping[str, int],
    feed_age_ms: int | None,
    request_id: RequestId | None,
) -> bytes:
    frame: dict[str, Any] = {
        "type": FrameType.HEARTBEAT,
        "epoch": epoch,
        "server_time": milliseconds(now),
        "sequences": sequences,
        "checksums": checksums,
        "feed_age_ms": feed_age_ms,
    }
    if request_id is not None:
        frame["id"] = request_id
    return orjson.dumps(frame)


def status(
    market: str,
    feed: FeedState,
    moment: Moment,
    jobs: Iterable[JobNews] = (),
    scans: Iterable[Scan] | None = None,
    playing: Playing | None = None,
) -> bytes:
    """How feed and market stand, and what is loaded in the background: an empty list where nothing is.

    `market` again, as only its first snapshot tells that a feed is delayed; the lists when they have changed.
    """
    more: dict[str, object] = {} if scans is None else {"lists": [_told(scan) for scan in scans]}
    if playing is not None:
        more["replay"] = played_fields(playing, moment.instant)
    return orjson.dumps(
        {
            "type": FrameType.STATUS,
            "market": market,
            "feed": feed.state,
            "since": milliseconds(feed.since),
            "reason": feed.reason,
            "session": moment.session,
            "trading_date": moment.trading_date,
            "next_session": moment.next_session,
            "seconds_until_next_session": moment.seconds_until_next_session,
            "jobs": [news._asdict() for news in jobs],
            **more,
        }
    )


def played_fields(playing: Playing, at: Nanos) -> dict[str, object]:
    """How a recording is played, and where it stands."""
    moments = {"first": milliseconds(playing.first), "last": milliseconds(playing.last), "at": milliseconds(at)}
    return {**playing._asdict(), **moments}


def bye(reason: str, retry_after_ms: int) -> bytes:
    return orjson.dumps({"type": FrameType.BYE, "reason": reason, "retry_after_ms": retry_after_ms})


def _reply(frame_type: FrameType, request_id: RequestId | None, **fields: object) -> bytes:
    return orjson.dumps({"type": frame_type, "id": request_id, **fields})


def milliseconds(instant: Nanos) -> int:
    return instant // 1_000_000


def text_frame(payload: bytes) -> bytes:
    """Make a payload ready to be written, as it is, to any number of viewers."""
    length = len(payload)
    if length <= _SHORT:
        return struct.pack("!BB", _TEXT_FRAME, length) + payload
    if length <= _MIDDLE:
        return struct.pack("!BBH", _TEXT_FRAME, _MIDDLE_MARK, length) + payload
    return struct.pack("!BBQ", _TEXT_FRAME, _LONG_MARK, length) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    return _control_frame(_CLOSE_FRAME, struct.pack("!H", code) + reason.encode())


def ping_frame() -> bytes:
    return _control_frame(_PING_FRAME, b"")


def pong_frame(payload: bytes) -> bytes:
    """Answer a viewer's own ping with what it sent."""
    return _control_frame(_PONG_FRAME, payload)


def _control_frame(kind: int, payload: bytes) -> bytes:
    return struct.pack("!BB", kind, len(payload)) + payload
