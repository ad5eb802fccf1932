"""The document of the HTTP API, as a server without a market serves it."""

import re
from typing import Any

import aiohttp
import jsonschema_rs
import orjson
import pytest
from aiohttp import web

from tests.support.web import Served, raw_answer, served
from tradeul.web.reference.openapi import declared_routes, openapi_of


async def document_of(world: Served) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{world.url}/openapi.json") as answer:
        assert answer.content_type == "application/json"
        document: dict[str, Any] = await answer.json()
        return document


async def test_what_is_served_is_what_is_documented() -> None:
    """Every path and method of the server is in the document, and nothing else."""
    async with served() as world:
        document = await document_of(world)
        routes = {
            (route.resource.canonical, route.method.lower())
            for route in world.server.routes
            if route.resource is not None and route.method != "HEAD"
        }

    assert routes == {(path, method) for path, methods in document["paths"].items() for method in methods}


def test_a_route_without_a_declaration_is_none_of_the_document() -> None:
    """What declares nothing is left out, so that a test that compares sees it."""

    async def forgotten(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/forgotten", forgotten)

    assert openapi_of(declared_routes(app.router.routes()))["paths"] == {}


async def test_the_parameters_of_a_path_are_declared() -> None:
    """What stands in braces in a path is a parameter there, and no other is; names of operations are their own."""
    async with served() as world:
        document = await document_of(world)

    names = []
    for path, methods in document["paths"].items():
        for described in methods.values():
            placed = {each["name"] for each in described["parameters"] if each["in"] == "path"}
            assert placed == set(re.findall(r"\{(\w+)\}", path)), path
            assert described["summary"], path
            names.append(described["operationId"])
    assert len(set(names)) == len(names)


async def test_every_reference_leads_somewhere() -> None:
    """No schema is named that is not there, and none is there that nothing names."""
    async with served() as world:
        document = await document_of(world)
    text = orjson.dumps(document).decode()
    named = set(re.findall(r'"\$ref":"#/components/schemas/(\w+)"', text))

    assert named == set(document["components"]["schemas"])


async def test_every_schema_is_one() -> None:
    """By the rules of JSON Schema 2020-12, which OpenAPI 3.1 goes by; every response says what it is."""
    async with served() as world:
        document = await document_of(world)

    schemas = list(document["components"]["schemas"].values())
    for methods in document["paths"].values():
        for described in methods.values():
            schemas += [each["schema"] for each in described["parameters"]]
            assert all("$ref" in answer or answer["description"] for answer in described["responses"].values())
    assert [schema for schema in schemas if not jsonschema_rs.meta.is_valid(schema)] == []


async def test_who_holds_the_document_is_told_so() -> None:
    """By its ETag, packed or not."""
    async with served() as world:
        request = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept-Encoding: {}\r\n{}\r\n"
        for coding in ("identity", "gzip"):
            _, first, body = await raw_answer(world, request.format(coding, "").encode())
            held = request.format(coding, f"If-None-Match: {first['etag']}\r\n").encode()
            status, _, again = await raw_answer(world, held)

            assert (status, again) == (304, b"")
            assert (first.get("content-encoding") == "gzip") == (coding == "gzip") == body.startswith(b"\x1f\x8b")
            assert first["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False), ("gzip; q=0.000", False),
        ("identity", False), ("br", False), ("", False),
    ],
)  # fmt: skip
async def test_an_answer_is_packed_for_who_takes_it(accepted: str, packed: bool) -> None:
    """By what the asker says it accepts."""
    async with served() as world:
        lines = ("GET /openapi.json HTTP/1.1", "Host: localhost", "Connection: close", f"Accept-Encoding: {accepted}")
        _, headers, _ = await raw_answer(world, ("\r\n".join(lines) + "\r\n\r\n").encode())

    assert (headers.get("content-encoding") == "gzip") == packed
