"""Connections that come all at once, and what is left of them when they have gone."""

import asyncio
import gc

import pytest
from aiohttp import web

from tests.support.eventually import eventually, settle
from tests.support.raw import HANDSHAKE, HOST, masked
from tests.support.web import deaf, raw_answers, row, served, viewer
from tradeul.web.arrivals import AT_ONCE, Arrivals

REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Newcomer:
    """Notes in which turn it was let in."""

    def __init__(self, door: list["Newcomer"]) -> None:
        self._door = door

    def enter(self) -> None:
        self._door.append(self)


async def test_few_are_heard_in_a_turn_in_the_order_of_their_coming() -> None:
    """The first are heard at once, all others so many a turn; who comes later waits behind those that wait."""
    arrivals, door = Arrivals(), list[Newcomer]()
    crowd = [Newcomer(door) for _ in range(3 * AT_ONCE)]
    at_once = [arrivals.admits(each) for each in crowd]
    await settle(1)
    first = list(door)
    late = Newcomer(door)
    waits = arrivals.admits(late)
    await settle(3)

    assert at_once == [True] * AT_ONCE + [False] * 2 * AT_ONCE
    assert first == crowd[AT_ONCE : 2 * AT_ONCE]
    assert not waits
    assert door == [*crowd[AT_ONCE:], late]


async def test_in_quiet_times_nobody_waits() -> None:
    """Once a turn has passed in which nobody came, the next ones are heard at once."""
    arrivals = Arrivals()
    before = [arrivals.admits(Newcomer([])) for _ in range(AT_ONCE)]
    await settle(3)
    after = [arrivals.admits(Newcomer([])) for _ in range(AT_ONCE)]

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

    def held() -> list[object]:
        return [each for each in gc.get_objects() if isinstance(each, web.WebSocketResponse | web.Request)]

    async with served() as world:
        gc.collect()
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
