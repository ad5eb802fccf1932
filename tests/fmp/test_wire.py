"""The second vendor's bodies: bare arrays, row by row, and objects where arrays are expected."""

import datetime as dt
from collections import Counter
from typing import Any

import orjson
import pytest

from tradeul.domain.events import FloatShares, Profile, Symbol
from tradeul.errors import SnapshotRefused, VendorRefused, VendorUnavailable
from tradeul.fmp.wire import ArrayDecoder, CapRow, FloatRow, ProfileRow, caps_of, complaint_in, floats_of, profile_of

A = {"symbol": "A", "date": "2025-11-24 12:00:00", "freeFloat": 99.5, "floatShares": 1.2e9, "outstandingShares": 1300}


def rows_of(raw: bytes) -> tuple[list[FloatRow], dict[str, int]]:
    """What the decoder makes of a body, and what it dropped."""
    decoder = ArrayDecoder(FloatRow)
    for start in range(0, len(raw), 7):
        decoder.feed(raw[start : start + 7])
    return decoder.finish(), dict(decoder.dropped)


def floats_in(*rows: dict[str, Any]) -> tuple[FloatShares, ...]:
    """The floats of a page."""
    *_, found = floats_of(rows_of(orjson.dumps(rows))[0], Counter())
    return found


def test_floats_are_in_the_markets_symbols() -> None:
    """Numbers of any spelling, the date without its time, the rest of the world left out."""
    foreign = A | {"symbol": "000001.SZ"}

    assert floats_in(A | {"symbol": "BRK-B"}, foreign, A) == (
        FloatShares(Symbol("A"), dt.date(2025, 11, 24), 1.2e9, 1300.0),
        FloatShares(Symbol("BRK.B"), dt.date(2025, 11, 24), 1.2e9, 1300.0),
    )


def test_of_a_repeated_symbol_the_newest_counts() -> None:
    """And one without a date is older than any."""
    newer = A | {"date": "2025-11-25 00:00:00", "floatShares": 7}

    assert [each.shares for each in floats_in(newer, A, A | {"date": None})] == [7.0]


@pytest.mark.parametrize("unset", [None, 0])
def test_a_float_that_is_not_set_is_none(unset: object) -> None:
    """0 is not set, and what is missing beside it is not known."""
    bare = {"symbol": "B", "floatShares": 5, "outstandingShares": unset}

    assert floats_in(A | {"floatShares": unset}, bare) == (FloatShares(Symbol("B"), None, 5.0, None),)


@pytest.mark.parametrize(
    "bad", [17, None, {"symbol": ""}, {"symbol": 5}, A | {"floatShares": "many"}, A | {"floatShares": -1}]
)
def test_a_bad_row_costs_itself(bad: object) -> None:
    """It is counted, and the others live."""
    rows, dropped = rows_of(orjson.dumps([A, bad, A]))

    assert (len(rows), sum(dropped.values())) == (2, 1)


@pytest.mark.parametrize("raw", [b"[]", b" [ ] \n"])
def test_an_empty_array_is_a_list(raw: bytes) -> None:
    """It is how pages end."""
    assert rows_of(raw) == ([], {})


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"Error Message":"Legacy Endpoint : no longer supported"}', VendorRefused),
        (b"{}", VendorRefused),
        (b"null", VendorUnavailable),
        (b'"text"', VendorUnavailable),
        (b"", SnapshotRefused),
        (b"<html>", SnapshotRefused),
        (orjson.dumps([A] * 9)[:-1], SnapshotRefused),
        (orjson.dumps([A] * 9)[:-20], SnapshotRefused),
    ],
)
def test_what_is_no_array_is_raised(raw: bytes, kind: type[Exception]) -> None:
    """An object in the place of a list is a refusal even inside a success; what is cut is no list either."""
    with pytest.raises(kind):
        rows_of(raw)


def test_a_refusal_is_told_in_the_vendors_words() -> None:
    """In one line."""
    with pytest.raises(VendorRefused, match="sent no list: Legacy Endpoint : no"):
        rows_of(b'{"Error Message":"Legacy Endpoint :\\n no"}')


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"Error Message":"Invalid  API KEY."}', "Invalid API KEY."),
        (b'{"error":"x","message":"y"}', "x"),
        (b'{"message":5}', ""),
        (b"Premium", ""),
        (b"[]", ""),
    ],
)
def test_complaints_are_found(body: bytes, words: str) -> None:
    """Wherever the vendor puts them."""
    assert complaint_in(body) == words


def test_market_values_that_are_set_are_kept() -> None:
    """By the market's symbol."""
    rows = [CapRow("BRK-B", 1e12), CapRow("X.TO", 5.0), CapRow("Z", 0.0), CapRow("Y")]

    assert caps_of(rows) == {"BRK.B": 1e12}


def test_a_profile_is_read() -> None:
    """What is not said is not known; a beta may be negative."""
    full = ProfileRow("A", "Some\nCompany", 1e9, -0.2, "Technology", "Software", "1999-11-18", isEtf=False)

    assert profile_of(Symbol("A"), full) == Profile(
        symbol=Symbol("A"), name="Some Company", market_cap=1e9, shares_outstanding=None, sic_code="",
        sic_description="", sector="Technology", industry="Software", list_date=dt.date(1999, 11, 18), beta=-0.2,
        is_etf=False, is_actively_trading=None,
    )  # fmt: skip
    assert profile_of(Symbol("A"), ProfileRow("A", marketCap=0.0, beta=0.0, ipoDate="soon")).market_cap is None
