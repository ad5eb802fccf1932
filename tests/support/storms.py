"""Storms of viewers over a server that plays, and what it was like for those who were there before.

Other programs take the processor too. What the server waited for it, as the kernel counts, is told beside each figure
and taken off where a promise is about us; what viewers saw is held against what they saw in calm, in the same run.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from tests.support.crowd import LOOK_S, Crowd, Numbers, crowd
from tests.support.eventually import eventually, running
from tests.support.program import free_port
from tests.support.rounds import rounds_of_chance
from tests.support.server_sockets import descriptors_of, held_for, resident_bytes
from tests.support.stage import LISTS, MEGABYTE, Report, Round, Stage, staged, starved_s
from tradeul.clock import SystemClock

QUICK: Final = LISTS[:3]
"""They change with every round, and are what the steady viewers look at."""
SLOW: Final = LISTS[3:]
"""They change as snapshots come, and are what everybody else looks at."""
ROUND_S: Final = 2.5
BEFORE_S: Final = 15.0
SLOWER: Final = 2
EACH: Final = 3
OVERHEAD: Final = 2
"""What the kernel takes for a byte that waits, at most."""
MOST_CLIENTS: Final = 12_000
FEW_DESCRIPTORS: Final = ("sh", "-c", 'ulimit -S -n 1024 && exec "$@"', "sh")
"""What a program may have open at first on most machines."""


def script(rounds: int = 40, rows: int = 50) -> list[Round]:
    """Quick lists in every round, slow ones in every second, which is as often as snapshots come."""
    quick = rounds_of_chance(rounds, rows, lists=QUICK)
    slow = rounds_of_chance(rounds // SLOWER, rows, lists=SLOW)
    return [{**each, **(slow[turn // SLOWER] if turn % SLOWER == 0 else {})} for turn, each in enumerate(quick)]


class Ticking:
    """Rounds that go on while something happens: so often by the time that the server had the processor."""

    def __init__(self, stage: Stage, every_s: float = ROUND_S) -> None:
        self.moments: list[int] = []
        """When each began."""
        self._stage = stage
        self._every_s = every_s
        self._clock = SystemClock()

    @asynccontextmanager
    async def going_on(self, after_s: float = 0.0) -> AsyncIterator[None]:
        """Play rounds beside a block; the last one is answered for when it is left."""
        over, rests = asyncio.Event(), asyncio.Event()

        async def tick() -> None:
            await self._clock.pause(after_s)
            while not over.is_set():
                self.moments.append(await self._stage.round())
                due = self._own_time() + self._every_s
                while self._own_time() < due and not over.is_set():
                    await self._clock.pause(LOOK_S)
            rests.set()

        async with running(tick):
            yield
            over.set()
            await rests.wait()

    def _own_time(self) -> float:
        return self._clock.monotonic() - starved_s(self._stage.process.pid)


class Place(NamedTuple):
    """A server with viewers who read."""

    stage: Stage
    people: Crowd
    ticking: Ticking

    def late_ms(self) -> list[float]:
        """How late the last in a hundred was, round by round; sequence 1 is what everybody begins with."""
        arrivals, late = self.people.arrivals, list[float]()
        for sequence, moment in enumerate(self.ticking.moments, 2):
            came = arrivals[arrivals[:, 2] == sequence]
            late.append(float(np.percentile((came[:, 3] - moment) / 1e6, 99)))
        return late


@asynccontextmanager
async def looked_at(folder: Path, readers: int) -> AsyncIterator[Place]:
    """Play lists that all change in every round, to so many."""
    rounds = rounds_of_chance(20)
    async with staged(folder, rounds, MOST_CLIENTS) as stage, crowd(folder, stage.port, readers, LISTS, EACH) as people:
        await people.all_live(300.0)
        yield Place(stage, people, Ticking(stage, ROUND_S / 5))


class Arrived(NamedTuple):
    """What came of a storm."""

    live_s: float
    """Until the last newcomer had all of its lists."""
    report: Report
    newcomers: dict[str, int]
    """How connections of theirs ended, if any did."""
    steady: "Steady"

    @property
    def own_s(self) -> float:
        """The same without what other programs took of the processor."""
        return self.live_s - self.report.starved_s

    def told(self, what: str) -> str:
        return (
            f"{what}: live after {self.live_s:.1f} s, {self.own_s:.1f} s of it ours; worst stall "
            f"{self.report.stall_ms:.0f} ms; CPU {self.report.cpu_s:.1f} s; steady viewers "
            f"missed {self.steady.missed} of {self.steady.due}"
        )


class Steady(NamedTuple):
    """What those saw who were there before."""

    due: int
    missed: int
    ends: dict[str, int]


async def arrived(folder: Path, newcomers: int, steady: int, *, before: Sequence[str] = ()) -> Arrived:
    """Have so many come at once where some are already."""
    clock = SystemClock()
    async with staged(folder, script(), MOST_CLIENTS, before=before) as stage:
        async with crowd(folder, stage.port, steady, QUICK, EACH) as there:
            await there.all_live()
            ticking = Ticking(stage)
            await stage.report()
            async with crowd(folder, stage.port, newcomers, SLOW, EACH, together=newcomers) as people:
                began = clock.monotonic()
                async with ticking.going_on():
                    await people.all_live(300.0)
                live_s = clock.monotonic() - began
                report = await stage.report()
                await all_came(there, steady * EACH * (1 + len(ticking.moments)))
        return Arrived(live_s, report, people.ends, seen(there, steady, len(ticking.moments)))


async def all_came(there: Crowd, due: int) -> None:
    """Wait for what is under way; what does not come at all is counted as missed afterwards."""

    async def came() -> bool:
        return await there.noted() >= due

    with contextlib.suppress(AssertionError):
        await eventually(came, every_s=LOOK_S)


def seen(there: Crowd, viewers: int, rounds: int) -> Steady:
    """Count what came of quick lists; sequence 1 is what everybody begins with."""
    came = len(np.unique(there.arrivals[there.arrivals[:, 2] > 1][:, :3], axis=0))
    due = viewers * EACH * rounds
    return Steady(due, due - came, there.ends)


async def came_back(folder: Path, viewers: int) -> Arrived:
    """Restart the server under so many, who come back by themselves."""
    clock, rounds = SystemClock(), script()
    port = free_port()
    async with (
        staged(folder, rounds, MOST_CLIENTS, port) as stage,
        crowd(folder, port, viewers, SLOW, EACH, comebacks=True) as people,
    ):
        await people.all_live(300.0)
        await stage.end()
        await people.some_lost()
        async with staged(folder, rounds, MOST_CLIENTS, port) as again:
            await again.report()
            began = clock.monotonic()
            await people.all_live(300.0)
            live_s = clock.monotonic() - began
            report = await again.report()
    return Arrived(live_s, report, people.ends, Steady(0, 0, {}))


class Late(NamedTuple):
    """How late viewers were where something was amiss, and where nothing was, at the same time on the same machine; and
    before, when nothing was amiss with either.

    One of two servers has the worse half of the machine, before as well. What else the machine does only adds, so the
    round counts that a quarter of them were better than.
    """

    amiss_ms: float
    calm_ms: float
    amiss_before_ms: float
    calm_before_ms: float

    @property
    def ratio(self) -> float:
        return (self.amiss_ms / self.amiss_before_ms) / (self.calm_ms / self.calm_before_ms)

    def __str__(self) -> str:
        return (
            f"the others' p99 {self.amiss_before_ms:.1f} ms before and {self.amiss_ms:.1f} then, "
            f"{self.calm_before_ms:.1f} and {self.calm_ms:.1f} where all read on ({self.ratio:.2f})"
        )


class Beside(NamedTuple):
    """A server where something is to go amiss, and one where nothing is, with as many viewers."""

    place: Place
    calm: Place

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Play rounds on both, in turns."""
        async with self.place.ticking.going_on(), self.calm.ticking.going_on(ROUND_S / 10):
            yield

    async def before(self) -> tuple[int, int]:
        """Play for a while in which nothing is amiss; how many rounds there were."""
        async with self.going_on():
            await SystemClock().pause(BEFORE_S)
        return len(self.place.ticking.moments), len(self.calm.ticking.moments)

    def late(self, before: tuple[int, int]) -> Late:
        """What came of it since there were so many rounds."""
        (place, then), (calm, meanwhile) = (
            (late[:rounds], late[rounds:]) for late, rounds in zip(map(Place.late_ms, self), before, strict=True)
        )
        return Late(*(float(np.percentile(each, 25)) for each in (then, meanwhile, place, calm)))


class Stopped(NamedTuple):
    """What it was like while some did not read, and what was left of them."""

    late: Late
    others: Steady
    own_mb: float
    kernel_mb: float
    """By how much more memory was taken at worst: by the process, and in its sockets."""
    gone_s: float
    """How long after they stopped there were no more descriptors than before they came."""
    report: Report

    def told(self, what: str) -> str:
        return (
            f"{what}: {self.late}; missed {self.others.missed} of {self.others.due}; memory +{self.own_mb:.0f} MB, "
            f"+{self.kernel_mb:.0f} MB in sockets; worst stall {self.report.stall_ms:.0f} ms; "
            f"gone after {self.gone_s:.0f} s"
        )


async def stopped(folder: Path, readers: int, asleep: int, most_s: float = 90.0) -> Stopped:
    """Have so many more viewers stop reading while rounds go on, until nothing is left of them."""
    clock, own, kernel = SystemClock(), list[int](), list[int]()
    async with looked_at(folder, readers) as place, looked_at(folder, readers + asleep) as calm:
        stage, pid, both = place.stage, place.stage.process.pid, Beside(place, calm)
        before, descriptors, sockets = await stage.report(), descriptors_of(pid), held_for(stage.port).connections

        def is_rid_of_them() -> bool:
            own.append(resident_bytes(pid))
            kernel.append(held_for(stage.port).unsent_bytes)
            return descriptors_of(pid) <= descriptors

        async with crowd(folder, stage.port, asleep, LISTS, EACH) as sleepers:
            await sleepers.all_live()
            while_all_read = await both.before()
            await stage.report()
            sleepers.freeze()
            began = clock.monotonic()
            async with both.going_on():
                await eventually(is_rid_of_them, within_s=most_s, every_s=ROUND_S / 5)
            gone_s = clock.monotonic() - began
            report = await stage.report()
            await eventually(lambda: held_for(stage.port).connections <= sockets)
            assert report.tasks <= before.tasks, "what read from them, reads on"
    return Stopped(
        both.late(while_all_read),
        seen(place.people, readers, len(place.ticking.moments)),
        (max(own) - own[0]) / MEGABYTE,
        OVERHEAD * max(kernel) / MEGABYTE,
        gone_s,
        report,
    )


class Sipped(NamedTuple):
    """What came of viewers who read little at a time."""

    late: Late
    stayed: bool
    """None of them was cut; else all were."""
    in_order: bool
    skipped: bool
    """They got fewer states than there were."""
    newest: bool
    """Once nothing changed any more, they came to hold the newest of each list."""


SIPPER_BUFFER_BYTES: Final = 65_536
"""The kernel's own choice grows with what comes, and one that is full says so until a sixteenth of it was read: of
megabytes, at some bytes a second, that is longer than anybody waits."""


async def sipped(folder: Path, readers: int, bytes_a_second: int, sippers: int = 20, for_s: float = 30.0) -> Sipped:
    """Have a few read that little while rounds go on, and for a while after the last."""
    clock, sip = SystemClock(), int(bytes_a_second * LOOK_S)
    async with looked_at(folder, readers) as place, looked_at(folder, readers + sippers) as calm:
        both = Beside(place, calm)
        without_them = await both.before()
        async with crowd(
            folder, place.stage.port, sippers, LISTS, EACH, sip=sip, buffer=SIPPER_BUFFER_BYTES
        ) as slow:  # fmt: skip
            await slow.all_live()
            async with both.going_on():
                await clock.pause(for_s)
            viewers = (await place.stage.report()).viewers
            await clock.pause(for_s / 2)
    last = 1 + len(place.ticking.moments)
    states = [_sequences(slow.arrivals, one, name) for one in range(sippers) for name in np.unique(slow.arrivals[:, 1])]
    told = [each for each in states if len(each)]
    return Sipped(
        both.late(without_them),
        viewers == readers + sippers,
        all((np.diff(each) > 0).all() for each in told),
        all(len(each) < last - each[0] + 1 for each in told),
        all(each[-1] == last for each in told),
    )


def _sequences(arrivals: Numbers, viewer: int, name: int) -> Numbers:
    found: Numbers = arrivals[(arrivals[:, 0] == viewer) & (arrivals[:, 1] == name)][:, 2]
    return found
