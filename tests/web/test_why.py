"""Why a symbol is in a list or is not, over HTTP."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.market import CALENDAR, image, traded
from tests.support.web import NOON, StillView, raw_answer, served
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos
from tradeul.domain.filters import Filter
from tradeul.domain.scans import Scan
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import FeedState
from tradeul.engine.scanner import Scanner
from tradeul.engine.vitals import Vitals
from tradeul.engine.why import Why
from tradeul.web.routes.why import WhyRoutes

MS = 1_000_000
WINNERS = Scan("winners", "Winners", "change_percent >= 5 and known(name) or halted", "change_percent desc", size=2)
WORTHY = Scan("worthy", "Worthy", "change_percent >= 5", "change_percent desc", size=2)
CHEAP = Filter("price_range", "not price >= 1")


@dataclass(frozen=True)
class World:
    """What is behind the route."""

    view: StillView
    pipeline: Pipeline
    ask: Any

    async def show(self, **prices: float) -> None:
        """Everybody closed at 10, and trades now at these prices, of 1.5 s ago."""
        when = Nanos(NOON - 1_500 * MS)
        rows = [traded(symbol, price, 1_000, when) for symbol, price in prices.items()]
        await self.pipeline.take_image(image(*rows, feed_time=NOON), NOON)


@contextlib.asynccontextmanager
async def world() -> AsyncIterator[World]:
    """A market at noon with nothing in it yet."""
    clock = ManualClock(NOON)
    board, view, channels = Board(capacity=4), StillView(clock), Channels("e", [WINNERS, WORTHY], clock)
    scanner = Scanner(board, [WINNERS, WORTHY], [CHEAP], channels)
    pipeline = Pipeline(Enrichment(board, CALENDAR), scanner, clock, Vitals(NOON))
    routes = WhyRoutes(Why(board, scanner, channels), board, channels, pipeline, view)
    async with served(more=[routes]) as web:

        async def ask(path: str) -> tuple[int, Any]:
            request = f"GET /api/v1/why/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            status, _, body = await raw_answer(web, request.encode())
            return status, json.loads(body)

        yield World(view, pipeline, ask)


async def test_a_member_is_explained() -> None:
    """With its rank, what it passed, from where and how old the values are, and who is next to it by which keys."""
    async with world() as here:
        await here.show(A=11.0, B=12.0, C=0.5, D=13.0)
        status, said = await here.ask("worthy/B")

    assert status == 200
    assert list(said) == [
        "list", "symbol", "as_of", "member", "rank", "predicates", "first_failure", "order", "neighbours",
    ]  # fmt: skip
    assert (said["list"], said["symbol"], said["as_of"]) == ("worthy", "B", NOON // MS)
    assert (said["member"], said["rank"], said["first_failure"]) == (True, 2, None)
    assert [(each["name"], each["verdict"]) for each in said["predicates"]] == [
        ("not_traded", "pass"), ("price_range", "pass"), ("where", "pass"), ("order", "pass"),
    ]  # fmt: skip
    assert said["predicates"][2] == {
        "kind": "comparison", "name": "where", "text": "change_percent >= 5", "verdict": "pass", "value": 20.0,
        "threshold": 5.0, "source": "computed", "age_ms": 1_500, "parts": [],
        "fields": [{"name": "change_percent", "value": 20.0, "source": "computed", "age_ms": 1_500}],
    }  # fmt: skip
    assert said["neighbours"]["above"] == {
        "rank": 1, "symbol": "D", "order": [{"text": "change_percent", "descending": True, "value": 30.0}],
    }  # fmt: skip
    assert said["neighbours"]["below"] is None
    assert said["neighbours"]["last"]["symbol"] == "B"


async def test_an_absentee_is_told_what_keeps_it_out_first() -> None:
    """A filter by its name, else the part of the condition, else its rank."""
    async with world() as here:
        await here.show(A=11.0, B=12.0, C=0.5, D=13.0, E=10.0)
        said = {symbol: (await here.ask(f"worthy/{symbol}"))[1] for symbol in "ACE"}

    first = {symbol: each["first_failure"] for symbol, each in said.items()}
    assert not any(each["member"] or each["rank"] for each in said.values())
    assert (first["C"]["kind"], first["C"]["name"], first["C"]["value"]) == ("filter", "price_range", 0.5)
    assert (first["E"]["name"], first["E"]["text"], first["E"]["value"]) == ("where", "change_percent >= 5", 0.0)
    assert (first["A"]["name"], first["A"]["value"], first["A"]["threshold"]) == ("outranked", 3, 2)
    assert said["A"]["neighbours"]["above"]["symbol"] == "B"


async def test_the_predicates_are_a_tree() -> None:
    """As the condition is: what is unknown says so, and of reference data nothing is said to be old."""
    async with world() as here:
        await here.show(A=11.0)
        _, said = await here.ask("winners/A")

    where = said["predicates"][2]
    assert (where["kind"], where["verdict"], where["source"], where["age_ms"]) == ("or", "unknown", None, None)
    both, halted = where["parts"]
    assert (both["kind"], both["text"], both["verdict"]) == ("and", "change_percent >= 5 and known(name)", "fail")
    assert (halted["kind"], halted["value"], halted["verdict"]) == ("flag", None, "unknown")
    known = both["parts"][1]
    assert (known["value"], known["source"], known["age_ms"]) == (None, "reference", None)
    assert said["first_failure"] == {**known, "name": "where"}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("nobody/A", "unknown_list"), ("Winners/A", "unknown_list"), ("winners/a", "unknown_symbol"),
        ("winners/%00", "unknown_symbol"), ("winners/" + "A" * 3_000, "unknown_symbol"), ("%F0%9F/A", "unknown_list"),
    ],
)  # fmt: skip
async def test_what_there_is_not_is_unknown(path: str, code: str) -> None:
    """A list or a symbol, as written."""
    async with world() as here:
        await here.show(A=11.0)
        status, said = await here.ask(path)

    assert (status, said["error"]["code"]) == (404, code)


async def test_before_the_first_image_a_program_is_asked_to_come_back() -> None:
    """While nothing is ranked, and while the feed is starting; a list that there is not stays unknown."""
    async with world() as here:
        unranked = await here.ask("winners/A")
        unknown, _ = await here.ask("nobody/A")
        await here.show(A=11.0)
        here.view.state = FeedState("starting", NOON, "no snapshot yet", None)
        starting = await here.ask("winners/A")

    assert [(status, said["error"]["code"]) for status, said in (unranked, starting)] == [(503, "starting")] * 2
    assert unknown == 404
