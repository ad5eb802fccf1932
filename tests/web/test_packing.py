"""Answers on their way out: packed where they are long, and not sent at all to who holds them."""

import gzip

import pytest

from tests.support.web import EPOCH, Served, raw_answer, row, served
from tradeul.web.packing import LONG, PIECE

LIST = "/api/v1/scanner/categories/alpha"


async def got(world: Served, path: str, *headers: str) -> tuple[int, dict[str, str], bytes]:
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return await raw_answer(world, ("\r\n".join(lines) + "\r\n\r\n").encode())


def fill(world: Served, name: str, count: int = 200) -> None:
    world.publish([row(f"S{number}", float(number), name) for number in range(1, count + 1)])


@pytest.mark.parametrize("path", [LIST, f"{LIST}.csv"])
@pytest.mark.parametrize("length", [LONG // 200, PIECE // 60], ids=["long", "several_pieces"])
async def test_a_long_answer_is_packed_for_who_takes_it_so(path: str, length: int) -> None:
    """What comes out is what would have come, and both say that it depends on who asks."""
    async with served() as world:
        fill(world, "n" * length)
        _, plain, body = await got(world, path)
        status, packed, sent = await got(world, path, "Accept-Encoding: br, gzip")

    assert (status, packed["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(sent) == body
    assert len(sent) < len(body) / 2
    assert "content-encoding" not in plain
    assert plain["vary"] == packed["vary"] == "Accept-Encoding"


async def test_a_short_answer_is_sent_as_it_is() -> None:
    """It travels as fast."""
    async with served() as world:
        fill(world, "name", 3)
        _, headers, _ = await got(world, LIST, "Accept-Encoding: gzip")

    assert "content-encoding" not in headers


@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_who_holds_a_list_is_told_so_until_it_changes(coding: str) -> None:
    """By the epoch and the sequence, and how many rows were asked for."""
    async with served() as world:
        fill(world, "n" * 100)
        _, first, _ = await got(world, LIST, f"Accept-Encoding: {coding}")
        held = f"If-None-Match: {first['etag']}"
        status, again, body = await got(world, LIST, f"Accept-Encoding: {coding}", held)
        fewer, _, _ = await got(world, f"{LIST}?limit=2", held)
        fill(world, "other")
        changed, newer, _ = await got(world, LIST, held)

    assert first["etag"] == f'W/"{EPOCH}-1-1000"'
    assert (status, body, again["etag"], again["cache-control"]) == (304, b"", first["etag"], "no-cache")
    assert (fewer, changed, newer["etag"]) == (200, 200, f'W/"{EPOCH}-2-1000"')


async def test_the_whole_of_a_list_is_always_the_newest() -> None:
    """Though a state is put into words only once."""
    async with served() as world:
        bodies = []
        for price in (1.0, 2.0, 2.0, 1.0):
            world.publish([row("A", price)])
            bodies.append((await got(world, LIST))[2])

    assert [b'"price":1.0' in body for body in bodies] == [True, False, False, True]
    assert bodies[1] == bodies[2]
    assert bodies[0] != bodies[3]


async def test_the_fields_are_sent_once_to_who_holds_them() -> None:
    """They change with the program alone."""
    async with served() as world:
        _, first, _ = await got(world, "/api/v1/fields")
        status, _, body = await got(world, "/api/v1/fields", f"If-None-Match: {first['etag']}")

    assert (status, body) == (304, b"")
