"""Bars on request: kept where they are all kept, asked for elsewhere, and never a long wait or many questions."""

import asyncio
import datetime as dt
from dataclasses import replace

import pytest

from tests.support.bars import MINUTE_NS, HandAnnals, HandExchange
from tests.support.eventually import settle
from tests.support.market import CALENDAR, DAY, at
from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos, Symbol
from tradeul.engine import charts as charts_
from tradeul.engine.charts import AT_ONCE, FRESH_S, REMEMBERED, Chart, Charts, Question
from tradeul.errors import VendorUnavailable

A = Symbol("A")
YESTERDAY = DAY - dt.timedelta(days=1)
FIVE = 5 * MINUTE_NS
TODAY = Question(A, 5, at("04:00"), at("12:00"))
TWO_DAYS = Question(A, 5, at("04:00", YESTERDAY), at("12:00"))


class Bench:
    """Charts over an exchange and a database, at noon."""

    def __init__(self, *complete: dt.date) -> None:
        self.clock = ManualClock(at("12:00"))
        self.exchange = HandExchange()
        self.annals = HandAnnals()
        self.annals.complete = frozenset(complete)
        self.annals.starts = [at("10:00", YESTERDAY), at("10:00")]
        self.charts = Charts(self.exchange, self.annals, self.clock, CALENDAR)


def volumes(chart: Chart) -> set[float]:
    """100: from the exchange; 7: kept."""
    return set(chart.bars.volume.tolist())


async def test_what_is_not_kept_is_asked_for() -> None:
    """Whole bars at both ends, unadjusted, from the exchange."""
    bench = Bench()
    chart = await bench.charts.chart(replace(TODAY, first=at("04:01"), last=at("11:58")))

    assert bench.exchange.asked == [(A, 5, at("04:00"), at("12:00") - 1)]
    assert (chart.source, chart.complete, chart.bars.adjusted) == ("exchange", True, False)
    assert volumes(chart) == {100.0}


async def test_what_is_all_kept_is_not_asked_for() -> None:
    """Days that were completed are answered by the database alone."""
    bench = Bench(YESTERDAY, DAY)
    chart = await bench.charts.chart(TWO_DAYS)

    assert bench.exchange.asked == []
    assert (chart.source, chart.complete) == ("kept", True)
    assert chart.bars.start.tolist() == bench.annals.starts


async def test_from_the_first_day_that_is_not_kept_the_exchange_is_asked() -> None:
    """The days before come from the database, in one row of bars without a gap or a repetition."""
    bench = Bench(YESTERDAY)
    chart = await bench.charts.chart(TWO_DAYS)

    assert bench.exchange.asked == [(A, 5, at("00:00"), at("12:05") - 1)]
    assert (chart.source, chart.complete) == ("both", True)
    assert chart.bars.start.tolist() == [at("10:00", YESTERDAY), *range(at("00:00"), at("12:05"), FIVE)]


async def test_a_hole_before_makes_what_comes_after_it_asked_for() -> None:
    """Today complete and yesterday not: the exchange is asked from yesterday on."""
    bench = Bench(DAY)
    chart = await bench.charts.chart(TWO_DAYS)

    assert (chart.source, len(bench.exchange.asked)) == ("exchange", 1)
    assert bench.exchange.asked[0][2] == at("04:00", YESTERDAY)


async def test_days_are_asked_for_by_date() -> None:
    """A bar of a day is the exchange's: minutes do not make its official prices."""
    bench = Bench(YESTERDAY, DAY)
    chart = await bench.charts.chart(Question(A, "day", at("09:00", YESTERDAY), at("12:00")))

    assert bench.exchange.asked == [(A, "day", YESTERDAY, DAY)]
    assert chart.source == "exchange"


async def test_an_exchange_that_fails_leaves_what_was_kept() -> None:
    """What is there of it is given, and said to have holes; it is asked again at the next request."""
    bench = Bench()
    bench.exchange.fail()
    for _ in range(2):
        chart = await bench.charts.chart(TODAY)
        assert (chart.source, chart.complete, volumes(chart)) == ("kept", False, {7.0})

    assert len(bench.exchange.asked) == 2


@pytest.mark.parametrize("down", [True, False])
async def test_nothing_at_all_is_the_exchanges_reason(*, down: bool) -> None:
    """Neither the exchange nor the database has anything: the exchange's words are raised."""
    bench = Bench()
    bench.exchange.fail()
    bench.annals.down, bench.annals.starts = down, []

    with pytest.raises(VendorUnavailable, match="the exchange is out"):
        await bench.charts.chart(TODAY)


async def test_without_a_database_the_exchange_is_asked_for_all() -> None:
    """One that is away, or none at all, costs only what was kept."""
    bench = Bench(YESTERDAY)
    bench.annals.down = True
    alone = Charts(bench.exchange, None, bench.clock, CALENDAR)
    for charts in (bench.charts, alone):
        chart = await charts.chart(TWO_DAYS)
        assert (chart.source, chart.complete) == ("exchange", True)


async def test_a_database_that_is_lost_in_between_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """It told of complete days and cannot give them: what the exchange gave is there, and not said to be all."""
    bench = Bench(YESTERDAY)

    async def lost(*_: object) -> None:
        bench.annals.down = True
        await bench.annals._answer("bars")  # noqa: SLF001  our own stub

    monkeypatch.setattr(bench.annals, "bars", lost)
    chart = await bench.charts.chart(TWO_DAYS)

    assert (chart.source, chart.complete, volumes(chart)) == ("both", False, {100.0})


async def test_the_same_question_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For some seconds an answer serves everybody, also who waited for it; then it is asked for again."""
    bench = Bench()
    monkeypatch.setattr(charts_, "AT_ONCE", 1)
    charts = Charts(bench.exchange, None, bench.clock, CALENDAR)
    await asyncio.gather(*(charts.chart(replace(TODAY, last=Nanos(at("11:55") + more))) for more in range(5)))
    await bench.clock.advance(FRESH_S - 0.01)
    await charts.chart(replace(TODAY, last=at("11:57")))
    assert len(bench.exchange.asked) == 1
    await bench.clock.advance(0.02)
    await charts.chart(replace(TODAY, last=at("11:57")))

    assert len(bench.exchange.asked) == 2


async def test_few_answers_are_remembered() -> None:
    """However many symbols are looked at, only the last ones are held."""
    bench = Bench()
    for number in range(REMEMBERED + 1):
        await bench.charts.chart(replace(TODAY, symbol=Symbol(f"S{number}")))
    await bench.charts.chart(replace(TODAY, symbol=Symbol("S1")))
    await bench.charts.chart(replace(TODAY, symbol=Symbol("S0")))

    assert [symbol for symbol, *_ in bench.exchange.asked[REMEMBERED + 1 :]] == ["S0"]


async def test_few_questions_are_out_at_a_time_and_none_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits behind a stuck exchange is told so in time."""
    monkeypatch.setattr(charts_, "ASKED_WITHIN_S", 0.05)
    bench = Bench()
    bench.annals.starts = []
    bench.exchange.stuck = asyncio.Event()
    questions = [replace(TODAY, symbol=Symbol(f"S{number}")) for number in range(3 * AT_ONCE)]
    answers = await asyncio.gather(*map(bench.charts.chart, questions), return_exceptions=True)

    assert all(isinstance(answer, VendorUnavailable) and "in time" in str(answer) for answer in answers)
    assert bench.exchange.most_under_way == AT_ONCE
    bench.exchange.stuck = None
    await settle()
    monkeypatch.undo()
    assert (await bench.charts.chart(TODAY)).complete


async def test_a_frozen_database_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given a moment; then the exchange is asked for everything."""
    monkeypatch.setattr(charts_, "KEPT_WITHIN_S", 0.02)
    bench = Bench(YESTERDAY)
    bench.annals.stuck = asyncio.Event()

    assert (await bench.charts.chart(TWO_DAYS)).source == "exchange"


async def test_a_time_without_a_session_is_the_exchanges_to_answer() -> None:
    """On a Sunday nothing is complete and nothing lacks: it is simply asked."""
    bench = Bench()
    sunday = dt.date(2026, 11, 15)
    bench.exchange.starts = lambda _first, _last: []
    chart = await bench.charts.chart(Question(A, 5, at("04:00", sunday), at("12:00", sunday)))

    assert (len(chart.bars.start), chart.complete) == (0, True)
