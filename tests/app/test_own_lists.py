"""A user's own lists and pins in the whole program: made, changed, deleted, and there again after a restart."""

import contextlib
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from tests.history.worlds import place
from tests.support.eventually import eventually, running
from tests.support.whole import asked, learned, sent, whole
from tradeul.app import App
from tradeul.client import ScannerClient
from tradeul.clock import SystemClock
from tradeul.domain.events import Symbol
from tradeul.errors import UsageError
from tradeul.try_scan import try_scan

pytestmark = pytest.mark.slow(5)

SYMBOLS = 120
STILL = 0.001
"""At this pace of the clock nothing new comes while we ask."""
MINE: dict[str, Any] = {
    "where": "price between 1 and 500", "order": "price desc", "size": 5, "global_filters": False, "title": "Mine",
}  # fmt: skip
OFF = {"dsn": "off"}


@asynccontextmanager
async def market(folder: Path, wall: str = "09:45", **sections: Any) -> AsyncIterator[App]:
    """The program, once it has made its lists."""
    async with whole(folder, wall, SYMBOLS, **sections) as app:
        await eventually(lambda: app.vitals.confirmed_at > 0)
        yield app


class Viewer:
    """An independent client, and every frame it was told about a list."""

    def __init__(self, client: ScannerClient) -> None:
        self.client = client
        self.heard: list[dict[str, Any]] = []

    async def listen(self) -> None:
        async for message in self.client:
            self.heard.append(message)

    def states(self, name: str) -> list[dict[str, Any]]:
        """Each state of a list that was told."""
        return [m for m in self.heard if m.get("list") == name and m["type"] in ("snapshot", "delta")]

    def symbols(self, name: str) -> list[str]:
        return [row["symbol"] for row in self.client.lists[name].rankings.rows]


def is_live(client: ScannerClient, name: str) -> bool:
    return client.lists[name].live


@asynccontextmanager
async def viewing(app: App, *names: str) -> AsyncIterator[Viewer]:
    assert app.server is not None
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(ScannerClient(f"http://127.0.0.1:{app.server.port}", SystemClock()))
        viewer = Viewer(client)
        await stack.enter_async_context(running(viewer.listen))
        for name in names:
            await client.subscribe(name)
            await eventually(partial(is_live, client, name))
        yield viewer


async def is_made(app: App) -> bool:
    made = await asked(app, "/api/v1/scans/mine")
    return (made["origin"], made["made"], made["count"]) == ("user", True, 5)


async def mirrored(app: App) -> dict[str, Any]:
    """The lists that SQL finds."""
    assert app.past is not None
    connection = await asyncpg.connect(app.past.address())
    try:
        rows = await connection.fetch("SELECT name, definition FROM user_scans")
    finally:
        await connection.close()
    return {row["name"]: orjson.loads(row["definition"]) for row in rows}


async def test_a_list_is_made_changed_and_deleted_before_a_viewers_eyes(tmp_path: Path) -> None:
    """Each change is the next sequence of that list; deleted, it ends, and made again it counts on."""
    async with market(tmp_path, history=OFF, speed=STILL) as app, viewing(app, "winners") as viewer:
        assert (await sent(app, "POST", "/api/v1/scans", MINE | {"name": "mine"}))[0] == 201
        await viewer.client.subscribe("mine")
        await eventually(lambda: len(viewer.symbols("mine")) == 5)
        first = viewer.client.lists["mine"].rankings.sequence

        assert (await sent(app, "PUT", "/api/v1/scans/mine", MINE | {"size": 3}))[0] == 200
        await eventually(lambda: len(viewer.symbols("mine")) == 3)
        await sent(app, "PUT", "/api/v1/scans/mine", MINE | {"size": 3, "columns": ["price", "rvol"]})
        await eventually(
            lambda: set(viewer.client.lists["mine"].rankings.rows[0]) == {"rank", "symbol", "price", "rvol"}
        )
        last = viewer.client.lists["mine"].rankings.sequence

        assert (await sent(app, "DELETE", "/api/v1/scans/mine"))[0] == 200
        await eventually(lambda: "mine" not in viewer.client.lists)
        await sent(app, "PUT", "/api/v1/scans/mine", MINE)
        await viewer.client.subscribe("mine")
        await eventually(lambda: viewer.client.lists["mine"].live and len(viewer.symbols("mine")) == 5)

        states = viewer.states("mine")
        assert first >= 1
        assert [m["type"] for m in states].count("snapshot") == 3  # at first, with other columns, made again
        assert all(new["sequence"] > old["sequence"] for old, new in pairwise(states))
        assert all(new["prev"] == old["sequence"] for old, new in pairwise(states) if new["type"] == "delta")
        assert viewer.client.lists["mine"].rankings.sequence > last
        ended = [m for m in viewer.heard if m["type"] == "unsubscribed"]
        assert [(m["list"], m["reason"]) for m in ended] == [("mine", "deleted")]
        told = [[each["name"] for each in m["lists"]] for m in viewer.heard if m["type"] == "status" and "lists" in m]
        assert ["mine" in names for names in told] == [True, True, True, False, True]


async def test_what_a_viewer_holds_is_what_the_server_answers(tmp_path: Path) -> None:
    """Rows of an own list over the socket and over HTTP are the same, row by row."""
    async with market(tmp_path, history=OFF, scans={"mine": MINE}) as app, viewing(app, "mine") as viewer:

        async def equal() -> bool:
            answer = await asked(app, "/api/v1/scanner/categories/mine")
            held = viewer.client.lists["mine"].rankings
            return (answer["sequence"], answer["rows"]) == (held.sequence, list(held.rows))

        await eventually(equal, every_s=0.05)
        assert len(viewer.symbols("mine")) == 5


async def test_lists_and_pins_survive_a_restart_and_are_mirrored() -> None:
    """They are in user.json, in the next process at once, and in the database for SQL."""
    with place() as folder:
        async with market(folder) as app:
            symbol = app.board.symbols[7]
            assert (await sent(app, "POST", "/api/v1/scans", MINE | {"name": "mine"}))[0] == 201
            assert (await sent(app, "PUT", f"/api/v1/pins/{symbol}"))[0] == 200
            assert app.stream is not None
            stream = app.stream
            await eventually(lambda: symbol in stream.state.desired)
            assert app.past is not None
            past = app.past
            await eventually(lambda: past.scans.mirrored)
            assert await mirrored(app) == {"mine": MINE | {"enabled": True}}
        kept = orjson.loads((folder / "user.json").read_bytes())
        assert kept["scans"] == {"mine": MINE | {"enabled": True}}
        async with market(folder) as app:
            await eventually(lambda: is_made(app), every_s=0.05)
            assert [pin["symbol"] for pin in (await asked(app, "/api/v1/pins"))["pins"]] == [symbol]


async def test_a_list_made_while_the_market_is_closed_stands_as_of_the_close(tmp_path: Path) -> None:
    """It is filled at once, and the others are not touched."""
    async with market(tmp_path, "21:00", history=OFF) as app:
        before = {name: channel.state for name, channel in app.channels.by_name.items()}

        status, made = await sent(app, "POST", "/api/v1/scans", MINE | {"name": "mine"})

        assert (status, made["count"]) == (201, 5)
        assert {name: app.channels.by_name[name].state for name in before} == before


async def test_a_list_that_cannot_be_made_is_switched_off_with_its_reason(tmp_path: Path) -> None:
    """The others go on; defined anew, it is made again."""
    async with market(tmp_path, history=OFF, scans={"mine": MINE}) as app, viewing(app, "mine", "winners") as viewer:
        scan = app.channels.by_name["mine"].scan
        object.__setattr__(scan, "enter", replace(scan.enter, true=broken))
        await eventually(lambda: "mine" not in viewer.client.lists)

        told = await asked(app, "/api/v1/scans/mine")

        assert (told["made"], told["reason"]) == (False, "ValueError: it broke")
        assert viewer.client.lists["winners"].live
        assert (await sent(app, "PUT", "/api/v1/scans/mine", MINE))[1]["count"] == 5


def broken(_scope: object) -> Any:
    raise ValueError("it broke")


WRONG: tuple[tuple[str, str, object, int, str, str | None, int | None], ...] = (
    ("POST", "/api/v1/scans", {"name": "mine", "where": "rvl > 5"}, 400, "bad_parameter", "where", 1),
    ("POST", "/api/v1/scans", {"name": "Mine", "where": "rvol > 5"}, 400, "bad_parameter", "name", None),
    ("POST", "/api/v1/scans", {"name": "mine"}, 400, "bad_parameter", "where", None),
    ("POST", "/api/v1/scans", {"where": "rvol > 5"}, 400, "bad_parameter", "name", None),
    ("POST", "/api/v1/scans", {"name": "winners", "size": 7}, 409, "exists", None, None),
    ("PUT", "/api/v1/scans/Mine", {"where": "rvol > 5"}, 400, "bad_parameter", "name", None),
    ("PUT", "/api/v1/scans/mine", {"where": "rvol > 5", "size": 201}, 400, "bad_parameter", "size", None),
    ("PUT", "/api/v1/scans/mine", {"where": "rvol > 5", "sort": "x"}, 400, "bad_parameter", "sort", None),
    ("DELETE", "/api/v1/scans/mine", None, 404, "unknown_list", None, None),
    ("DELETE", "/api/v1/scans/winners", None, 409, "not_yours", None, None),
    ("GET", "/api/v1/scans/mine", None, 404, "unknown_list", None, None),
    ("POST", "/api/v1/scans/preview", {"where": "rvol >"}, 400, "bad_parameter", "where", 7),
    ("PUT", "/api/v1/pins/NOBODY", None, 404, "unknown_symbol", None, None),
    ("DELETE", "/api/v1/pins/NOBODY", None, 404, "not_pinned", None, None),
)
"""What is asked, and how it is refused: status, code, the part that is wrong, and the column in it."""


async def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    """In the one shape of errors, with the part and the place; nothing is changed."""
    async with market(tmp_path, history=OFF) as app:
        for method, path, body, *wanted in WRONG:
            status, content = await sent(app, method, path, body)

            error, details = content["error"], content["error"]["details"] or {}
            said = [status, error["code"], details.get("parameter"), details.get("column")]
            assert said == wanted, (method, path, body, error)
        assert not (tmp_path / "user.json").exists()


async def test_a_preview_tells_what_a_list_would_hold_and_makes_none(tmp_path: Path) -> None:
    """Count, first rows in order, and the time it took; no list, no file."""
    async with market(tmp_path, history=OFF) as app:
        names = list(app.channels.by_name)

        status, found = await sent(app, "POST", "/api/v1/scans/preview", MINE | {"limit": 2})

        prices = [row["price"] for row in found["rows"]]
        assert (status, len(prices)) == (200, 2)
        assert prices == sorted(prices, reverse=True)
        assert found["count"] > 50
        assert found["ms"] >= 0
        assert list(app.channels.by_name) == names
    assert not (tmp_path / "user.json").exists()


async def test_the_command_shows_what_the_market_holds(tmp_path: Path) -> None:
    """The same rows in the same order as the API's, and how many there are; an error names its place."""
    async with market(tmp_path, history=OFF, speed=STILL) as app:
        await learned(app)
        assert app.server is not None
        url = f"http://127.0.0.1:{app.server.port}"
        with pytest.raises(UsageError, match="where: column 1: there is no field 'prise'; did you mean 'price'"):
            await try_scan(url, "prise > 1", "", 4, io.StringIO())
        while True:
            ranked, out = app.scanner.passed, io.StringIO()
            await try_scan(url, "price between 1 and 500 and volume_today > 0", "price desc", 4, out)
            if app.scanner.passed is ranked:
                break  # else something was ranked meanwhile

        lines = out.getvalue().splitlines()
        dearest = sorted(app.board.symbols, key=lambda each: -price_of(app, each))[:4]
        assert [line.split()[1] for line in lines[1:5]] == dearest
        assert re.fullmatch(
            r"\d+ qualify, the first 4 are shown; as of 2026-11-18 09:4\d:\d\d New York, in [\d.]+ ms", lines[5]
        )


def price_of(app: App, symbol: Symbol) -> float:
    """As far as it is one that the condition lets in."""
    row = app.board.row_of[symbol]
    price, volume = float(app.board["price"][row]), float(app.board["volume_today"][row])
    passes = 1 <= price <= 500 and volume > 0 and not float(app.board["rvol"][row]) < 1.5  # unknown passes
    return price if passes else 0.0
