"""The small lines beside a list's rows, over HTTP."""

import json
from typing import Any

import numpy as np

from tests.support.web import NOON, StillView, raw_answer, row, scan, served
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.sparks import POINTS, STEP_NS, SparkTrail
from tradeul.engine.channels import Channels
from tradeul.web.routes.sparks import SparkRoutes


async def asked(path: str, trail: SparkTrail) -> tuple[int, Any]:
    """What is answered of a list in which B stands before A, on a board of A, B and C."""
    clock, board = ManualClock(NOON), Board(capacity=4)
    board.rows_of([Symbol(name) for name in "ABC"])
    channels = Channels("e", [scan("alpha")], clock)
    channels.publish({"alpha": (row("B"), row("A"))}, NOON // 1_000_000)
    async with served(more=[SparkRoutes(trail, board, channels, StillView(clock))]) as web:
        request = f"GET /api/v1/sparks{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        status, _, body = await raw_answer(web, request.encode())
        return status, json.loads(body)


def trail() -> SparkTrail:
    made = SparkTrail()
    made.record(Nanos(NOON - STEP_NS), np.array([1.5, np.nan, 3.0]))
    made.record(NOON, np.array([1.25, 2.0, 3.0]))
    return made


async def test_a_list_is_answered_with_its_points() -> None:
    """Those of its members and of nobody else, in the order of time, with the time of the newest."""
    status, said = await asked("?list=alpha", trail())

    assert status == 200
    assert list(said) == ["list", "step_ms", "as_of", "rows"]
    assert (said["list"], said["step_ms"], said["as_of"]) == ("alpha", 15_000, NOON // 1_000_000)
    assert {symbol: points[-2:] for symbol, points in said["rows"].items()} == {"B": [None, 2.0], "A": [1.5, 1.25]}
    assert {len(points) for points in said["rows"].values()} == {POINTS}


async def test_what_cannot_be_answered_is_refused_by_its_name() -> None:
    """No list named, an unknown one, and a market of which nothing is known yet."""
    nameless, unknown = await asked("", trail()), await asked("?list=no", trail())
    early, _ = await asked("?list=alpha", SparkTrail())

    assert (nameless[0], nameless[1]["error"]["details"]["parameter"]) == (400, "list")
    assert (unknown[0], unknown[1]["error"]["code"]) == (404, "unknown_list")
    assert early == 503
