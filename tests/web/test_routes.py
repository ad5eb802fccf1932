"""What programs can ask for once over HTTP."""

import csv
import io
import json
from typing import Any

import pytest

from tests.support.web import EPOCH, NOON, Served, raw_answer, row, served
from tradeul.domain.fields import CATALOGUE
from tradeul.engine.ports import FeedState


async def ask(world: Served, path: str) -> tuple[int, Any]:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
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


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "ten", "1.5", "%D9%A3", "+5", "9" * 5_000])
async def test_a_bad_limit_is_named(limit: str) -> None:
    """What is no number from 1 to 1,000 is a 400 that names the parameter."""
    async with served() as world:
        status, answer = await ask(world, f"/api/v1/scanner/categories/alpha?limit={limit}")

    assert (status, answer["error"]["code"]) == (400, "bad_parameter")
    assert answer["error"]["details"] == {"parameter": "limit"}
    assert answer["error"]["message"].startswith("limit: ")


async def sheet(world: Served, path: str) -> tuple[dict[str, str], str]:
    """A list as a spreadsheet gets it."""
    request = f"GET /api/v1/scanner/categories/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    status, headers, body = await raw_answer(world, request.encode())
    assert status == 200
    return headers, body.decode()


async def test_a_list_comes_for_a_spreadsheet() -> None:
    """Rank, symbol and the list's columns; what is unknown is an empty cell; `limit` keeps the first rows."""
    async with served() as world:
        world.publish([row("BRK.B", -1.5, 'Berkshire, "B"'), row("A", None, None, None), row("C")])
        headers, whole = await sheet(world, "alpha.csv")
        _, cut = await sheet(world, "alpha.csv?limit=1")

    assert headers["content-type"] == "text/csv; charset=utf-8"
    assert headers["content-disposition"] == 'attachment; filename="alpha.csv"'
    assert whole.splitlines() == [
        "rank,symbol,name,price,volume_today",
        '1,BRK.B,"Berkshire, ""B""",-1.5,100',
        "2,A,,,",
        "3,C,A name,10.0,100",
    ]
    assert cut.splitlines() == whole.splitlines()[:2]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=HYPERLINK(1)"])
async def test_a_spreadsheet_runs_nothing_of_a_list(name: str) -> None:
    """A text that would be a formula is a text; what is not is left as it is."""
    async with served() as world:
        world.publish([row("A", -2.0, name), row("B", 1.0, "A-1 = @home")])
        _, text = await sheet(world, "alpha.csv")

    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[1:] == [["1", "A", f"'{name}", "-2.0", "100"], ["2", "B", "A-1 = @home", "1.0", "100"]]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("gamma.csv", 404, "unknown_list"), (".csv", 404, "unknown_list"), ("alpha.csv.csv", 404, "unknown_list"),
        ("alpha.xls", 404, "unknown_list"), ("alpha.csv?limit=0", 400, "bad_parameter"),
        ("alpha.csv?limit=1001", 400, "bad_parameter"),
    ],
)  # fmt: skip
async def test_a_spreadsheet_of_nothing_is_refused(path: str, status: int, code: str) -> None:
    """An unknown list and a bad limit are answered as everywhere."""
    async with served() as world:
        found, said = await ask(world, f"/api/v1/scanner/categories/{path}")

    assert (found, said["error"]["code"]) == (status, code)


async def test_while_starting_a_program_is_asked_to_come_back() -> None:
    """Before the first snapshot nobody can tell an empty list from an unknown one; health answers all the same."""
    async with served() as world:
        world.view.state = FeedState("starting", NOON, "no snapshot yet", None)
        status, answer = await ask(world, "/api/v1/scanner/categories/alpha")
        sheet_status, _ = await ask(world, "/api/v1/scanner/categories/alpha.csv")
        ready, _ = await ask(world, "/ready")
        health, _ = await ask(world, "/health")

    assert (status, answer["error"]["code"], sheet_status) == (503, "starting", 503)
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
