"""Bodies of the vendor become domain events, row by row tolerant and strict on the whole."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.snapshots import MINUTE_MS, NOW_NS, Record, body, market_body, row, symbols
from tradeul.domain.events import MarketImage, Nanos
from tradeul.errors import SnapshotRefused, VendorRefused, VendorUnavailable
from tradeul.fetching.slicing import SLICE_BYTES
from tradeul.polygon.wire import SnapshotDecoder

RECEIVED = Nanos(NOW_NS + 5)
MARKET = market_body(600)
"""Some slices long."""


def image_of(
    raw: bytes, cuts: Sequence[int] = (), previous: MarketImage | None = None, hurry_at: float = math.inf
) -> MarketImage:
    """What the decoder makes of a body that arrives in pieces; from `hurry_at` on it is told that the end is near."""
    decoder = SnapshotDecoder(previous)
    edges = [0, *sorted(cuts), len(raw)]
    for start, end in pairwise(edges):
        if start >= hurry_at:
            decoder.hurry()
        decoder.feed(raw[start:end])
        while decoder.step():
            pass
    return decoder.finish(RECEIVED, simulated=False)


def content(image: MarketImage) -> dict[str, Any]:
    """Every field, comparable."""
    values = {field.name: getattr(image, field.name) for field in fields(image)}
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}


def prices(image: MarketImage) -> dict[str, float]:
    """The last trade of each symbol."""
    return dict(zip(image.symbols, image.trade_price.tolist(), strict=True))


def test_a_row_lands_in_its_columns_exactly() -> None:
    """Every needed field of a row is in its own column, times as exact nanoseconds."""
    image = image_of(body([row("BRK.B")]))

    assert content(image) == {
        "symbols": ("BRK.B",),
        "updated": [NOW_NS],
        "trade_at": [NOW_NS - 3],
        "quote_at": [NOW_NS],
        "minute_start": [MINUTE_MS * 1_000_000],
        "day_open": [12.4],
        "day_high": [12.6],
        "day_low": [12.1],
        "day_close": [12.25],
        "day_volume": [81000.0],
        "day_vwap": [12.3],
        "minute_high": [12.3],
        "minute_low": [12.15],
        "minute_close": [12.26],
        "minute_trades": [7.0],
        "minute_volume": [900.0],
        "minute_volume_today": [81500.0],
        "prev_close": [12.5],
        "prev_high": [13.0],
        "prev_low": [12.4],
        "prev_volume": [640000.0],
        "trade_price": [12.27],
        "bid": [12.24],
        "ask": [12.28],
        "feed_time": NOW_NS,
        "received_at": RECEIVED,
        "checksum": zlib.crc32(body([row("BRK.B")])),
        "delayed": False,
        "simulated": False,
        "dropped": {},
    }


@given(st.lists(st.integers(0, len(MARKET)), max_size=40), st.integers(0, len(MARKET)))
def test_chunks_make_no_difference(cuts: list[int], hurry_at: int) -> None:
    """However a body is cut on its way, and whenever the end seems near, the image is the same."""
    image = image_of(MARKET, cuts, hurry_at=hurry_at)

    assert content(image) == content(image_of(MARKET))
    assert image.symbols == tuple(symbols(600))


def test_a_byte_at_a_time_is_a_body_too() -> None:
    """The smallest chunks change nothing either."""
    raw = body([row("A"), row("B")], envelope_first=False)

    assert content(image_of(raw, range(len(raw)))) == content(image_of(raw))


def with_keys_sorted(record: Record) -> Record:
    """The row in another order of keys."""
    return {key: record[key] for key in sorted(record)}


def with_keys_turned(record: Record, by: int) -> Record:
    """The row in an order of keys of its own."""
    keys = list(record)
    return {key: record[key] for key in keys[by % len(keys) :] + keys[: by % len(keys)]}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(body(map(row, symbols(600)), envelope_first=False), id="envelope last"),
        pytest.param(body(with_keys_sorted(row(each)) for each in symbols(600)), id="keys sorted"),
        pytest.param(
            body(with_keys_turned(row(each), place) for place, each in enumerate(symbols(600))), id="keys in any order"
        ),
        pytest.param(
            body([with_keys_sorted(row("BRK.B")), *map(row, symbols(600)[1:])]), id="first row unlike all others"
        ),
        pytest.param(
            orjson.dumps({"tickers": [row(each) for each in symbols(600)], "status": "OK"}, option=orjson.OPT_INDENT_2),
            id="spread out with white space",
        ),
        pytest.param(
            body([row("BRK.B"), *(row(each, note=',{"ticker":"X"}],"') for each in symbols(600)[1:])]),
            id="the marker inside a string",
        ),
        pytest.param(
            body(row(each, related={"ticker": "X", "peers": ["Y"]}) for each in symbols(600)),
            id="the marker inside a row",
        ),
        pytest.param(
            body(row(each) for each in symbols(600)).replace(b'{"ticker"', b'{"\\u0074icker"'), id="keys escaped"
        ),
    ],
)
def test_the_way_it_is_written_makes_no_difference(raw: bytes) -> None:
    """The order of keys, of the envelope and white space may change without notice."""
    image = image_of(raw, range(0, len(raw), 10_000))

    assert prices(image) == dict.fromkeys(symbols(600), 12.27)
    assert image.dropped == {}


BAD_ROWS = {
    "not a number": (b'{"ticker":"BAD","day":{"o":NaN}}', "not_finite"),
    "infinite": (b'{"ticker":"BAD","day":{"o":-Infinity}}', "not_finite"),
    "beyond a float": (b'{"ticker":"BAD","lastTrade":{"p":1e999}}', "not_finite"),
    "negative": (b'{"ticker":"BAD","min":{"c":-0.01}}', "negative"),
    "negative time": (b'{"ticker":"BAD","updated":-1}', "negative"),
    "time beyond 64 bits": (b'{"ticker":"BAD","updated":9223372036854775808}', "out_of_range"),
    "number as text": (b'{"ticker":"BAD","day":{"v":"81000"}}', "wrong_type"),
    "time as text": (b'{"ticker":"BAD","updated":"1764086400123456789"}', "wrong_type"),
    "a list for an object": (b'{"ticker":"BAD","day":[1,2]}', "wrong_type"),
    "a truth for a number": (b'{"ticker":"BAD","day":{"o":true}}', "wrong_type"),
    "no object": (b"17", "wrong_type"),
    "no symbol": (b'{"day":{"o":1.0}}', "no_symbol"),
    "empty symbol": (b'{"ticker":""}', "no_symbol"),
    "null symbol": (b'{"ticker":null}', "no_symbol"),
    "endless symbol": (b'{"ticker":"%s"}' % (b"B" * 10_000), "no_symbol"),
    "symbol with a line break": (b'{"ticker":"BA\\nD"}', "no_symbol"),
    "symbol that is half a character": (b'{"ticker":"BAD\\ud800"}', "no_symbol"),
    "symbol that is no text": (b'{"ticker":"BAD\xff"}', "malformed"),
    "broken inside": (b'{"ticker":"BAD","day":{"o":1.0,}', "malformed"),
    "cut off": (b'{"ticker":"BAD","day":{"o":', "malformed"),
    "nested without end": (b'{"ticker":"BAD","x":%s1%s}' % (b"[" * 5000, b"]" * 5000), "malformed"),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(BAD_ROWS)), st.integers(1, 599)), min_size=1, max_size=12))
def test_a_bad_row_never_costs_a_good_one(bad: list[tuple[str, int]]) -> None:
    """Whatever is wrong with rows, every other one is there; bad neighbours without a clear comma may count as one."""
    rows: list[Record | bytes] = list(map(row, symbols(600)))
    for kind, place in bad:
        rows.insert(place, BAD_ROWS[kind][0])

    image = image_of(body(rows))

    assert image.symbols == tuple(symbols(600))
    assert np.isfinite(image.day_open).all()
    assert 1 <= sum(image.dropped.values()) <= len(bad)


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_is_counted_by_its_reason(kind: str) -> None:
    """An operator sees what is wrong with the vendor's rows."""
    raw, reason = BAD_ROWS[kind]

    image = image_of(body([row("A"), raw, *map(row, symbols(40))]))

    assert image.dropped == {reason: 1}


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("kind", ["not a number", "number as text", "no object", "null symbol"])
def test_a_bad_row_at_an_edge_costs_only_itself(kind: str, place: str) -> None:
    """The first row teaches the decoder the order of keys, the last one where the array ends: both may be bad."""
    good: list[Record | bytes] = list(map(row, symbols(40)))
    rows = [BAD_ROWS[kind][0], *good] if place == "first" else [*good, BAD_ROWS[kind][0]]

    image = image_of(body(rows))

    assert image.symbols == tuple(symbols(40))


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"day": {"o": 12.4, "v": 1.012021e6}}, id="scientific notation"),
        pytest.param({"updated": 1.7640864e18}, id="a time as a float"),
        pytest.param({"lastTrade": {"p": 12, "t": 1.7640864e18}}, id="a price as an int"),
        pytest.param({"min": {"t": 1.7640864e12, "c": 12.0, "n": 7.0}}, id="milliseconds as a float"),
        pytest.param({"fmv": {"new": [{"ticker": 1}]}, "otc": True}, id="fields nobody knows"),
    ],
)
def test_odd_numbers_are_numbers(odd: Record) -> None:
    """The vendor writes ints as floats and in scientific notation, and adds fields: all of that is good."""
    image = image_of(body([row("A"), row("ODD", **odd), row("B")]))

    assert image.symbols == ("A", "ODD", "B")


@pytest.mark.parametrize("unset", [b"null", b"{}", b'{"p":null,"t":null}'])
def test_null_is_not_set(unset: bytes) -> None:
    """A null field or object, like a missing one, reads 0, and the rest of its row stays."""
    image = image_of(body([row("A"), b'{"ticker":"B","lastTrade":%s,"lastQuote":{"p":1.5}}' % unset]))

    assert (image.trade_price.tolist(), image.trade_at.tolist()) == ([12.27, 0.0], [NOW_NS - 3, 0])
    assert (image.bid.tolist(), image.ask.tolist()) == ([12.24, 1.5], [12.28, 0.0])
    assert image.dropped == {}


MINUTE_NS = 60_000_000_000


@pytest.mark.parametrize(("ahead_ns", "kept"), [(MINUTE_NS, True), (MINUTE_NS + 1, False)])
def test_a_row_from_the_future_does_not_push_the_feed_ahead(ahead_ns: int, kept: bool) -> None:
    """More than a minute after its receipt cannot be: the row is dropped and counted, whatever the clocks show."""
    image = image_of(body([*map(row, symbols(40)), row("AHEAD", updated=RECEIVED + ahead_ns)]))

    assert image.symbols == (*symbols(40), *(["AHEAD"] if kept else []))
    assert image.feed_time == (RECEIVED + ahead_ns if kept else NOW_NS)
    assert image.dropped == ({} if kept else {"from_the_future": 1})
    assert len(image.trade_price) == len(image.symbols)


def test_a_trade_or_minute_from_the_future_is_not_set() -> None:
    """A time that cannot be is none, and the rest of the row stands."""
    ahead = RECEIVED + MINUTE_NS + 1_000_000
    odd = row("ODD", lastTrade={"p": 9.0, "t": ahead}, min={"t": ahead // 1_000_000 + 1, "c": 8.0, "av": 7})

    image = image_of(body([row("A"), odd]))

    assert (image.trade_at.tolist(), image.minute_start.tolist()) == ([NOW_NS - 3, 0], [MINUTE_MS * 1_000_000, 0])
    assert (image.symbols, image.dropped) == (("A", "ODD"), {})


def test_a_market_of_the_future_is_refused() -> None:
    """Where many rows are of later than our clock, one of the two clocks is wrong: the last good one stays."""
    rows = [row(each, updated=RECEIVED + 2 * MINUTE_NS) for each in symbols(6)]

    with pytest.raises(SnapshotRefused, match="6 of 100") as refused:
        image_of(body([*rows, *map(row, symbols(100)[6:])]))

    assert refused.value.reason == "from_the_future"


def test_dropped_rows_do_not_unsettle_the_next_image() -> None:
    """An image without some rows is still known by its own symbols."""
    ahead = row("AHEAD", updated=RECEIVED + 2 * MINUTE_NS)
    first = image_of(body([*map(row, symbols(40)), ahead]))

    second = image_of(body(map(row, symbols(40))), previous=first)

    assert second.symbols is first.symbols


def test_too_many_bad_rows_condemn_the_whole() -> None:
    """Over five of a hundred unusable rows, the others are not believed either."""
    rows: list[Record | bytes] = [*map(row, symbols(94)), *[BAD_ROWS["negative"][0]] * 6]

    with pytest.raises(SnapshotRefused, match="6 of 100 rows") as refused:
        image_of(body(rows))

    assert refused.value.reason == "bad_rows"


def test_of_a_repeated_symbol_the_newest_counts() -> None:
    """A symbol that is there twice is what its newest `updated` says, wherever that row stands."""
    newest = row("A", updated=NOW_NS + 9, lastTrade={"p": 99.0, "t": NOW_NS})

    image = image_of(body([row("A", updated=NOW_NS - 9), newest, row("B"), row("A")]))

    assert prices(image) == {"A": 99.0, "B": 12.27}
    assert (image.updated.tolist(), image.dropped) == ([NOW_NS + 9, NOW_NS], {"duplicate": 2})


def test_of_two_equally_new_rows_the_later_counts() -> None:
    """The order in the body decides what times do not."""
    image = image_of(body([row("A"), row("A", lastTrade={"p": 99.0})]))

    assert prices(image) == {"A": 99.0}


@given(st.integers(1, len(MARKET) - 1))
def test_a_body_cut_short_is_refused(length: int) -> None:
    """No part of a body passes for the whole."""
    with pytest.raises(SnapshotRefused) as refused:
        image_of(MARKET[:length])

    assert refused.value.reason == "truncated"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "malformed"),
        (b"<html>busy</html>", "malformed"),
        (b"[]", "malformed"),
        (body([]), "empty"),
        (b'{"status":"OK"}', "empty"),
        (b'{"status":"OK","tickers":null}', "empty"),
        (body([row("A")]) + b"}", "truncated"),
        (body([row("A")]).replace(b'"count":12', b'"count":'), "truncated"),
        (body([b"1", b"2", b'"x"']), "bad_rows"),
    ],
)
def test_what_is_no_market_is_refused(raw: bytes, reason: str) -> None:
    """A body without a market in it leaves the last good one in place, and says why."""
    with pytest.raises(SnapshotRefused) as refused:
        image_of(raw)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("raw", "error", "words"),
    [
        (b'{"status":"ERROR","error":"no such\\n thing"}', VendorUnavailable, "ERROR: no such thing"),
        (b'{"status":"NOT_AUTHORIZED","message":"upgrade"}', VendorRefused, "NOT_AUTHORIZED: upgrade"),
        (b'{"tickers":[]}', VendorUnavailable, "without a status"),
        (body([row("A")], status="ERROR"), VendorUnavailable, "ERROR"),
    ],
)
def test_a_status_that_is_no_success_is_an_error(raw: bytes, error: type[Exception], words: str) -> None:
    """Even inside a good answer, the vendor's own words decide."""
    with pytest.raises(error, match=words):
        image_of(raw)


def test_a_delayed_snapshot_says_so() -> None:
    """On delayed plans the status reads DELAYED, which is a success."""
    assert image_of(body([row("A")], status="DELAYED")).delayed


def test_known_symbols_stay_the_same_object() -> None:
    """The board may skip its mapping when the tuple is the one it has; any change makes a new one."""
    first = image_of(MARKET)

    assert image_of(MARKET, previous=first).symbols is first.symbols
    assert image_of(market_body(599), previous=first).symbols == first.symbols[:-1]
    assert image_of(market_body(601), previous=first).symbols == tuple(symbols(601))


def test_no_step_takes_more_than_a_slice() -> None:
    """A body that arrives all at once is still decoded in steps that leave the loop free between them."""
    decoder = SnapshotDecoder()
    decoder.feed(MARKET)
    steps = 0

    while decoder.step():
        steps += 1

    assert len(MARKET) // SLICE_BYTES <= steps <= 2 * len(MARKET) // SLICE_BYTES


def test_more_symbols_than_there_was_room_for() -> None:
    """A market may grow beyond what was reserved."""
    many = [f"S{number}" for number in range(17_000)]

    image = image_of(body({"ticker": each, "updated": place} for place, each in enumerate(many)))

    assert image.symbols == tuple(many)
    assert image.updated.tolist() == list(range(17_000))


def test_an_image_cannot_be_changed() -> None:
    """Whoever holds an image may rely on it."""
    image = image_of(body([row("A")]))

    with pytest.raises(ValueError, match="read-only"):
        image.trade_price[0] = 1.0
