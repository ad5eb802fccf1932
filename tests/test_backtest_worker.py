"""The process of a backtest: what it says, and that it runs where little is allowed."""

import datetime as dt
import io
import os
import sys
from typing import Any

import orjson
import pytest

from tradeul import worker
from tradeul.backtest_worker import Progress, tried

WISH = {
    "address": "postgresql://nobody@127.0.0.1:1/nowhere", "world": "sim-1", "first": "2026-11-16", "last": "2026-11-17",
    "today": "2026-11-18", "lookback": 5, "least_sessions": 3, "filters": [],
    "scan": {"name": "tried", "title": "Tried", "where": "rvol > 2", "order": "score desc"},
}  # fmt: skip


class Spoken:
    """Stdin with one line, and stdout that is kept."""

    def __init__(self, wish: object) -> None:
        self.buffer = io.BytesIO(orjson.dumps(wish) + b"\n")


def said(monkeypatch: pytest.MonkeyPatch, wish: object) -> list[Any]:
    """What the process says when it is asked for that."""
    out = Spoken(None)
    out.buffer = io.BytesIO()
    monkeypatch.setattr(worker, "end_with_parent", lambda: None)
    monkeypatch.setattr(sys, "stdin", Spoken(wish))
    monkeypatch.setattr(sys, "stdout", out)
    worker.answer_one("result", tried)
    return [orjson.loads(line) for line in out.buffer.getvalue().splitlines()]


def test_where_priorities_may_not_be_changed_it_works_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under the shipped unit; and a database that is not there is said in one line."""

    def refused(_by: int) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "nice", refused)

    (told,) = said(monkeypatch, WISH)

    assert told["error"].startswith("Postgres: ")
    assert "\n" not in told["error"]


def test_days_that_cannot_be_played_are_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """A weekend has no session: nothing is asked of the database, and nothing is missing."""
    monkeypatch.setattr(os, "nice", lambda _by: 0)

    (told,) = said(monkeypatch, WISH | {"first": "2026-11-14", "last": "2026-11-15"})

    assert told["result"]["days"] == []
    assert told["result"]["missing_days"] == []
    assert told["result"]["entries"] == 0


def test_progress_grows_and_never_passes_its_end(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Image by image, every sixteen; a day that is short or over does not shift the next."""
    progress = Progress(2)
    for number in range(2):
        progress.day_begins(number, dt.date(2026, 11, 16 + number))
        list(progress.counted([None] * 192))  # type: ignore[list-item]

    lines = [orjson.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    done = [line["done"] for line in lines]
    assert done == sorted(done)
    assert done[-1] <= lines[-1]["total"] == 382
    assert len(lines) > 20
