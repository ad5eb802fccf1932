"""The reference model: every field of one symbol, in plain Python, from raw rows and lists of what was seen before.

Written from the contract and the vendor's facts alone. Nothing here is taken from the engine, nothing is a column, and
whatever can be recomputed from the whole story is. Slow on purpose: `tests/golden` compares it with the board.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import itemgetter
from typing import Any, NamedTuple

from tests.golden.curves import Curves
from tests.golden.past import AVERAGES, REFERENCE, Past
from tests.golden.plain import MINUTE, SECOND, Day, Extreme, Number, Row, beyond, minus, percent, positive, rounded

SCORED = ("rvol_guarded", "change_percent", "range_position", "spread_bps")
RUNGS = ("trade", "minute", "day", "prev")


class View(NamedTuple):
    """From where a symbol's fields are looked at: which moments were known when they were last worked out."""

    now: int
    """The newest of any symbol by then."""
    newest: int
    """The newest of any symbol since."""
    back_from: int
    """A snapshot looks a minute back from its own moment, a live bar from `now`."""
    moments: list[int]
    """Of all snapshots, each later than the one before."""
    taken: list[tuple[int, int]]
    """The newest moment known at each snapshot, and its own."""
    curves: Curves


class NaiveSymbol:
    """One symbol's day."""

    def __init__(self, symbol: str, past: Past) -> None:
        self.symbol = symbol
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
        self.quote_at = 0
        self.known_at = self.bar_end = 0
        self.trades: tuple[int, int, float] = (0, 0, 0.0)
        """Of the newest minute that had some: its start, up to when they are counted, how many."""
        self.story: list[tuple[int, Number, Number]] = []
        """Price and volume whenever they changed, each with the snapshot's moment."""
        self.volumes: list[tuple[int, Number]] = []
        """Volume whenever it changed, each with the newest moment that the market was known for then."""
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
        self._take_trades(minute, updated)
        self._take_quote(quote, updated)
        self.updated = max(self.updated, updated)
        self.known_at = max(self.known_at, at)
        self.seen = True
        self.settled = not self.suspect and self.falls == 0

    def take_bar(self, bar: Row, now: int, day: Day) -> None:
        """One second of live trading, however late it comes; `now` is the newest moment that anything is known for."""
        start, end = bar["s"] * 10**6, bar["e"] * 10**6
        if end >= self.price_at:
            self.price, self.price_at, self.rung = rounded(bar["c"]), end, "trade"
        told = float(round(bar["av"]))
        self.volume = beyond(self.volume, told, 1)
        for extreme, name in ((self.high, "h"), (self.low, "l")):
            extreme.take([bar[name]], end, is_event=self.seen and end > self.bar_end)
        if start < day.open:
            high, low, volume = self.premarket
            self.premarket = (
                beyond(high, rounded(bar["h"]), 1), beyond(low, rounded(bar["l"]), -1), beyond(volume, told, 1)
            )  # fmt: skip
        if bar["a"] > 0 and end >= self.vwap_at:
            self.vwap, self.vwap_at = rounded(bar["a"]), end
        if self.open is None and now >= day.open:
            self.open = rounded(positive(bar.get("op")))
        self._count_trades(start, end, max(1, round(bar["v"] / bar["z"])) if bar["z"] else 0)
        self.updated, self.known_at = max(self.updated, end), max(self.known_at, end)
        self.bar_end = max(self.bar_end, end)
        self.settled = False

    def _count_trades(self, start: int, end: int, count: float) -> None:
        """A bar's trades are more of its minute, if that is not over and they were not counted yet."""
        minute, until, before = self.trades
        if count and start // MINUTE > minute:
            self.trades = start // MINUTE, end, count
        elif count and start // MINUTE == minute and start >= until:
            self.trades = minute, end, before + count

    def _take_trades(self, minute: Row, updated: int) -> None:
        """A row counts all trades of its minute up to the second in which it was updated."""
        number, count, until = int(minute.get("t") or 0) // 60_000, minute.get("n") or 0, updated + -updated % SECOND
        if count > 0 and (number, until) >= self.trades[:2]:
            self.trades = number, until, count

    def _take_quote(self, quote: Row, updated: int) -> None:
        """The newest one; a row without any says that there was none when it was updated."""
        quoted_at = int(quote.get("t") or 0) or updated
        if quoted_at >= self.quote_at:
            self.bid, self.ask = rounded(positive(quote.get("p"))), rounded(positive(quote.get("P")))
            self.quote_at = quoted_at

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

    def note(self, now: int) -> None:
        """What the volume is, from the moment `now` on."""
        if not self.volumes or self.volumes[-1][1] != self.volume:
            self.volumes.append((now, self.volume))

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

    def fields(self, view: View, day: Day) -> Row:
        """Every field as of when it was last worked out, not rounded but for what others are made of."""
        price, close = self.price, self.previous["prev_close"]
        change = percent(price, close)
        after_the_close = day.close <= view.now < day.closed
        minute, _, trades = self.trades
        found: Row = {
            "symbol": self.symbol,
            "price": price,
            "price_source": self.rung or None,
            "updated": self.updated // 10**6 or None,
            **self.previous,
            "change": minus(price, close),
            "change_percent": change,
            "open": self.open,
            "gap_percent": change if self.open is None else percent(self.open, close),
            "change_from_open": percent(price, self.open),
            "postmarket_change": percent(price, self.regular_close) if after_the_close else None,
            "trades_1m": trades if trades and minute == view.now // MINUTE else None,
            "suspect": self.suspect,
            "stale": self.stale,
        }
        found.update(self._range_fields(view.newest))
        found.update(self._quote_fields())
        found.update(self._past_fields(view))
        found.update(self._volume_fields())
        found.update(self._relative_volume(view, day))
        found.update(self._reference_fields())
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

    def _past_fields(self, view: View) -> Iterator[tuple[str, Number]]:
        for name, seconds in (("1m", 60), ("5m", 300)):
            place = bisect_right(view.moments, view.back_from - seconds * SECOND) - 1
            there = place >= 0 and view.moments[place] >= view.back_from - seconds * SECOND * 3 // 2
            price, volume = self.as_of(view.moments[place] if there else None)
            yield f"change_{name}", percent(self.price, price)
            yield f"volume_{name}", minus(self.volume, volume)

    def _volume_fields(self) -> Iterator[tuple[str, Number]]:
        volume, worth = self.volume, self.price if self.vwap is None else self.vwap
        free = (self.past.reference or {}).get("float_shares")
        yield "volume_today", volume
        yield "vwap", self.vwap
        yield "vwap_distance", percent(self.price, self.vwap)
        yield "dollar_volume", None if volume is None or worth is None else volume * worth
        yield "float_rotation", 100.0 * volume / free if volume is not None and free else None
        yield from ((name, self.past.exactly.get(name)) for name in AVERAGES)
        atr = self.past.atr
        yield "atr_percent", None if atr is None or self.price is None else 100.0 * atr / self.price

    def _reference_fields(self) -> Iterator[tuple[str, Any]]:
        """What is known of the security, as it is known; no limits are followed yet, so nobody knows of a halt."""
        yield from dict.fromkeys(("halted", "halted_at")).items()
        facts = self.past.reference
        yield "no_reference", facts is None
        yield from ((name, None if facts is None else facts.get(name)) for name in REFERENCE)

    def _relative_volume(self, view: View, day: Day) -> Iterator[tuple[str, Any]]:
        volume, average = self.volume, self.past.avg_volume_30d
        second, slot = day.place(self.known_at)
        method, by_now, by_slot = self.past.expected(second, slot, view.curves.of(self._turnover()), early=day.early)
        yield "rvol_method", method
        yield "rvol_sessions", self.past.sessions
        yield "vol_vs_adv", volume / average if volume is not None and average else None
        if volume is None or by_now is None or by_slot is None:
            yield from dict.fromkeys(("rvol", "rvol_guarded", "rvol_slot")).items()
            return
        k = max(1000.0, 0.005 * (average or 0.0))
        yield "rvol", volume / max(by_now, 1.0)
        yield "rvol_guarded", (volume + k) / (by_now + k)
        in_slot = minus(volume, self._at_start_of(slot, view, day))
        settled = in_slot is not None and second - slot * 300 >= 15 and slot == day.place(view.now)[1]
        yield "rvol_slot", in_slot / max(by_now - by_slot, 1.0) if settled else None  # type: ignore[operator]

    def _turnover(self) -> Number:
        """By what is shown, which decides whose curve is taken."""
        volume, price = self.past.avg_volume_30d, self.past.avg_price_30d
        return None if volume is None or price is None else volume * price

    def _at_start_of(self, slot: int, view: View, day: Day) -> Number:
        """The volume as a slot began, if a snapshot of the 15 s before it was there by then."""
        if slot == 0:
            return 0.0
        start = day.start + slot * 300 * SECOND
        place = bisect_left(view.taken, (start, 0)) - 1
        if place < 0 or start - view.taken[place][1] > 15 * SECOND:
            return None
        place = bisect_left(self.volumes, start, key=itemgetter(0)) - 1
        return self.volumes[place][1] if place >= 0 else None


def score(found: Row) -> Number:
    """The weighted mean of what is known, from the values that are shown."""
    shown = {name: rounded(found[name]) for name in SCORED}
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
