"""One soak: plays the week, strikes by the schedule, and complains about whatever is not as it must be."""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.golden.duel import SHOWN_AT_MOST, Comparison
from tests.golden.world import World
from tests.soak import measure
from tests.soak.life import Learned, Life, learned_of
from tests.soak.timing import CoarseClock
from tests.soak.vendor import QUIET_S, Vendor
from tests.soak.viewers import Viewers
from tests.soak.week import CUT_SHORT, CUT_SHORT_AT, SLOT_S, Profile, calendar
from tests.support.naive_lists import NaiveLists
from tradeul.domain.events import Nanos
from tradeul.domain.scans import BUILT_IN
from tradeul.domain.session import NANOS, Session, instant_of, moment_at, session_since
from tradeul.simulation.market import Market

SETTLING_S: Final = 90
NIGHT_S: Final = 15.0
OLDER_BY: Final = 12
STALE_S: Final = 15
FROZEN_S: Final = 60
WINDOWS: Final = ("change_1m", "change_5m", "volume_1m", "volume_5m", "trades_1m")
"""What a restart has to gather anew, for as long as it looks back."""
GATHERED_S: Final = 360
KILL: Final = "kill"
Say = Callable[[str], None]


class Strike(NamedTuple):
    """What happens when: a kill, or a fault that hits so many answers."""

    second: int
    name: str
    times: int


class Figures(NamedTuple):
    """What a soak came to."""

    snapshots: int
    comparisons: int
    values: int
    near: int
    lists: int
    seen_by_viewers: int
    frames: int
    cut: int
    kills: int
    strikes: int
    stale_s: float
    days: tuple[measure.Held, ...]
    told: str
    """A hash of everything that was told to a viewer of all lists: equal runs have equal ones."""


class Wrong(AssertionError):
    """Something was not as it must be."""


class Soak:
    """`play` gives the figures, or raises `Wrong`."""

    def __init__(self, profile: Profile, seed: int, folder: Path, say: Say) -> None:
        self._profile = profile
        self._seed = seed
        self._draw = random.Random(seed)  # noqa: S311  # repeatable on purpose
        self._say = say
        self._folder = folder
        self.calendar = calendar()
        begins = self.calendar.date_turn(profile.dates[0]) + SETTLING_S * NANOS
        self.clock = CoarseClock(Nanos(begins), profile.grain_s)
        self.vendor = Vendor(self.clock, profile)
        names = [scan.name for scan in BUILT_IN]
        self.viewers = Viewers(profile.viewers, names, self.clock, random.Random(seed))  # noqa: S311  # likewise
        self.life: Life
        self._comparison: Comparison | None = None
        self._learned: Learned
        self._inside: dict[str, frozenset[str]] = {}
        self._slot = -1
        self._lives = self._struck = self._snapshots = self._comparisons = self._values = self._near = self._lists = 0
        self._stale_s = 0.0
        self._restarted_at: Nanos | None = None
        self._held: list[measure.Held] = []

    async def play(self) -> Figures:
        for date in self._profile.dates:
            await self._one_day(date)
        self._must_not(measure.leaks(self._held), "left behind")
        story = self.viewers.keeper.story
        told = story.hexdigest() if story is not None else ""
        await self.end()
        return Figures(
            self._snapshots, self._comparisons, self._values, self._near, self._lists, self.viewers.checked,
            self.viewers.frames, self.viewers.cut, self._lives - 1, self._struck, self._stale_s,
            tuple(self._held), told,
        )  # fmt: skip

    async def end(self) -> None:
        if self._lives:
            self.viewers.forget()
            await self.life.kill()

    async def _one_day(self, date: dt.date) -> None:
        turn, hours = self.calendar.date_turn(date), self.calendar.hours(date)
        world = World(self._profile.symbols, date, market=Market(self._seed, self._profile.symbols, self.calendar.plan))
        self._learned = learned_of(world)
        self.vendor.open(world)
        if self._lives:
            self.life.pipeline.take_splits(self._learned.splits)
            self._compare_with(self.life)
            await self._pass_the_night(Nanos(turn + SETTLING_S * NANOS))
            # The date has turned with a snapshot.
            self.life.learn(self._learned)
        else:
            await self._begin_life()
        ends = min(hours.post_market_end, hours.pre_market_start + self._profile.ends * NANOS)
        await self._pass_the_night(Nanos(hours.pre_market_start - int(self._profile.grain_s * NANOS)))
        await self._play_until(Nanos(ends), list(self._schedule(date)))
        await self._end_day(date, Nanos(ends))

    async def _end_day(self, date: dt.date, ends: Nanos) -> None:
        await self._pass_the_night(Nanos(ends + 120 * NANOS))
        slots = (ends - self.calendar.hours(date).pre_market_start) // (SLOT_S * NANOS)
        if date != CUT_SHORT:
            lost = sorted(set(range(slots)) - self.life.kept_slots(date))
            self._must_not([f"slot {slot} of {date} is not on the disk" for slot in lost], "lost")
        await self._pass_the_night(Nanos(self._morning_after(date) - SETTLING_S * NANOS))
        # What is measured is the program: what its vendor, the model and the viewers know of the day goes first.
        self.viewers.go_home()
        self._note_comparison()
        self._comparison = None
        self.vendor.close()
        del self._learned
        self._held.append(measure.held(self.life.book_bytes()))
        self._say(f"{date}: {self._told()}; holds {self._held[-1]}")

    def _morning_after(self, date: dt.date) -> Nanos:
        """When the date turns to the next that is played."""
        later = [each for each in self._profile.dates if each > date]
        return self.calendar.date_turn(later[0] if later else date + dt.timedelta(days=1))

    def _told(self) -> str:
        values = self._values + (self._comparison.compared if self._comparison else 0)
        return (
            f"{self._snapshots} snapshots, {self._lives - 1} kills, {self._struck} faults, {values} values and "
            f"{self._lists} lists equal, {self.viewers.checked} held by viewers"
        )

    def _schedule(self, date: dt.date) -> Iterator[Strike]:
        """What happens on a date, in order."""
        hours, draw, profile = self.calendar.hours(date), self._draw, self._profile
        blocks = min((hours.post_market_end - hours.pre_market_start) // NANOS, profile.ends) // profile.block_s
        share, latest_s = len(profile.dates), profile.block_s // 3
        kills, faults = -(-profile.kills // share), -(-profile.faults // share)
        chosen = draw.sample(range(1, blocks), min(kills + faults, blocks - 1))
        kinds = [KILL] * kills + [""] * faults
        for block, kind in sorted(zip(chosen, kinds, strict=False)):
            second = block * profile.block_s + draw.randrange(latest_s)
            if kind:
                yield Strike(second, KILL, 1)
            else:
                name, most = draw.choice(profile.kinds)
                most = max(1, min(most, int(latest_s // profile.interval_s)))
                yield Strike(second, name, draw.randint(1, most))

    # Time.

    async def _pass_the_night(self, until: Nanos) -> None:
        """In longer steps, as little happens."""
        self.clock.grain_s = NIGHT_S
        while self.clock.now() < until:
            if self._lives:
                self.viewers.move(self.life, night=True)
            await self.clock.advance(min(NIGHT_S, (until - self.clock.now()) / NANOS))
        self.clock.grain_s = self._profile.grain_s

    async def _play_until(self, ends: Nanos, strikes: list[Strike]) -> None:
        date, hour = self.vendor.world.date, 0
        begins = self.calendar.plan.hours(date).pre_market_start
        while (now := self.clock.now()) < ends:
            second = (now - begins) // NANOS
            if strikes and second >= strikes[0].second and await self._strike(strikes[0]):
                strikes.pop(0)
            self._cut_short(date, now)
            self.viewers.move(self.life, night=False)
            await self.clock.advance(self._profile.grain_s)
            self.life.look()
            self._check_feed()
            if second // 3_600 > hour:
                hour = second // 3_600
                self._say(f"  {date} {hour + 4:02d}:00 {self._told()}")

    def _cut_short(self, date: dt.date, now: Nanos) -> None:
        """Close the market when nobody planned it."""
        due = date == CUT_SHORT and now >= instant_of(date, CUT_SHORT_AT)
        if due and self.calendar.told(now) is not Session.CLOSED:
            self.calendar.tell(now, Session.CLOSED)
            self.vendor.naive.day.closed = now

    async def _strike(self, strike: Strike) -> bool:
        """True: it was done; a kill waits until what is new has had its time to be kept."""
        if strike.name == KILL:
            if self.clock.now() - self.vendor.good_at < 2 * self._profile.grain_s * NANOS:
                return False
            self.viewers.forget()
            await self.life.kill()
            await self._begin_life()
        else:
            self._spoil(strike)
        return True

    def _spoil(self, strike: Strike) -> None:
        faults = self.vendor.faults
        self._struck += 1
        if strike.name == "older":
            # Than what was believed last, however many answers were refused since.
            faults.switch_on(strike.name, times=strike.times, by_s=OLDER_BY * max(QUIET_S, self._profile.interval_s))
        else:
            faults.switch_on(strike.name, times=strike.times)

    async def _begin_life(self) -> None:
        self._lives += 1
        self.life = Life(self._lives, self.clock, self.calendar, self.vendor, self._folder, self._profile, self._taken)
        if self._lives > 1:
            self._restarted_at = self.clock.now()
            self.vendor.restarted()
        self._compare_with(self.life)
        await self.life.start(self._learned)

    # What must be.

    def _compare_with(self, life: Life) -> None:
        self._note_comparison()
        self._comparison = Comparison(life.board, self.vendor.naive)

    def _note_comparison(self) -> None:
        if self._comparison is not None:
            self._values += self._comparison.compared
            self._near += self._comparison.near
            self._comparison.compared = self._comparison.near = 0

    def _taken(self) -> None:
        """Called by the program after each snapshot that it believed, before anything else happens."""
        self._snapshots += 1
        if not self.vendor.taken():
            raise Wrong(f"a snapshot was believed that must not be, {self.vendor.faults.report()}")
        slot = self.vendor.second // SLOT_S
        if self.vendor.second and slot != self._slot:
            self._compare()
        self._slot = slot
        board, scanner = self.life.board, self.life.scanner
        self._inside = {
            scan.name: frozenset(str(board.symbols[row]) for row in scanner.members_of(scan.name).tolist())
            for scan in BUILT_IN
            if scan.keep
        }

    def _compare(self) -> None:
        now = self.clock.now()
        since = self._restarted_at
        apart = WINDOWS if since is not None and now - since < GATHERED_S * NANOS else ()
        assert self._comparison is not None
        self._must_not(self._comparison.differences(self.vendor.modelled, apart), "other fields than the model's")
        self._must_not(list(self._other_lists()), "other lists than by the book")
        self._comparisons += 1

    def _other_lists(self) -> Iterator[str]:
        """Each list against a plain count over the board, with who was inside before."""
        life = self.life
        session = life.pipeline.scanned_session
        moment = life.enrichment.moment()
        if session is None or moment is None or Session.CLOSED in (session, moment.session):
            return  # lists of a closed market stand as of the close
        naive = NaiveLists(life.board, BUILT_IN, life.filters)
        naive.inside = dict(self._inside)
        expected = naive.rank(life.enrichment.as_of, session)
        for name, channel in life.channels.by_name.items():
            self._lists += 1
            shown = [str(row.symbol) for row in channel.state.rows]
            if shown != expected[name]:
                yield f"{name}: {shown[:5]} ... instead of {expected[name][:5]} ..."

    def _check_feed(self) -> None:
        """`stale` is shown in every stale second, and in no other; and who looks on holds what was published."""
        now, vendor = self.clock.now(), self.vendor
        moment = moment_at(self.calendar, now)
        shown = self.life.view.feed().state
        if moment.session is Session.CLOSED:
            self._must_not([shown] if shown not in ("closed", "starting") else [], "not closed")
            return
        since = session_since(self.calendar, moment)
        stale = now - max(vendor.good_at, since) > STALE_S * NANOS
        if moment.session is Session.MARKET_OPEN:
            stale |= now - max(vendor.changed_at, since) > FROZEN_S * NANOS
        self._stale_s += stale * self._profile.grain_s
        if (shown == "stale") is not stale and shown != "starting":
            raise Wrong(f"at {now}: the feed is called {shown}, and stale is {stale}")
        if self.life.hub.settled and now // NANOS % SLOT_S < self._profile.grain_s:
            self._must_not(self.viewers.differences(self.life), "held otherwise by viewers")

    def _must_not(self, found: list[str], what: str) -> None:
        if found:
            at = self.clock.now()
            raise Wrong("\n".join([f"{len(found)} {what} at {at}:", *found[:SHOWN_AT_MOST]]))
