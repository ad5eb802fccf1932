"""Bars of a recording as of any moment of it: what had come by then, and nothing else."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.support.eventually import eventually, running
from tests.support.market import CALENDAR, at, image, traded
from tradeul.clock import LedClock
from tradeul.domain.events import MarketImage, Nanos, Symbol, SymbolBars
from tradeul.domain.session import NANOS
from tradeul.engine.charts import Question
from tradeul.recording.format import Body
from tradeul.replay.charts import RecordedCharts, shown_by
from tradeul.replay.minutes import Minutes
from tradeul.replay.served import NoVendor
from tradeul.replay.tape import Tape

DAY_NS = 86_400 * NANOS


async def images_of(file: Path) -> list[tuple[Nanos, MarketImage]]:
    """All snapshots of a recording, and when each came."""
    tape, found = Tape(file), list[tuple[Nanos, MarketImage]]()
    for item in tape.recording.items():
        shown = await tape.image(item) if isinstance(item, Body) else None
        if isinstance(item, Body) and shown is not None:
            found.append((item.arrived, shown))
    tape.close()
    return found


def known(bars: SymbolBars) -> list[list[float]]:
    return [getattr(bars, name).tolist() for name in ("start", "open", "high", "low", "close", "volume")]


def volumes(shown: MarketImage, symbols: Sequence[Symbol]) -> list[Symbol]:
    """The busiest symbols."""
    order = np.argsort(-shown.minute_volume_today)
    return [symbols[place] for place in order[:5].tolist()]


async def test_as_of_a_moment_there_is_what_had_come_by_then(recording: Path) -> None:
    """However much is read already, and whichever way the replay leaps; of five minutes too."""
    images = await images_of(recording)
    symbols = volumes(images[-1][1], images[-1][1].symbols)
    clock = LedClock(images[0][0])
    charts = RecordedCharts(recording, NoVendor("http://replay.invalid", "", clock), clock, CALENDAR)
    async with running(charts.run):
        clock.show(Nanos(images[-1][0] + 200 * NANOS))
        first = images[0][0]

        async def read() -> bool:
            return (await charts.chart(Question(symbols[0], 1, first, clock.now()))).complete

        await eventually(read, every_s=0.02)
        last = images[-1][0]
        for moment in [last, *[arrived for arrived, _ in images], first, Nanos(last - NANOS)]:
            clock.show(moment)
            then = Minutes()
            for arrived, shown in images:
                if arrived <= moment:
                    then.take(shown.symbols, shown_by(shown), arrived)
            for symbol in symbols:
                for span in (1, 5):
                    asked = Question(symbol, span, Nanos(moment - DAY_NS), moment)
                    found = (await charts.chart(asked)).bars
                    assert known(found) == known(then.bars(symbol, moment, span))
                    assert all(found.start <= moment)

    assert len((await charts.chart(Question(symbols[0], 1, Nanos(last - DAY_NS), last))).bars.start) > 0


async def test_only_what_is_asked_for_is_answered(recording: Path) -> None:
    """Bars that touch the time from first to last, of a symbol that is known."""
    clock = LedClock(at("20:00"))
    charts = RecordedCharts(recording, NoVendor("http://replay.invalid", "", clock), clock, CALENDAR)
    for second in range(3):
        now = at(f"10:0{second}:30")
        shown = image(traded("A", 11.0 + second, 1_000.0 * (second + 1), now))
        charts.minutes.take(shown.symbols, shown_by(shown), now)

    found = (await charts.chart(Question(Symbol("A"), 1, at("10:01:59"), at("10:01:59")))).bars
    nobody = (await charts.chart(Question(Symbol("a"), 1, at("10:00"), at("10:03")))).bars

    assert (found.start.tolist(), found.close.tolist(), found.volume.tolist()) == ([at("10:01")], [12.0], [1_000.0])
    assert nobody.start.tolist() == []


def test_an_image_shows_the_minute_of_each_symbol_s_newest_event() -> None:
    """Its bar where that is of it, else the last trade in it, else nothing."""
    now = at("10:00:30")
    shown = image(traded("A", 11.0, 1_000.0, now))
    of_before = dataclasses.replace(
        shown, minute_start=shown.minute_start * 0 + at("09:58"), minute_close=np.array([9.0])
    )
    with_bar = dataclasses.replace(
        shown, minute_start=np.array([at("10:00")]), minute_close=np.array([11.5]), minute_high=np.array([12.0]),
        minute_low=np.array([10.0]),
    )  # fmt: skip
    later = dataclasses.replace(of_before, trade_at=np.array([at("09:59")]))

    told = [shown_by(each) for each in (of_before, with_bar, later)]

    assert [(each.price[0], each.high[0], each.low[0]) for each in told[:2]] == [(11.0, 11.0, 11.0), (11.5, 12.0, 10.0)]
    assert np.isnan(told[2].price[0])
