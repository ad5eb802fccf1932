"""Symbols are found by what somebody types, links lead elsewhere, and a usual day is told slot by slot."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.support.market import CALENDAR, DAY, at, image, traded
from tests.support.web import EPOCH, NOON, Served, raw_answer, served
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.engine.channels import Channels
from tradeul.engine.division import Divisions
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.scanner import Scanner
from tradeul.engine.symbol_search import A_TURN, SymbolSearch
from tradeul.engine.vitals import Vitals
from tradeul.web.routes.rvol import Rvol
from tradeul.web.routes.symbols import Symbols
from tradeul.web.server import Part

NAMES = {
    "BACPL": "O'Neil & Söhne <ADR>",
    "BACpL": "Bank of America Corporation Preferred Series L",
    "BAC": "Bank of America Corporation",
    "AAPL": "Apple Inc.",
    "BRK.B": None,
    "ACME": "Back Bay Apples",
}
LINK = ("Somewhere", "https://somewhere.example/{symbol}")


@dataclass(frozen=True)
class World:
    """What is behind the routes."""

    web: Served
    board: Board

    async def ask(self, path: str) -> tuple[int, Any]:
        request = f"GET /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        status, _, body = await raw_answer(self.web, request.encode())
        return status, json.loads(body)

    async def found(self, text: str) -> list[str]:
        _, answer = await self.ask(f"symbols?q={text}")
        return [each["symbol"] for each in answer["symbols"]]


@contextlib.asynccontextmanager
async def world() -> AsyncIterator[World]:
    """A small market at noon, whose symbols have names, and a usual volume as far as a test gives one."""
    clock, board = ManualClock(NOON), Board()
    scanner = Scanner(board, [], [], Channels(EPOCH, [], clock))
    pipeline = Pipeline(Enrichment(board, CALENDAR), scanner, clock, Vitals(NOON))
    await pipeline.take_image(image(*(traded(symbol, 10.0, 1_000.0, NOON) for symbol in NAMES), feed_time=NOON), NOON)
    board.put_texts("name", slice(None), [NAMES[symbol] for symbol in board.symbols])
    routes: list[Part] = [Symbols(SymbolSearch(board), [LINK]), Rvol(Divisions(board, pipeline), None)]
    async with served(more=routes) as web:
        yield World(web, board)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bac", ["BAC", "BACPL", "BACpL", "ACME"]),
        ("BACpL", ["BACpL", "BACPL"]),
        ("BACPL", ["BACPL", "BACpL"]),
        ("america", ["BAC", "BACpL"]),
        ("a", ["AAPL", "ACME", "BAC", "BACpL"]),
        ("apple", ["AAPL", "ACME"]),
        ("BRK.B", ["BRK.B"]),
        ("s%C3%B6", ["BACPL"]),
        ("pple", []),
        ("zzz", []),
    ],
)
async def test_the_likeliest_symbol_comes_first(text: str, found: list[str]) -> None:
    """What is written exactly so, then what begins so, then who is named so; each symbol as the exchange writes it."""
    async with world() as here:
        assert await here.found(text) == found


async def test_a_name_goes_with_its_symbol() -> None:
    """As it is, markup and all; none where nobody knows it."""
    async with world() as here:
        _, one = await here.ask("symbols?q=BACPL&limit=1")
        _, other = await here.ask("symbols?q=BRK.B")

    assert one == {"symbols": [{"symbol": "BACPL", "name": "O'Neil & Söhne <ADR>"}]}
    assert other == {"symbols": [{"symbol": "BRK.B", "name": None}]}


@pytest.mark.parametrize("text", ["", "%20", "x" * 1_000])
async def test_a_search_for_nothing_finds_nothing(text: str) -> None:
    """Nor does one that is longer than any name."""
    async with world() as here:
        assert await here.found(text) == []


def test_a_market_is_searched_in_turns() -> None:
    """Nobody waits for the whole of it, and the likeliest is found wherever it stands."""
    board = Board()
    board.rows_of([f"A{number}" for number in range(3 * A_TURN)])  # type: ignore[misc]  # they are symbols

    parts = list(SymbolSearch(board).parts("a1499", 5))

    assert [len(part) for part in parts] == [0, 0, 1]


async def test_links_are_as_the_settings_have_them() -> None:
    """A title, and an address that the page puts the symbol into."""
    async with world() as here:
        _, answer = await here.ask("links")

    assert answer == {"links": [{"title": LINK[0], "address": LINK[1]}]}


async def test_a_usual_day_is_told_slot_by_slot() -> None:
    """By the end of each of the 192 slots, with the hours of the day that they are of."""
    ends = np.arange(1.0, 193.0) * 100
    async with world() as here:
        rows = here.board.rows_of(["AAPL"])  # type: ignore[list-item]  # it is a symbol
        here.board.usual.put(rows, ends[:, None], np.array([5]), DAY)
        _, exact = await here.ask("rvol/AAPL/usual")
        _, unknown = await here.ask("rvol/BAC/usual")
        status, _ = await here.ask("rvol/NOSUCH/usual")

    assert exact["expected"] == ends.tolist()
    assert (exact["date"], exact["slot_ms"]) == (DAY.isoformat(), 300_000)
    assert [exact[name] * 10**6 for name in ("pre_market_start", "market_open", "market_close", "post_market_end")] == [
        at(wall) for wall in ("04:00", "09:30", "16:00", "20:00")
    ]
    assert unknown["expected"] == [None] * 192
    assert status == 404
