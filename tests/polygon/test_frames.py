"""Frames of the vendor's WebSocket, whatever is in them."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vendor import second_bar
from tradeul.domain.events import LiveBar, LiveEvents, LiveQuote, LiveTrade, Nanos, PriceBand, Symbol
from tradeul.polygon.frames import (
    Channel,
    StatusMessage,
    decode_frame,
    encode_auth,
    encode_subscribe,
    encode_unsubscribe,
)

BRK = LiveBar(
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
    vwap=50.5,
    trades=2.0,
)
GOOD = second_bar("BRK.B")
MINUTE = second_bar("BRK.B", ev="AM", e=1764086460000)
TRADE = {
    "ev": "T", "sym": "BRK.B", "x": 4, "i": "902", "z": 1, "p": 50.5, "s": 10, "ds": "10.5", "c": [12, 37],
    "t": 1764086400123, "q": 77, "trfi": 202, "trft": 1764086400120,
}  # fmt: skip
QUOTE = {
    "ev": "Q", "sym": "BRK.B", "bx": 4, "bp": 50.4, "bs": 1, "ax": 7, "ap": 50.6, "as": 2, "c": 0, "i": [604],
    "t": 1764086400124, "q": 78, "z": 1,
}  # fmt: skip
BAND = {"ev": "LULD", "T": "BRK.B", "h": 55.1, "l": 45.9, "i": [21], "z": 1, "t": 1764086400123456789, "q": 79}
FAIR = {"ev": "FMV", "fmv": 1.5, "sym": "X", "t": 1764086400123456789}
IMBALANCE = {"ev": "NOI", "T": "X", "t": 1764086400123456789, "at": 930, "a": "M", "i": 1, "x": 10, "o": 5, "p": 7}

NOTHING = LiveEvents([], [], [], [], [])
SEEN_BAND = PriceBand(Symbol("BRK.B"), Nanos(1764086400123456789), 45.9, 55.1, "band")


def frame_of(*elements: Any) -> bytes:
    """A frame as it comes in."""
    return orjson.dumps(elements)


def test_bars_and_statuses_are_told_apart() -> None:
    """One frame mixes both, in any order, binary or text; the day's VWAP is `a`, the bar's own `vw`."""
    raw = frame_of(GOOD, {"ev": "status", "status": "success", "message": "subscribed to: A.X"}, GOOD)

    assert decode_frame(raw) == decode_frame(raw.decode())
    assert decode_frame(raw) == (
        NOTHING._replace(seconds=[BRK, BRK]),
        [StatusMessage("success", "subscribed to: A.X")],
        0,
        0,
    )


def test_every_kind_lands_in_its_own_list() -> None:
    """Seconds, minutes, trades, quotes and bands of one frame; what we have no use for is ignored."""
    frame = decode_frame(frame_of(BAND, QUOTE, FAIR, TRADE, MINUTE, IMBALANCE, GOOD))

    assert frame.events == LiveEvents(
        seconds=[BRK],
        minutes=[BRK._replace(end=Nanos(1764086460000_000_000))],
        trades=[LiveTrade(Symbol("BRK.B"), Nanos(1764086400123_000_000), 50.5, 10.0, 4, (12, 37), "never")],
        quotes=[LiveQuote(Symbol("BRK.B"), Nanos(1764086400124_000_000), 50.4, 50.6, 1.0, 2.0)],
        bands=[SEEN_BAND],
    )
    assert (frame.ignored, frame.bad) == (2, 0)


@pytest.mark.parametrize(
    ("conditions", "counts"),
    [
        ([], "always"),
        ([14, 41], "always"),
        ([12], "extended"),
        ([14, 12], "extended"),
        ([37], "never"),
        ([0, 99], "never"),
    ],
)
def test_conditions_say_whether_a_price_counts(conditions: list[int], counts: str) -> None:
    """All of them must make the tape's last price and its range; Form T does outside of the regular session."""
    (trade,) = decode_frame(frame_of(TRADE | {"c": conditions})).events.trades

    assert trade.price_counts == counts


@pytest.mark.parametrize("symbol", ["BACpL", "BACPL", "MRTpA.CL"])
def test_symbols_are_kept_as_they_are(symbol: str) -> None:
    """Lower-case letters are significant."""
    assert decode_frame(frame_of(second_bar(symbol))).events.seconds[0].symbol == symbol


@pytest.mark.parametrize(
    "odd",
    [
        {"v": 3.0e1, "av": 9.1e4, "s": 1.7640864e12, "e": 1764086401000.0},
        {"z": 15.0, "x": None, "otc": True, "new": {"deep": []}},
    ],
)
def test_odd_numbers_are_numbers(odd: dict[str, Any]) -> None:
    """Times as floats, scientific notation and unknown fields are the vendor's habit."""
    assert decode_frame(frame_of(GOOD | odd)).events.seconds == [BRK]


@pytest.mark.parametrize("size", ["12", None, [], 0, 0.1, -3, 1e-300])
def test_an_average_size_that_is_none_costs_only_itself(size: object) -> None:
    """Something else has been seen there: the bar stands, how many trades it had is unknown."""
    assert decode_frame(frame_of(GOOD | {"z": size})).events.seconds == [BRK._replace(trades=0.0)]


@pytest.mark.parametrize(("volume", "size", "trades"), [(1_000, 143, 7), (3, 5, 1), (0, 5, 0)])
def test_trades_are_told_by_their_average_size(volume: int, size: int, trades: int) -> None:
    """Which is rounded; what traded did so at least once."""
    assert decode_frame(frame_of(GOOD | {"v": volume, "z": size})).events.seconds[0].trades == trades


def test_what_is_missing_is_not_set() -> None:
    """A bar needs its prices, its symbol and its start; the rest may be missing or null."""
    bare = {key: GOOD[key] for key in ("ev", "sym", "o", "h", "l", "c", "s")} | {"op": None}
    empty = BRK._replace(volume=0.0, volume_today=0.0, vwap_today=0.0, official_open=0.0, vwap=0.0, trades=0.0)

    assert decode_frame(frame_of(bare)).events.seconds == [empty]
    assert decode_frame(frame_of(bare | {"ev": "AM"})).events.minutes == [
        empty._replace(end=Nanos(empty.start + 60_000_000_000))
    ]


def test_a_trade_may_come_without_conditions() -> None:
    """Conditions and exchange may be left out, and sizes have fractions."""
    bare = {"ev": "T", "sym": "X", "p": 50.5, "s": 1.1e-1, "t": 1.764086400123e12}

    assert decode_frame(frame_of(bare)).events.trades == [
        LiveTrade(Symbol("X"), Nanos(1764086400123_000_000), 50.5, 0.11, 0, ())
    ]


@pytest.mark.parametrize(("side", "left"), [("bp", (0.0, 50.6)), ("ap", (50.4, 0.0))])
def test_a_quote_may_have_one_side(side: str, left: tuple[float, float]) -> None:
    """A side that is missing is 0, and the other one stands."""
    quote = decode_frame(frame_of(QUOTE | {side: 0})).events.quotes[0]

    assert (quote.bid, quote.ask) == left


@pytest.mark.parametrize("time", [1764086400123456789, 1764086400123456, 1764086400123])
def test_the_unit_of_a_bands_time_is_seen_by_its_size(time: int) -> None:
    """The documents say milliseconds, older ones microseconds, and the wire has nanoseconds."""
    at = decode_frame(frame_of(BAND | {"t": time})).events.bands[0].at

    assert at // 1_000_000 == 1764086400123


@pytest.mark.parametrize(
    ("codes", "says"),
    [([17], "halted"), ([18], "resumed"), ([17, 18], "resumed"), ([16, 17], "halted"), ([21], "band"), ([99], "band")],
)
def test_halts_are_told_by_their_code(codes: list[int], says: str) -> None:
    """17 halts and 18 resumes; every other code, known or not, is a band and never a halt."""
    assert [band.says for band in decode_frame(frame_of(BAND | {"i": codes})).events.bands] == [says]


def test_a_band_without_codes_is_one() -> None:
    """The codes may be left out."""
    bare = {key: value for key, value in BAND.items() if key != "i"}

    assert decode_frame(frame_of(bare)).events.bands == [SEEN_BAND]


BAD: list[Any] = [
    *({"ev": "A", "sym": "X"}, 17, None, [], second_bar(""), second_bar("X" * 99), second_bar("X\n")),
    *(second_bar("X", **change) for change in ({"c": None}, {"c": "1"}, {"c": -1}, {"c": 0}, {"s": 0}, {"v": -1})),
    *(second_bar("X", **change) for change in ({"h": 50.0}, {"l": 50.45}, {"s": 2**62}, {"sym": 5}, {"o": [1]})),
    *(TRADE | change for change in ({"p": 0}, {"p": -1}, {"p": None}, {"t": 0}, {"sym": ""}, {"c": "12"})),
    *(QUOTE | change for change in ({"bp": 0, "ap": 0}, {"bp": "1"}, {"t": 0}, {"sym": None})),
    *(BAND | change for change in ({"T": ""}, {"t": 0}, {"t": 99}, {"t": 10**17}, {"t": 2**63}, {"i": 17})),
    {"ev": "status", "status": 5},
]
OTHER: list[Any] = [FAIR, IMBALANCE, {"ev": "ZZ"}, {"ev": ["A"]}, {"what": "is this"}]
USED: list[Any] = [GOOD, MINUTE, TRADE, QUOTE, BAND]


@given(st.lists(st.sampled_from([*USED, *BAD, *OTHER])))
def test_an_element_costs_only_itself(elements: list[Any]) -> None:
    """Bad elements and those of other kinds are counted, and every good one is there."""
    frame = decode_frame(frame_of(*elements))

    assert [len(events) for events in frame.events] == [elements.count(used) for used in USED]
    assert frame.bad == sum(element in BAD for element in elements)
    assert frame.ignored == sum(element in OTHER for element in elements)


def test_not_a_number_costs_only_itself() -> None:
    """A bare NaN or a number beyond a float spoils its own bar and no other."""
    spoilt = frame_of(GOOD, second_bar("X", c=-77), second_bar("Y", c=-78))

    frame = decode_frame(spoilt.replace(b"-77", b"NaN").replace(b"-78", b"1e999"))

    assert (frame.events.seconds, frame.bad) == ([BRK], 2)


@pytest.mark.parametrize("raw", [b"", b"hello", b"[", b"\xff\xfe", b"[" * 100_000])
def test_a_frame_that_is_none_is_counted(raw: bytes) -> None:
    """It raises nothing: the connection goes on."""
    assert decode_frame(raw) == (NOTHING, [], 0, 1)


def test_an_empty_frame_holds_nothing() -> None:
    """The vendor sends such."""
    assert decode_frame(b"[]") == (NOTHING, [], 0, 0)


def test_a_bare_object_is_read_as_one_element() -> None:
    """Some vendors forget the array."""
    assert decode_frame(orjson.dumps(GOOD)).events.seconds == [BRK]


@given(st.binary(max_size=200))
def test_noise_raises_nothing(raw: bytes) -> None:
    """Whatever arrives is a frame of some kind."""
    assert decode_frame(raw).events == NOTHING


def test_commands_are_in_the_vendors_words() -> None:
    """One object each, channels in a comma list."""
    assert orjson.loads(encode_auth('k"ey')) == {"action": "auth", "params": 'k"ey'}
    assert orjson.loads(encode_subscribe([Channel("A.BRK.B"), Channel("LULD.*")])) == {
        "action": "subscribe",
        "params": "A.BRK.B,LULD.*",
    }
    assert orjson.loads(encode_unsubscribe([Channel("T.BACpL")])) == {"action": "unsubscribe", "params": "T.BACpL"}
