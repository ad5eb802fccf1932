"""The board and the reference model side by side: both take the same bytes, and every field is compared.

A value is right if it is the model's, rounded once to the field's precision, exactly; but for values so near to the
middle between two that they can be rounded, which are counted.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from tests.golden.naive import score
from tests.golden.naive_market import NaiveMarket
from tests.golden.plain import Day, Row
from tests.golden.world import NANOS, Rows, World
from tests.support.market import CALENDAR
from tradeul.clock import ManualClock
from tradeul.domain.acceptance import Gate
from tradeul.domain.averages import Averages
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.fields import CATALOGUE, Field, Kind
from tradeul.domain.usual import Baseline
from tradeul.engine.discovery import is_clearing
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.intake import Intake
from tradeul.engine.vitals import Vitals
from tradeul.engine.warmup import curves_of
from tradeul.polygon.frames import decode_frame
from tradeul.polygon.wire import SnapshotDecoder

NEAR: Final = 1e-9
"""In parts of the value: two right ways to compute it differ by less."""
SHOWN_AT_MOST: Final = 20


class Comparison:
    """A board and the model of it."""

    def __init__(self, board: Board, naive: NaiveMarket) -> None:
        self.board = board
        self.naive = naive
        self.compared = 0
        self.near = 0

    def differences(self, symbols: Sequence[Symbol] | None = None, apart: Collection[str] = ()) -> list[str]:
        """What differs now, of all symbols or of some; the fields `apart` are not looked at."""
        symbols = self.board.symbols if symbols is None else symbols
        rows = self.board.rows_of(symbols)
        models = [self.naive.fields(symbol) for symbol in symbols]
        found: list[str] = []
        for field in CATALOGUE:
            if field.name in apart:
                continue
            plain = [model[field.name] for model in models]
            shown, expected = self.board.values(field.name, rows), _rounded(field, plain)
            self.compared += len(shown)
            if shown != expected:
                pairs = zip(symbols, models, shown, expected, strict=True)
                found += [
                    f"{symbol} {field.name}: board {a}, model {model[field.name]}"
                    for symbol, model, a, once in pairs
                    if a != once and not self._near(field, model, a)
                ]
        return found

    def _near(self, field: Field, model: Row, shown: Any) -> bool:
        """Whether the value is in the middle between two, and the other one of these is shown."""
        plain = model[field.name]
        if field.kind is not Kind.NUMBER or shown is None or plain is None:
            return False
        scale = 10.0**field.precision
        scaled = plain * scale
        if abs(scaled % 1.0 - 0.5) > NEAR * max(abs(scaled), 1.0) or abs(shown * scale - scaled) > 0.51:
            return False
        self.near += 1
        if field.name != "score":
            # Which is made of the values that are shown, and so of this one.
            model[field.name] = shown
            model["score"] = score(model)
        return True


class Duel(Comparison):
    """A date's board with its past, and the model of the same."""

    def __init__(self, world: World, lag_s: float = 0.0, lookback: int = 5, *, learned: bool = False) -> None:
        self._lag_ns = int(lag_s * NANOS)
        self._status = b"DELAYED" if lag_s else b"OK"
        early = CALENDAR.is_early_close(world.date)
        super().__init__(Board(), NaiveMarket(Day(world.date, early=early), world.pasts(lookback)))
        self.enrichment = Enrichment(self.board, CALENDAR)
        self._gate = Gate()
        clock = ManualClock(CALENDAR.hours(world.date).pre_market_start)
        self._intake = Intake(clock, CALENDAR, Vitals(clock.now()))
        self._world = world
        self._past = (world.averages(), world.baseline(lookback), world.facts())
        self._learned = learned

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

    def take_bars(self, content: bytes) -> list[Symbol]:
        """One frame of live bars; gives whose they are."""
        if self.enrichment.moment() is None:
            return []
        self._intake.deliver(decode_frame(content).events)
        symbols: dict[Symbol, None] = {}
        for folded in self._intake.take():
            self.enrichment.apply_live(folded)
            symbols |= dict.fromkeys(bar.symbol for bar in folded.seconds)
        self.naive.take_bars(content)
        return list(symbols)

    def _begin(self, symbols: Iterable[Symbol]) -> None:
        """The past is there before the first snapshot, so that every one of them stands on it."""
        self.board.rows_of(tuple(symbols))
        averages, baseline, facts = self._past
        self.enrichment.apply_averages(averages)
        self.enrichment.apply_baseline(baseline, 0)
        self.enrichment.apply_reference(facts)
        self.enrichment.apply_splits(self._world.morning_splits())
        if self._learned:
            self._learn(averages, baseline)

    def _learn(self, averages: Averages, baseline: Baseline) -> None:
        """Curves of the same past, as `engine/warmup` has them learned; with too few symbols both keep the prior."""
        found = curves_of(baseline, averages, self.board.usual.least_sessions)
        if found is not None:
            _, self.board.curves = found
        self.naive.curves.learn(self.naive.pasts.values())


def _rounded(field: Field, values: list[Any]) -> list[Any]:
    """Rounded once, as the catalogue says."""
    if field.kind is not Kind.NUMBER:
        return values
    precision = field.precision
    return [None if value is None else round(value, precision) for value in values]
