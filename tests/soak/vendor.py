"""The vendor of the soak: snapshots of a played day as bytes through the program's own decoder, spoilt by the book.

What the program has to believe of them goes to the reference model too, and when it last got something good is known
here, so that nothing the program says of itself has to be taken on trust.
"""

from typing import Final

from tests.golden.naive_market import NaiveMarket
from tests.golden.plain import Day
from tests.golden.world import Rows, World
from tests.soak.week import CLOSURES, Profile
from tests.support.simulated import played, worked
from tradeul.clock import Clock
from tradeul.domain.events import MarketImage, Nanos, Symbol
from tradeul.domain.session import NANOS
from tradeul.errors import VendorUnavailable
from tradeul.polygon.wire import SnapshotDecoder
from tradeul.simulation.exchange.spoiling import spoilt
from tradeul.simulation.faults import Faults

PATH: Final = "/v2/snapshot"
QUIET_S: Final = 60
UPDATED: Final = b'"updated":'
BELIEVED: Final = ("shuffled", "extra")
"""Faults of rows that change nothing of what they say."""
LONGEST_PLAYED_S: Final = 600
LEARNED_AFTER_S: Final = 30


class Vendor:
    """Implements `MarketSource` as far as discovery asks; one for all lives of the program."""

    def __init__(self, clock: Clock, profile: Profile) -> None:
        self.faults = Faults(clock)
        self.good_at = Nanos(0)
        """When the program was last told something that it has to believe."""
        self.changed_at = Nanos(0)
        """When it was last told something new."""
        self.asked = 0
        self.world: World
        self.naive: NaiveMarket
        self.modelled: list[Symbol] = []
        self._clock = clock
        self._profile = profile
        self._held: MarketImage | None = None
        self._told: tuple[Rows, Nanos] | None = None
        self._restarted = False

    def open(self, world: World) -> None:
        """From now on the market is that of another date."""
        self.world = world
        self._tape, self._encoder = world.opened()
        self._held, self._told = None, None
        split = {each.symbol for each in world.splits if each.date >= world.date}
        step = max(1, len(world.symbols) // self._profile.modelled)
        wanted = split | set(world.symbols[::step])
        self.modelled = [symbol for symbol in world.symbols if symbol in wanted]
        early = world.calendar.is_early_close(world.date)
        self.naive = NaiveMarket(Day(world.date, early=early), world.pasts(5, CLOSURES, self.modelled))

    def close(self) -> None:
        """The day is over: nothing is known of it any more, and nobody asks before the next one opens."""
        del self.world, self._tape, self._encoder, self.naive
        self._held, self._told, self.modelled = None, None, []

    async def snapshot(self) -> MarketImage:
        self.asked += 1
        struck = self.faults.taken_at("answer", PATH)
        if struck is not None:
            raise VendorUnavailable(struck[0], 2 * self._profile.interval_s if struck[0] == "rate_limited" else None)
        struck = self.faults.taken_at("body", PATH) or self.faults.taken_at("rows", PATH)
        name = "" if struck is None else struck[0]
        now = self._clock.now()
        if self._held is not None and (name == "frozen" or not self._is_due(now)):
            self.good_at = now
            return self._held
        rows = self._rows(now)
        contents = [row for _, row in rows]
        if struck is not None and name != "cut":
            contents = spoilt(struck, contents, now)
        body = b'{"status":"OK","tickers":[%s]}' % b",".join(contents)
        image = self._decoded(body[: len(body) // 2] if name == "cut" else body, now)
        if not name or name in BELIEVED:
            self._held, self._told = image, (rows, now)
            self.good_at = self.changed_at = now
        return image

    def taken(self) -> bool:
        """The program has believed something new: so does the model. False where it was not to be believed."""
        if self._told is None:
            return False
        (rows, now), self._told = self._told, None
        wanted, naive = set(self.modelled), self.naive
        newest = max(int(row[row.rindex(UPDATED) + len(UPDATED) :].partition(b",")[0].rstrip(b"}")) for _, row in rows)
        at = newest if newest >= naive.day.turn else now
        gap = self._restarted and naive.moments and at - naive.moments[-1] > LEARNED_AFTER_S * NANOS
        self._restarted = False
        self._mark_all(seen=not gap)
        naive.take([each for each in rows if each[0] in wanted], now, newest)
        self._mark_all(seen=True)
        return True

    def restarted(self) -> None:
        """The program begins anew: if it was away for long, the first it sees of an extreme was learned, no event.

        It is told something new at once, as to it nothing is the same as before.
        """
        self._restarted = True
        self._held = None

    def _mark_all(self, *, seen: bool) -> None:
        for each in self.naive.symbols.values():
            each.seen = seen

    @property
    def second(self) -> int:
        """Up to which second of the day the market was last told."""
        return self._tape.second

    def _is_due(self, now: Nanos) -> bool:
        if self._tape.second == self._tape.day.seconds_long:
            return False  # all is told; the night is long, and nothing in it is new
        second = (now - self.world.hours.pre_market_start) / NANOS
        wait = 0 if self._profile.is_busy(second) else QUIET_S
        return now - self.changed_at >= wait * NANOS

    def _rows(self, now: Nanos) -> Rows:
        hours = self.world.hours
        second = max(0, min(int((now - hours.pre_market_start) // NANOS), self._tape.day.seconds_long))
        if second - self._tape.second > LONGEST_PLAYED_S:
            worked(self._tape.place(second))
        while self._tape.second < second:
            played(self._tape)
        return list(zip(self.world.symbols, self._encoder.answer(self.world.rows), strict=True))

    def _decoded(self, body: bytes, now: Nanos) -> MarketImage:
        decoder = SnapshotDecoder(self._held)
        decoder.feed(body)
        while decoder.step():
            pass
        return decoder.finish(now, simulated=True)
