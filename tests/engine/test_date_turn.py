"""The trading date turns at 03:30 of a trading day, and only then: the day resets once, however that is passed."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

import pytest

from tests.support.eventually import eventually, running
from tests.support.held import HeldClock
from tests.support.market import NANOS, at, image, take, traded
from tradeul.domain.board import Board
from tradeul.domain.events import MarketImage, Nanos
from tradeul.domain.scans import BUILT_IN
from tradeul.domain.session import local_time, moment_at
from tradeul.engine.calendar import exchange_calendar
from tradeul.engine.channels import Channels
from tradeul.engine.discovery import Discovery
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.scanner import Scanner
from tradeul.engine.vitals import Vitals

CALENDAR = exchange_calendar(2026, 2026)
WEDNESDAY, THURSDAY = dt.date(2026, 9, 2), dt.date(2026, 9, 3)
BEFORE_LABOR_DAY, LABOR_DAY, AFTER_LABOR_DAY = (dt.date(2026, 9, day) for day in (4, 7, 8))
WEEKS_LATER = dt.date(2026, 9, 16)
HALF_DAY = dt.date(2026, 11, 27)


class CountedBoard(Board):
    """A board that knows how often its day was reset."""

    resets = 0

    def reset(self, names: Sequence[str]) -> None:
        self.resets += 1
        super().reset(names)


def market(now: Nanos) -> MarketImage:
    """Rows as of now in a session; in the night those of the last one, which the vendor may serve for hours."""
    moment = moment_at(CALENDAR, now)
    traded_at = now if moment.session != "CLOSED" else Nanos(min(now, moment.hours.post_market_end - NANOS))
    if traded_at < moment.hours.pre_market_start:
        traded_at = Nanos(CALENDAR.hours(CALENDAR.previous(moment.trading_date)).post_market_end - NANOS)
    return image(traded("A", 11.0, 1_000, traded_at))


def every(minutes: int, first: Nanos, last: Nanos) -> Iterator[Nanos]:
    yield from (Nanos(instant) for instant in range(first, last + 1, minutes * 60 * NANOS))


def resets(instants: Iterable[Nanos]) -> list[str]:
    """When the day was reset by a snapshot at each of these instants, on New York's wall."""
    board = CountedBoard(capacity=4)
    enrichment = Enrichment(board, CALENDAR)
    found, before = [], 0
    for now in instants:
        take(enrichment, market(now), now)
        found += [f"{local_time(now):%m-%d %H:%M}"] * (board.resets - before)
        before = board.resets
    return found


@pytest.mark.parametrize(
    ("first", "last", "turns"),
    [
        (WEDNESDAY, THURSDAY, ["09-03 03:30"]),
        (BEFORE_LABOR_DAY, AFTER_LABOR_DAY, ["09-08 03:30"]),
        (dt.date(2026, 9, 11), dt.date(2026, 9, 14), ["09-14 03:30"]),
        (dt.date(2026, 11, 25), HALF_DAY, ["11-27 03:30"]),
        (HALF_DAY, dt.date(2026, 11, 30), ["11-30 03:30"]),
        (dt.date(2026, 3, 6), dt.date(2026, 3, 9), ["03-09 03:30"]),
        (dt.date(2026, 10, 30), dt.date(2026, 11, 2), ["11-02 03:30"]),
        (WEDNESDAY, BEFORE_LABOR_DAY, ["09-03 03:30", "09-04 03:30"]),
    ],
    ids=["night", "long weekend", "weekend", "holiday", "half day", "clock forward", "clock back", "two nights"],
)
def test_one_reset_at_half_past_three(first: dt.date, last: dt.date, turns: list[str]) -> None:
    """Through nights, weekends, holidays and clock changes, with a snapshot every ten minutes that is of the past."""
    assert resets(every(10, at("15:00", first), at("11:00", last))) == turns


@pytest.mark.parametrize(
    ("instants", "turns"),
    [
        ([at("19:00", WEDNESDAY), at("05:00", THURSDAY), at("05:10", THURSDAY)], ["09-03 05:00"]),
        ([at("19:00", WEDNESDAY), at("03:29:59", THURSDAY)], []),
        (
            [at("15:00", BEFORE_LABOR_DAY), at("12:00", LABOR_DAY), at("03:31", AFTER_LABOR_DAY)],
            ["09-08 03:31"],
        ),
        (
            [at("10:00", WEDNESDAY), at("10:00", WEEKS_LATER), at("10:01", WEEKS_LATER)],
            ["09-16 10:00"],
        ),
    ],
    ids=["a night", "until just before", "a long weekend", "two weeks"],
)
def test_a_turn_that_was_slept_through_is_made_up_once(instants: list[Nanos], turns: list[str]) -> None:
    """By the first snapshot after it, however many turns were passed."""
    assert resets(instants) == turns


async def test_a_turn_is_not_missed_at_a_thousand_times_the_pace() -> None:
    """From before it to the first session in a few seconds: one reset, at the first snapshot after the turn."""
    clock = HeldClock(at("03:20", THURSDAY), speed=1_000.0)
    vitals, channels, board = Vitals(clock.now()), Channels("e1", BUILT_IN, clock), CountedBoard(capacity=4)
    enrichment = Enrichment(board, CALENDAR)
    pipeline = Pipeline(enrichment, Scanner(board, BUILT_IN, [], channels), clock, vitals)
    seen: list[tuple[dt.date, int]] = []

    class Source:
        async def snapshot(self) -> MarketImage:
            return market(clock.now())

    def taken(_feed_time: Nanos) -> None:
        moment = enrichment.moment()
        assert moment is not None
        seen.append((moment.trading_date, board.resets))

    async with running(Discovery(Source(), pipeline, clock, CALENDAR, vitals, 5.0, taken).run):
        await eventually(lambda: seen)
        clock.go()
        await eventually(lambda: clock.now() > at("04:05", THURSDAY) and seen[-1][0] == THURSDAY)

    assert list(dict.fromkeys(seen)) == [(WEDNESDAY, 0), (THURSDAY, 1)]
