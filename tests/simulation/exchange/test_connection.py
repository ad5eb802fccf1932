"""One peer of the stream, and what sending to it costs the loop."""

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any

import orjson

from tests.support.market import at
from tests.support.simulated import played, small_market, tape_at
from tradeul.clock import ManualClock
from tradeul.simulation.exchange.events import EVENTS_PER_BATCH
from tradeul.simulation.exchange.stream import Patience, Stream
from tradeul.simulation.faults import Faults
from tradeul.simulation.plans import PLANS


class Wire(asyncio.Transport):
    """Keeps what is written; so many bytes of it are said to wait still."""

    def __init__(self, waiting: int = 0) -> None:
        super().__init__()
        self.waiting = waiting
        self.written: list[bytes] = []
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True


def stream() -> Stream:
    clock = ManualClock(at("09:30"))
    return Stream(small_market().universe, clock, None, PLANS["advanced"], Faults(clock), Patience(buffer_bytes=1000))


def pauses_in(work: Coroutine[Any, Any, None]) -> int:
    """How often the work lets others run."""
    pauses = 0
    while True:
        try:
            work.send(None)
        except StopIteration:
            return pauses
        pauses += 1


def published(channels: str, *wires: Wire) -> int:
    """Publish the first second of the session to peers that hold the same; give how often others could run."""
    serving = stream()
    for number, wire in enumerate(wires):
        connection = serving.connection(wire)
        connection.held.changed("subscribe", channels.split(","))
        serving.admit(str(number), connection)
    tape = tape_at("09:30")
    trades = played(tape)
    return pauses_in(serving.publish(tape, trades))


def content_of(frame: bytes) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = orjson.loads(frame[frame.index(b"[") :])
    return content


def test_a_busy_second_is_encoded_in_slices() -> None:
    """With every trade of the open to send, others run after every few hundred events."""
    wire = Wire()

    pauses = published("T.*", wire)

    events = len(content_of(wire.written[0]))
    assert events > 3 * EVENTS_PER_BATCH
    assert pauses >= events // EVENTS_PER_BATCH - 2


def test_only_what_is_held_is_worked_out() -> None:
    """For one symbol's bars nothing else is encoded, so there is no need to pause; for no holder neither."""
    assert published("A.NVDA", Wire()) == 0
    assert published("ZZ.NVDA", Wire()) == 0


def test_a_second_subscriber_costs_no_second_encoding() -> None:
    """Twenty peers get the same bytes after as many pauses as one."""
    wires = [Wire() for _ in range(20)]

    assert published("T.*", *wires) == published("T.*", Wire())
    assert len({tuple(wire.written) for wire in wires}) == 1


def test_who_does_not_read_gets_its_last_words_only() -> None:
    """With too much waiting nothing more is written but the reason and the close frame."""
    wire = Wire(waiting=1001)

    published("A.*", wire)

    assert len(wire.written) == 1
    assert b'"slow_consumer"' in wire.written[0]
    assert wire.written[0].endswith(b"\x03\xf0slow consumer")
    assert wire.closing


def test_nothing_is_written_to_who_is_going() -> None:
    """A transport that is closing is left alone."""
    wire = Wire()
    wire.closing = True

    published("A.*", wire)

    assert wire.written == []


class Gone(Wire):
    """A peer whose socket is closed already, while nobody was told yet."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        closed = socket.socket()
        closed.close()
        return closed if name == "socket" else default

    def abort(self) -> None:
        self.closing = True


def test_who_is_gone_already_can_be_cut_again() -> None:
    """Two faults may end one connection, or a fault one that its peer has just left: the exchange goes on."""
    wire = Gone()

    stream().connection(wire).reset()

    assert wire.closing
