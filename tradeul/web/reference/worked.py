"""A worked example of the live protocol: a short conversation about one list, every frame of it real.

The protocol's own functions make the frames, the checksum too, so the example cannot drift from what is sent. The
document of the protocol takes its examples from here, and the page shows the whole.
"""

import datetime as dt
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, Literal, NamedTuple

import orjson

from tradeul.domain.alerts import Alert
from tradeul.domain.deltas import ListState, Row, Times, checksum, checksum_text, diff
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.scans import Scan
from tradeul.domain.session import NANOS, TradingCalendar, instant_of, moment_at
from tradeul.engine.ports import FeedState
from tradeul.web import protocol
from tradeul.web.protocol import Action, ErrorCode

EPOCH: Final = "8f14e45fceea167a"
NAME: Final = "gappers_up"
COLUMNS: Final = ("price", "gap_percent")
LIST: Final = Scan(NAME, "Gappers up", "gap_percent >= 2", "gap_percent desc", columns=COLUMNS)
AT: Final = instant_of(dt.date(2026, 11, 18), dt.time(9, 31))
MOMENT: Final = moment_at(TradingCalendar({}, ()), AT)
SNAPSHOT_S: Final = 5
MS_NS: Final = 1_000_000
FIRST: Final = 41


class Step(NamedTuple):
    """One message: who says it, what it means, and what it is."""

    by: Literal["you", "server"]
    words: str
    message: dict[str, Any]


def _state(sequence: int, **rows: tuple[float, float]) -> ListState:
    when = Nanos(AT + (sequence - FIRST) * SNAPSHOT_S * NANOS)
    times = Times(*(Nanos(when + after_ms * MS_NS) for after_ms in (-120, 220, 226, 228)))
    held = tuple(Row(Symbol(symbol), values) for symbol, values in rows.items())
    return ListState(sequence, protocol.milliseconds(when), COLUMNS, held, times)


STATES: Final = (
    _state(FIRST, ALFA=(12.5, 25.0), BETA=(8.4, 12.0), GAMA=(3.06, 2.0)),
    _state(FIRST + 1, DELT=(7.15, 43.0), ALFA=(12.5, 25.0), BETA=(8.42, 12.0)),
    _state(FIRST + 2, DELT=(7.2, 43.0), ALFA=(12.5, 25.0), BETA=(8.42, 12.0)),
    _state(FIRST + 3, ALFA=(12.6, 25.0), BETA=(8.42, 12.0)),
)


@cache
def conversation() -> tuple[Step, ...]:
    """Subscribe, hold a list, lose step, and be put right."""
    return tuple(_steps())


def hashed() -> str:
    """The text that the checksum of the conversation's heartbeat is made of."""
    return checksum_text(STATES[1].rows, COLUMNS)


def _steps() -> Iterator[Step]:
    first, second, third, fourth = STATES
    hello = protocol.hello(EPOCH, AT, "simulated", MOMENT, [LIST])
    yield _heard("The server begins. Keep `epoch`, and look up the list's columns.", hello)
    status = protocol.status("simulated", FeedState("live", AT, "", 1_200), MOMENT)
    yield _heard("How fresh the market is. It comes again whenever that changes.", status)
    wish = {"action": Action.SUBSCRIBE_LIST, "list": NAME, "id": 1}
    yield Step("you", "You ask for a list. The `id` is yours, and comes back.", wish)
    yield _heard("It is granted; you hold nothing yet, so a snapshot follows.", protocol.subscribed(1, NAME, "new"))
    yield _heard(f"The list as a whole: you are at {first.sequence}.", protocol.snapshot(NAME, EPOCH, first))
    yield _heard(
        f"`prev` is {first.sequence}, which is where you are: one symbol left, one entered at the top, a price "
        f"changed, and two have another rank. You are at {second.sequence}.",
        _delta(first, second),
    )
    yield _heard(
        f"Every 5 s. Your sequence is {second.sequence}, and your checksum is the same: you hold what it holds.",
        _heartbeat(second, None),
    )
    yield _heard(
        f"`prev` is {third.sequence}, and you are at {second.sequence}: something got lost. Change nothing, ask once, "
        "and drop what else comes of this list until you are answered.",
        _delta(third, fourth),
    )
    claim = {"action": Action.RESYNC, "list": NAME, "epoch": EPOCH, "last_sequence": second.sequence}
    yield Step("you", "You ask for the whole.", claim)
    yield _heard(f"You are at {fourth.sequence}, and right again.", protocol.snapshot(NAME, EPOCH, fourth))
    yield Step("you", "Ask for a heartbeat whenever you want one.", {"action": Action.PING, "id": "a"})
    yield _heard("The answer comes after all that you are owed.", _heartbeat(fourth, "a"))


@cache
def examples() -> tuple[dict[str, Any], ...]:
    """A message of every kind that there is an example of."""
    alert = Alert(7, AT, "runners", Symbol("ALFA"), NAME, "ALFA entered Gappers up", "", {"price": 12.5})
    more = (
        protocol.aggregate(Symbol("ALFA"), AT, {"price": 12.5, "volume_today": 81_200, "bid": None}),
        protocol.alert(alert),
        protocol.unsubscribed(2, NAME),
        protocol.error(3, ErrorCode.UNKNOWN_LIST, "there is no such list"),
        protocol.bye("restart", 1_000),
    )
    said: tuple[dict[str, Any], ...] = (
        {"action": Action.UNSUBSCRIBE_LIST, "list": NAME, "id": 2},
        {"action": Action.WATCH, "symbols": ["ALFA", "BRK.B"], "id": 4},
        {"action": Action.UNWATCH, "symbols": ["BRK.B"], "id": 5},
        {"action": Action.AUTH, "token": "tradeul_..."},
    )
    return (*(step.message for step in conversation()), *said, *(orjson.loads(frame) for frame in more))


def _heard(words: str, frame: bytes) -> Step:
    return Step("server", words, orjson.loads(frame))


def _delta(old: ListState, new: ListState) -> bytes:
    return protocol.delta(NAME, EPOCH, old.sequence, new, diff(old.rows, new.rows, COLUMNS))


def _heartbeat(state: ListState, request_id: str | None) -> bytes:
    now = Nanos(state.timestamp * 1_000_000 + NANOS)
    return protocol.heartbeat(EPOCH, now, {NAME: state.sequence}, {NAME: checksum(state)}, 1_000, request_id)
