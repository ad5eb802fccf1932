"""One symbol's bars, from the vendor's pages to columns in the order of time."""

import datetime as dt
from typing import Any

import numpy as np
import orjson
import pytest
from structlog.testing import capture_logs

from tests.support.vendor import KEY, UnhurriedClock, Vendor, answers, says
from tradeul.domain.events import Symbol
from tradeul.errors import VendorRefused
from tradeul.polygon import rest
from tradeul.polygon.bars import BarPage, symbol_bars
from tradeul.polygon.rest import PolygonRest

START_MS = 1_764_046_800_000
DAY = dt.date(2025, 11, 25)
FULL = {"o": 1, "h": 2, "l": 0.5, "c": 1.5, "v": 2.5e6, "vw": 1.4, "n": 900, "t": START_MS, "otc": True}


def bar_page(*rows: Any) -> BarPage:
    """A page that was read."""
    decoded = BarPage()
    decoded.feed(orjson.dumps({"status": "OK", "results": rows}))
    decoded.finish()
    return decoded


def bar_row(place: int, close: float) -> dict[str, Any]:
    """The bar that starts so many minutes after the first."""
    return FULL | {"t": START_MS + place * 60_000, "c": close}


def test_a_bar_lands_in_its_columns() -> None:
    """Each field in its own column, the start as nanoseconds; what was left out is 0."""
    bars = symbol_bars(Symbol("X"), [bar_page(FULL, {"t": START_MS + 60_000, "c": 2})], adjusted=True)

    assert (bars.symbol, bars.adjusted, bars.start.tolist()) == (
        "X", True, [START_MS * 1_000_000, START_MS * 1_000_000 + 60_000_000_000],
    )  # fmt: skip
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.vwap, bars.trades)
    assert [column.tolist() for column in columns] == [
        [1.0, 0.0], [2.0, 0.0], [0.5, 0.0], [1.5, 2.0], [2.5e6, 0.0], [1.4, 0.0], [900.0, 0.0],
    ]  # fmt: skip


def test_late_and_repeated_bars_fall_into_place() -> None:
    """Bars stand in the order of time, and of one that came twice the later counts, on whatever pages they were."""
    pages = [bar_page(bar_row(2, 3.0), bar_row(0, 1.0)), bar_page(bar_row(1, 2.0), bar_row(0, 9.0))]

    bars = symbol_bars(Symbol("X"), pages, adjusted=False)

    assert bars.close.tolist() == [9.0, 2.0, 3.0]
    assert (np.diff(bars.start) == 60_000_000_000).all()


def test_nothing_traded_is_no_bar() -> None:
    """The vendor leaves `results` out; the columns are there and empty."""
    empty = BarPage()
    empty.feed(b'{"ticker":"X","queryCount":0,"resultsCount":0,"adjusted":true,"status":"OK"}')
    empty.finish()

    bars = symbol_bars(Symbol("X"), [empty], adjusted=False)

    assert [len(bars.start), len(bars.close)] == [0, 0]


def test_many_bars_are_kept() -> None:
    """A page may hold more than there was room for."""
    rows = [bar_row(place, place + 1.0) for place in range(3000)]

    assert symbol_bars(Symbol("X"), [bar_page(*rows)], adjusted=False).close.tolist() == [row["c"] for row in rows]


@pytest.mark.parametrize(
    ("symbol", "segment"), [("BRK.B", "BRK.B"), ("BACpL", "BACpL"), ("A/B", "A%2FB"), ("A?b#c", "A%3Fb%23c")]
)
async def test_a_symbol_is_one_segment_of_the_path(symbol: str, segment: str) -> None:
    """Symbols are quoted, and their letters kept as they are."""
    async with (
        Vendor(answers(says({"status": "OK"}))) as vendor,
        PolygonRest(vendor.url, KEY, UnhurriedClock()) as source,
    ):
        await source.bars(Symbol(symbol), "day", DAY, DAY, adjusted=True)

    assert vendor.asked[0].raw_path == (
        f"{rest.BARS_PATH}{segment}/range/1/day/2025-11-25/2025-11-25?adjusted=true&sort=asc&limit=50000"
    )


async def test_dots_alone_are_no_symbol() -> None:
    """They would climb out of the path."""
    async with PolygonRest("http://127.0.0.1:9", KEY, UnhurriedClock()) as source:
        with pytest.raises(VendorRefused, match="no symbol"):
            await source.bars(Symbol(".."), "day", DAY, DAY)


async def test_dropped_bars_are_logged_once() -> None:
    """Unusable bars are counted by reason, over all pages."""
    rows = [FULL, {"t": 0, "c": 1}, {"t": START_MS, "c": 0}, {"t": START_MS, "c": -1}]
    with capture_logs() as logs:
        async with (
            Vendor(answers(says({"status": "OK", "results": rows}))) as vendor,
            PolygonRest(vendor.url, KEY, UnhurriedClock()) as source,
        ):
            bars = await source.bars(Symbol("X"), 5, DAY, DAY)

    assert bars.close.tolist() == [1.5]
    assert logs == [
        {"event": "bars_dropped", "log_level": "warning", "symbol": "X", "not_set": 2, "negative": 1},
    ]
