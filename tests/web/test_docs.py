"""The page at /docs: whole, safe, and made from what is served."""

from html import escape
from pathlib import PurePosixPath

import aiohttp
import orjson
import pytest

from tests.house.test_repository import traps
from tests.support.contract import complaints
from tests.support.reading import read
from tests.support.web import Served, served
from tradeul.domain.fields import CATALOGUE
from tradeul.domain.instruments import INSTRUMENTS
from tradeul.web.reference.markup import Markup, joined, prose, tag
from tradeul.web.reference.openapi import EXAMPLES
from tradeul.web.reference.page import WRITTEN_FOR, page_of


async def page(world: Served) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{world.url}/docs") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        return await answer.text()


async def test_every_link_leads_somewhere() -> None:
    """Within the page to what is there, else to another path of the server; what is there has a name of its own."""
    async with served() as world:
        found = read(await page(world))
        paths = {route.resource.canonical for route in world.server.routes if route.resource is not None}

    assert len(set(found.anchors)) == len(found.anchors)
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.anchors)
    assert {link for link in found.links if not link.startswith("#")} <= paths


async def test_all_that_is_documented_is_on_the_page() -> None:
    """Each operation, frame, request, field, metric and code."""
    async with served() as world, aiohttp.ClientSession() as session:
        text = await page(world)
        async with session.get(f"{world.url}/openapi.json") as answer:
            api = await answer.json()
        async with session.get(f"{world.url}/asyncapi.json") as answer:
            live = await answer.json()

    anchors = read(text).anchors
    operations = [described["operationId"] for methods in api["paths"].values() for described in methods.values()]
    assert set(operations) <= set(anchors)
    assert {f"shape-{name}" for each in (api, live) for name in each["components"]["schemas"]} <= set(anchors)
    words = [*live["components"]["messages"], *live["x-errors"], *(field.name for field in CATALOGUE)]
    words += [each.shown for each in INSTRUMENTS]
    assert [word for word in words if f"<code>{word}</code>" not in text] == []
    assert [code for code in live["x-close-codes"] if f"<td>{code}</td>" not in text] == []


async def test_the_page_has_no_traps() -> None:
    """No inline script or style, and nothing from elsewhere."""
    async with served() as world:
        text = await page(world)

    assert traps(PurePosixPath("docs.html"), text) == []


async def test_the_page_speaks_of_this_program() -> None:
    """Its addresses are those at which it is served."""
    async with served() as world:
        text = await page(world)

    assert f"curl {world.url}/api/v1/scanner/categories\n" in text
    assert WRITTEN_FOR not in text


def test_what_is_in_the_documents_is_text() -> None:
    """A name or a meaning that looks like markup makes no element."""
    evil = "<img src=x onerror=alert(1)>"
    operation = {
        "operationId": "x", "tags": [evil], "summary": evil, "description": f"{evil} `{evil}`", "parameters": [],
        "responses": {"200": {"description": evil}, "404": {"description": evil}},
    }  # fmt: skip
    shapes = {evil: {"type": "object", "description": evil, "properties": {evil: {"const": evil, "description": evil}}}}
    tags = [{"name": evil, "description": evil}]
    api = {"paths": {f"/{evil}": {"get": operation}}, "tags": tags, "components": {"schemas": shapes}}
    live = {
        "components": {"schemas": {}, "messages": {}}, "x-errors": {evil: evil}, "x-limits": {},
        "operations": {"ask": {"messages": []}, "hear": {"messages": []}},
        "x-close-codes": {"1": {"meaning": evil, "come_back": True}},
    }  # fmt: skip

    text = page_of(api, live).decode()

    assert escape(evil) in text
    assert "<img" not in text


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (joined("a < b", Markup("<b>")), "a &lt; b<b>"),
        (tag("p", "<", class_='"x"', data_of="'"), '<p class="&quot;x&quot;" data-of="&#x27;">&lt;</p>'),
        (tag("meta", charset="utf-8"), '<meta charset="utf-8">'),
        (prose("say `a < b`\n   now"), "say <code>a &lt; b</code> now"),
    ],
)
def test_plain_text_is_escaped(made: Markup, expected: str) -> None:
    """Whatever is not markup of ours."""
    assert made == expected


async def test_an_example_is_what_it_is_an_example_of() -> None:
    """Every answer and body that the document shows keeps to its schema, and none is of an operation that is not."""
    async with served() as world, aiohttp.ClientSession() as session, session.get(f"{world.url}/openapi.json") as got:
        document = await got.json()

    found = {}
    for methods in document["paths"].values():
        for described in methods.values():
            answers = [answer.get("content", {}) for answer in described["responses"].values()]
            for content in (*answers, described.get("requestBody", {}).get("content", {})):
                shown = content.get("application/json", {})
                if "example" in shown:
                    found[described["operationId"]] = complaints(document, shown["schema"], shown["example"])

    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert found.keys() <= orjson.loads(EXAMPLES.read_bytes())["answers"].keys()
