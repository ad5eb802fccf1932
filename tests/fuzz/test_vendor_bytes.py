"""Whatever bytes come from a vendor: an answer, or a `VendorError`, and never anything else.

`make fuzz` reads 100,000 mutations of each kind, everyday runs 2,500.
"""

import datetime as dt
import gc
import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import orjson
import pytest

from tests.fuzz.mutations import in_pieces, mutated, packed
from tests.support.snapshots import NOW_NS, body, row, symbols
from tests.support.vendor import second_bar
from tradeul.domain.events import DailyBars, MarketImage, Nanos, Symbol, SymbolBars
from tradeul.errors import VendorError
from tradeul.fetching.inflating import Inflater
from tradeul.fetching.rows import RowDecoder
from tradeul.fmp.wire import ArrayDecoder
from tradeul.fmp.wire import FloatRow as SecondFloatRow
from tradeul.fmp.wire import floats_of as second_floats_of
from tradeul.polygon.bars import BarPage, symbol_bars
from tradeul.polygon.frames import decode_frame
from tradeul.polygon.paging import PageDecoder
from tradeul.polygon.reference import (
    FloatRow,
    ListingRow,
    SplitRow,
    floats_of,
    listings_of,
    profile_of,
    splits_of,
)
from tradeul.polygon.wire import DailyDecoder, SnapshotDecoder, complaint_in, decode_market_status

NOW: Final = Nanos(NOW_NS)
DAY: Final = dt.date(2025, 11, 25)
KEPT_MB: Final = 8
"""So much may be held after thousands of mutations: caches, not what was read."""

BODIES: Final = [
    body(row(symbol) for symbol in symbols(40)),
    body((row(symbol) for symbol in symbols(12)), envelope_first=False),
    body([row("A", lastTrade=None), row("B", day=None, min=None), row("C", updated=0)], status="DELAYED"),
    b'{"status":"NOT_AUTHORIZED","request_id":"r","message":"You are not entitled to this data."}',
]
DAYS: Final = [
    orjson.dumps(
        {
            "status": "OK",
            "results": [
                {"T": symbol, "o": 1, "h": 2.5, "l": 0.5, "c": 1.5, "v": 2.5e6, "vw": 1.4, "n": 900, "t": 1764104400000}
                for symbol in symbols(30)
            ],
        }
    ),
    b'{"status":"OK","resultsCount":0}',
]
LISTS: Final = [
    orjson.dumps(
        {
            "status": "OK",
            "results": [
                {"ticker": symbol, "name": "Söhne <ADR>", "primary_exchange": "XNAS", "type": "CS", "active": True}
                | {"free_float": 1.2e6, "free_float_percent": 63.5, "effective_date": "2025-11-01"}
                | {"execution_date": "2025-11-03", "split_from": 10.0, "split_to": 1.0, "id": "x"}
                | {"last_updated_utc": "2025-11-24T00:00:00Z"}
                for symbol in symbols(20)
            ],
            "next_url": "https://api.massive.com/v3/reference/tickers?cursor=YWN0aXZl",
        }
    ),
    orjson.dumps(
        {
            "status": "OK",
            "results": [
                {
                    "o": 1,
                    "h": 2,
                    "l": 0.5,
                    "c": 1.5,
                    "v": 2.5e6,
                    "vw": 1.4,
                    "n": 900,
                    "t": 1764046800000 + 60_000 * minute,
                }
                for minute in range(40)
            ],
        }
    ),
]
PROFILES: Final = [
    orjson.dumps(
        {
            "status": "OK",
            "results": {"ticker": "A", "name": "A Inc", "market_cap": 1.5e9, "weighted_shares_outstanding": 2e7}
            | {"share_class_shares_outstanding": 2.1e7, "sic_code": "3674", "sic_description": "SEMICONDUCTORS"}
            | {"list_date": "1999-05-05", "type": "CS", "active": True},
        }
    )
]
FMP_FLOATS: Final = [
    orjson.dumps(
        [
            {"symbol": symbol, "date": "2025-11-24 10:11:12", "freeFloat": 88.1, "floatShares": 1e6}
            | {"outstandingShares": 1.2e6}
            for symbol in ("BRK-B", "AAPL", "000001.SZ", "GNL-PE", "X")
        ]
    ),
    b'{"Error Message":"Invalid API KEY. Please retry."}',
]
STATUSES: Final = [b'{"market":"open","serverTime":"2025-11-25T10:12:03-05:00","exchanges":{"nyse":"open"}}']
FRAMES: Final = [
    orjson.dumps([second_bar("BRK.B"), second_bar("A", z=15, otc=True), second_bar("B", ev="AM")]),
    orjson.dumps([{"ev": "status", "status": "success", "message": "subscribed to: A.X"}]),
    b'[{"ev":"T","sym":"X","x":4,"i":"9","z":1,"p":50.5,"s":10,"ds":"10.0","c":[12,37],"t":1764086400123,"q":77}]',
    b'[{"ev":"Q","sym":"X","bx":4,"bp":50.4,"bs":1,"ax":7,"ap":50.6,"as":2,"c":0,"i":[604],"t":1764086400124}]',
    b'[{"ev":"LULD","T":"X","h":55.1,"l":45.9,"i":[17],"z":1,"t":1764086400123456789,"q":79}]',
]


def read_in_pieces(decoder: RowDecoder[Any], data: bytes, seed: int) -> None:
    for piece in in_pieces(data, seed):
        decoder.feed(piece)
        while decoder.step():
            pass


def snapshot(data: bytes, seed: int) -> None:
    decoder = SnapshotDecoder()
    read_in_pieces(decoder, data, seed)
    image = decoder.finish(NOW, simulated=False)
    sound(image)
    assert len(set(image.symbols)) == len(image.symbols) > 0


def packed_snapshot(data: bytes, seed: int) -> None:
    """A bad body packed well, or packed badly on top of it."""
    content = packed(data)
    inflater, decoder = Inflater("gzip"), SnapshotDecoder()
    for piece in in_pieces(content if seed % 2 else mutated(content, [content], seed), seed):
        for part in inflater.pieces(piece):
            decoder.feed(part)
            while decoder.step():
                pass
    inflater.end()
    sound(decoder.finish(NOW, simulated=False))


def daily(data: bytes, seed: int) -> None:
    decoder = DailyDecoder(DAY)
    read_in_pieces(decoder, data, seed)
    sound(decoder.finish())


def pages(data: bytes, seed: int) -> None:
    for row_type, read in ((ListingRow, listings), (FloatRow, floats), (SplitRow, splits)):
        page: PageDecoder[Any] = PageDecoder(row_type)
        read_in_pieces(page, data, seed)
        page.finish()
        read(page)


def bars(data: bytes, seed: int) -> None:
    page = BarPage()
    read_in_pieces(page, data, seed)
    page.finish()
    sound(symbol_bars(Symbol("A"), [page], adjusted=False))


def listings(page: PageDecoder[Any]) -> None:
    *_, found = listings_of(page.rows, Counter(), active=True)
    for listing in found:
        assert listing.name.isprintable() or not listing.name


def floats(page: PageDecoder[Any]) -> None:
    *_, found = floats_of(page.rows, Counter())
    for each in found:
        assert np.isfinite(each.shares)
        assert each.shares > 0


def splits(page: PageDecoder[Any]) -> None:
    for each in splits_of(page.rows, Counter()):
        assert np.isfinite([each.old, each.new]).all()
        assert min(each.old, each.new) > 0


def profile(data: bytes, _seed: int) -> None:
    known = profile_of(Symbol("A"), data)
    for number in (known.market_cap, known.shares_outstanding, known.beta):
        assert number is None or np.isfinite(number)


def second_vendor(data: bytes, seed: int) -> None:
    decoder = ArrayDecoder(SecondFloatRow)
    read_in_pieces(decoder, data, seed)
    *_, found = second_floats_of(decoder.finish(), Counter())
    for each in found:
        assert np.isfinite(each.shares)


def status(data: bytes, _seed: int) -> None:
    decode_market_status(data)


def complaint(data: bytes, _seed: int) -> None:
    words = complaint_in(data)
    assert len(words) <= 200
    assert words.isprintable() or not words


def frame(data: bytes, seed: int) -> None:
    content: bytes | str = data if seed % 2 else data.decode("utf-8", "replace")
    told = decode_frame(content)
    for events in told.events:
        for event in events:
            numbers = [value for value in event if isinstance(value, float | int)]
            assert all(np.isfinite(number) and number >= 0 for number in numbers)
            assert event.symbol
            assert event.symbol.isprintable()


def sound(held: MarketImage | DailyBars | SymbolBars) -> None:
    """No number that is none, nothing negative, no symbol that cannot be one."""
    for name in type(held).__slots__:
        column = getattr(held, name)
        if isinstance(column, np.ndarray):
            assert np.isfinite(column).all(), name
            assert (column >= 0).all(), name
    if isinstance(held, SymbolBars):
        return
    assert all(symbol and symbol.isascii() and symbol.isprintable() and " " not in symbol for symbol in held.symbols)


KINDS: Final[dict[str, tuple[Callable[[bytes, int], None], list[bytes]]]] = {
    "snapshot": (snapshot, BODIES),
    "packed snapshot": (packed_snapshot, BODIES),
    "day": (daily, DAYS),
    "reference": (pages, LISTS[:1]),
    "bars": (bars, LISTS[1:]),
    "profile": (profile, PROFILES),
    "floats of the second vendor": (second_vendor, FMP_FLOATS),
    "status": (status, STATUSES),
    "complaint": (complaint, BODIES[-1:]),
    "frame": (frame, FRAMES),
}


def survived(read: Callable[[bytes, int], None], good: list[bytes], first: int, count: int) -> int:
    """Read so many mutations; how many of them were still of use."""
    of_use = 0
    for seed in range(first, first + count):
        data = mutated(good[seed % len(good)], good, seed)
        try:
            read(data, seed)
        except VendorError:
            continue
        of_use += 1
    return of_use


@pytest.mark.slow(10)
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
def test_no_bytes_break_a_reader(kind: str, mutations: int) -> None:
    """Mutated bodies and frames are read or refused; some are read, so the test reaches behind the first check."""
    read, good = KINDS[kind]
    read(good[0], 1)

    of_use = survived(read, good, 0, mutations)

    assert of_use > 0


@pytest.mark.timeout(1800)
def test_reading_bad_bytes_holds_no_memory(mutations: int) -> None:
    """Thousands of refusals later no more is held than after the first hundred."""
    few = max(200, mutations // 20)
    for read, good in KINDS.values():
        survived(read, good, 0, 100)
    gc.collect()
    tracemalloc.start()
    try:
        before: tuple[Any, ...] = tracemalloc.get_traced_memory()
        for read, good in KINDS.values():
            survived(read, good, 10**6, few)
        gc.collect()
        after = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after[0] - before[0] < KEPT_MB * 2**20
