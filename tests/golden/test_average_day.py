"""The law of relative volume: a day that trades exactly like its average reads 1.00, whatever lies before it."""

import datetime as dt
import itertools
import random
from typing import NamedTuple

import numpy as np
import pytest

from tests.golden.past import SHARES, Past, RawHistory, sessions_before
from tests.support.market import CALENDAR, DAY, NANOS, image, take, traded
from tradeul.domain.board import Board
from tradeul.domain.day_volumes import SLOT_NS, volumes_of_bars
from tradeul.domain.events import Nanos, Split, Symbol, SymbolBars
from tradeul.domain.slots import SLOTS_PER_DAY
from tradeul.domain.splits import SplitBook
from tradeul.domain.usual import Baseline, BaselineSum, baseline_sessions, own_sessions
from tradeul.engine.enrichment import Enrichment

pytestmark = [pytest.mark.slow(2), pytest.mark.timeout(600)]

LOOKBACKS = range(1, 11)
LEAST_EXPECTED = 1_000.0
NEAR_ONE = 0.005


class Case(NamedTuple):
    """A date, and a split before it if there was one: from then on so many shares for one."""

    name: str
    date: dt.date
    split: tuple[dt.date, float] | None = None


CASES = (
    Case("plain", DAY),
    Case("first day of winter time", dt.date(2026, 11, 2)),
    Case("first day of summer time", dt.date(2026, 3, 9)),
    Case("early close", dt.date(2026, 11, 27)),
    Case("after an early close", dt.date(2026, 12, 2)),
    Case("ten for one", DAY, (dt.date(2026, 11, 16), 10.0)),
    Case("one for ten, this morning", DAY, (DAY, 0.1)),
)


def volumes_of(case: Case) -> dict[dt.date, list[float]]:
    """What traded in each slot of the past sessions, in the shares of then."""
    draw = random.Random(7)  # noqa: S311  # repeatable days, no secret
    found = {}
    for day in sessions_before(case.date, 15):
        busy = draw.uniform(0.2, 3.0)
        volumes = [float(max(0, int(draw.gauss(4_000, 5_000) * busy))) for _ in range(SLOTS_PER_DAY)]
        before_the_split = case.split is not None and day < case.split[0]
        found[day] = (
            [float(round(volume / case.split[1])) for volume in volumes] if before_the_split and case.split else volumes
        )
    return found


def baseline_of(case: Case, volumes: dict[dt.date, list[float]], symbol: Symbol, lookback: int) -> Baseline:
    """What is usual, made as the program makes it of the vendor's bars."""
    splits = [] if case.split is None else [Split(symbol, case.split[0], 1.0, case.split[1])]
    total, first = BaselineSum(case.date), dict.fromkeys([symbol], min(volumes))
    for day in baseline_sessions(CALENDAR, case.date, lookback):
        hours, traded_then = CALENDAR.hours(day), np.array(volumes[day])
        there = np.flatnonzero(traded_then)
        start, price = hours.pre_market_start + there * SLOT_NS, np.ones(len(there))
        bars = SymbolBars(symbol, False, start, price, price, price, price, traded_then[there], price, price)  # noqa: FBT003
        told = volumes_of_bars(bars, [hours])
        total.add(*own_sessions(day, [symbol], told.volumes, first, SplitBook(splits, case.date)))
    return total.baseline()


def past_of(case: Case, volumes: dict[dt.date, list[float]], symbol: Symbol, lookback: int) -> Past:
    """The same by the reference model."""
    raw = RawHistory(case.date, [] if case.split is None else [(symbol, *case.split)])
    raw.slots[symbol] = volumes
    past = raw.past(symbol, lookback)
    past.least_sessions = 1
    return past


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_an_average_day_reads_one(case: Case, request: pytest.FixtureRequest) -> None:
    """At the moment of every snapshot from 04:00 to the end, over every lookback from 1 to 10 sessions."""
    step = 5 if request.config.getoption("--whole-day") else 197
    hours, volumes = CALENDAR.hours(case.date), volumes_of(case)
    board = Board(least_sessions=1)
    enrichment = Enrichment(board, CALENDAR)
    symbols = [Symbol(f"L{lookback}") for lookback in LOOKBACKS]
    rows = board.rows_of(symbols)
    pasts = []
    for symbol, lookback in zip(symbols, LOOKBACKS, strict=True):
        enrichment.apply_baseline(baseline_of(case, volumes, symbol, lookback), 0)
        pasts.append(past_of(case, volumes, symbol, lookback))
    checked = 0

    length = (hours.post_market_end - hours.pre_market_start) // NANOS
    for second in itertools.chain(range(1, length, step), [length - 1]):
        when = Nanos(hours.pre_market_start + second * NANOS)
        slot = second // 300
        expected = [past.expected(second, slot, SHARES, early=hours.early_close) for past in pasts]
        usual = np.array([by_now for _, by_now, _ in expected], np.float64)
        take(enrichment, image(*(traded(s, 10.0, v, when) for s, v in zip(symbols, usual, strict=True))), when)
        asked = usual >= LEAST_EXPECTED
        assert (np.abs(board["rvol"][rows][asked] - 1.0) <= NEAR_ONE).all(), f"{board['rvol'][rows]} at {second} s"
        checked += int(asked.sum())

    assert checked > 9 * length // step
    assert set(board.values("rvol_method", rows)) == {"exact"}
