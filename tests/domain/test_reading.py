"""Which price is shown and which volume is today's."""

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest

from tests.support.market import DAY, NANOS, at, image, traded
from tradeul.domain import reading
from tradeul.domain.events import Nanos
from tradeul.domain.session import instant_of

MIDNIGHT = instant_of(DAY, dt.time())
NOW = at("10:15:30")
YESTERDAY = Nanos(NOW - 24 * 3600 * NANOS)


def read(row: dict[str, Any], last_price: float = math.nan) -> tuple[float, int, float]:
    result = reading.read(image(row), MIDNIGHT, np.array([last_price]))
    return float(result.price[0]), int(result.rung[0]), float(result.volume[0])


def test_the_last_trade_of_today_comes_first() -> None:
    """A trade of today is the price, its minute's running total the volume."""
    assert read(traded("A", 12.5, 9_000, NOW)) == (12.5, reading.TRADE, 9_000)


@pytest.mark.parametrize(
    ("change", "price", "rung"),
    [
        ({"trade_price": 0.0}, 12.0, reading.MINUTE),
        ({"trade_at": YESTERDAY}, 12.0, reading.MINUTE),
        ({"trade_price": 0.0, "minute_start": YESTERDAY}, 11.0, reading.DAY),
        ({"trade_price": 0.0, "minute_close": 0.0}, 11.0, reading.DAY),
        ({"trade_price": 0.0, "minute_close": 0.0, "day_close": 0.0}, 10.0, reading.PREVIOUS),
        ({"trade_price": 0.0, "minute_close": 0.0, "day_close": 0.0, "prev_close": 0.0}, None, reading.NO_PRICE),
    ],
)
def test_the_price_goes_down_the_rungs(change: dict[str, Any], price: float | None, rung: int) -> None:
    """What is unset or not of today is passed over."""
    row = traded("A", 12.0, 9_000, NOW, day_close=11.0) | change

    shown, found, _ = read(row)

    assert found == rung
    assert math.isnan(shown) if price is None else shown == price


@pytest.mark.parametrize(
    ("trade", "own_minute", "last", "believed"),
    [
        (12.59, True, math.nan, True),
        (12.61, True, math.nan, False),
        (11.41, True, math.nan, True),
        (11.39, True, math.nan, False),
        (14.3, False, math.nan, True),
        (14.5, False, math.nan, False),
        (14.5, False, 14.0, True),
        (30.0, False, 14.0, False),
    ],
)
def test_a_price_far_from_everything_known_is_not_shown(
    trade: float, own_minute: bool, last: float, believed: bool
) -> None:
    """5 % outside the trade's own minute, or 20 % from both the last minute and the last price."""
    row = traded("A", 12.0, 9_000, NOW) | {"trade_price": trade}
    if not own_minute:
        row["trade_at"] = NOW + 90 * NANOS

    shown, rung, _ = read(row, last)

    assert (shown, rung) == ((trade, reading.TRADE) if believed else (12.0, reading.MINUTE))


def test_the_first_print_of_a_day_is_believed() -> None:
    """With nothing of today to compare with, a gap is a gap."""
    row = traded("A", 25.0, 500, NOW) | {"minute_start": 0, "minute_close": 0.0, "minute_volume_today": 0.0}

    assert read(row)[:2] == (25.0, reading.TRADE)


def test_yesterdays_totals_are_never_todays() -> None:
    """An uncleared row gives no volume and no day; its close is the previous close."""
    row = traded("A", 12.0, 9_000, YESTERDAY, prev_close=8.0, day_close=12.25, day_volume=9_000, day_open=9.0)

    result = reading.read(image(row), MIDNIGHT, np.array([math.nan]))

    assert (result.volume[0], result.prev_close[0], result.price[0]) == (0.0, 12.25, 12.25)
    assert result.rung[0] == reading.PREVIOUS
    assert math.isnan(result.high[0])
    assert math.isnan(result.open[0])


def test_volume_falls_back_to_the_days() -> None:
    """Without a minute of today the day's own volume counts; with it, the minute's total."""
    old_minute = traded("A", 12.0, 9_000, NOW, day_volume=7_000, minute_start=YESTERDAY)

    assert read(old_minute)[2] == 7_000
    assert read(traded("A", 12.0, 9_000, NOW, day_volume=7_000))[2] == 9_000
