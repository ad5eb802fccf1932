"""Defects put into the program on purpose: the comparison with the reference model catches each of them."""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.golden.duel import Duel
from tests.golden.world import Frame, Snapshot, World
from tests.support.market import CALENDAR, DAY
from tradeul.domain import metrics, session, usual
from tradeul.domain.board import Board
from tradeul.domain.board import Rows as BoardRows
from tradeul.domain.events import Floats, Ints, MarketImage, Nanos, Symbol
from tradeul.domain.reading import Reading
from tradeul.domain.splits import SplitBook
from tradeul.domain.usual import Usual
from tradeul.domain.volume_profile import VolumeCurves
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.image_rows import ImageRows
from tradeul.engine.live_rows import Columns, LiveRows

pytestmark = pytest.mark.slow(8)

Planter = Callable[[pytest.MonkeyPatch], None]
SYMBOLS = 300
"""The fewest with a split in the week before."""
SECONDS = (4 * 3600 + 17, 20_000, 20_260, *range(30_004, 30_010, 5), 30_067, *range(39_898, 39_940, 6))
DST_MONDAY = dt.date(2026, 11, 2)
AFTER_A_HALF_DAY = dt.date(2026, 12, 1)


@cache
def played(date: dt.date, plan: str) -> tuple[World, list[Snapshot | Frame]]:
    """Some snapshots of a date and bars around them; the world is worked out before anything is planted."""
    world = World(SYMBOLS, date, plan)
    world.averages()
    world.baseline(10)
    return world, list(world.happenings(SECONDS))


def wrong_fields(date: dt.date, lag_s: float) -> Iterator[str]:
    """The fields that differ from the model's, as they do."""
    world, happenings = played(date, "developer" if lag_s else "advanced")
    duel = Duel(world, lag_s, learned=True)
    for happened in happenings:
        if isinstance(happened, Frame):
            differences = duel.differences(duel.take_bars(happened.content))
        else:
            duel.take(happened.at, happened.rows)
            differences = duel.differences()
        yield from (difference.split(" ")[1].rstrip(":") for difference in differences)


@cache
def wrong_without(date: dt.date, lag_s: float) -> set[str]:
    """The same with nothing planted."""
    return set(wrong_fields(date, lag_s))


def end_of_slot(patch: pytest.MonkeyPatch) -> None:
    """The denominator is what is usual by the slot's end, as if the slot were over."""
    expected = Usual.expected

    def planted(self: Usual, rows: Ints, seconds: Floats, *, early_close: bool) -> tuple[Floats, Floats]:
        by_end, before = expected(self, rows, np.floor(seconds / 300) * 300 + 299.999, early_close=early_close)
        return by_end, before

    patch.setattr(Usual, "expected", planted)


def calendar_days(patch: pytest.MonkeyPatch) -> None:
    """The baseline is of the last days, weekends among them."""

    def planted(_calendar: Any, as_of: dt.date, count: int) -> list[dt.date]:
        return [as_of - dt.timedelta(days=back + 1) for back in range(count)]

    patch.setattr(usual, "baseline_sessions", planted)


def half_days(patch: pytest.MonkeyPatch) -> None:
    """Sessions that closed early are in the baseline."""
    patch.setattr(usual, "baseline_sessions", lambda calendar, as_of, count: calendar.last_sessions(as_of, count))


def dropped_zero_days(patch: pytest.MonkeyPatch) -> None:
    """A session without a trade is left out of the mean."""
    own_sessions = usual.own_sessions

    def planted(*arguments: Any) -> tuple[list[Symbol], Floats]:
        symbols, volumes = own_sessions(*arguments)
        traded = np.flatnonzero(volumes[:, -1] > 0)
        return [symbols[row] for row in traded.tolist()], volumes[traded]

    patch.setattr(usual, "own_sessions", planted)


def a_day_has_24_hours(patch: pytest.MonkeyPatch) -> None:
    """Wall times are found by adding days of 24 hours to those of a week ago."""
    instant_of = session.instant_of

    def planted(day: dt.date, time: dt.time) -> Nanos:
        week = dt.timedelta(days=7)
        return Nanos(instant_of(day - week, time) + int(week.total_seconds()) * session.NANOS)

    patch.setattr(session, "instant_of", planted)


def zero_is_nothing(patch: pytest.MonkeyPatch) -> None:
    """`value or None`: a change of exactly 0.0 is unknown."""

    def planted(value: Floats, basis: Floats) -> Floats:
        change: Floats = 100.0 * (value - basis) / basis
        change[change == 0.0] = np.nan
        return change

    patch.setattr(metrics, "_percent", planted)


def usual_by_now(patch: pytest.MonkeyPatch) -> None:
    """The moment is the clock's, not the one that the data is known for."""

    def planted(_self: Enrichment, _image: MarketImage, now: Nanos) -> Nanos:
        return now

    patch.setattr(Enrichment, "_time_of", planted)


def split_applied_twice(patch: pytest.MonkeyPatch) -> None:
    """Volumes that are in today's shares are put into them once more."""
    shares_since = SplitBook.shares_since
    patch.setattr(SplitBook, "shares_since", lambda *arguments: shares_since(*arguments) ** 2)


def not_rounded(patch: pytest.MonkeyPatch) -> None:
    """The board holds more digits than are shown, so that a threshold sees another value than the trader."""

    def planted(self: Board, name: str, rows: BoardRows, values: Floats) -> None:
        self[name][rows] = values

    patch.setattr(Board, "put", planted)


def a_bar_moves_back(patch: pytest.MonkeyPatch) -> None:
    """A live bar is believed whatever was shown before it."""

    def planted(self: LiveRows, bars: Columns, at: Ints, moment: session.Moment) -> None:
        self._board["price_at"][bars.rows] = 0
        take_bars(self, bars, at, moment)

    take_bars = LiveRows._take_bars  # noqa: SLF001  # what is planted is inside
    patch.setattr(LiveRows, "_take_bars", planted)


def a_snapshot_moves_back(patch: pytest.MonkeyPatch) -> None:
    """So is a snapshot, though it was long on its way."""

    def planted(self: ImageRows, rows: BoardRows, image: MarketImage, read: Reading) -> None:
        self._board["price_at"][rows] = 0
        take_prices(self, rows, image, read)

    take_prices = ImageRows._take_prices  # noqa: SLF001
    patch.setattr(ImageRows, "_take_prices", planted)


def volume_added(patch: pytest.MonkeyPatch) -> None:
    """A bar's shares are added to those that a snapshot may hold already."""

    def planted(self: LiveRows, bars: Columns, at: Ints, moment: session.Moment) -> None:
        before = self._board["volume_today"][bars.rows]
        take_bars(self, bars, at, moment)
        self._board["volume_today"][bars.rows] = before + bars["volume"]

    take_bars = LiveRows._take_bars  # noqa: SLF001
    patch.setattr(LiveRows, "_take_bars", planted)


def usual_by_the_snapshot(patch: pytest.MonkeyPatch) -> None:
    """What a live bar tells is compared with what is usual by the last snapshot."""

    def planted(self: LiveRows, bars: Columns, at: Ints, moment: session.Moment) -> None:
        before = self._board["volume_at"][bars.rows]
        take_bars(self, bars, at, moment)
        self._board["volume_at"][bars.rows] = before

    take_bars = LiveRows._take_bars  # noqa: SLF001
    patch.setattr(LiveRows, "_take_bars", planted)


def time_turns_back(patch: pytest.MonkeyPatch) -> None:
    """A snapshot that was long on its way begins the slot anew that it is of."""

    def planted(self: Enrichment, *arguments: Any) -> None:
        self.standing.newest_bar = Nanos(0)
        apply_image(self, *arguments)

    apply_image = Enrichment.apply_image
    patch.setattr(Enrichment, "apply_image", planted)


def one_curve_for_all(patch: pytest.MonkeyPatch) -> None:
    """Whatever a symbol's turnover is, it is taken for a small one."""
    patch.setattr(VolumeCurves, "numbers", lambda _self, turnover: np.zeros(len(turnover), np.int64))


PLANTED: list[tuple[Planter, dt.date, float, str]] = [
    (end_of_slot, DAY, 0.0, "rvol"),
    (calendar_days, DAY, 0.0, "rvol"),
    (half_days, AFTER_A_HALF_DAY, 0.0, "rvol"),
    (dropped_zero_days, DAY, 0.0, "rvol"),
    (a_day_has_24_hours, DST_MONDAY, 0.0, "rvol"),
    (zero_is_nothing, DAY, 0.0, "distance_from_high"),
    (usual_by_now, DAY, 900.0, "rvol"),
    (split_applied_twice, DAY, 0.0, "rvol"),
    (not_rounded, DAY, 0.0, "change_percent"),
    (a_bar_moves_back, DAY, 0.0, "price"),
    (a_snapshot_moves_back, DAY, 0.0, "price"),
    (volume_added, DAY, 0.0, "volume_today"),
    (usual_by_the_snapshot, DAY, 0.0, "rvol"),
    (time_turns_back, DAY, 0.0, "rvol_slot"),
    (one_curve_for_all, DAY, 0.0, "rvol"),
]


@pytest.mark.parametrize(("plant", "date", "lag_s", "field"), PLANTED, ids=[each[0].__name__ for each in PLANTED])
def test_a_planted_defect_is_caught(plant: Planter, date: dt.date, lag_s: float, field: str) -> None:
    """Without it nothing differs, with it the field does."""
    sound = wrong_without(date, lag_s)
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        # What the calendar worked out before must not hide the defect, nor keep it afterwards.
        CALENDAR.hours.cache_clear()
        spoilt = field in wrong_fields(date, lag_s)
    CALENDAR.hours.cache_clear()

    assert sound == set()
    assert spoilt
