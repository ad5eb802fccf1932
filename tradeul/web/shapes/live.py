"""The frames of the live protocol, by their type. `protocol` makes them; a test holds what it makes against these."""

import datetime as dt
from typing import Annotated, Final, Literal

from pydantic import Field

from tradeul.web.protocol import ErrorCode, FrameType, RequestId
from tradeul.web.shapes.form import (
    FeedName,
    MarketName,
    Milliseconds,
    Played,
    Row,
    SessionName,
    Shape,
    Values,
    sometimes,
)
from tradeul.web.shapes.own import Alert

Crc = Annotated[int, Field(ge=0, lt=2**32)]


class Frame(Shape):
    """What a frame of any type has."""

    type: str


class ListTold(Shape):
    """A list that there is."""

    name: str
    title: str
    size: int
    """How many rows it has at most."""
    columns: tuple[str, ...]
    """The fields of its rows, beside rank and symbol."""


class Limits(Shape):
    """What one connection may."""

    message_bytes: int
    """The longest message that is read; a longer one ends the connection with 1009."""
    messages_per_second: int
    message_burst: int
    """As many may come at once. What is beyond is dropped, and answered by an error."""
    lists: int
    """How many lists it may be subscribed to."""
    symbols: int
    """How many symbols it may watch."""


class HelloFrame(Frame):
    """The first frame of every connection: which life of the server this is, and which lists there are."""

    type: Literal["hello"]
    protocol: int
    epoch: str
    """New at every start of the server. Sequences are of one epoch, and begin anew in the next."""
    server_time: Milliseconds
    market: MarketName
    session: SessionName
    heartbeat_ms: int
    """How often a heartbeat comes. After 12 s without any frame a connection is dead."""
    lists: tuple[ListTold, ...]
    limits: Limits


class SnapshotFrame(Frame):
    """A list as a whole: replace what you hold by it."""

    type: Literal["snapshot"]
    list: str
    epoch: str
    sequence: int
    timestamp: Milliseconds
    """When the state was made, market time."""
    rows: tuple[Row, ...]


class Add(Shape):
    """A symbol entered."""

    action: Literal["add"]
    rank: int
    symbol: str
    data: Values
    """All of the list's columns."""


class Remove(Shape):
    """A symbol left."""

    action: Literal["remove"]
    symbol: str


class Update(Shape):
    """Columns of a symbol changed; null: it became unknown. A rank is never among them."""

    action: Literal["update"]
    symbol: str
    data: Values
    """Only what changed, as it is now."""


class Rerank(Shape):
    """A symbol that stays has another rank."""

    action: Literal["rerank"]
    symbol: str
    old_rank: int
    new_rank: int


Change = Annotated[Add | Remove | Update | Rerank, Field(discriminator="action")]


class Times(Shape):
    """When what changed went through the server, market time: with a row's `updated` it says where time went.

    Rows stood still since, where their `updated` did not change.
    """

    asked: int = sometimes()
    """When the snapshot was asked for, in milliseconds too. Not for live events, which come by themselves."""
    came: Milliseconds
    """When the whole snapshot was there, or the live events were taken."""
    ranked: Milliseconds
    published: Milliseconds
    """From then on viewers are written to."""


class DeltaFrame(Frame):
    """What leads from the state at `prev` to the one at `sequence`.

    It is for whoever holds `prev` of this epoch. Take all changes as a set, then sort by rank: ranks are then 1 to n.
    """

    type: Literal["delta"]
    list: str
    epoch: str
    prev: int
    sequence: int
    timestamp: Milliseconds
    times: Times = sometimes()
    """Of the newest state; not where nothing came, as where a list is defined anew."""
    change_count: int = Field(ge=1)
    """As many as `deltas` has."""
    deltas: Annotated[tuple[Change, ...], Field(min_length=1)]


class SubscribedFrame(Frame):
    """The answer to `subscribe_list`."""

    type: Literal["subscribed"]
    id: RequestId | None
    list: str
    recovered: bool
    """True: nothing was missed, or a delta catches up; false: a snapshot follows."""
    reason: Literal["new", "current", "caught_up", "other_epoch", "too_far_behind"]


class UnsubscribedFrame(Frame):
    """The answer to `unsubscribe_list`; or, unasked and without an id, the list is no more. Nothing of it follows."""

    type: Literal["unsubscribed"]
    id: RequestId | None
    list: str
    reason: Literal["requested", "deleted"]


class AggregateFrame(Frame):
    """A watched symbol as it stands: at once, and then each time that it changes. It changes no row of a list."""

    type: Literal["aggregate"]
    symbol: str
    timestamp: Milliseconds
    times: Times = sometimes()
    """Not where nothing came: a symbol may be looked at between two changes of the market."""
    data: Values


class AlertFrame(Alert, Frame):
    """A rule rang. Every viewer is told."""

    type: Literal["alert"]


class HeartbeatFrame(Frame):
    """The server lives, and this is where your lists are; nothing that a viewer is owed comes after it.

    With the `id` of a `ping`, it is the answer to that.
    """

    type: Literal["heartbeat"]
    id: RequestId = sometimes()
    """Only in an answer."""
    epoch: str
    server_time: Milliseconds
    sequences: dict[str, int]
    """By list, for those that the viewer is subscribed to."""
    checksums: dict[str, Crc]
    """By list: CRC-32 of its state at that sequence."""
    feed_age_ms: int | None
    """How old the market is that is shown; null: there is none yet."""


class JobTold(Shape):
    """Something that is loaded in the background."""

    name: str
    done: int
    total: int
    """0: not known yet."""
    note: str


class StatusFrame(Frame):
    """How feed and market stand: at the start, and each time that it changes."""

    type: Literal["status"]
    market: MarketName
    feed: FeedName
    since: Milliseconds
    reason: str
    """Empty where all is well."""
    session: SessionName
    trading_date: dt.date
    next_session: SessionName
    seconds_until_next_session: int
    jobs: tuple[JobTold, ...]
    lists: tuple[ListTold, ...] = sometimes()
    """Only when they changed: all that there are now."""
    replay: Played = sometimes()
    """Only where a recording is played."""


class ErrorFrame(Frame):
    """A message was not carried out; nothing changed by it."""

    type: Literal["error"]
    id: RequestId | None
    """The message's own, as far as it could be read."""
    code: ErrorCode
    message: str


class ByeFrame(Frame):
    """The server is about to end the connection."""

    type: Literal["bye"]
    reason: str
    retry_after_ms: int
    """When to come back; add some chance to it."""


SHAPES: Final[dict[str, type[Frame]]] = {
    "hello": HelloFrame,
    "snapshot": SnapshotFrame,
    "delta": DeltaFrame,
    "subscribed": SubscribedFrame,
    "unsubscribed": UnsubscribedFrame,
    "aggregate": AggregateFrame,
    "alert": AlertFrame,
    "heartbeat": HeartbeatFrame,
    "status": StatusFrame,
    "error": ErrorFrame,
    "bye": ByeFrame,
}
FRAMES: Final = {frame: SHAPES[frame] for frame in FrameType}
"""The shape of every frame that the server sends."""
