"""How a connection ends: who is sent away, why, and that nothing of it stays."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable

import aiohttp
import pytest

from tests.support.eventually import eventually, running, settle
from tests.support.raw import masked
from tests.support.web import Served, TestViewer, deaf, row, scan, served, viewer
from tradeul.clock import SystemClock
from tradeul.domain.deltas import Row
from tradeul.web.protocol import CloseCode, close_frame

FRAME_BYTES = 70_000
ROUNDS = 80


def wide_rows(turn: int) -> list[Row]:
    """Build a list that is as large as lists get and changes in every row."""
    return [row(f"S{number:03}", name=chr(65 + turn % 26) * 250) for number in range(200)]


async def hear_sequence(connected: TestViewer, sequence: int) -> None:
    while (await connected.hear("subscribed", "snapshot", "delta")).get("sequence") != sequence:
        pass


async def test_a_viewer_that_never_reads_stops_nobody() -> None:
    """While one viewer reads nothing, another gets every publication; the stuck one holds one frame, not a backlog."""
    subscribe = {"action": "subscribe_list", "list": "alpha"}
    async with served() as world, viewer(world) as reader, deaf(world, subscribe):
        await reader.subscribe()
        await hear_sequence(reader, 0)
        await eventually(lambda: all(held.spoke for held in world.hub.viewers))
        pushed, heard = 0, []
        for turn in range(1, ROUNDS + 1):
            world.publish(wide_rows(turn))
            frame = (await reader.socket.receive()).data
            heard.append(json.loads(frame)["sequence"])
            pushed += len(frame)
        waiting = [held.waiting_bytes for held in world.hub.viewers]

    assert heard == list(range(1, ROUNDS + 1))
    assert pushed > 4_000_000
    assert min(waiting) == 0
    assert 0 < max(waiting) <= 32_768 + FRAME_BYTES


async def test_a_stuck_viewer_is_cut_after_ten_seconds() -> None:
    """A frame that is not taken within 10 s ends the connection, and the socket is gone without the viewer's help."""
    subscribe = {"action": "subscribe_list", "list": "alpha"}
    async with served() as world, deaf(world, subscribe) as sock, running(world.hub.run):
        await eventually(lambda: any(held.sent for held in world.hub.viewers))
        for turn in range(ROUNDS):
            world.publish(wide_rows(turn))
            await settle(1)
        await world.clock.advance(9.8)
        before = [held.ended for held in world.hub.viewers]
        await world.clock.advance(0.4)
        told = [held.ended for held in world.hub.viewers]
        await world.clock.advance(1.1)
        await eventually(lambda: len(world.hub) == 0)
        # The connection is reset, so neither side holds what was unsent.
        await eventually(lambda: sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    assert (before, told) == ([False], [True])


async def test_a_slow_viewer_that_reads_again_holds_the_newest_state() -> None:
    """What was skipped is never sent: after the frames under way comes the newest state."""
    async with served() as world, viewer(world) as reader, running(world.hub.run):
        await reader.subscribe()
        await hear_sequence(reader, 0)
        await world.clock.advance(1)  # the feed's state is told now, and not later
        for turn in range(1, ROUNDS + 1):
            world.publish(wide_rows(turn))
            await settle(1)
        heard: list[int] = []
        await asyncio.gather(hear_up_to(ROUNDS, reader, heard), let_time_pass(world, until=lambda: ROUNDS in heard))

    assert heard == sorted(set(heard))
    assert len(heard) < ROUNDS
    assert world.clock.monotonic() < 5, "it was served again before the next heartbeat was due"


async def hear_up_to(sequence: int, connected: TestViewer, heard: list[int]) -> None:
    while sequence not in heard:
        heard.append((await connected.hear("snapshot", "delta"))["sequence"])


async def let_time_pass(world: Served, until: Callable[[], bool]) -> None:
    while not until():
        await SystemClock().pause(0.01)  # the kernel's part takes no time of this clock
        await world.clock.advance(0.05)


async def test_who_asks_much_and_reads_nothing_is_cut() -> None:
    """Replies wait for a viewer in a bounded queue; when it is full the viewer is sent away."""
    async with served() as world, deaf(world, {"action": "subscribe_list", "list": "alpha"}):
        await eventually(lambda: any(held.sent for held in world.hub.viewers))
        for turn in range(ROUNDS):
            world.publish(wide_rows(turn))
            await settle(1)
        (stuck,) = world.hub.viewers
        for number in range(257):
            world.hub.answer_ping(stuck, number)

        assert stuck.ended


async def test_a_viewer_that_asks_for_nothing_is_sent_away() -> None:
    """Without a valid action within 5 s the connection ends with 4001; talking nonsense does not count."""
    async with served() as world, viewer(world) as connected, running(world.hub.run):
        await connected.say(action="dance")
        await connected.hear("error")
        await world.clock.advance(5.1)
        code = await connected.close_code()

    assert code == CloseCode.DID_NOT_SUBSCRIBE


async def test_who_says_nothing_is_asked_and_who_does_not_answer_is_cut() -> None:
    """Within 20 s of silence a ping is sent; unless something comes within 10 s more, the connection ends: 4000."""
    subscribe = {"action": "subscribe_list", "list": "alpha"}
    async with served() as world, deaf(world, subscribe) as sock, running(world.hub.run):
        await eventually(lambda: any(held.sent for held in world.hub.viewers))
        (silent,) = world.hub.viewers
        moments, began = dict[str, int](), silent.pinged_at
        for second in range(1, 37):
            await world.clock.advance(1.0)
            if silent.pinged_at > began:
                moments.setdefault("asked", second)
            if silent.ended:
                moments.setdefault("cut", second)
        received = await all_of(sock)

    assert b"\x89\0" in received
    assert 15 <= moments["asked"] <= 20
    assert 10 <= moments["cut"] - moments["asked"] <= 11
    assert received.endswith(close_frame(CloseCode.SLOW))


async def all_of(sock: socket.socket) -> bytes:
    """What comes up to the end of a connection."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while some := await asyncio.get_running_loop().sock_recv(sock, 100_000):
            received += some
    return received


def sock_has(sock: socket.socket, frame: bytes) -> bool:
    """Whether a frame is the last that came, of which nothing is taken."""
    with contextlib.suppress(BlockingIOError):
        return frame in sock.recv(1_000_000, socket.MSG_PEEK)
    return False


async def test_who_answers_pings_stays() -> None:
    """A viewer that only listens is there for as long as it answers."""
    async with served() as world, viewer(world) as connected, running(world.hub.run):
        await connected.subscribe()
        await hear_sequence(connected, 0)
        listening = asyncio.gather(connected.socket.receive())  # answers pings while it waits
        for _ in range(90):
            await world.clock.advance(1.0)
            if listening.done():
                listening = asyncio.gather(connected.socket.receive())
            # An answer's way through the kernel takes no time of this clock.
            await eventually(lambda: all(held.heard_at >= held.pinged_at for held in world.hub.viewers))
        there = [held.ended for held in world.hub.viewers]
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    assert there == [False]


async def test_a_viewers_ping_is_answered_with_what_it_sent() -> None:
    """As the RFC has it: the same payload comes back."""
    ping = b"\x89\x83\0\0\0\0you"
    async with served() as world, deaf(world) as sock:
        await eventually(lambda: len(world.hub) == 1)
        await asyncio.get_running_loop().sock_sendall(sock, ping)
        await eventually(lambda: sock_has(sock, b"\x8a\x03you"))


async def test_pings_without_end_are_haste_like_any_other() -> None:
    """Beyond the rate they are dropped, and the hundredth of those ends the connection: 4002."""
    async with served() as world, viewer(world) as connected:
        for _ in range(64 + 100):
            await connected.socket.ping()
        code = await connected.close_code()

    assert code == CloseCode.TOO_FAST


async def test_who_floods_on_after_its_end_is_not_heard() -> None:
    """What comes of a viewer that was sent away for haste stays where it is, until the connection is cut."""
    loop, flood = asyncio.get_running_loop(), 200 * masked({"action": "ping"})
    async with served() as world, deaf(world) as sock, running(world.hub.run):
        await loop.sock_sendall(sock, flood)
        await eventually(lambda: any(held.ended for held in world.hub.viewers))
        (flooding,) = world.hub.viewers
        await world.clock.advance(0.5)
        await loop.sock_sendall(sock, flood)
        await settle(300)
        heard_at = flooding.heard_at
        await world.clock.advance(0.7)
        await eventually(lambda: len(world.hub) == 0)

    assert heard_at == 0


async def test_binary_is_not_spoken_here() -> None:
    """A binary message ends the connection with 1003."""
    async with served() as world, viewer(world) as connected:
        await connected.socket.send_bytes(b"{}")
        code = await connected.close_code()

    assert code == CloseCode.BINARY


async def test_after_the_close_frame_comes_nothing() -> None:
    """A viewer that is being sent away is not listened to any more, whatever it asks for."""
    subscribe = masked({"action": "subscribe_list", "list": "alpha"})
    async with served() as world, deaf(world) as sock, running(world.hub.run):
        await eventually(lambda: len(world.hub) == 1)
        await asyncio.get_running_loop().sock_sendall(sock, b"\x82\x80\0\0\0\0" + subscribe)
        await eventually(lambda: all(held.ended for held in world.hub.viewers))
        await settle()
        world.publish([row("A")])
        await world.clock.advance(1.1)
        await eventually(lambda: len(world.hub) == 0)
        received = await all_of(sock)

    assert received.endswith(close_frame(CloseCode.BINARY))


async def test_a_message_above_4_kib_is_too_big() -> None:
    """4,096 bytes are read; one more ends the connection with 1009."""
    async with served() as world, viewer(world) as connected:
        await connected.socket.send_str('{"action":"ping","id":1}'.ljust(4_096))
        answer = await connected.hear()
        await connected.socket.send_str('{"action":"ping","id":2}'.ljust(4_097))
        code = await connected.close_code()

    assert answer["id"] == 1
    assert code == CloseCode.TOO_BIG


async def test_text_must_be_utf_8() -> None:
    """A text message of other bytes ends the connection with 1007."""
    async with served() as world, viewer(world) as connected:
        await connected.socket.send_frame(b"\xff\xfe", aiohttp.WSMsgType.TEXT)
        code = await connected.close_code()

    assert code == CloseCode.BAD_UTF8


@pytest.mark.parametrize("query", ["?protocol=0", "?protocol=2", "?protocol=", "?protocol=one"])
async def test_another_protocol_is_refused(query: str) -> None:
    """A page of another version is told to reload: 4504, and not a frame before it."""
    async with served() as world, viewer(world, query, greeted=False) as connected:
        first = await connected.socket.receive()

    assert (first.type, first.data) == (aiohttp.WSMsgType.CLOSE, CloseCode.PROTOCOL_TOO_OLD)


async def test_without_a_protocol_in_the_address_this_one_is_meant() -> None:
    """A program that names none is served."""
    async with served() as world, viewer(world, "", greeted=False) as connected:
        hello = await connected.hear()

    assert hello["type"] == "hello"


async def test_beyond_the_rate_messages_are_dropped_then_the_viewer() -> None:
    """64 at once are answered, the next ones dropped with an error each, and the hundredth of those ends it: 4002."""
    async with served() as world, viewer(world) as connected:
        for number in range(64 + 100):
            await connected.say(action="ping", id=number)
        heard = [await connected.hear() for _ in range(64 + 99)]
        code = await connected.close_code()

    assert [message.get("id") for message in heard[:64]] == list(range(64))
    assert {message.get("code") for message in heard[64:]} == {"rate_limited"}
    assert code == CloseCode.TOO_FAST


async def test_a_storm_of_nonsense_ends_like_any_other() -> None:
    """Messages that mean nothing get an error each, and soon the viewer is sent away; others notice nothing."""
    nonsense = [
        "",
        "null",
        "[]",
        "{",
        '{"action":1}',
        '{"action":"subscribe_list"}',
        "\x00",
        '"' * 100,
        "NaN",
        "9" * 999,
    ]
    async with served() as world, viewer(world) as calm, viewer(world) as stormy:
        await calm.subscribe()
        await hear_sequence(calm, 0)
        for text in nonsense * 17:
            with contextlib.suppress(ConnectionError):
                await stormy.socket.send_str(text)
        code = await stormy.close_code()
        world.publish([row("A")])
        delta = await calm.hear()

    assert code == CloseCode.TOO_FAST
    assert delta["sequence"] == 1


async def test_a_restart_is_announced() -> None:
    """On shutdown each viewer gets `bye` with a time to come back, then 1012."""
    async with served() as world, viewer(world) as connected:
        await connected.subscribe()
        await hear_sequence(connected, 0)
        closing = asyncio.gather(world.server.close(), hear_to_the_end(connected))
        _, (bye, code) = await closing

    assert bye == {"type": "bye", "reason": "restart", "retry_after_ms": 1_000}
    assert code == CloseCode.RESTART


async def hear_to_the_end(connected: TestViewer) -> tuple[object, int | None]:
    bye = await connected.hear("bye")
    return bye, await connected.close_code()


@pytest.mark.slow
async def test_stuck_viewers_do_not_hold_up_a_shutdown() -> None:
    """Closing ends although a viewer takes nothing, with nothing left."""
    async with served() as world, deaf(world, {"action": "subscribe_list", "list": "alpha"}):
        await eventually(lambda: any(held.sent for held in world.hub.viewers))
        for turn in range(ROUNDS):
            world.publish(wide_rows(turn))
            await settle(1)
        await world.server.close()

    assert len(world.hub) == 0


async def test_when_all_places_are_taken_more_are_told_when_to_come_back() -> None:
    """Beyond `max_clients` the answer is 503 with Retry-After, before the upgrade; a place that frees is given away."""
    async with served(max_clients=1) as world, aiohttp.ClientSession() as session:
        async with viewer(world):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{world.url}/ws/scanner")
        await eventually(lambda: len(world.hub) == 0)
        async with viewer(world) as next_one:
            await next_one.subscribe()
            answer = await next_one.hear()

    assert refused.value.status == 503
    assert refused.value.headers is not None
    assert int(refused.value.headers["Retry-After"]) > 0
    assert answer["type"] == "subscribed"


async def test_a_viewer_that_is_sent_away_from_a_list_that_goes_is_forgotten() -> None:
    """A list deleted between a viewer's goodbye and its end leaves nothing of that viewer."""
    async with served() as world, viewer(world) as connected:
        await connected.subscribe()
        await hear_sequence(connected, 0)
        world.hub.end(next(iter(world.hub.viewers)), CloseCode.SLOW)
        world.channels.remove("alpha")
        code = await connected.close_code()
        await eventually(lambda: len(world.hub) == 0)

    assert code == CloseCode.SLOW


async def test_a_list_that_is_made_anew_begins_anew() -> None:
    """Who subscribes to a list of a name that was used before is sent nothing of the one that is no more."""
    async with served() as world, viewer(world) as before, viewer(world) as after:
        world.publish([row("OLD")])
        await before.subscribe()
        await hear_sequence(before, 1)
        world.channels.remove("alpha")
        world.channels.define(scan("alpha"))
        await after.subscribe()
        await after.hear("subscribed")
        first = await after.hear("snapshot")

    assert (first["sequence"], first["rows"]) == (2, [])


async def test_a_connection_that_vanishes_is_forgotten() -> None:
    """A reset in the middle of everything leaves nothing in the hub."""
    async with served() as world:
        async with deaf(world, {"action": "subscribe_list", "list": "alpha"}) as sock:
            await eventually(lambda: any(held.sent for held in world.hub.viewers))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        await eventually(lambda: len(world.hub) == 0)
        world.publish([row("A")])

    assert len(world.hub) == 0
