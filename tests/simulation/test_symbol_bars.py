"""Bars of one symbol: where windows begin, how long ranges are cut, what a split does to them."""

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.market import CALENDAR, DAY, at
from tests.support.simulated import small_market, worked
from tradeul.domain.events import Nanos
from tradeul.domain.session import local_time
from tradeul.simulation.corporate_actions import splits_between
from tradeul.simulation.market import Market
from tradeul.simulation.symbol_bars import Candles, Query, Span, Unit, candles_of, daily_bar

MARKET = small_market()
AAPL = MARKET.universe.symbols.index("AAPL")
NOW = at("11:07:33")


def query(span: Span, start: dt.date, end: dt.date, row: int = AAPL, **more: Any) -> Query:
    """Ask for whole days in each bar's own shares."""
    wanted = Query(row, span, at("00:00", start), at("23:59:59", end), NOW, as_of=None, limit=50_000)
    return dataclasses.replace(wanted, **more)


def asked(wanted: Query, market: Market = MARKET) -> tuple[Candles, Nanos | None]:
    return worked(candles_of(market, wanted))


def walls(candles: Candles) -> list[str]:
    return [local_time(Nanos(start)).strftime("%a %d %H:%M") for start in candles.start.tolist()]


def test_hours_begin_at_nine_and_long_bars_at_four() -> None:
    """Windows of minutes are counted from 04:00: an hour begins at 09:00, and 330 minutes are the pre-market."""
    hours, _ = asked(query(Span(60, Unit.MINUTE), DAY, DAY))
    long, _ = asked(query(Span(330, Unit.MINUTE), DAY, DAY))

    assert walls(hours)[-3:] == ["Wed 18 09:00", "Wed 18 10:00", "Wed 18 11:00"]
    assert walls(long) == ["Wed 18 04:00", "Wed 18 09:30"]


@pytest.mark.parametrize("monday", [dt.date(2026, 3, 9), dt.date(2026, 11, 2)])
def test_days_begin_at_midnight_in_new_york(monday: dt.date) -> None:
    """Across both changes of the clocks a daily bar stands at 00:00, not 23:00 or 01:00."""
    days, _ = asked(query(Span(1, Unit.DAY), CALENDAR.previous(monday), monday))

    assert [wall[-5:] for wall in walls(days)] == ["00:00", "00:00"]
    assert (days.start[1] - days.start[0]) // 3_600_000_000_000 in {71, 73}


def test_a_range_snaps_outward_to_whole_windows() -> None:
    """Asked for a Wednesday, one gets its whole week and month, from before the day on."""
    wednesday = dt.date(2026, 10, 14)
    week, _ = asked(query(Span(7, Unit.DAY), wednesday, wednesday))
    month, _ = asked(query(Span(1, Unit.MONTH), wednesday, wednesday))
    quarter, _ = asked(query(Span(3, Unit.MONTH), wednesday, wednesday))

    assert walls(week) == ["Sun 11 00:00"]
    assert week.base.tolist() == [5]
    assert (walls(month), month.base.tolist()) == (["Thu 01 00:00"], [22])
    assert quarter.start.tolist() == month.start.tolist()
    assert quarter.base[0] > 30


def test_an_instant_snaps_outward_too() -> None:
    """From 10:02 to 10:04 is the five-minute bar of 10:00."""
    wanted = Query(AAPL, Span(5, Unit.MINUTE), at("10:02"), at("10:04"), NOW, None, 100)

    assert walls(asked(wanted)[0]) == ["Wed 18 10:00"]


@given(
    limit=st.integers(1, 700),
    span=st.sampled_from([Span(1, Unit.MINUTE), Span(5, Unit.MINUTE), Span(1, Unit.DAY), Span(7, Unit.DAY)]),
    backwards=st.booleans(),
)
@settings(max_examples=25)
def test_pages_put_together_are_the_whole(limit: int, span: Span, backwards: bool) -> None:
    """However small a page is, following where the next begins gives every window once, whole and in order."""
    start = DAY - dt.timedelta(days=3 if span.unit is Unit.MINUTE else 60)
    whole, rest = asked(query(span, start, DAY, backwards=backwards))
    assert rest is None

    wanted = query(span, start, DAY, limit=max(limit, 60 if span.unit is Unit.MINUTE else 1), backwards=backwards)
    pages = []
    for _ in range(200):
        page, following = asked(wanted)
        pages.append(page)
        if following is None:
            break
        begin, end = (wanted.start, following) if backwards else (following, wanted.end)
        wanted = dataclasses.replace(wanted, start=begin, end=end)

    joined = Candles.joined(pages)
    for name in Candles.names():
        assert getattr(joined, name).tolist() == getattr(whole, name).tolist()
    assert all(page.base[:-1].sum() < wanted.limit for page in pages)


def test_nothing_of_the_future_is_known() -> None:
    """Before 04:00 there is nothing of today, later what has traded, and never anything of tomorrow."""
    tomorrow = CALENDAR.following(DAY)
    early, _ = asked(query(Span(1, Unit.MINUTE), DAY, tomorrow, now=at("03:59")))
    later, _ = asked(query(Span(1, Unit.MINUTE), DAY, tomorrow))

    assert not len(early.start)
    assert walls(later)[-1] == "Wed 18 11:07"


def test_there_are_no_bars_outside_a_listing() -> None:
    """A symbol that comes and goes has bars on the days it is listed, and only then."""
    row = int(np.flatnonzero(MARKET.universe.traits.listing_offset >= 0)[0])
    bars, _ = asked(query(Span(1, Unit.DAY), DAY - dt.timedelta(days=200), DAY, row))

    offset = int(MARKET.universe.traits.listing_offset[row])
    ages = [(local_time(Nanos(start)).date().toordinal() - offset) % 128 for start in bars.start.tolist()]
    assert len(bars.start) > 60
    assert all(age < 120 for age in ages)


def test_a_renamed_company_goes_on_under_its_other_symbol() -> None:
    """On every session exactly one of the two symbols has bars, and where one ends the price of the other goes on."""
    rows = np.flatnonzero(MARKET.universe.traits.rename_offset >= 0)
    key = MARKET.universe.traits.key[rows]
    pair = rows[key == key[0]].tolist()
    parts = [asked(query(Span(1, Unit.DAY), DAY - dt.timedelta(days=320), DAY, row))[0] for row in pair]

    starts = parts[0].start.tolist() + parts[1].start.tolist()
    assert len(starts) == len(set(starts)) > 150
    assert all(len(part.start) > 20 for part in parts)
    both = sorted(zip(starts, parts[0].close.tolist() + parts[1].close.tolist(), strict=True))
    closes = np.array([close for _, close in both], np.float64)
    assert (np.abs(np.diff(np.log(closes))) < 0.7).all()


@pytest.mark.parametrize("factor", [10.0, 0.25])
def test_a_split_changes_prices_only_where_they_are_not_adjusted(factor: float) -> None:
    """Unadjusted, the price jumps by the split's factor; in today's shares it goes on, and so does the volume."""
    traits = MARKET.universe.traits
    row = int(np.flatnonzero(traits.split_factor == factor)[0])
    split = splits_between(MARKET, np.array([row]), DAY - dt.timedelta(days=210), DAY - dt.timedelta(days=2))[0]
    before = CALENDAR.previous(split.date)
    raw, _ = asked(query(Span(1, Unit.DAY), before, split.date, row))
    whole, _ = asked(query(Span(1, Unit.DAY), before, split.date, row, as_of=DAY))
    minutes, _ = asked(query(Span(1, Unit.MINUTE), before, before, row, as_of=DAY))

    assert split.price_factor == factor
    assert raw.open[1] / raw.close[0] == pytest.approx(factor, rel=0.5)
    assert whole.open[1] / whole.close[0] == pytest.approx(1.0, rel=0.5)
    assert whole.close[0] == pytest.approx(raw.close[0] * factor, abs=1)
    assert minutes.volume.sum() == pytest.approx(whole.volume[0], abs=1.0)


def test_the_bar_of_a_running_day_grows_into_the_one_that_stays() -> None:
    """At 20:00 the running bar is the daily bar, and before the open there is none."""
    parts = [worked(daily_bar(MARKET, AAPL, DAY, at(wall))) for wall in ("09:00", "12:00", "19:59:59", "20:00")]

    assert parts[0].volume.tolist() == [0]
    assert 0 < parts[1].volume[0] < parts[2].volume[0] <= parts[3].volume[0]
    assert parts[2].close.tolist() == parts[3].close.tolist()
