"""Every fault of the vendor's REST is told within 10 s: a reason in /health, and a figure that moves."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.engine.test_discovery import Engine
from tests.support.engine_desk import Desk, desk_at

SNAPSHOT = "/v2/snapshot"
TOLD_WITHIN_S = 10
LONG_S = 121
AFTER_LONG = ("rate_limited", "unknown_key")
"""Whoever is refused so does not ask again at once."""
FAULTS = [  # one of each kind
    ("server_error", {"status": 503.0}, "snapshots", "failed"),
    ("rate_limited", {"retry_after": 120.0}, "snapshots", "failed"),
    ("unknown_key", {}, "snapshots", "failed"),
    ("cut", {}, "snapshots", "failed"),
    ("half", {}, "snapshots", "refused"),
    ("zeros", {}, "snapshots", "refused"),
    ("older", {}, "snapshots", "refused"),
    ("wrong_types", {"share": 0.02}, "snapshots", "dropped"),
    ("frozen", {}, "snapshots", "unchanged"),
]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_at("10:00") as desk:
        yield desk


def figures(desk: Desk) -> dict[str, int]:
    vitals = desk.vitals
    return {
        "failed": vitals.snapshots_failed + sum(vitals.snapshots_refused.values()),
        "refused": sum(vitals.snapshots_refused.values()),
        "dropped": sum(vitals.rows_dropped.values()),
        "unchanged": vitals.snapshots_unchanged,
    }


def parts(desk: Desk) -> list[str]:
    troubles: Any = desk.view.health()["troubles"]
    return [trouble["part"] for trouble in troubles]


@pytest.mark.parametrize(("fault", "options", "part", "figure"), FAULTS, ids=[f"{each[0]}{each[1]}" for each in FAULTS])
async def test_a_fault_is_told_in_time(desk: Desk, fault: str, options: dict[str, Any], part: str, figure: str) -> None:
    """While it lasts, by part; and no more once it is over."""
    before, well = figures(desk), parts(desk)

    desk.exchange.faults.switch_on(fault, path=SNAPSHOT, **options)
    await desk.let(TOLD_WITHIN_S)
    during, told = figures(desk), parts(desk)
    desk.exchange.faults.switch_off()
    await desk.let(LONG_S if fault in AFTER_LONG else 6)

    assert well == []
    assert part in told
    assert during[figure] > before[figure]
    assert parts(desk) == []


async def test_a_body_that_does_not_come_is_told_while_it_is_waited_for() -> None:
    """Long before its 20 s are over."""
    engine = Engine("10:00")
    async with engine.running():
        await engine.clock.advance(4)
        engine.source.takes_s = 15.0
        await engine.clock.advance(TOLD_WITHIN_S)
        told = engine.view.health()["reasons"]

    assert told == ["a snapshot has been under way for 9 s"]
