"""A scan recall of a day as the database gives it, and who tells it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.support.market import DAY, at
from tradeul.domain.events import Symbol
from tradeul.errors import HistoryUnavailable

MS: Final = 1_000_000
NOON: Final = at("12:00") // MS
COUNTS: Final = {"met": 5, "shown": 4, "in_time": 2, "late": 1, "missed": 1, "below_cut": 1, "extra": 1, "filtered": 1}
LATE: Final = {"recall_pct": 75.0, "in_time_pct": 50.0, "late_p50_s": 65.0, "late_p90_s": 65.0, "late_max_s": 65.0}
WITHIN: Final = {"10": 0, "60": 0, "300": 1, "1800": 0, "more": 0}
EMPTY: Final = dict.fromkeys(COUNTS, 0) | dict.fromkeys(LATE) | {"late_within": dict.fromkeys(WITHIN, 0)}
WHOLE_DAY: Final = {"first": at("04:00") // MS, "last": at("20:00") // MS}
SOURCES: Final = [{"kind": "slots", **WHOLE_DAY, "images": 191, "symbols": 11_940, "gaps": 0, "why": ""}]
SILENCES: Final = [{"first": at("10:00") // MS, "last": at("10:05") // MS, "why": "the program was down"}]


def a_list(name: str, title: str, **more: Any) -> dict[str, Any]:
    """A list that came to nothing, but for what is told."""
    return {"list": name, "title": title, "size": 3, **EMPTY, "filtered_by": {}, "note": "", **more}


def a_symbol(symbol: str, verdict: str, reason: str = "", **more: Any) -> dict[str, Any]:
    """A verdict on somebody, who was due at noon."""
    plain = {"due_at": NOON, "shown_at": None, "late_s": None, "best_rank": 1, "images_due": 2, "images_shown": 0}
    return {"symbol": symbol, "verdict": verdict, "reason": reason, **plain, **more}


SYMBOLS: Final = [
    a_symbol("AAA", "in_time", shown_at=NOON, images_shown=2),
    a_symbol("LATE", "late", "the program was down", shown_at=NOON + 65_000, late_s=65.0),
    a_symbol("=GONE", "missed", "value unknown then: avg_volume_30d", best_rank=3),
    a_symbol("CUT", "below_cut", "below the cut: best rank 37 of 3", best_rank=37, images_due=0),
    a_symbol("MORE", "extra", "change_percent >= 5 (4.98)", due_at=None, shown_at=NOON, best_rank=None),
    a_symbol("DEAR", "filtered", "dropped by filter price_range: price <= 500 (612)", best_rank=None),
]


def recall() -> dict[str, Any]:
    """A day of two lists, in one of which everything is to be found."""
    winners = a_list(
        "winners", "Winners", **COUNTS, **LATE, late_within=WITHIN, filtered_by={"price_range": 1}, note="by slots"
    )
    lists = [winners, a_list("losers", "Losers")]
    return {"day": DAY, "made_at": at("20:30") // MS, "sources": SOURCES, "silences": SILENCES, "lists": lists}


class ScriptedRecalls:
    """A `ScanRecalls` that knows one day, or none."""

    def __init__(
        self,
        told: Mapping[str, Any] | None = None,
        symbols: Sequence[Mapping[str, Any]] = SYMBOLS,
        *,
        away: bool = False,
    ) -> None:
        self._told = told
        self._symbols = symbols
        self._away = away

    async def days(self) -> Sequence[dt.date]:
        if self._away:
            raise HistoryUnavailable("Postgres does not answer")
        return [] if self._told is None else [DAY]

    async def day(self, date: dt.date) -> Mapping[str, Any] | None:
        return self._told if date == DAY else None

    async def symbols(self, date: dt.date, name: str) -> Sequence[Mapping[str, Any]]:
        assert date == DAY
        return self._symbols if name == "winners" else []


def named(symbols: Sequence[Mapping[str, Any]], symbol: Symbol) -> list[dict[str, Any]]:
    """The same verdicts, all on one symbol that there is."""
    return [{**each, "symbol": symbol} for each in symbols]
