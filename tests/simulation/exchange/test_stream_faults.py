"""Each way in which the simulated vendor ends, refuses and mishears connections, as a real client sees it.

What it does to frames and events is in test_mischief.
"""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.support.eventually import PATIENT_S, running
from tests.support.market import at
from tests.support.simulated import listening
from tests.support.subscriber import (
    ACCEPTED,
    CONNECTED,
    Socket,
    asked,
    caught_up,
    connected,
    end_of,
    heard,
    holding,
    reached,
    received,
    said,
    ticked,
)
from tradeul.clock import ManualClock
from tradeul.simulation.exchange.stream import Patience
from tradeul.simulation.faults import FAULTS

UPGRADE = (
    b"GET /stocks HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def refused_to(socket: Socket) -> str:
    """Authenticate, and give the status that was answered."""
    await said(socket, "auth", "key")
    return str((await received(socket))[0]["status"])


# Endings: all connections at once, within a second.


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "going away"), (1008, ""), (1011, "oh"), (0, "")])
async def test_close(code: int, reason: str) -> None:
    """Every connection is closed with the code and the reason, or without; whoever comes after is served."""
    async with holding("A.NVDA") as (exchange, clock, socket), reached(exchange) as stranger:
        exchange.faults.switch_on("close", times=1, code=code, reason=reason)
        await ticked(exchange, clock)
        ends = [await end_of(socket), await end_of(stranger)]
        async with connected(exchange) as later:
            served = await asked(later, "subscribe", "A.F")

    assert ends == [(code, reason)] * 2
    assert served == ["subscribed to: A.F"]


@pytest.mark.parametrize(("reset", "ends"), [(1, ConnectionResetError), (0, None)])
async def test_abort(reset: int, ends: type[Exception] | None) -> None:
    """Every connection ends without a close frame: with a reset, or as if there was no more to say."""
    clock = ManualClock(at("10:00"))
    async with listening(clock) as exchange:
        port = int(exchange.rest_url.rsplit(":", 1)[1])
        await caught_up(exchange)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UPGRADE)
        await reader.readuntil(b"Connected Successfully")
        exchange.faults.switch_on("abort", reset=reset)
        await ticked(exchange, clock)
        seen: type[Exception] | None = None
        try:
            rest = await reader.read()
        except ConnectionResetError as error:
            rest, seen = b"}]", type(error)
        writer.close()

    assert seen is ends
    assert rest == b'"}]' or ends


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [("evicted", "max_connections", ""), ("slow_consumer", "slow_consumer", "slow consumer")],
)
async def test_dismissals(name: str, status: str, reason: str) -> None:
    """`evicted` and `slow_consumer` say so and close with 1008, again and again while they are on."""
    async with holding("A.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on(name)
        await ticked(exchange, clock)
        await received(socket)
        said_to, end = await received(socket), await end_of(socket)
        async with connected(exchange) as later:
            await ticked(exchange, clock)
            again = await end_of(later)

    assert said_to[0]["status"] == status
    assert end == again == (1008, reason)


async def test_endings_come_at_night_too() -> None:
    """When nothing trades a running exchange ends connections within a second all the same."""
    clock = ManualClock(at("02:00"))
    async with listening(clock) as exchange, connected(exchange) as socket, running(exchange.run):
        exchange.faults.switch_on("close", times=1)
        await clock.advance(1)

        assert await end_of(socket) == (1008, "")


async def test_an_ending_waits_for_somebody_to_end() -> None:
    """A time is used up only when there was a connection."""
    clock = ManualClock(at("10:00"))
    async with listening(clock) as exchange:
        exchange.faults.switch_on("close", times=1)
        await ticked(exchange, clock, 3)
        async with connected(exchange) as socket:
            await ticked(exchange, clock)

            assert await end_of(socket) == (1008, "")


# Arrivals.


async def test_unreachable() -> None:
    """The connection is reset before it is accepted; the next one is served."""
    async with listening(at("10:00")) as exchange:
        exchange.faults.switch_on("unreachable")
        with pytest.raises(aiohttp.ClientConnectionError):
            async with reached(exchange):
                pass
        exchange.faults.switch_off()

        async with connected(exchange):
            pass


async def test_early_ping() -> None:
    """A ping comes before the greeting."""
    async with listening(at("10:00")) as exchange:
        exchange.faults.switch_on("early_ping")
        async with reached(exchange, autoping=False) as socket:
            first = await socket.receive(timeout=PATIENT_S)

            assert first.type is aiohttp.WSMsgType.PING
            assert await received(socket) == CONNECTED


async def test_ungreeted() -> None:
    """Nothing is said at first; a key is heard none the less."""
    async with listening(at("10:00")) as exchange:
        exchange.faults.switch_on("ungreeted")
        async with reached(exchange) as socket:
            await said(socket, "auth", "key")

            assert await received(socket) == ACCEPTED


async def test_cut_before_auth() -> None:
    """The connection is cut after the greeting, without a close frame."""
    async with listening(at("10:00")) as exchange:
        exchange.faults.switch_on("cut_before_auth")
        async with reached(exchange) as socket:
            assert await received(socket) == CONNECTED
            assert await end_of(socket) == (1006, None)


async def test_cut_after_auth() -> None:
    """The connection is cut once it is let in; nothing of it stays."""
    async with listening(at("10:00")) as exchange:
        exchange.faults.switch_on("cut_after_auth", times=1)
        async with connected(exchange) as socket:
            end = await end_of(socket)
        async with connected(exchange) as later:
            served = await asked(later, "subscribe", "A.F")

    assert end == (1006, None)
    assert served == ["subscribed to: A.F"]


@pytest.mark.parametrize("name", ["auth_failed", "no_stream_plan"])
async def test_refused_keys(name: str) -> None:
    """The right key is refused with `auth_failed` and dropped without a close frame; only so many times."""
    async with listening(at("10:00"), key="key") as exchange:
        exchange.faults.switch_on(name, times=1)
        async with reached(exchange) as socket:
            await received(socket)
            status, end = await refused_to(socket), await end_of(socket)
        async with connected(exchange):
            pass

    assert (status, end) == ("auth_failed", (1006, None))


async def test_auth_timeout() -> None:
    """The key is not heard, so the time for it passes."""
    async with listening(at("10:00"), patience=Patience(auth_timeout_s=1.0)) as exchange:
        exchange.faults.switch_on("auth_timeout")
        async with reached(exchange) as socket:
            await received(socket)

            assert await refused_to(socket) == "auth_timeout"
            assert await end_of(socket) == (1006, None)


# Requests.


async def test_lost_requests() -> None:
    """Nothing is answered and nothing held: asked again, it is confirmed as new."""
    async with holding("T.F") as (exchange, _, socket):
        exchange.faults.switch_on("lost_requests", times=1)
        await said(socket, "subscribe", "A.NVDA,A.SPY")

        assert await asked(socket, "subscribe", "A.NVDA,A.SPY") == ["subscribed to: A.NVDA", "subscribed to: A.SPY"]


async def test_partial_acks() -> None:
    """Every other channel is neither confirmed nor held."""
    async with holding("T.F") as (exchange, _, socket):
        exchange.faults.switch_on("partial_acks", times=1)

        assert await asked(socket, "subscribe", "A.F,A.SPY,A.BAC") == ["subscribed to: A.F", "subscribed to: A.BAC"]
        assert await asked(socket, "subscribe", "A.F,A.SPY,A.BAC") == ["subscribed to: A.SPY"]


async def test_lost_acks() -> None:
    """Nothing is confirmed, yet events come."""
    async with holding("T.NOBODY") as (exchange, clock, socket):
        exchange.faults.switch_on("lost_acks", times=1)
        await heard(exchange, socket, "A.NVDA")
        await ticked(exchange, clock)

        assert (await received(socket))[0]["sym"] == "NVDA"
        assert await asked(socket, "unsubscribe", "A.NVDA") == ["unsubscribed to: A.NVDA"]


async def test_acks_apart() -> None:
    """Confirmations come one a frame, the last channel first, behind the next events."""
    async with holding("A.NVDA") as (exchange, clock, socket):
        exchange.faults.switch_on("acks_apart")
        await heard(exchange, socket, "A.F,A.SPY")
        await caught_up(exchange)
        await ticked(exchange, clock)
        frames = [await received(socket) for _ in range(3)]

    assert {event["sym"] for event in frames[0]} >= {"NVDA"}
    assert [[status["message"] for status in frame] for frame in frames[1:]] == [
        ["subscribed to: A.SPY"],
        ["subscribed to: A.F"],
    ]


async def test_not_authorized() -> None:
    """The refusal comes first and names nothing; the rest is confirmed."""
    async with holding("T.F") as (exchange, _, socket):
        exchange.faults.switch_on("not_authorized")

        assert await asked(socket, "subscribe", "A.F") == ["not authorized", "subscribed to: A.F"]


def test_each_fault_of_the_stream_is_shown() -> None:
    """Every fault of the stream is switched on in a test here or in test_mischief."""
    here = Path(__file__)
    tests = here.read_text() + here.with_name("test_mischief.py").read_text()
    doors = {"ending", "arrival", "request", "frame", "second"}

    assert [name for name, fault in FAULTS.items() if fault.door in doors and f'"{name}"' not in tests] == []
