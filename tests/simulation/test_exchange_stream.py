"""The conversation over the simulated vendor's WebSocket, spoken by a real client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest

from tests.support.eventually import running
from tests.support.market import at
from tests.support.simulated import SNAPSHOT, content_of, listening, played, small_market, tape_at
from tradeul.clock import ManualClock
from tradeul.simulation.exchange import Exchange

Socket = aiohttp.ClientWebSocketResponse
CONNECTED = [{"ev": "status", "status": "connected", "message": "Connected Successfully"}]
ACCEPTED = [{"ev": "status", "status": "auth_success", "message": "authenticated"}]


@asynccontextmanager
async def connected(exchange: Exchange, key: str = "key") -> AsyncIterator[Socket]:
    """A client that has authenticated."""
    async with aiohttp.ClientSession() as client, client.ws_connect(exchange.ws_url, max_msg_size=0) as socket:
        await received(socket)
        await said(socket, "auth", key)
        await received(socket)
        yield socket


async def said(socket: Socket, action: str, params: str) -> None:
    await socket.send_str(orjson.dumps({"action": action, "params": params}).decode())


async def received(socket: Socket) -> Any:
    return orjson.loads(await socket.receive_str(timeout=5))


async def asked(socket: Socket, action: str, params: str) -> list[str]:
    """Say something and give the messages of the answer."""
    await said(socket, action, params)
    return [status["message"] for status in await received(socket)]


async def test_the_handshake_is_the_vendors() -> None:
    """Connected, then authenticated; every frame is a list of statuses."""
    async with (
        listening(at("10:00"), key="right") as exchange,
        aiohttp.ClientSession() as client,
        client.ws_connect(exchange.ws_url) as socket,
    ):
        first = await received(socket)
        await said(socket, "auth", "right")
        second = await received(socket)

    assert first == CONNECTED
    assert second == ACCEPTED


async def test_a_wrong_key_is_told_and_dropped() -> None:
    """auth_failed is said, then the connection ends without a close frame."""
    async with (
        listening(at("10:00"), key="right") as exchange,
        aiohttp.ClientSession() as client,
        client.ws_connect(exchange.ws_url) as socket,
    ):
        await received(socket)
        await said(socket, "auth", "wrong")
        answer = await received(socket)
        end = await socket.receive(timeout=5)

    assert answer == [{"ev": "status", "status": "auth_failed", "message": "authentication failed"}]
    assert end.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    assert socket.close_code == 1006


async def test_who_does_not_authenticate_is_dropped() -> None:
    """After a while without a key the connection is told so and ends."""
    async with (
        listening(at("10:00"), key="right", auth_timeout_s=0.01) as exchange,
        aiohttp.ClientSession() as client,
        client.ws_connect(exchange.ws_url) as socket,
    ):
        await received(socket)
        answer = await received(socket)
        end = await socket.receive(timeout=5)

    assert answer[0]["status"] == "auth_timeout"
    assert end.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_nothing_is_sold_before_the_handshake() -> None:
    """A subscription before authentication is refused; the key may still come."""
    async with (
        listening(at("10:00"), key="right") as exchange,
        aiohttp.ClientSession() as client,
        client.ws_connect(exchange.ws_url) as socket,
    ):
        await received(socket)
        refusal = await asked(socket, "subscribe", "A.*")
        await said(socket, "auth", "right")

        assert refusal == ["not authorized"]
        assert await received(socket) == ACCEPTED


async def test_subscriptions_are_confirmed_by_name() -> None:
    """Each new channel is confirmed, split at the first dot only; a symbol that does not exist too."""
    async with listening(at("10:00")) as exchange, connected(exchange) as socket:
        answers = await asked(socket, "subscribe", "A.BRK.B,A.NOTHING,A.*")

    assert answers == ["subscribed to: A.BRK.B", "subscribed to: A.NOTHING", "subscribed to: A.*"]


async def test_what_needs_no_answer_gets_none() -> None:
    """Unknown topics, held channels, channels not held and broken frames pass in silence."""
    async with listening(at("10:00")) as exchange, connected(exchange) as socket:
        await asked(socket, "subscribe", "A.AAPL")
        for action, params in (("subscribe", "ZZ.AAPL"), ("subscribe", "A.AAPL"), ("unsubscribe", "A.F")):
            await said(socket, action, params)
        await socket.send_str("no json")
        await socket.send_str("[1]")

        assert await asked(socket, "unsubscribe", "A.AAPL") == ["unsubscribed to: A.AAPL"]


async def test_topics_outside_the_plan_are_refused_first() -> None:
    """The refusal names no channel and comes before the confirmations."""
    async with listening(at("10:00")) as exchange, connected(exchange) as socket:
        answers = await asked(socket, "subscribe", "A.AAPL,T.AAPL,LULD.*")

    assert answers == ["not authorized", "subscribed to: A.AAPL"]


async def test_second_bars_are_what_the_tape_plays() -> None:
    """A subscriber of everything gets each listed symbol's bar of each second, in order."""
    clock = ManualClock(at("09:30"))
    async with listening(clock, symbols=400) as exchange, connected(exchange) as socket:
        await content_of(exchange, SNAPSHOT)
        await asked(socket, "subscribe", "A.*")
        await clock.advance(3)
        await content_of(exchange, SNAPSHOT)
        frames = [await received(socket) for _ in range(3)]

    tape = tape_at("09:30")
    symbols, otc = small_market().universe.symbols, small_market().universe.traits.otc
    for second, frame in enumerate(frames):
        trades = played(tape)
        listed = ~otc[trades.rows]
        assert [event["sym"] for event in frame] == [symbols[row] for row in trades.rows[listed]]
        assert [event["v"] for event in frame] == trades.bars.volume[listed].tolist()
        assert [event["av"] for event in frame] == tape.volume[trades.rows[listed]].tolist()
        assert {event["s"] for event in frame} == {at("09:30") // 10**6 + 1000 * second}
        assert all(event["ev"] == "A" and event["e"] - event["s"] == 1000 for event in frame)
        assert all(event["l"] <= event["vw"] <= event["h"] for event in frame)
        assert all(event["op"] > 0 for event in frame)


async def test_before_the_open_there_is_no_official_open() -> None:
    """Pre-market bars leave `op` out."""
    clock = ManualClock(at("09:20"))
    async with listening(clock, symbols=400) as exchange, connected(exchange) as socket:
        await content_of(exchange, SNAPSHOT)
        await asked(socket, "subscribe", "A.*")
        await clock.advance(1)
        await content_of(exchange, SNAPSHOT)
        events = await received(socket)

    assert events
    assert all("op" not in event for event in events)


async def test_a_subscriber_gets_its_own_symbols_only() -> None:
    """Two connections with two keys hold different symbols and get just those."""
    clock = ManualClock(at("09:30"))
    async with (
        listening(clock) as exchange,
        connected(exchange, "one") as one,
        connected(exchange, "other") as other,
    ):
        await content_of(exchange, SNAPSHOT)
        await asked(one, "subscribe", "A.NVDA,A.SPY")
        await asked(other, "subscribe", "A.TSLA")
        await clock.advance(5)
        await content_of(exchange, SNAPSHOT)
        first, second = await received(one), await received(other)

    assert {event["sym"] for event in first} <= {"NVDA", "SPY"}
    assert {event["sym"] for event in second} == {"TSLA"}


async def test_an_unsubscribed_symbol_falls_silent() -> None:
    """After the confirmation no bar of the symbol comes any more."""
    clock = ManualClock(at("09:30"))
    async with listening(clock) as exchange, connected(exchange) as socket:
        await content_of(exchange, SNAPSHOT)
        await asked(socket, "subscribe", "A.NVDA,A.SPY")
        await asked(socket, "unsubscribe", "A.NVDA")
        await clock.advance(10)
        await content_of(exchange, SNAPSHOT)
        symbols = {event["sym"] for _ in range(5) for event in await received(socket)}

    assert symbols == {"SPY"}


async def test_the_newcomer_wins() -> None:
    """With the same key a second connection closes the first one with 1008; the second one works."""
    async with listening(at("10:00")) as exchange, connected(exchange) as old, connected(exchange) as new:
        notice = await received(old)
        end = await old.receive(timeout=5)

        assert notice[0]["status"] == "max_connections"
        assert (end.type, end.data) == (aiohttp.WSMsgType.CLOSE, 1008)
        assert await asked(new, "subscribe", "A.F") == ["subscribed to: A.F"]


async def test_a_peer_that_does_not_read_is_cut() -> None:
    """When its buffer is full a subscriber is dropped; another one gets everything."""
    clock = ManualClock(at("09:30"))
    async with (
        listening(clock, symbols=400, buffer_limit=-1) as exchange,
        connected(exchange) as socket,
    ):
        await content_of(exchange, SNAPSHOT)
        await asked(socket, "subscribe", "A.*")
        await clock.advance(1)
        await content_of(exchange, SNAPSHOT)
        end = await socket.receive(timeout=5)

    assert (end.type, end.data, end.extra) == (aiohttp.WSMsgType.CLOSE, 1008, "slow consumer")


async def test_seconds_that_were_missed_are_sent_in_order() -> None:
    """Who was late by some seconds sends them all; who was late by minutes jumps."""
    clock = ManualClock(at("09:45"))
    async with listening(clock) as exchange, connected(exchange) as socket:
        await content_of(exchange, SNAPSHOT)
        await asked(socket, "subscribe", "A.*")
        await clock.advance(20)
        await content_of(exchange, SNAPSHOT)
        starts = [(await received(socket))[0]["s"] for _ in range(20)]
        await clock.advance(600)
        await content_of(exchange, SNAPSHOT)
        await clock.advance(1)
        await content_of(exchange, SNAPSHOT)
        after = await received(socket)

    assert starts == [at("09:45") // 10**6 + 1000 * second for second in range(20)]
    assert after[0]["s"] == at("09:55:20") // 10**6


async def test_running_sends_bars_by_the_clock() -> None:
    """The exchange's own loop plays each second when the clock has passed it, and prepares the next minute."""
    clock = ManualClock(at("09:29:58"))
    async with listening(clock) as exchange, connected(exchange) as socket, running(exchange.run):
        await asked(socket, "subscribe", "A.*")
        seen: list[int] = []
        for _ in range(4):
            await clock.advance(1)
            seen.append((await received(socket))[0]["s"] // 1000 % 60)

    assert seen == [58, 59, 0, 1]


@pytest.mark.slow
async def test_frames_stay_under_the_vendors_size() -> None:
    """A second of many symbols is sent in several frames, none over 900 KB."""
    clock = ManualClock(at("16:00"))
    async with listening(clock, symbols=9000) as exchange, connected(exchange) as socket:
        await content_of(exchange, SNAPSHOT + "?tickers=F")
        await asked(socket, "subscribe", "A.*")
        await clock.advance(1)
        await content_of(exchange, SNAPSHOT + "?tickers=F")
        frames = [await socket.receive_str(timeout=5) for _ in range(2)]

    assert all(len(frame) <= 900_002 for frame in frames)
    assert sum(len(orjson.loads(frame)) for frame in frames) > 5000


async def test_closing_ends_all_conversations() -> None:
    """A closed exchange leaves no client hanging."""
    async with listening(at("10:00")) as exchange, connected(exchange) as socket:
        await exchange.close()
        end = await socket.receive(timeout=5)

    assert end.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
