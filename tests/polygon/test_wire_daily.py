"""The smaller bodies of the vendor: one day's bars of the whole market, and what the market is doing."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from tests.support.snapshots import Record, symbols
from tradeul.errors import VendorUnavailable
from tradeul.polygon.wire import DailyDecoder, decode_market_status

DAY = dt.date(2025, 11, 25)
FOUR_PM_MS = 1_764_104_400_000


def daily(rows: Sequence[Record], **envelope: Any) -> bytes:
    """A grouped-daily answer."""
    return orjson.dumps({"status": "OK", "resultsCount": len(rows), "results": rows, **envelope})


def daily_row(symbol: str, **changes: Any) -> Record:
    """One symbol's day."""
    return {"T": symbol, "v": 2.5e7, "vw": 1.4, "o": 1, "c": 1.5, "h": 2, "l": 0.5, "t": FOUR_PM_MS, "n": 900} | changes


def test_daily_bars_land_in_their_columns() -> None:
    """One day of the whole market, `vw` being optional, in the vendor's order."""
    decoder = DailyDecoder(DAY)
    without = daily_row("BACpL")
    del without["vw"]
    decoder.feed(daily([daily_row("A"), without]))

    bars = decoder.finish()

    assert (bars.date, bars.symbols) == (DAY, ("A", "BACpL"))
    assert [bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.volume[0]] == [1.0, 2.0, 0.5, 1.5, 2.5e7]
    assert bars.vwap.tolist() == [1.4, 0.0]


@pytest.mark.parametrize("moment", ["00:00", "16:00", "23:59"])
def test_a_daily_bar_is_dated_in_new_york(moment: str) -> None:
    """Whether the vendor stamps a bar with the start of its day or with the close, it is of that New York day."""
    hour, minute = map(int, moment.split(":"))
    shift = ((hour - 16) * 60 + minute) * 60_000
    decoder = DailyDecoder(DAY)
    decoder.feed(
        daily([daily_row(each, t=FOUR_PM_MS) for each in symbols(40)] + [daily_row("X", t=FOUR_PM_MS + shift)])
    )

    assert decoder.finish().symbols == (*symbols(40), "X")


def test_a_bar_of_another_day_is_dropped() -> None:
    """Yesterday's bar in today's answer is counted and left out."""
    decoder = DailyDecoder(DAY)
    decoder.feed(daily([daily_row(each) for each in symbols(40)] + [daily_row("X", t=FOUR_PM_MS - 86_400_000)]))

    assert decoder.finish().symbols == tuple(symbols(40))
    assert decoder.dropped == {"other_day": 1}


def test_of_a_repeated_daily_bar_the_last_counts() -> None:
    """A symbol has one bar a day."""
    decoder = DailyDecoder(DAY)
    decoder.feed(daily([daily_row("A"), daily_row("B"), daily_row("A", c=1.75)]))

    bars = decoder.finish()

    assert dict(zip(bars.symbols, bars.close.tolist(), strict=True)) == {"A": 1.75, "B": 1.5}


def test_a_day_without_trading_has_no_bars() -> None:
    """The vendor leaves `results` out on a holiday."""
    decoder = DailyDecoder(DAY)
    decoder.feed(b'{"queryCount":0,"resultsCount":0,"adjusted":true,"status":"OK","request_id":"r"}')

    bars = decoder.finish()

    assert (bars.symbols, len(bars.close)) == ((), 0)


@pytest.mark.parametrize(("said", "phase"), [("open", "open"), ("closed", "closed"), ("extended-hours", "extended")])
def test_the_market_status_is_read(said: str, phase: str) -> None:
    """The phase in our words, the vendor's time in nanoseconds whatever its offset."""
    status = decode_market_status(orjson.dumps({"market": said, "serverTime": "2025-11-25T05:12:03-05:00"}))

    assert (status.phase, status.server_time, status.side) == (phase, 1_764_065_523_000_000_000, "")


@pytest.mark.parametrize(
    ("early", "late", "side"), [(True, False, "early"), (False, True, "late"), (None, None, ""), (True, True, "")]
)
def test_the_side_of_extended_hours_is_told_where_it_is_clear(early: object, late: object, side: str) -> None:
    """Morning or evening; neither or both is not known."""
    said = {"market": "extended-hours", "earlyHours": early, "afterHours": late}
    status = decode_market_status(orjson.dumps({**said, "serverTime": "2025-11-25T05:12:03-05:00"}))

    assert status.side == side


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"market":"half","serverTime":"2025-11-25T05:12:03-05:00"}'])
def test_an_unreadable_market_status_is_no_status(raw: bytes) -> None:
    """Nothing is guessed about the market."""
    with pytest.raises(VendorUnavailable, match="cannot be read"):
        decode_market_status(raw)
