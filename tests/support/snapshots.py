"""Bodies in the vendor's dialect: one row, a few, or a whole market of them. Used by tests and by benchmarks."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

MINUTE_MS = 1_764_086_400_000
NOW_NS = 1_764_086_400_123_456_789

Record = dict[str, Any]


def row(symbol: str, **changes: Any) -> Record:
    """One complete row in the vendor's order of keys; `changes` replace whole fields, None leaves one out."""
    complete: Record = {
        "ticker": symbol,
        "todaysChangePerc": -2.0,
        "todaysChange": -0.25,
        "updated": NOW_NS,
        "day": {"o": 12.4, "h": 12.6, "l": 12.1, "c": 12.25, "v": 81000, "vw": 12.3},
        "min": {
            "av": 81500,
            "t": MINUTE_MS,
            "n": 7,
            "o": 12.2,
            "h": 12.3,
            "l": 12.15,
            "c": 12.26,
            "v": 900,
            "vw": 12.24,
        },
        "prevDay": {"o": 12.8, "h": 13.0, "l": 12.4, "c": 12.5, "v": 640000, "vw": 12.7},
        "lastTrade": {"c": [12, 37], "i": "901", "p": 12.27, "s": 100, "t": NOW_NS - 3, "x": 4},
        "lastQuote": {"P": 12.28, "S": 5, "p": 12.24, "s": 3, "t": NOW_NS},
    } | changes
    return {key: value for key, value in complete.items() if value is not None}


def body(rows: Iterable[Record | bytes], *, status: str = "OK", envelope_first: bool = True) -> bytes:
    """An answer of `rows`; those that are bytes stand in it as they are."""
    array = b",".join(each if isinstance(each, bytes) else orjson.dumps(each) for each in rows)
    fields = b'"status":"%s","count":12' % status.encode()
    return b'{%s,"tickers":[%s]}' % (fields, array) if envelope_first else b'{"tickers":[%s],%s}' % (array, fields)


def symbols(count: int) -> Sequence[str]:
    """Distinct symbols, the odd kinds among them."""
    odd = ["BRK.B", "BACpL", "BACPL", "AVACU", "MRTpA.CL"]
    return (odd + [f"S{number:05d}" for number in range(count)])[:count]


def market_body(count: int = 12_000, seed: int = 1) -> bytes:
    """A whole market's answer: about 6.4 MB for 12,000 symbols."""
    draw = random.Random(seed)  # noqa: S311  # a repeatable market, no secret
    return body(_drawn_row(symbol, draw) for symbol in symbols(count))


def _drawn_row(symbol: str, draw: random.Random) -> Record:
    price = draw.uniform(1, 500)
    volume = draw.randrange(100, 10_000_000)
    at = NOW_NS - draw.randrange(10**9)
    return row(
        symbol,
        todaysChangePerc=round(draw.uniform(-5, 5), 4),
        todaysChange=round(draw.uniform(-5, 5), 4),
        updated=at,
        day=_bar(price, volume),
        min={"av": volume, "t": MINUTE_MS, "n": draw.randrange(900)} | _bar(price, draw.randrange(90_000)),
        prevDay=_bar(price * 0.99, volume),
        lastTrade={"c": [12, 37], "i": str(volume), "p": round(price, 2), "s": 100, "t": at, "x": 4},
        lastQuote={"P": round(price + 0.01, 2), "S": 3, "p": round(price - 0.01, 2), "s": 5, "t": at},
    )


def _bar(price: float, volume: int) -> Record:
    steps = {"o": 0.0, "h": 1.0, "l": -0.5, "c": 0.25, "v": 0.0, "vw": 0.1}
    return {key: volume if key == "v" else round(price + step, 4 if key == "vw" else 2) for key, step in steps.items()}
