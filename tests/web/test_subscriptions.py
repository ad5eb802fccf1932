"""What is followed live over HTTP: who and why, how the link is, what the audits found, and an audit on demand."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.market import NANOS
from tests.support.reconciling import COOLDOWN_S, START, Desk, Link
from tests.support.web import Served, raw_answer, served
from tradeul.domain.events import Nanos, Symbol
from tradeul.web.routes.subscriptions import SubscriptionRoutes

START_MS = START // 10**6


@contextlib.asynccontextmanager
async def world() -> AsyncIterator[tuple[Desk, Served]]:
    desk = Desk()
    async with served(more=[SubscriptionRoutes(desk.reconciler)]) as web:
        yield desk, web


async def ask(web: Served, line: str, *headers: str) -> tuple[int, Any]:
    """What a request of this line is answered."""
    head = "\r\n".join([f"{line} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers])
    status, _, body = await raw_answer(web, f"{head}\r\n\r\n".encode())
    return status, json.loads(body)


async def test_who_is_followed_is_told_with_since_when_and_why() -> None:
    """By symbol, with every reason, beside what is known to come and what is not yet."""
    async with world() as (desk, web):
        desk.pins = frozenset({Symbol("A")})
        desk.show(gappers="BA")
        await desk.clock.advance(5)
        desk.show(gappers="A", losers="C")
        desk.tell(confirmed="BA", pending="C")
        status, said = await ask(web, "GET /subscriptions")

    assert status == 200
    assert said == {
        "desired": [
            {"symbol": "A", "since": START_MS, "because": ["list:gappers", "pin"]},
            {"symbol": "B", "since": START_MS, "because": ["cooldown"]},
            {"symbol": "C", "since": START_MS + 5_000, "because": ["list:losers"]},
        ],
        "confirmed": ["A", "B"],
        "pending": ["C"],
    }


async def test_the_log_tells_the_changes_newest_first() -> None:
    """Only if it is asked for, and with whatever else is asked."""
    async with world() as (desk, web):
        desk.show(gappers="A")
        desk.show(gappers="", losers="B")
        await desk.clock.advance(COOLDOWN_S)
        desk.show(losers="B")
        _, said = await ask(web, "GET /subscriptions?log=1")
        _, without = await ask(web, "GET /subscriptions?log=0")

    end = START_MS + int(COOLDOWN_S * 1000)
    assert said["log"] == [
        {"symbol": symbol, "action": action, "why": [f"list:{why}"], "session": "MARKET_OPEN", "time": when}
        for symbol, action, why, when in (
            ("A", "unsubscribed", "gappers", end),
            ("B", "subscribed", "losers", START_MS),
            ("A", "subscribed", "gappers", START_MS),
        )
    ]
    assert [symbol["symbol"] for symbol in said["desired"]] == ["B"]
    assert "log" not in without


@pytest.mark.parametrize("wrong", ["yes", "2", "-1", "01"])
async def test_a_log_that_cannot_be_read_is_refused(wrong: str) -> None:
    """The parameter is named, and what it may be."""
    async with world() as (_, web):
        status, said = await ask(web, f"GET /subscriptions?log={wrong}")

    assert (status, said["error"]["details"]) == (400, {"parameter": "log"})
    assert said["error"]["message"] == "log: one of 0, 1"


async def test_the_link_is_told_as_the_feed_says() -> None:
    """Moments in milliseconds; how many came to be followed, and how many are no more."""
    async with world() as (desk, web):
        _, before = await ask(web, "GET /stats")
        desk.show(gappers="AB")
        desk.feed.state = Link(
            authenticated=False, reconnects=2, close_codes={1006: 2, 1008: 1}, messages=70, requests=4,
            last_message_at=Nanos(START + NANOS), lag_ms=120, trouble="the live feed was cut off",
        )  # fmt: skip
        status, said = await ask(web, "GET /stats")

    assert (before["last_message_at"], before["lag_ms"], before["trouble"]) == (None, None, "")
    assert status == 200
    assert said == {
        "connected": True, "authenticated": False, "since": START_MS, "reconnects": 2,
        "close_codes": {"1006": 2, "1008": 1}, "messages": 70, "lag_ms": 120, "last_message_at": START_MS + 1_000,
        "batches": 4, "trouble": "the live feed was cut off", "promoted": 2, "degraded": 0,
    }  # fmt: skip


async def test_the_audits_are_told_and_made_on_demand() -> None:
    """What one finds is its answer, and adds up in the metrics; the next one finds nothing."""
    async with world() as (desk, web):
        _, before = await ask(web, "GET /reconciler/metrics")
        desk.show(gappers="ABC")
        desk.tell(confirmed="AX", pending="B")
        status, found = await ask(web, "POST /reconciler/force")
        _, again = await ask(web, "POST /reconciler/force")
        _, said = await ask(web, "GET /reconciler/metrics")

    assert before == {
        "reconciliations_count": 0, "total_drift_detected": 0, "total_corrections": 0, "last_reconciliation": None,
        "drift": 0, "desired": 0, "confirmed": 0, "batches": 0, "overlooked": 0, "disbelieved": 0,
    }  # fmt: skip
    assert (status, found) == (200, {"drift": 3, "subscribed": 1, "unsubscribed": 1})
    assert again == {"drift": 0, "subscribed": 0, "unsubscribed": 0}
    assert said == before | {
        "reconciliations_count": 2, "total_drift_detected": 3, "total_corrections": 2,
        "last_reconciliation": START_MS, "desired": 3, "confirmed": 3,
    }  # fmt: skip


async def test_another_sites_page_cannot_force_an_audit() -> None:
    """Like everything that may change something."""
    async with world() as (desk, web):
        status, said = await ask(web, "POST /reconciler/force", "Origin: https://elsewhere.example")
        wrong_way, _ = await ask(web, "GET /reconciler/force")

    assert (status, said["error"]["code"], wrong_way) == (403, "foreign_origin", 405)
    assert desk.reconciler.tally.audits == 0
