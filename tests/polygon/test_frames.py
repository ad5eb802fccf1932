"""Frames of the vendor's WebSocket, whatever is in them."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vendor import second_bar
from tradeul.domain.events import Nanos, SecondBar, Symbol
from tradeul.polygon.frames import (
    StatusMessage,
    decode_frame,
    encode_auth,
    encode_subscribe,
    encode_unsubscribe,
)

BRK = SecondBar(
    symbol=Symbol("BRK.B"),
    start=Nanos(1764086400000_000_000),
    end=Nanos(1764086401000_000_000),
    open=50.4,
    high=50.6,
    low=50.4,
    close=50.5,
    volume=30.0,
    volume_today=91000.0,
    vwap_today=50.2,
    official_open=50.1,
)
GOOD = second_bar("BRK.B")


def frame_of(*elements: Any) -> bytes:
    """A frame as it comes in."""
    return orjson.dumps(elements)


def test_bars_and_statuses_are_told_apart() -> None:
    """One frame mixes both, in any order, binary or text; the day's VWAP is `a`, not `vw`."""
    raw = frame_of(GOOD, {"ev": "status", "status": "success", "message": "subscribed to: A.X"}, GOOD)

    assert decode_frame(raw) == decode_frame(raw.decode())
    assert decode_frame(raw) == ([BRK, BRK], [StatusMessage("success", "subscribed to: A.X")], 0, 0)


@pytest.mark.parametrize("symbol", ["BACpL", "BACPL", "MRTpA.CL"])
def test_symbols_are_kept_as_they_are(symbol: str) -> None:
    """Lower-case letters are significant."""
    assert decode_frame(frame_of(second_bar(symbol))).bars[0].symbol == symbol


@pytest.mark.parametrize(
    "odd",
    [
        {"v": 3.0e1, "av": 9.1e4, "s": 1.7640864e12, "e": 1764086401000.0},
        {"z": "12", "x": None, "otc": True, "new": {"deep": []}},
    ],
)
def test_odd_numbers_are_numbers(odd: dict[str, Any]) -> None:
    """Times as floats, scientific notation and unknown fields are the vendor's habit."""
    assert decode_frame(frame_of(GOOD | odd)).bars == [BRK]


def test_what_is_missing_is_not_set() -> None:
    """A bar needs its prices, its symbol and its start; the rest may be missing or null."""
    bare = {key: GOOD[key] for key in ("ev", "sym", "o", "h", "l", "c", "s")} | {"op": None}

    assert decode_frame(frame_of(bare)).bars == [
        BRK._replace(volume=0.0, volume_today=0.0, vwap_today=0.0, official_open=0.0)
    ]


BAD: list[Any] = [
    *({"ev": "A", "sym": "X"}, 17, None, [], second_bar(""), second_bar("X" * 99), second_bar("X\n")),
    *(second_bar("X", **change) for change in ({"c": None}, {"c": "1"}, {"c": -1}, {"c": 0}, {"s": 0}, {"v": -1})),
    *(second_bar("X", **change) for change in ({"h": 50.0}, {"l": 50.45}, {"s": 2**62}, {"sym": 5}, {"o": [1]})),
    {"ev": "status", "status": 5},
]
OTHER: list[Any] = [
    {"ev": "LULD", "T": "X", "h": 55.1, "l": 45.9, "i": [21], "z": 1, "t": 1764086400123456789, "q": 79},
    {"ev": "T", "sym": "X", "x": 4, "i": "902", "p": 50.5, "s": 1.5, "c": [12, 37], "t": 1764086400123},
    {"ev": "AM", **{key: value for key, value in GOOD.items() if key != "ev"}},
    {"ev": "ZZ"},
    {"what": "is this"},
]


@given(st.lists(st.sampled_from([GOOD, *BAD, *OTHER])))
def test_an_element_costs_only_itself(elements: list[Any]) -> None:
    """Bad elements and those of other kinds are counted, and every good one is there."""
    frame = decode_frame(frame_of(*elements))

    assert frame.bars == [BRK] * elements.count(GOOD)
    assert frame.bad == sum(element in BAD for element in elements)
    assert frame.ignored == sum(element in OTHER for element in elements)


def test_not_a_number_costs_only_itself() -> None:
    """A bare NaN or a number beyond a float spoils its own bar and no other."""
    spoilt = frame_of(GOOD, second_bar("X", c=-77), second_bar("Y", c=-78))

    frame = decode_frame(spoilt.replace(b"-77", b"NaN").replace(b"-78", b"1e999"))

    assert (frame.bars, frame.bad) == ([BRK], 2)


@pytest.mark.parametrize("raw", [b"", b"hello", b"[", b"\xff\xfe", b"[" * 100_000])
def test_a_frame_that_is_none_is_counted(raw: bytes) -> None:
    """It raises nothing: the connection goes on."""
    assert decode_frame(raw) == ([], [], 0, 1)


def test_a_bare_object_is_read_as_one_element() -> None:
    """Some vendors forget the array."""
    assert decode_frame(orjson.dumps(GOOD)).bars == [BRK]


@given(st.binary(max_size=200))
def test_noise_raises_nothing(raw: bytes) -> None:
    """Whatever arrives is a frame of some kind."""
    assert decode_frame(raw).bars == []


def test_commands_are_in_the_vendors_words() -> None:
    """One object each, symbols in a comma list with their channel."""
    assert orjson.loads(encode_auth('k"ey')) == {"action": "auth", "params": 'k"ey'}
    assert orjson.loads(encode_subscribe([Symbol("BRK.B"), Symbol("BACpL")])) == {
        "action": "subscribe",
        "params": "A.BRK.B,A.BACpL",
    }
    assert orjson.loads(encode_unsubscribe([Symbol("A")])) == {"action": "unsubscribe", "params": "A.A"}
