"""Requests that are repeated byte for byte: the same answer, sooner, and never one that is not theirs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.support.entering import VIEWER, KeptTokens, bearer, request
from tests.support.eventually import settle
from tests.support.raw import HOST
from tests.support.web import NOON, Served, raw_answers, row, served
from tradeul.clock import ManualClock
from tradeul.web.api import operation
from tradeul.web.gate import Rules
from tradeul.web.repeats import KEPT_S, LONGEST_REQUEST, MOST_KEPT, STANDS, Repeats, Standing

LIST = "/api/v1/scanner/categories/alpha"
COUNTED = request("/counted")
MANY = 100


class Counted:
    """A route that counts how often it was asked; its answer stands until the test says otherwise."""

    def __init__(self, length: int = 20_000) -> None:
        self.asked = 0
        self.stands = True
        self.transports = set[object]()
        self._body = b"x" * length

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/counted", self.answer), web.post("/counted", self.answer)]

    @operation("Page")
    async def answer(self, request: web.Request) -> web.Response:
        """Counts."""
        self.asked += 1
        self.transports.add(request.transport)
        response = web.Response(body=self._body + str(self.asked).encode())
        response[STANDS] = Standing(lambda: self.stands)
        return response


@contextlib.asynccontextmanager
async def counting(rules: Rules | None = None, length: int = 20_000) -> AsyncIterator[tuple[Served, Counted]]:
    part = Counted(length)
    async with served(more=[part], rules=rules) as world:
        yield world, part


@contextlib.asynccontextmanager
async def connected(world: Served) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, world.server.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def heard(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def test_what_is_asked_again_is_answered_with_the_same_bytes() -> None:
    """Head and body, within the second in which it was made; the route is asked twice at most, by any connection."""
    async with counting() as (world, part):
        first = await raw_answers(world, [COUNTED] * 20)
        more = await raw_answers(world, [COUNTED] * 5)

    assert part.asked <= 3
    assert {status for status, _, _ in (*first, *more)} == {200}
    answers = [(tuple(headers.items()), body) for _, headers, body in first]
    assert answers.count(answers[-1]) >= 18
    assert {name for name, _ in answers[0][0]} == {name for name, _ in answers[-1][0]}
    assert len({len(body) for _, _, body in first}) == 1


async def test_a_changed_list_is_never_told_as_it_was() -> None:
    """The answer after a publication is of it, at once; so is that to whoever shows what they hold."""
    ask = request(LIST)
    async with served() as world, connected(world) as (reader, writer):

        async def asked(content: bytes) -> tuple[bytes, bytes]:
            writer.write(content)
            return await heard(reader)

        seen = []
        for price in range(1, 6):
            world.publish([row("A", price=float(price))])
            answers = [await asked(ask) for _ in range(4)]
            seen.append({body.count(b'"price":%d' % price) for _, body in answers})
            etag = answers[-1][0].partition(b"ETag: ")[2].partition(b"\r\n")[0].decode()
            held = request(LIST, {"If-None-Match": etag})
            writer.write(held)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 304 ")
            writer.write(held)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 304 ")

    assert seen == [{1}] * 5


async def test_what_is_only_repeated_is_counted_like_any_other() -> None:
    """By status, those who hold it already too, and whatever the route was asked."""
    async with counting() as (world, part):
        await raw_answers(world, [COUNTED] * 20)
        world.publish([row("A")])
        ((_, headers, _),) = await raw_answers(world, [request(LIST)])
        await raw_answers(world, [request(LIST, {"If-None-Match": headers["etag"]})] * 9)
        await raw_answers(world, [request("/nothing")] * 2)
        answered = dict(world.server.gate.crowd.answered)

    assert part.asked <= 3
    assert answered == {200: 21, 304: 9, 404: 2}


async def test_an_answer_that_stands_no_more_is_made_anew() -> None:
    """When its route says so, and when its date is old."""
    async with counting() as (world, part), connected(world) as (reader, writer):

        async def after() -> int:
            asked = part.asked
            writer.write(COUNTED)
            await heard(reader)
            return part.asked - asked

        before = [await after() for _ in range(4)]
        part.stands = False
        fallen = [await after() for _ in range(2)]
        part.stands = True
        back = [await after() for _ in range(3)]
        await world.clock.advance(KEPT_S)
        old = [await after() for _ in range(3)]

    assert sum(before) <= 2
    assert fallen == [1, 1]
    assert (back[-1], old[0], old[-1]) == (0, 1, 0)


@pytest.mark.parametrize("rules", [Rules(tokens=KeptTokens()), Rules(behind_proxy=True)])
async def test_where_the_gate_asks_it_asks_each_time(rules: Rules) -> None:
    """A token may have been revoked, and each request counts: nothing is answered before that was looked at."""
    async with counting(rules) as (world, part):
        answers = await raw_answers(world, [request("/counted", bearer(VIEWER))] * 6)

    assert [status for status, _, _ in answers] == [200] * 6
    assert part.asked == 6


async def test_a_body_that_looks_like_a_request_is_a_body() -> None:
    """Whatever was kept: it is one answer to what was asked, and the next request is understood."""
    posted = request("/counted", {"Content-Length": str(len(COUNTED))}, "POST")
    async with counting() as (world, part), connected(world) as (reader, writer):
        for _ in range(3):
            writer.write(COUNTED)
            await heard(reader)
        asked = part.asked
        writer.write(posted)
        await heard(reader)
        writer.write(COUNTED)  # the body that was promised
        await settle()
        writer.write(request("/health"))
        head, _ = await heard(reader)

    assert part.asked == asked + 1
    assert b"application/json" in head


async def test_pieces_and_several_at_once_go_the_usual_way() -> None:
    """A request in two pieces is one; two in one piece are two, in their order; afterwards all is as ever."""
    async with counting() as (world, _), connected(world) as (reader, writer):
        for _ in range(3):
            writer.write(COUNTED)
            await heard(reader)
        writer.write(COUNTED[:20])
        await settle()
        writer.write(COUNTED[20:])
        one = await heard(reader)
        writer.write(request("/health") + COUNTED)
        two, three = await heard(reader), await heard(reader)
        writer.write(COUNTED)
        four = await heard(reader)

    assert b"application/json" in two[0]
    assert [len(each[1]) > 20_000 for each in (one, three, four)] == [True] * 3


async def test_a_head_whose_rest_looks_like_a_request_is_a_head() -> None:
    """What was begun is gone on with: the kept request is a header of it, and is not answered."""
    async with counting() as (world, _), connected(world) as (reader, writer):
        for _ in range(3):
            writer.write(COUNTED)
            await heard(reader)
        writer.write(b"GET /health HTTP/1.1\r\nX-Rest: ")
        await settle()
        writer.write(COUNTED)
        head, _ = await heard(reader)

    assert b"application/json" in head


@pytest.mark.parametrize("headers", [{"Connection": "close"}, {"Accept-Encoding": "gzip"}])
async def test_the_same_words_are_the_same_request_and_no_other(headers: dict[str, str]) -> None:
    """Another header is another request; who wants the connection closed has it closed."""
    async with counting() as (world, part), connected(world) as (reader, writer):
        for _ in range(3):
            writer.write(COUNTED)
            await heard(reader)
        asked = part.asked
        writer.write(request("/counted", headers))
        await heard(reader)
        closed = headers.get("Connection") == "close"
        rest = await reader.read() if closed else b""

    assert part.asked == asked + 1
    assert rest == b""


async def test_who_reads_nothing_is_not_answered_for_ever() -> None:
    """However often it asks, no more than some answers wait for it."""
    async with counting(length=200_000) as (world, part), connected(world) as (reader, writer):
        for _ in range(3):
            writer.write(COUNTED)
            await heard(reader)
        for _ in range(MANY):
            writer.write(COUNTED)
            await settle(3)  # each comes by itself
        (transport,) = part.transports
        assert isinstance(transport, asyncio.WriteTransport)

        assert transport.get_write_buffer_size() < 3 * 200_000


def test_what_is_kept_is_bounded() -> None:
    """In number, the oldest makes room; what is too long is not kept."""
    repeats, standing = Repeats(ManualClock(NOON)), Standing(lambda: True)
    for number in range(MOST_KEPT + 10):
        repeats.keep(b"%d" % number, b"answer", 200, standing)
    repeats.keep(b"x" * (LONGEST_REQUEST + 1), b"answer", 200, standing)

    assert len(repeats) == MOST_KEPT
    assert repeats.answer_to(b"9") is None
    kept = repeats.answer_to(b"10")
    assert kept is not None
    assert (kept.answer, kept.status) == (b"answer", 200)
