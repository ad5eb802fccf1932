"""Live bars between snapshots, in every order in which the two can come."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from tests.support.market import CALENDAR, DAY, NANOS, at, bar, daily, image, live, take, traded
from tradeul.clock import ManualClock
from tradeul.domain.averages import DailyHistory
from tradeul.domain.board import Board
from tradeul.domain.events import LiveEvents, Nanos, Symbol
from tradeul.domain.folding import Folded
from tradeul.domain.scans import BUILT_IN
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.intake import Intake
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.scanner import Scanner
from tradeul.engine.vitals import Vitals

USUAL = 1_000_000


def engine(*symbols: str, wall: str) -> Enrichment:
    """A board that has taken one snapshot, and knows what these symbols trade on a usual day."""
    enrichment = Enrichment(Board(capacity=8), CALENDAR)
    history = DailyHistory()
    history.add(daily(dt.date(2026, 11, 17), *((symbol, 11.0, 9.0, 10.0, USUAL) for symbol in symbols)))
    feed(enrichment, wall, *((symbol, 10_000) for symbol in symbols))
    enrichment.apply_averages(history.averages())
    return enrichment


def feed(enrichment: Enrichment, wall: str, *volumes: tuple[str, float]) -> None:
    when = at(wall)
    take(enrichment, image(*(traded(symbol, 10.0, volume, when) for symbol, volume in volumes)), when)


def show(enrichment: Enrichment, name: str, symbol: str = "HOT") -> Any:
    row = enrichment.board.row_of[Symbol(symbol)]
    return enrichment.board.values(name, np.array([row]))[0]


def test_a_slow_snapshot_does_not_take_the_slot_back() -> None:
    """One of before the slot comes after bars of it: what the slot began with is still known, and the same."""
    enrichment = engine("HOT", "COLD", wall="10:04:55")
    live(enrichment, [bar("HOT", at("10:05:01"), 10.0, 14_000)])

    feed(enrichment, "10:04:59", ("HOT", 11_000), ("COLD", 10_000))
    live(enrichment, [bar("HOT", at("10:05:02"), 10.0, 14_500)])
    feed(enrichment, "10:05:20", ("HOT", 16_000), ("COLD", 13_000))

    usual = USUAL * (0.215 - 0.14) * 20 / 1_800
    assert show(enrichment, "rvol_slot") == pytest.approx(6_000 / usual, abs=1e-3)
    assert show(enrichment, "rvol_slot", "COLD") == pytest.approx(3_000 / usual, abs=1e-3)


def test_what_was_last_heard_of_before_the_slot_has_no_ratio_of_it() -> None:
    """A snapshot without the row, or a late bar of it, says nothing of the slot that is running."""
    enrichment = engine("HOT", "COLD", wall="10:04:55")
    feed(enrichment, "10:05:20", ("COLD", 13_000))
    vanished = show(enrichment, "rvol_slot")

    live(enrichment, [bar("HOT", at("10:04:58"), 10.0, 10_500)])
    late = show(enrichment, "rvol_slot")
    live(enrichment, [bar("HOT", at("10:05:20"), 10.0, 12_000)])

    assert (vanished, late) == (None, None)
    assert show(enrichment, "rvol_slot") is not None


def test_a_bar_looks_back_from_its_own_moment() -> None:
    """While no snapshot comes, the change of a minute does not become that of several."""
    enrichment = engine("HOT", wall="10:00:00")
    changes = []

    for second in (30, 60, 90, 91):
        live(enrichment, [bar("HOT", Nanos(at("10:00:00") + second * NANOS), 10.1, 10_100)])
        changes.append((show(enrichment, "change_1m"), show(enrichment, "volume_1m")))

    assert changes == [(None, None), (1.0, 100), (1.0, 100), (None, None)]


def test_bars_that_waited_over_the_open_stay_apart() -> None:
    """An engine that was behind by some seconds does not take the first regular trades for the last of before."""
    clock = ManualClock(at("09:30:03"))
    enrichment, intake = engine("HOT", wall="09:29:50"), Intake(clock, CALENDAR, Vitals(clock.now()))
    last = bar("HOT", at("09:30:00"), 10.1, 11_000, high=10.2)
    first = bar("HOT", at("09:30:01"), 10.8, 90_000, high=10.9)

    intake.deliver(LiveEvents([last, first], [], [], [], []))
    for folded in intake.take():
        enrichment.apply_live(folded)

    assert (show(enrichment, "premarket_high"), show(enrichment, "premarket_volume")) == (10.2, 11_000)
    assert (show(enrichment, "high"), show(enrichment, "volume_today")) == (10.9, 90_000)


async def test_a_bar_of_the_future_does_not_turn_the_boards_time() -> None:
    """It is dropped and counted; the bars beside it are taken."""
    clock, board = ManualClock(at("10:00:10")), Board(capacity=8)
    vitals, channels, enrichment = Vitals(clock.now()), Channels("e1", BUILT_IN, clock), Enrichment(board, CALENDAR)
    pipeline = Pipeline(enrichment, Scanner(board, BUILT_IN, [], channels), clock, vitals)
    await pipeline.take_image(image(traded("A", 10.0, 1_000, at("10:00"))), clock.now())

    tomorrow = bar("A", at("10:00", DAY + dt.timedelta(days=1)), 99.0, 9_000)
    await pipeline.take_live([Folded([bar("A", at("10:00:10"), 10.5, 1_100), tomorrow])])

    assert (show(enrichment, "price", "A"), vitals.events_from_the_future) == (10.5, 1)
    assert pipeline.as_of == at("10:00:10")
