"""The market behind the lists over HTTP: what passes, what is dropped and why, who gaps how far."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.market import CALENDAR, image, traded
from tests.support.web import NOON, Served, StillView, raw_answer, served
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.fields import DEFAULT_COLUMNS
from tradeul.domain.filters import Filter
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import FeedState
from tradeul.engine.scanner import Scanner
from tradeul.engine.survey import EXAMPLES, Survey
from tradeul.engine.vitals import Vitals
from tradeul.web.routes.survey import ROWS_A_TURN, SurveyRoutes

PATH = "/api/v1/scanner"
CHEAP = Filter("cheap", "price < 1")
THIN = Filter("thin", "volume_today < 500")
SILENT = {"updated": NOON, "prev_close": 5.0}
"""A row that has not traded today."""


@dataclass(frozen=True)
class World:
    """What is behind the routes."""

    web: Served
    view: StillView
    board: Board
    scanner: Scanner
    pipeline: Pipeline

    async def show(self, *rows: dict[str, Any]) -> None:
        await self.pipeline.take_image(image(*rows, feed_time=NOON), NOON)

    async def ask(self, path: str) -> tuple[int, Any]:
        request = f"GET {PATH}/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        status, _, body = await raw_answer(self.web, request.encode())
        return status, json.loads(body)


@contextlib.asynccontextmanager
async def world() -> AsyncIterator[World]:
    """A market at noon with nothing in it yet; every close before was 10."""
    clock = ManualClock(NOON)
    board, view = Board(capacity=4), StillView(clock)
    enrichment = Enrichment(board, CALENDAR)
    scanner = Scanner(board, [], [CHEAP, THIN], Channels("e", [], clock))
    pipeline = Pipeline(enrichment, scanner, clock, Vitals(NOON))
    async with served(more=[SurveyRoutes(Survey(board, scanner), pipeline, view)]) as web:
        yield World(web, view, board, scanner, pipeline)


def opened(symbol: str, gap: float, price: float = 10.0, volume: float = 1_000.0) -> dict[str, Any]:
    return traded(symbol, price, volume, NOON, day_open=10.0 + gap / 10)


def symbols(rows: list[dict[str, Any]]) -> list[str]:
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["symbol"] for row in rows]


async def test_each_symbol_is_dropped_for_its_first_reason() -> None:
    """How many and which, the first by symbol; a filter that drops nobody says so."""
    async with world() as here:
        thin = [traded(f"T{number}", 9.0, 10, NOON) for number in reversed(range(7))]
        await here.show(traded("A", 9.0, 1_000, NOON), *thin, traded("CT", 0.5, 10, NOON), {"symbol": "S", **SILENT})
        status, said = await here.ask("dropped")

    assert (status, EXAMPLES) == (200, 5)
    assert said == {
        "as_of": NOON // 10**6,
        "reasons": {
            "not_traded": {"count": 1, "examples": ["S"]},
            "cheap": {"count": 1, "examples": ["CT"]},
            "thin": {"count": 7, "examples": ["T0", "T1", "T2", "T3", "T4"]},
        },
    }


async def test_what_passes_comes_by_score() -> None:
    """Rows as lists have them, the highest score first, ties by symbol, cut where asked, and counted before."""
    async with world() as here:
        prices = {"b": 10.5, "B": 10.5, "AA": 10.5, "TOP": 14.0, "LOW": 10.0, "CHEAP": 0.5}
        await here.show(*(traded(symbol, price, 1_000, NOON) for symbol, price in prices.items()))
        here.board["score"][here.board.row_of["LOW"]] = float("nan")  # type: ignore[index]
        _, whole = await here.ask("filtered")
        _, cut = await here.ask("filtered?limit=2")

    assert symbols(whole["rows"]) == ["TOP", "AA", "B", "b", "LOW"]
    assert symbols(cut["rows"]) == ["TOP", "AA"]
    assert (whole["as_of"], whole["count"], cut["count"]) == (NOON // 10**6, 5, 5)
    assert list(whole["rows"][0]) == ["rank", "symbol", *DEFAULT_COLUMNS]
    top = whole["rows"][0]
    assert (top["price"], top["change_percent"], top["rvol"], top["name"]) == (14.0, 40.0, None, None)


async def test_gappers_are_as_far_as_asked() -> None:
    """Both ways, the furthest first, exactly at the bound is in, ties by symbol, dropped ones are not."""
    async with world() as here:
        gaps = {"b": 2.0, "A": 2.0, "FAR": 30.0, "NEAR": 1.99, "d": -2.0, "C": -2.0, "DEEP": -9.0, "STILL": 0.0}
        rows = [opened(symbol, gap) for symbol, gap in gaps.items()]
        await here.show(*rows, opened("CHEAP", 40.0, price=0.5))
        _, usual = await here.ask("gappers")
        _, wide = await here.ask("gappers?min_gap=2.5")
        _, every = await here.ask("gappers?min_gap=0")
        _, cut = await here.ask("gappers?limit=1")

    assert (symbols(usual["up"]), symbols(usual["down"])) == (["FAR", "A", "b"], ["DEEP", "C", "d"])
    assert (symbols(wide["up"]), symbols(wide["down"])) == (["FAR"], ["DEEP"])
    assert symbols(every["up"]) == ["FAR", "A", "b", "NEAR", "STILL"]
    assert symbols(every["down"]) == ["DEEP", "C", "d", "STILL"]
    assert (symbols(cut["up"]), symbols(cut["down"])) == (["FAR"], ["DEEP"])
    assert (usual["min_gap"], wide["min_gap"], usual["as_of"]) == (2.0, 2.5, NOON // 10**6)
    assert usual["up"][0]["gap_percent"] == 30.0


@pytest.mark.parametrize("path", ["filtered", "gappers"])
@pytest.mark.parametrize("limit", ["0", "-1", "1001", "ten", "1.5", "%D9%A3", "+5", "1e2", "9" * 5_000, "%00"])
async def test_a_bad_limit_is_named(path: str, limit: str) -> None:
    """What is no number from 1 to 1,000 is a 400 that says so."""
    async with world() as here:
        status, said = await here.ask(f"{path}?limit={limit}")

    assert (status, said["error"]["code"], said["error"]["details"]) == (400, "bad_parameter", {"parameter": "limit"})


@pytest.mark.parametrize(
    "gap", ["-1", "-0.1", "nan", "inf", "-inf", "1e999", "two", "1_0", "%D9%A3", "2%25", "%202", "2,5", "0x2", "1" * 99]
)
async def test_a_bad_gap_is_named(gap: str) -> None:
    """What is no finite number from 0 on is a 400 that says so."""
    async with world() as here:
        status, said = await here.ask(f"gappers?min_gap={gap}")

    assert (status, said["error"]["code"], said["error"]["details"]) == (400, "bad_parameter", {"parameter": "min_gap"})


@pytest.mark.parametrize("path", ["dropped", "filtered", "gappers"])
async def test_while_starting_nothing_is_known(path: str) -> None:
    """Before there is a ranking, or a feed, a program is asked to come back."""
    async with world() as here:
        unranked, _ = await here.ask(path)
        await here.show(traded("A", 10.5, 1_000, NOON))
        ranked, _ = await here.ask(path)
        here.view.state = FeedState("starting", NOON, "no snapshot yet", None)
        unfed, said = await here.ask(path)

    assert (unranked, ranked, unfed, said["error"]["code"]) == (503, 200, 503, "starting")


async def test_symbols_that_came_since_are_not_judged() -> None:
    """The answer is of the market as it was ranked last, however the board grew after."""
    async with world() as here:
        await here.show(traded("B", 10.5, 1_000, NOON))
        here.board.rows_of(["A", "C"])  # type: ignore[list-item]
        _, passed = await here.ask("filtered")
        _, gaps = await here.ask("gappers?min_gap=0")
        _, dropped = await here.ask("dropped")

    assert symbols(passed["rows"]) == ["B"]
    assert symbols(gaps["up"]) == ["B"]
    assert sum(reason["count"] for reason in dropped["reasons"].values()) == 0


async def test_a_long_answer_is_whole() -> None:
    """However it is put into words part by part, every row is there once and in its place."""
    async with world() as here:
        names = [f"S{number:04d}" for number in range(2 * ROWS_A_TURN + 1)]
        await here.show(*(traded(name, 10.5, 1_000, NOON) for name in names))
        _, said = await here.ask("filtered?limit=1000")

    assert symbols(said["rows"]) == names
