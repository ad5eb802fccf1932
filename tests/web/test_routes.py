"""What programs can ask for once over HTTP."""

import json
from typing import Any

import pytest

from tests.support.web import EPOCH, NOON, Served, raw_answer, row, served
from tradeul.domain.fields import CATALOGUE
from tradeul.engine.ports import FeedState


async def ask(world: Served, path: str) -> tuple[int, Any]:
    request = f"GET {path} HTTP/1.1\r\nHost: tradeul\r\nConnection: close\r\n\r\n"
    status, _, body = await raw_answer(world, request.encode())
    return status, json.loads(body)


async def test_every_field_is_described() -> None:
    """The catalogue is served as it is, in its order."""
    async with served() as world:
        _, facts = await ask(world, "/api/v1/fields")

    assert [field["name"] for field in facts["fields"]] == [field.name for field in CATALOGUE]
    assert facts["fields"][6] == {
        "name": "price",
        "title": "Price",
        "type": "number",
        "unit": "USD",
        "meaning": "Last trusted price of today, else the previous close",
        "precision": 4,
        "format": "price",
        "source": "feed",
    }
    assert {field["type"] for field in facts["fields"]} == {"number", "time", "flag", "text"}


async def test_the_lists_are_summed_up() -> None:
    """Each list has its size, count and version."""
    async with served() as world:
        world.publish([row("A"), row("B")])
        _, facts = await ask(world, "/api/v1/scanner/categories")

    assert facts["categories"] == [
        {"name": "alpha", "title": "Alpha", "size": 200, "count": 2, "epoch": EPOCH, "sequence": 1},
        {"name": "beta", "title": "Beta", "size": 200, "count": 0, "epoch": EPOCH, "sequence": 0},
    ]


async def test_one_list_comes_whole_or_cut() -> None:
    """A list is what a snapshot holds; `limit` keeps the first rows."""
    async with served() as world:
        world.publish([row("A", None), row("B"), row("C")])
        _, whole = await ask(world, "/api/v1/scanner/categories/alpha")
        _, cut = await ask(world, "/api/v1/scanner/categories/alpha?limit=1")

    assert (whole["list"], whole["epoch"], whole["sequence"], whole["timestamp"]) == ("alpha", EPOCH, 1, NOON // 10**6)
    assert [found["rank"] for found in whole["rows"]] == [1, 2, 3]
    assert cut["rows"] == [{"rank": 1, "symbol": "A", "name": "A name", "price": None, "volume_today": 100}]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "ten", "", "1.5", "%D9%A3", "+5", "9" * 5_000])
async def test_a_bad_limit_is_named(limit: str) -> None:
    """What is no number from 1 to 1,000 is a 400 that names the parameter."""
    async with served() as world:
        status, answer = await ask(world, f"/api/v1/scanner/categories/alpha?limit={limit}")

    assert (status, answer["error"]["code"]) == (400, "bad_parameter")
    assert answer["error"]["details"] == {"parameter": "limit"}
    assert answer["error"]["message"].startswith("limit: ")


async def test_while_starting_a_program_is_asked_to_come_back() -> None:
    """Before the first snapshot nobody can tell an empty list from an unknown one; health answers all the same."""
    async with served() as world:
        world.view.state = FeedState("starting", NOON, "no snapshot yet", None)
        status, answer = await ask(world, "/api/v1/scanner/categories/alpha")
        ready, _ = await ask(world, "/ready")
        health, _ = await ask(world, "/health")

    assert (status, answer["error"]["code"]) == (503, "starting")
    assert (ready, health) == (503, 200)


async def test_what_the_engine_reports_is_passed_on() -> None:
    """Health and status are the engine's own words."""
    async with served() as world:
        _, health = await ask(world, "/health")
        _, ready = await ask(world, "/ready")
        _, status = await ask(world, "/api/v1/scanner/status")

    assert health == {"status": "ok", "reasons": []}
    assert ready == {"ready": True}
    assert status == {"session": "MARKET_OPEN"}
