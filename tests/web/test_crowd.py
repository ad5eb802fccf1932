"""Connections that are held and not used: half a request, an answer that nobody takes, more than there is room for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.support.entering import ELSEWHERE, BriskClock, ask, request
from tests.support.eventually import PATIENT_S, eventually, running
from tests.support.raw import HOST
from tests.support.web import Served, raw_answer, served, viewer
from tradeul.clock import ManualClock
from tradeul.web.crowd import HEAD_S, MOST_OF_AN_ADDRESS, MOST_SQUEEZED, SQUEEZED_S, STUCK_S, SWEEP_S, Crowd
from tradeul.web.gate import Rules

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def held(world: Served, count: int, sent: bytes = b"") -> AsyncIterator[list[Stream]]:
    """Connect so often, say that much each time, and wait until all of it is on its way."""
    streams: list[Stream] = []
    try:
        for _ in range(count):
            streams.append(await asyncio.open_connection(HOST, world.server.port))
            streams[-1][1].write(sent)
        await eventually(lambda: all(not writer.transport.get_write_buffer_size() for _, writer in streams))
        yield streams
    finally:
        for _, writer in streams:
            writer.transport.abort()


class Comer:
    """A connection that comes at once and only notes that it was cut."""

    def __init__(self, crowd: Crowd, address: str = HOST, *, idle: bool = True) -> None:
        self.address = address
        self.begun = 0
        self.idle = idle
        self.answering = False
        self.gone = False
        self._crowd = crowd
        crowd.came(self)

    def cut(self) -> None:
        self.gone = True
        self._crowd.went(self)


async def is_cut(stream: Stream) -> bool:
    """Wait for the other side to be gone; whether it said nothing before."""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(PATIENT_S):
            return await stream[0].read() == b""
    return True


def expected_of(world: Served) -> int:
    """From how many a request is expected, or the rest of one."""
    return len(world.server.gate.crowd._late_at)  # noqa: SLF001  # nobody else is told


async def passes(world: Served, seconds: float) -> None:
    """Let time pass with the server seeing to its connections."""
    async with running(world.server.run):
        await world.clock.advance(seconds)


async def test_slow_heads_are_cut_and_nobody_else() -> None:
    """300 half-open requests are gone within 15 s; meanwhile health is told, and a viewer stays."""
    async with served() as world, viewer(world) as watching, held(world, 300, b"GET / HTTP/1.1\r\nHost: ") as slow:
        await eventually(lambda: len(world.server.gate.crowd) == 301)
        await passes(world, HEAD_S - 1)
        meanwhile = await ask(world, "/health")
        still = len(world.server.gate.crowd)
        await passes(world, 2 * SWEEP_S)
        await eventually(lambda: len(world.server.gate.crowd) == 1)

        assert all([await is_cut(stream) for stream in slow])
        assert HEAD_S + 1 <= 15
        await watching.subscribe()
        await watching.hear("subscribed")
    assert (meanwhile[0], still) == (200, 301)


async def test_dripping_does_not_help() -> None:
    """The time runs from the first byte, not from the last; also for the second request of a connection."""
    async with served() as world, held(world, 1) as streams:
        reader, writer = streams[0]
        writer.write(request("/ready"))
        await reader.readuntil(b'{"ready":true}')
        writer.write(b"G")
        await eventually(lambda: expected_of(world) == 1)
        for letter in (b"E", b"T", b" ", b"/"):
            await passes(world, HEAD_S / 4)
            writer.write(letter)
        await passes(world, 2 * SWEEP_S)

        assert await is_cut(streams[0])


async def test_a_connection_between_two_requests_may_wait() -> None:
    """Browsers keep connections for later."""
    async with served() as world, held(world, 1) as streams:
        reader, writer = streams[0]
        writer.write(request("/ready"))
        await reader.readuntil(b'{"ready":true}')
        await passes(world, 3 * HEAD_S)
        writer.write(request("/ready"))

        assert await reader.readuntil(b'{"ready":true}')


async def test_half_a_body_is_cut() -> None:
    """A body that never ends is waited for at most two looks long."""
    async with served() as world, held(world, 1) as streams:
        streams[0][1].write(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ntoken=")
        await eventually(lambda: expected_of(world) == 0)
        await passes(world, 2 * STUCK_S + SWEEP_S)

        assert await is_cut(streams[0])


async def test_who_is_gone_is_not_waited_for() -> None:
    """A connection whose turn to be heard comes when it has gone is not expected to say more."""
    clock = BriskClock()
    crowd = Crowd(clock, 1_000, lambda _address: True)
    comer = Comer(crowd)
    crowd.went(comer)
    crowd.dawdles(comer)
    clock.skip(HEAD_S + 1)
    crowd.sweep()

    assert not comer.gone


async def test_an_address_has_so_many_connections() -> None:
    """Off loopback 64; the next is cut, and one that goes makes room. Others are not concerned."""
    clock = BriskClock()
    crowd = Crowd(clock, 1_000, lambda address: address == "127.0.0.1")
    many = [Comer(crowd, ELSEWHERE) for _ in range(MOST_OF_AN_ADDRESS + 1)]
    others = [Comer(crowd, "127.0.0.1") for _ in range(2 * MOST_OF_AN_ADDRESS)] + [Comer(crowd, "203.0.113.8")]

    assert [comer.gone for comer in many] == [False] * MOST_OF_AN_ADDRESS + [True]
    assert not any(comer.gone for comer in others)
    many[0].cut()
    assert not Comer(crowd, ELSEWHERE).gone
    assert Comer(crowd, ELSEWHERE).gone


async def test_the_idle_make_room() -> None:
    """Where all places are taken, who holds one for nothing loses it to the newcomer, the oldest first."""
    crowd = Crowd(BriskClock(), 4, lambda _: True)
    idle, busy = [Comer(crowd), Comer(crowd)], [Comer(crowd, idle=False), Comer(crowd, idle=False)]
    newcomer = Comer(crowd)

    assert [comer.gone for comer in (*idle, *busy, newcomer)] == [True, False, False, False, False]
    assert not crowd.squeezed


async def test_where_nobody_makes_room_health_is_told() -> None:
    """Newcomers are told 503, but for health; they do not stay, and there are never many of them."""
    async with served(rules=Rules(most_connections=3)) as world, contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(viewer(world))
        async with held(world, 1, request("/health")) as streams:
            health = await streams[0][0].read()  # to its end, which the other side makes
        rest = await raw_answer(world, request("/ready"))
        async with held(world, MOST_SQUEEZED + 5) as waiting:
            await eventually(lambda: len(world.server.gate.crowd) == 3 + MOST_SQUEEZED)
            await passes(world, SQUEEZED_S + SWEEP_S)
            await eventually(lambda: len(world.server.gate.crowd) == 3)
            assert all([await is_cut(stream) for stream in waiting])
        again = await raw_answer(world, request("/health"))

    assert health.startswith(b"HTTP/1.1 200 ")
    assert (rest[0], again[0]) == (503, 200)
    assert int(rest[1]["retry-after"]) > 0


async def test_nothing_is_kept_of_who_is_gone() -> None:
    """After any number of connections the books are empty."""
    clock = ManualClock(BriskClock().now())
    async with served(clock=clock) as world:
        for _ in range(20):
            await ask(world, "/ready")
        async with held(world, 20, b"GET"):
            pass
        await eventually(lambda: len(world.server.gate.crowd) == 0)
        crowd = world.server.gate.crowd
        books = [book for book in vars(crowd).values() if isinstance(book, dict | set) and book is not crowd.answered]

    assert not any(books)
