"""Right rows of a snapshot turned into wrong ones, for the faults at the door "rows".

Which rows are hit follows from their place, so that the same fault hits the same symbols again.
"""

import itertools
from collections.abc import Callable
from typing import Any, Final

import orjson

from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS
from tradeul.simulation.faults import Options

_MS: Final = 1000
_DAY_S: Final = 86_400
_STRIDE: Final = 7_919
"""A prime, so that hit rows lie all over the list."""
_BARS: Final = ("day", "min", "prevDay")

Row = dict[str, Any]


def spoilt(fault: tuple[str, Options], rows: list[bytes], now: Nanos) -> list[bytes]:
    """The rows as the fault leaves them."""
    name, options = fault
    if name == "half":
        return rows[: int(len(rows) * float(options["share"]))]
    if name == "shuffled":
        return rows[len(rows) // 2 :] + rows[: len(rows) // 2][::-1]
    if name == "duplicates":
        return list(itertools.chain.from_iterable(_doubled(rows, float(options["share"]))))
    if name == "frozen":
        return rows
    share = float(options.get("share", 1.0))
    spoil = _SPOILERS[name]
    return [spoil(row, place, options, now) if _hit(place, share) else row for place, row in enumerate(rows)]


def _hit(place: int, share: float) -> bool:
    return place * _STRIDE % 1000 < share * 1000


def _doubled(rows: list[bytes], share: float) -> list[tuple[bytes, ...]]:
    return [(_older(row, 1), row) if _hit(place, share) else (row,) for place, row in enumerate(rows)]


def _older(row: bytes, seconds: float) -> bytes:
    """The row as if everything in it had happened earlier; what never happened stays 0."""
    content = orjson.loads(row)
    for at, key, unit in ((content, "updated", NANOS), (content["min"], "t", _MS)):
        if at[key]:
            at[key] -= int(seconds * unit)
    for last in ("lastTrade", "lastQuote"):
        if last in content:
            content[last]["t"] -= int(seconds * NANOS)
    return orjson.dumps(content)


def _wrong_types(row: bytes, place: int, _options: Options, _now: Nanos) -> bytes:
    content = orjson.loads(row)
    kinds: tuple[Row, ...] = ({"day": 7}, {"prevDay": "none"}, {"updated": "now"}, {"ticker": 12}, {"min": [1, 2]})
    return orjson.dumps({**content, **kinds[place % len(kinds)]})


def _nulls(row: bytes, place: int, _options: Options, _now: Nanos) -> bytes:
    content = orjson.loads(row)
    content["lastQuote"] = None
    content[_BARS[place % 2]]["vw"] = None
    return orjson.dumps(content)


def _not_finite(row: bytes, place: int, _options: Options, _now: Nanos) -> bytes:
    word = (b"NaN", b"Infinity", b"-Infinity", b"1e999")[place % 4]
    content = orjson.loads(row)
    content[_BARS[place % 3]]["c"] = orjson.Fragment(word)
    return orjson.dumps(content)


def _negative(row: bytes, place: int, _options: Options, _now: Nanos) -> bytes:
    content = orjson.loads(row)
    content[_BARS[place % 3]]["c"] = -1.5
    return orjson.dumps(content)


def _missing(row: bytes, place: int, _options: Options, _now: Nanos) -> bytes:
    content = orjson.loads(row)
    gone = (("lastTrade", "lastQuote"), ("day",), ("min",), ("todaysChange", "todaysChangePerc"))[place % 4]
    return orjson.dumps({key: value for key, value in content.items() if key not in gone})


def _extra(row: bytes, _place: int, _options: Options, _now: Nanos) -> bytes:
    content = orjson.loads(row)
    content["day"]["mood"] = {"is": ["fine", None, 1e-9]}
    return orjson.dumps({**content, "fmv": 12.5, "novelty": [{"ticker": "NOBODY"}]})


def _zeros(row: bytes, _place: int, options: Options, _now: Nanos) -> bytes:
    content = orjson.loads(row)
    nothing = {"o": 0, "h": 0, "l": 0, "c": 0, "v": 0, "vw": 0}
    zero = {"todaysChange": 0, "todaysChangePerc": 0, "updated": 0, "day": nothing, "min": {**nothing, "av": 0, "t": 0}}
    last = {"lastTrade": {"p": 0, "s": 0, "t": 0}, "lastQuote": {"p": 0, "s": 0, "P": 0, "S": 0, "t": 0}}
    kept = {"ticker": content["ticker"], "prevDay": content["prevDay"]}
    return orjson.dumps({**kept, **zero, **({} if options["omitted"] else last)})


def _future(row: bytes, _place: int, options: Options, now: Nanos) -> bytes:
    return orjson.dumps({**orjson.loads(row), "updated": now + int(float(options["ahead_s"]) * NANOS)})


_SPOILERS: Final[dict[str, Callable[[bytes, int, Options, Nanos], bytes]]] = {
    "wrong_types": _wrong_types,
    "nulls": _nulls,
    "not_finite": _not_finite,
    "negative": _negative,
    "missing": _missing,
    "extra": _extra,
    "zeros": _zeros,
    "future": _future,
    "older": lambda row, _place, options, _now: _older(row, float(options["by_s"])),
    "yesterday": lambda row, _place, _options, _now: _older(row, _DAY_S),
}
