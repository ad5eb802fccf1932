"""The board and the reference model side by side: both take the same bytes, and every field is compared.

A value is right if it is the model's, rounded once to the field's precision, exactly; but for values so near to the
middle between two that they can be rounded, which are counted.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from tests.golden.naive import Day, NaiveMarket
from tests.golden.world import NANOS, Rows, World
from tests.support.market import CALENDAR
from tradeul.domain.acceptance import Gate
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.fields import BY_NAME, Kind
from tradeul.engine.discovery import is_clearing
from tradeul.engine.enrichment import Enrichment
from tradeul.polygon.wire import SnapshotDecoder

FIELDS: Final = (
    "price", "price_source", "updated", "suspect", "stale", "prev_close", "prev_high", "prev_low", "prev_volume",
    "change", "change_percent", "open", "gap_percent", "change_from_open", "postmarket_change", "high", "low",
    "premarket_high", "premarket_low", "premarket_volume", "distance_from_high", "distance_from_low",
    "range_position", "new_highs_15m", "new_lows_15m", "last_high_at", "last_low_at", "change_1m", "change_5m",
    "volume_1m", "volume_5m", "volume_today", "dollar_volume", "vwap", "vwap_distance", "rvol", "rvol_guarded",
    "rvol_slot", "rvol_method", "rvol_sessions", "vol_vs_adv", "bid", "ask", "spread_bps", "avg_volume_10d",
    "avg_volume_30d", "avg_price_30d", "atr", "atr_percent", "float_shares", "float_rotation", "score",
)  # fmt: skip
NEAR: Final = 1e-9
"""In parts of the value: two right ways to compute it differ by less."""
SHOWN_AT_MOST: Final = 20


class Duel:
    """A date's board with its past, and the model of the same."""

    def __init__(self, world: World, lag_s: float = 0.0, lookback: int = 5) -> None:
        self._lag_ns = int(lag_s * NANOS)
        self._status = b"DELAYED" if lag_s else b"OK"
        self.board = Board()
        self.enrichment = Enrichment(self.board, CALENDAR)
        self._gate = Gate()
        early = CALENDAR.is_early_close(world.date)
        self.naive = NaiveMarket(Day(world.date, early=early), world.pasts(lookback))
        self._world = world
        self._past = (world.averages(), world.baseline(lookback), world.facts())
        self.compared = 0
        self.near = 0

    def take(self, at: Nanos, rows: Rows) -> None:
        """One snapshot, as it arrives a while after it was made."""
        now = Nanos(at + self._lag_ns)
        decoder = SnapshotDecoder(self._gate.last)
        decoder.feed(b'{"status":"%s","tickers":[%s]}' % (self._status, b",".join([row for _, row in rows])))
        while decoder.step():
            pass
        image = decoder.finish(now, simulated=True)
        first = self._gate.last is None
        if not self._gate.admit(image, clearing=is_clearing(now)):
            return
        if first:
            self._begin(image.symbols)
        self.enrichment.apply_image(image, self.enrichment.read(image, now), now, now)
        self.naive.take(rows, now)

    def _begin(self, symbols: Iterable[Symbol]) -> None:
        """The past is there before the first snapshot, so that every one of them stands on it."""
        self.board.rows_of(tuple(symbols))
        averages, baseline, facts = self._past
        self.enrichment.apply_averages(averages)
        self.enrichment.apply_baseline(baseline, 0)
        self.enrichment.apply_reference(facts)
        self.enrichment.apply_splits(self._world.morning_splits())

    def differences(self, part: slice = slice(None)) -> list[str]:
        """What differs now, of all symbols or of some."""
        symbols = self.board.symbols[part]
        rows = np.arange(len(self.board))[part]
        columns: dict[str, list[Any]] = {name: [] for name in FIELDS}
        for symbol in symbols:
            for name, value in self.naive.fields(symbol).items():
                columns[name].append(value)
        found: list[str] = []
        for name, plain in columns.items():
            shown = self.board.values(name, rows)
            expected = [_rounded(name, value) for value in plain]
            self.compared += len(shown)
            if shown != expected:
                triples = zip(symbols, shown, plain, strict=True)
                found += [f"{s} {name}: board {a}, model {b}" for s, a, b in triples if not self._same(name, a, b)]
        return found

    def _same(self, name: str, shown: Any, plain: Any) -> bool:
        if shown == _rounded(name, plain):
            return True
        if BY_NAME[name].kind is not Kind.NUMBER or shown is None or plain is None:
            return False
        scaled = plain * 10.0 ** BY_NAME[name].precision
        near = abs(scaled % 1.0 - 0.5) <= NEAR * max(abs(scaled), 1.0)
        self.near += near
        return bool(near and abs(shown * 10.0 ** BY_NAME[name].precision - scaled) < 0.51)


def _rounded(name: str, value: Any) -> Any:
    """Rounded once, as the catalogue says."""
    if value is None or BY_NAME[name].kind is not Kind.NUMBER:
        return value
    return round(value, BY_NAME[name].precision)
