"""The reference model: every field of one symbol, in plain Python, from raw rows and lists of what was seen before.

Written from the contract and the vendor's facts alone. Nothing here is taken from the engine, nothing is a column, and
whatever can be recomputed from the whole story is. Slow on purpose: `tests/golden` compares it with the board.
"""

import datetime as dt
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from tests.golden.past import AVERAGES, Past

Row = dict[str, Any]
Number = float | None

SECOND = 10**9
MINUTE = 60 * SECOND
RUNGS = ("trade", "minute", "day", "prev")


class Day:
    """The instants that bound a trading date, from New York's wall clock."""

    def __init__(self, date: dt.date, *, early: bool) -> None:
        def instant(hour: int, minute: int = 0) -> int:
            wall = dt.datetime.combine(date, dt.time(hour, minute), ZoneInfo("America/New_York"))
            return int(wall.timestamp()) * SECOND

        self.early = early
        self.midnight, self.turn, self.start = instant(0), instant(3, 30), instant(4)
        self.open, self.close = instant(9, 30), instant(13 if early else 16)
        self.end = instant(17 if early else 20)


def positive(value: Any) -> Number:
    """What the vendor has set: 0, null and what is missing are all unknown."""
    return float(value) if value is not None and value > 0 else None


def rounded(value: Number) -> Number:
    return None if value is None else round(value, 4)


def percent(value: Number, basis: Number) -> Number:
    return None if value is None or basis is None else 100.0 * (value - basis) / basis


def minus(a: Number, b: Number) -> Number:
    return None if a is None or b is None else a - b


def beyond(a: Number, b: Number, sign: int) -> Number:
    """The higher of two, or the lower if the sign is -1; where one is unknown, the other."""
    if a is None or b is None:
        return b if a is None else a
    return max(a, b) if sign > 0 else min(a, b)


class Extreme:
    """The highest or the lowest price of the day, and every time that it was exceeded."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.value: Number = None
        self.exceeded: list[int] = []

    def take(self, candidates: list[Number], at: int, *, is_event: bool) -> None:
        best: Number = None
        for candidate in candidates:
            best = beyond(best, rounded(candidate), self.sign)
        if best is None:
            return
        if self.value is not None and self.sign * (best - self.value) > 0 and is_event:
            self.exceeded.append(at)
        self.value = beyond(self.value, best, self.sign)

    def minutes(self, now: int) -> int | None:
        """Clock minutes of the last 15, the running one included, in which it was exceeded."""
        if self.value is None:
            return None
        minutes = {min(at, now) // MINUTE for at in self.exceeded}
        return len([minute for minute in minutes if now // MINUTE - minute < 15])

    def last_at(self) -> int | None:
        return self.exceeded[-1] // 10**6 if self.exceeded else None


class NaiveSymbol:
    """One symbol's day."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self.seen = False
        self.price: Number = None
        self.price_at, self.rung = 0, ""
        self.updated = 0
        self.suspect = self.stale = self.doubtful_split = False
        self.previous: dict[str, Number] = {}
        self.open: Number = None
        self.regular_close: Number = None
        self.high, self.low = Extreme(1), Extreme(-1)
        self.premarket: tuple[Number, Number, Number] = (None, None, None)
        self.volume: Number = None
        self.falls = 0
        self.vwap: Number = None
        self.vwap_at = 0
        self.bid: Number = None
        self.ask: Number = None
        self.known_at = 0
        self.story: list[tuple[int, Number, Number]] = []
        """Price and volume whenever they changed, each with the snapshot's moment."""
        self.settled = False
        """The same bytes again would say nothing new."""

    def take(self, row: Row, at: int, day: Day, since_last_s: float) -> None:
        """One row of a snapshot that is known for the moment `at`."""
        updated = int(row.get("updated") or 0)
        bar, minute, trade, quote = (row.get(name) or {} for name in ("day", "min", "lastTrade", "lastQuote"))
        if updated < day.midnight:
            self._take_previous(row, bar if updated > 0 else {})
            bar = {}
        else:
            self._take_previous(row, {})
        if int(minute.get("t") or 0) * 10**6 < day.midnight or positive(minute.get("c")) is None:
            minute = {}
        if int(trade.get("t") or 0) < day.midnight or positive(trade.get("p")) is None:
            trade = {}
        self.suspect = bool(trade) and self._suspicious(trade, minute)
        self._take_price({} if self.suspect else trade, minute, bar, updated)
        doubtful_trade, self.suspect = self.suspect, self.suspect or self.doubtful_split
        self._take_volume(minute, bar, updated, since_last_s)
        self._take_extremes({} if doubtful_trade else trade, minute, bar, updated)
        self._take_day(bar, updated, day, at)
        self.bid, self.ask = rounded(positive(quote.get("p"))), rounded(positive(quote.get("P")))
        self.updated = max(self.updated, updated)
        self.known_at = max(self.known_at, at)
        self.seen = True
        self.settled = not self.suspect and self.falls == 0

    def _take_previous(self, row: Row, still_yesterday: Row) -> None:
        """Yesterday's bar; a row that was not cleared overnight has it as its day."""
        before = row.get("prevDay") or {}
        close = positive(still_yesterday.get("c")) or positive(before.get("c"))
        prices = [rounded(close), positive(before.get("h")), positive(before.get("l"))]
        volume = positive(before.get("v"))
        self.doubtful_split = False
        if self.past.split is not None:
            ratio, stored = self.past.split
            if close is not None and stored is not None and abs(close - stored) <= 0.02 * stored:
                prices = [None if price is None else rounded(price / ratio) for price in prices]
                volume = None if volume is None else volume * ratio
            elif close is None or stored is None or abs(close - stored / ratio) > 0.02 * stored / ratio:
                prices, volume, self.doubtful_split = [None] * 3, None, True
        self.previous = dict(zip(("prev_close", "prev_high", "prev_low"), prices, strict=True))
        self.previous["prev_volume"] = volume

    def _suspicious(self, trade: Row, minute: Row) -> bool:
        price, into = trade["p"], int(trade["t"]) - int(minute.get("t") or 0) * 10**6
        if minute and 0 <= into < MINUTE:
            return bool(price > 1.05 * minute["h"] or price < 0.95 * minute["l"])
        last = self.price if self.rung in RUNGS[:3] else None
        near = [other for other in (minute.get("c"), last) if other is not None]
        return bool(near) and all(abs(price - other) > 0.2 * other for other in near)

    def _take_price(self, trade: Row, minute: Row, bar: Row, updated: int) -> None:
        """The first rung that holds, unless a newer event was shown already."""
        if trade:
            found = (trade["p"], int(trade["t"]), "trade")
        elif minute:
            start = int(minute["t"]) * 10**6
            found = (minute["c"], min(start + MINUTE, max(updated, start)), "minute")
        elif positive(bar.get("c")) is not None:
            found = (bar["c"], updated, "day")
        elif self.previous["prev_close"] is not None:
            found = (self.previous["prev_close"], 0, "prev")
        else:
            if self.rung == "prev":
                self.price, self.rung = None, ""
            return
        if found[1] >= self.price_at:
            self.price, self.price_at, self.rung = rounded(found[0]), found[1], found[2]

    def _take_volume(self, minute: Row, bar: Row, updated: int, since_last_s: float) -> None:
        volume = float(round(positive(minute.get("av")) or bar.get("v") or 0.0))
        standing = self.volume
        if standing is not None and volume < standing and updated // 10**6 >= self.updated // 10**6:
            self.falls += 1
        else:
            self.falls = 0
        if standing is None or volume >= standing or self.falls == 3:
            self.volume, self.falls = volume, 0
        average = self.past.avg_volume_30d
        if standing and average is not None and since_last_s <= 30 and volume - standing > max(0.5 * average, 1000):
            self.suspect = True

    def _take_extremes(self, trade: Row, minute: Row, bar: Row, updated: int) -> None:
        """Prices that may be shown, the minute and the day; what is there at first sight was learned, not seen."""
        shown = positive(trade.get("p")) or positive(minute.get("c")) or positive(bar.get("c"))
        for extreme, name in ((self.high, "h"), (self.low, "l")):
            candidates = [shown, positive(minute.get(name)), positive(bar.get(name))]
            extreme.take(candidates, updated, is_event=self.seen)

    def _take_day(self, bar: Row, updated: int, day: Day, at: int) -> None:
        self.open = rounded(positive(bar.get("o"))) or self.open
        self.regular_close = positive(bar.get("c")) or self.regular_close
        vwap = positive(bar.get("vw"))
        if vwap is not None and updated >= self.vwap_at:
            self.vwap, self.vwap_at = rounded(vwap), updated
        traded_before_the_open = self.price_at < day.open if self.price_at else at < day.open
        if traded_before_the_open:
            self.premarket = (self.high.value, self.low.value, self.volume)

    def remember(self, at: int) -> None:
        now = (self.price if self.rung in RUNGS[:3] else None, self.volume)
        if not self.story or self.story[-1][1:] != now:
            self.story.append((at, *now))

    def as_of(self, moment: int | None) -> tuple[Number, Number]:
        """Price and volume as they stood at a moment."""
        if moment is not None:
            for at, price, volume in reversed(self.story):
                if at <= moment:
                    return price, volume
        return None, None

    def fields(self, moments: list[int], day: Day) -> Row:
        """Every field as of the last snapshot, not rounded but for what others are made of."""
        now = moments[-1]
        price, close = self.price, self.previous["prev_close"]
        change = percent(price, close)
        found: Row = {
            "price": price,
            "price_source": self.rung or None,
            "updated": self.updated // 10**6 or None,
            **self.previous,
            "change": minus(price, close),
            "change_percent": change,
            "open": self.open,
            "gap_percent": change if self.open is None else percent(self.open, close),
            "change_from_open": percent(price, self.open),
            "postmarket_change": percent(price, self.regular_close) if day.close <= now < day.end else None,
            "suspect": self.suspect,
            "stale": self.stale,
        }
        found.update(self._range_fields(now))
        found.update(self._quote_fields())
        found.update(self._past_fields(moments, now))
        found.update(self._volume_fields())
        found.update(self._relative_volume(moments, day))
        found["score"] = score(found)
        return found

    def _range_fields(self, now: int) -> Iterator[tuple[str, Any]]:
        price, high, low = self.price, self.high.value, self.low.value
        spread = minus(high, low)
        yield "high", high
        yield "low", low
        yield from zip(("premarket_high", "premarket_low", "premarket_volume"), self.premarket, strict=True)
        yield "distance_from_high", percent(price, high)
        yield "distance_from_low", percent(price, low)
        known = price is not None and low is not None and spread
        yield "range_position", 100.0 * (price - low) / spread if known else None  # type: ignore[operator]
        yield "new_highs_15m", self.high.minutes(now)
        yield "new_lows_15m", self.low.minutes(now)
        yield "last_high_at", self.high.last_at()
        yield "last_low_at", self.low.last_at()

    def _quote_fields(self) -> Iterator[tuple[str, Number]]:
        bid, ask = self.bid, self.ask
        yield "bid", bid
        yield "ask", ask
        quoted = bid is not None and ask is not None and ask >= bid
        yield "spread_bps", 10_000.0 * (ask - bid) / ((ask + bid) / 2.0) if quoted else None  # type: ignore[operator]

    def _past_fields(self, moments: list[int], now: int) -> Iterator[tuple[str, Number]]:
        for name, seconds in (("1m", 60), ("5m", 300)):
            place = bisect_right(moments, now - seconds * SECOND) - 1
            there = place >= 0 and moments[place] >= now - seconds * SECOND * 3 // 2
            price, volume = self.as_of(moments[place] if there else None)
            yield f"change_{name}", percent(self.price, price)
            yield f"volume_{name}", minus(self.volume, volume)

    def _volume_fields(self) -> Iterator[tuple[str, Number]]:
        volume, worth, free = self.volume, self.price if self.vwap is None else self.vwap, self.past.float_shares
        yield "volume_today", volume
        yield "vwap", self.vwap
        yield "vwap_distance", percent(self.price, self.vwap)
        yield "dollar_volume", None if volume is None or worth is None else volume * worth
        yield "float_shares", free
        yield "float_rotation", 100.0 * volume / free if volume is not None and free else None
        yield from ((name, self.past.exactly.get(name)) for name in AVERAGES)
        atr = self.past.atr
        yield "atr_percent", None if atr is None or self.price is None else 100.0 * atr / self.price

    def _relative_volume(self, moments: list[int], day: Day) -> Iterator[tuple[str, Any]]:
        volume, average = self.volume, self.past.avg_volume_30d
        second = min(max((self.known_at - day.start) / SECOND, 0.0), 57_600.0)
        slot = min(int(second // 300), 191)
        method, by_now, by_slot = self.past.expected(second, slot, early=day.early)
        yield "rvol_method", method
        yield "rvol_sessions", self.past.sessions
        yield "vol_vs_adv", volume / average if volume is not None and average else None
        if volume is None or by_now is None or by_slot is None:
            yield from dict.fromkeys(("rvol", "rvol_guarded", "rvol_slot")).items()
            return
        k = max(1000.0, 0.005 * (average or 0.0))
        yield "rvol", volume / max(by_now, 1.0)
        yield "rvol_guarded", (volume + k) / (by_now + k)
        in_slot = minus(volume, self._at_start_of(slot, moments, day))
        settled = in_slot is not None and second - slot * 300 >= 15
        yield "rvol_slot", in_slot / max(by_now - by_slot, 1.0) if settled else None  # type: ignore[operator]

    def _at_start_of(self, slot: int, moments: list[int], day: Day) -> Number:
        """The volume as a slot began, which a snapshot of the 15 s before it must have told."""
        if slot == 0:
            return 0.0
        start = day.start + slot * 300 * SECOND
        place = bisect_left(moments, start) - 1
        return self.as_of(moments[place])[1] if place >= 0 and start - moments[place] <= 15 * SECOND else None


def score(found: Row) -> Number:
    """The weighted mean of what is known, from the values that are shown."""
    shown = {name: rounded(found[name]) for name in ("rvol_guarded", "change_percent", "range_position", "spread_bps")}
    change, place = shown["change_percent"], shown["range_position"]
    worth = None if found["dollar_volume"] is None else float(round(found["dollar_volume"]))
    parts: list[tuple[float, Number]] = [
        (0.35, None if shown["rvol_guarded"] is None else math.log2(shown["rvol_guarded"]) / 5.0),
        (0.25, None if change is None else math.log(1.0 + abs(change)) / math.log(31.0)),
        (0.20, None if worth is None else math.log10(worth / 1e5) / 3.0 if worth > 0 else 0.0),
        (0.10, None if change is None or place is None else (place if change >= 0 else 100.0 - place) / 100.0),
        (0.10, None if shown["spread_bps"] is None else 1.0 - shown["spread_bps"] / 200.0),
    ]
    present = [(weight, min(max(part, 0.0), 1.0)) for weight, part in parts if part is not None]
    if not present:
        return None
    quality = {"exact": 1.0, "curve": 0.7, "none": 0.5}[found["rvol_method"]]
    return 100.0 * quality * sum(weight * part for weight, part in present) / sum(weight for weight, _ in present)


class NaiveMarket:
    """All symbols of one trading date."""

    def __init__(self, day: Day, pasts: dict[str, Past]) -> None:
        self.day = day
        self.pasts = pasts
        self.symbols: dict[str, NaiveSymbol] = {}
        self.moments: list[int] = []
        self._last: dict[str, bytes] = {}
        self._updated: dict[str, int] = {}

    def take(self, rows: Sequence[tuple[str, bytes]], now: int) -> None:
        """One snapshot: each row as its bytes, which are read anew only if they are not the same as before."""
        changed = {symbol: orjson.loads(content) for symbol, content in rows if self._last.get(symbol) != content}
        self._updated.update({symbol: int(row.get("updated") or 0) for symbol, row in changed.items()})
        newest = max(self._updated[symbol] for symbol, _ in rows)
        at = newest if newest >= self.day.turn else now
        since_last_s = (at - self.moments[-1]) / SECOND if self.moments else math.inf
        later = not self.moments or at > self.moments[-1]
        if later:
            self.moments.append(at)
        for each in self.symbols.values():
            each.stale = True
        for symbol, content in rows:
            each = self.symbols.get(symbol) or self.symbols.setdefault(symbol, NaiveSymbol(self.pasts[symbol]))
            each.stale = False
            if symbol in changed or not each.settled:
                each.take(changed.get(symbol) or orjson.loads(content), at, self.day, since_last_s)
                if later:
                    each.remember(at)
                each.settled = each.settled and later
            each.known_at = max(each.known_at, at)
        self._last.update(rows)

    def fields(self, symbol: str) -> Row:
        return self.symbols[symbol].fields(self.moments, self.day)
