"""Connections that come all at once, and what is left of them when they have gone."""

import asyncio
import contextlib
import gc
import socket
from functools import partial
from itertools import pairwise

import pytest
import uvloop
from aiohttp import web

from tests.support.entering import BriskClock
from tests.support.eventually import eventually, settle
from tests.support.raw import HANDSHAKE, HOST, masked
from tests.support.web import deaf, raw_answers, row, served, viewer
from tradeul.web.crowd import HEAD_S
from tradeul.web.server import DOORS
from tradeul.web.turnstile import AT_ONCE, Turnstile

REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_few_go_on_in_a_turn_in_the_order_of_their_coming() -> None:
    """The first go on at once, all others so many a turn; who comes later waits behind those that wait."""
    turnstile, gone = Turnstile(), list[int]()
    at_once = [turnstile.admits(partial(gone.append, number)) for number in range(3 * AT_ONCE)]
    await settle(1)
    first = list(gone)
    waits = turnstile.admits(partial(gone.append, 3 * AT_ONCE))
    await settle(3)

    assert at_once == [True] * AT_ONCE + [False] * 2 * AT_ONCE
    assert first == list(range(AT_ONCE, 2 * AT_ONCE))
    assert not waits
    assert gone == list(range(AT_ONCE, 3 * AT_ONCE + 1))


async def test_who_is_here_comes_before_who_comes() -> None:
    """While those who are here wait for their share, one goes on in each turn; then it is many again."""
    behind, gone = [True], list[int]()
    turnstile = Turnstile(lambda: behind[0])
    for number in range(4 * AT_ONCE):
        turnstile.admits(partial(gone.append, number))
    await settle(4)
    meanwhile = len(gone)
    behind[0] = False
    await settle(3)

    assert meanwhile == 4
    assert len(gone) == 4 + 3 * AT_ONCE - 4


async def test_in_quiet_times_nobody_waits() -> None:
    """Once a turn has passed in which nobody came, the next ones go on at once."""
    turnstile = Turnstile()
    before = [turnstile.admits(lambda: None) for _ in range(AT_ONCE)]
    await settle(3)
    after = [turnstile.admits(lambda: None) for _ in range(AT_ONCE)]

    assert all(before)
    assert all(after)


async def test_all_who_come_at_once_are_answered() -> None:
    """Whoever waits for its turn is then heard with everything that it said meanwhile, in pieces too."""
    async with served() as world:
        streams = [await asyncio.open_connection(HOST, world.server.port) for _ in range(5 * AT_ONCE)]
        for half in (REQUEST[:20], REQUEST[20:]):
            for _, writer in streams:
                writer.write(half)
            await settle(2)
        heads = [await reader.readuntil(b"\r\n\r\n") for reader, _ in streams]
        for _, writer in streams:
            writer.close()

    assert {head.split(b"\r\n")[0] for head in heads} == {b"HTTP/1.1 200 OK"}


async def test_who_leaves_before_its_turn_harms_nobody() -> None:
    """A connection that is gone when its turn comes is passed over."""
    async with served() as world:
        streams = [await asyncio.open_connection(HOST, world.server.port) for _ in range(3 * AT_ONCE)]
        for _, writer in streams:
            writer.write(REQUEST)
        for _, writer in streams[AT_ONCE:]:
            writer.transport.abort()
        answers = await raw_answers(world, [REQUEST, REQUEST])
        for _, writer in streams[:AT_ONCE]:
            writer.close()

    assert [status for status, _, _ in answers] == [200, 200]


def test_several_are_accepted_in_a_turn() -> None:
    """On the loop that the program runs on, which accepts one for each listening socket, a crowd does not queue up."""

    async def turns_to_accept(count: int) -> int:
        async with served() as world, contextlib.AsyncExitStack() as stack:
            for _ in range(count):
                stack.enter_context(socket.create_connection((HOST, world.server.port)))
            turns = 0
            while len(world.server.gate.crowd) < count:
                await settle(1)
                turns += 1
            return turns

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        turns = runner.run(turns_to_accept(80))

    assert turns <= 80 / DOORS + 5


async def test_who_waits_for_its_turn_is_not_late() -> None:
    """A storm may last longer than a request may take to come: nobody is cut for having been made to wait."""
    clock = BriskClock()
    async with served(clock=clock) as world:
        streams = [await asyncio.open_connection(HOST, world.server.port) for _ in range(8 * AT_ONCE)]
        await eventually(lambda: len(world.server.gate.crowd) == len(streams))
        for _, writer in streams:
            writer.write(REQUEST)
        while world.server.gate.crowd._late_at:  # noqa: SLF001  # who has not been heard to speak
            await settle(1)
        clock.skip(HEAD_S + 1)
        world.server.gate.crowd.sweep()
        heads = [await reader.readuntil(b"\r\n\r\n") for reader, _ in streams]
        for _, writer in streams:
            writer.close()

    assert {head.split(b"\r\n")[0] for head in heads} == {b"HTTP/1.1 200 OK"}


async def test_half_a_request_that_waited_its_turn_is_late_like_any_other() -> None:
    """Its time runs from when it is heard."""
    clock = BriskClock()
    async with served(clock=clock) as world:
        crowd = world.server.gate.crowd

        def are_gone() -> bool:
            clock.skip(HEAD_S + 1)
            crowd.sweep()
            return len(crowd) == 0

        streams = [await asyncio.open_connection(HOST, world.server.port) for _ in range(3 * AT_ONCE)]
        for _, writer in streams:
            writer.write(REQUEST[:20])
        await eventually(lambda: len(crowd) == len(streams))
        await eventually(are_gone)
        for _, writer in streams:
            writer.close()


async def test_all_who_leave_at_once_are_seen_off_in_turns() -> None:
    """When many connections are lost in one moment, few of their viewers are let go of in each turn of the loop."""
    subscribe = masked({"action": "subscribe_list", "list": "alpha"})
    async with served() as world:
        streams = [await asyncio.open_connection(HOST, world.server.port) for _ in range(60)]
        for _, writer in streams:
            writer.write(HANDSHAKE + subscribe)
        await eventually(lambda: sum("alpha" in held.sent for held in world.hub.viewers) == 60)
        for _, writer in streams:
            writer.transport.abort()
        there = [60]
        while there[-1]:
            await settle(1)
            there.append(len(world.hub))

    assert max(before - after for before, after in pairwise(there)) <= 2 * AT_ONCE


async def test_sixty_viewers_at_once_are_all_served() -> None:
    """Handshake, subscription and the first delta come to each of 60 who are there in the same moment."""
    subscribe = masked({"action": "subscribe_list", "list": "alpha"})
    async with served() as world:
        streams = [await asyncio.open_connection(HOST, world.server.port) for _ in range(60)]
        for _, writer in streams:
            writer.write(HANDSHAKE + subscribe)
        await eventually(lambda: sum("alpha" in held.sent for held in world.hub.viewers) == 60)
        world.publish([row("A")])
        got = [await reader.readuntil(b'"deltas":') for reader, _ in streams]
        for _, writer in streams:
            writer.close()
        await eventually(lambda: len(world.hub) == 0)

    assert all(b'"prev":0,"sequence":1' in each for each in got)


@pytest.mark.parametrize("rudely", [False, True])
async def test_a_viewer_that_left_is_no_work_for_the_garbage_collector(*, rudely: bool) -> None:
    """All that it held is freed with it, however it went, so the loop is not held later to find it."""
    subscribe = {"action": "subscribe_list", "list": "alpha"}

    def there() -> list[object]:
        return [each for each in gc.get_objects() if isinstance(each, web.WebSocketResponse | web.Request)]

    def held() -> list[object]:
        return [each for each in there() if id(each) not in others]

    async with served() as world:
        gc.collect()
        # What tests before this one have left, as in the traceback of one that failed, is not this viewer's.
        left = there()
        others = {id(each) for each in left}
        gc.disable()
        try:
            if rudely:
                async with deaf(world, subscribe):
                    await eventually(lambda: any(each.sent for each in world.hub.viewers))
                    during = len(held())
            else:
                async with viewer(world) as connected:
                    await connected.subscribe()
                    await connected.hear("subscribed")
                    during = len(held())
            await eventually(lambda: len(world.hub) == 0)
            await eventually(lambda: not held(), every_s=0.1)
        finally:
            gc.enable()

    assert during == 2
