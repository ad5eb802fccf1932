"""Storms of viewers over a server that plays, and what it was like for those who were there before.

Other programs take the processor too. What the server waited for it, as the kernel counts, is told beside each figure
and taken off where a promise is about us; what viewers saw is held against what they saw in calm, in the same run.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from tests.support.crowd import LOOK_S, Crowd, Numbers, crowd
from tests.support.eventually import eventually, running
from tests.support.rounds import rounds_of_chance
from tests.support.server_sockets import descriptors_of, held_for, resident_bytes
from tests.support.stage import LISTS, MEGABYTE, Report, Round, Stage, staged
from tradeul.clock import SystemClock

QUICK: Final = LISTS[:3]
"""They change with every round, and are what the steady viewers look at."""
SLOW: Final = LISTS[3:]
"""They change as snapshots come, and are what everybody else looks at."""
ROUND_S: Final = 1.0
SLOWER: Final = 5
EACH: Final = 3
OVERHEAD: Final = 2
"""What the kernel takes for a byte that waits, at most."""
MOST_CLIENTS: Final = 12_000
FEW_DESCRIPTORS: Final = ("sh", "-c", 'ulimit -S -n 1024 && exec "$@"', "sh")
"""What a program may have open at first on most machines."""


def script(rounds: int = 40, rows: int = 50) -> list[Round]:
    """Quick lists in every round, slow ones in every fifth."""
    quick = rounds_of_chance(rounds, rows, lists=QUICK)
    slow = rounds_of_chance(rounds // SLOWER, rows, lists=SLOW)
    return [{**each, **(slow[turn // SLOWER] if turn % SLOWER == 0 else {})} for turn, each in enumerate(quick)]


class Ticking:
    """Rounds that go on while something happens."""

    def __init__(self, stage: Stage, every_s: float = ROUND_S) -> None:
        self.moments: list[int] = []
        """When each began."""
        self._stage = stage
        self._every_s = every_s
        self._clock = SystemClock()

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Play rounds beside a block; the last one is answered for when it is left."""
        over, rests = asyncio.Event(), asyncio.Event()

        async def tick() -> None:
            while not over.is_set():
                self.moments.append(await self._stage.round())
                await self._clock.pause(self._every_s)
            rests.set()

        async with running(tick):
            yield
            over.set()
            await rests.wait()


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
                await clock.pause(2 * ROUND_S)
        return Arrived(live_s, report, people.ends, seen(there, steady, len(ticking.moments)))


def seen(there: Crowd, viewers: int, rounds: int) -> Steady:
    """Count what came of quick lists; sequence 1 is what everybody begins with."""
    came = len(np.unique(there.arrivals[there.arrivals[:, 2] > 1][:, :3], axis=0))
    due = viewers * EACH * rounds
    return Steady(due, due - came, there.ends)


async def came_back(folder: Path, viewers: int) -> Arrived:
    """Restart the server under so many, who come back by themselves."""
    clock, rounds = SystemClock(), script()
    async with staged(folder, rounds, MOST_CLIENTS) as stage:
        port = stage.port
        async with crowd(folder, port, viewers, SLOW, EACH, comebacks=True) as people:
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


def late_ms(arrivals: Numbers, moments: Sequence[int], first: int) -> list[float]:
    """How late the last in a hundred was, round by round; `first` is the sequence of the first of the rounds."""
    late = []
    for sequence, moment in enumerate(moments, first):
        came = arrivals[arrivals[:, 2] == sequence]
        late.append(float(np.percentile((came[:, 3] - moment) / 1e6, 99)))
    return late


class Stopped(NamedTuple):
    """What it was like while many did not read, and what was left of them."""

    calm_ms: list[float]
    """How late the last in a hundred of the others was, round by round, while everybody read."""
    meanwhile_ms: list[float]
    """The same while the stopped held what they could, and were cut."""
    others: Steady
    own_mb: float
    kernel_mb: float
    """By how much more memory was taken at worst: by the process, and in its sockets."""
    gone_s: float
    """How long after they stopped there were no more sockets, descriptors and tasks than before they came."""
    stall_ms: float

    @property
    def ratio(self) -> float:
        """How much later the others were, in the middle round of each."""
        return float(np.median(self.meanwhile_ms) / np.median(self.calm_ms))

    def told(self, what: str) -> str:
        return (
            f"{what}: the others' p99 {np.median(self.calm_ms):.1f} ms before, {np.median(self.meanwhile_ms):.1f} ms "
            f"then ({self.ratio:.2f}); missed {self.others.missed} of {self.others.due}; memory +{self.own_mb:.0f} MB, "
            f"+{self.kernel_mb:.0f} MB in sockets; worst stall {self.stall_ms:.0f} ms; gone after {self.gone_s:.0f} s"
        )


async def stopped(folder: Path, readers: int, asleep: int, *, most_s: float = 60.0, calm_s: float = 20.0) -> Stopped:
    """Have `asleep` of the viewers stop reading while rounds go on, until nothing is left of them."""
    clock, rounds = SystemClock(), rounds_of_chance(20)
    async with staged(folder, rounds, MOST_CLIENTS) as stage, crowd(folder, stage.port, readers, LISTS, EACH) as others:
        await others.all_live()
        ticking, before = Ticking(stage, ROUND_S / 2), await _held_by(stage)
        async with crowd(folder, stage.port, asleep, LISTS, EACH) as sleepers:
            await sleepers.all_live()
            async with ticking.going_on():
                await clock.pause(calm_s)
            calm, resident = len(ticking.moments), resident_bytes(stage.process.pid)
            await stage.report()
            sleepers.freeze()
            began = clock.monotonic()
            own, kernel = list[int](), list[int]()

            def is_rid_of_them() -> bool:
                own.append(resident_bytes(stage.process.pid))
                kernel.append(held_for(stage.port).unsent_bytes)
                return descriptors_of(stage.process.pid) <= before[1]

            async with ticking.going_on():
                await eventually(is_rid_of_them, within_s=most_s, every_s=ROUND_S / 2)
            gone_s = clock.monotonic() - began
            report = await stage.report()
            await eventually(lambda: held_for(stage.port).connections <= before[0])
            assert report.tasks <= before[2], "what read from them, reads on"
    late = late_ms(others.arrivals, ticking.moments, 2)
    return Stopped(
        late[:calm],
        late[calm:],
        seen(others, readers, len(ticking.moments)),
        (max(own) - resident) / MEGABYTE,
        OVERHEAD * max(kernel) / MEGABYTE,
        gone_s,
        report.stall_ms,
    )


async def _held_by(stage: Stage) -> tuple[int, int, int]:
    """How many sockets, descriptors and tasks it has."""
    report = await stage.report()
    return held_for(stage.port).connections, descriptors_of(stage.process.pid), report.tasks


class Sipped(NamedTuple):
    """What came of viewers who read little at a time."""

    calm_ms: list[float]
    meanwhile_ms: list[float]
    stayed: bool
    """None of them was cut; else all were."""
    in_order: bool
    skipped: bool
    """They got fewer states than there were."""
    newest: bool
    """Once nothing changed any more, they came to hold the newest of each list."""
    ends: dict[str, int]

    @property
    def ratio(self) -> float:
        return float(np.median(self.meanwhile_ms) / np.median(self.calm_ms))

    def told(self, what: str) -> str:
        return (
            f"{what}: the others' p99 {np.median(self.calm_ms):.1f} ms before, {np.median(self.meanwhile_ms):.1f} ms "
            f"then ({self.ratio:.2f}); endings {self.ends}"
        )


async def sipped(folder: Path, readers: int, bytes_a_second: int, sippers: int = 20, for_s: float = 30.0) -> Sipped:
    """Have a few read that little while rounds go on, and for a while after the last."""
    clock = SystemClock()
    rounds, sip = rounds_of_chance(20), int(bytes_a_second * LOOK_S)
    async with staged(folder, rounds, MOST_CLIENTS) as stage, crowd(folder, stage.port, readers, LISTS, EACH) as others:
        await others.all_live()
        ticking = Ticking(stage, ROUND_S / 2)
        async with ticking.going_on():
            await clock.pause(for_s / 2)
        calm = len(ticking.moments)
        async with crowd(folder, stage.port, sippers, LISTS, EACH, sip=sip) as slow:
            await slow.all_live()
            async with ticking.going_on():
                await clock.pause(for_s)
            viewers = (await stage.report()).viewers
            await clock.pause(for_s / 2)
    late = late_ms(others.arrivals, ticking.moments, 2)
    last = 1 + len(ticking.moments)
    states = [_sequences(slow.arrivals, one, name) for one in range(sippers) for name in np.unique(slow.arrivals[:, 1])]
    told = [each for each in states if len(each)]
    return Sipped(
        late[:calm],
        late[calm:],
        viewers == readers + sippers,
        all((np.diff(each) > 0).all() for each in told),
        all(len(each) < last - each[0] for each in told),
        all(each[-1] == last for each in told),
        slow.ends,
    )


def _sequences(arrivals: Numbers, viewer: int, name: int) -> Numbers:
    found: Numbers = arrivals[(arrivals[:, 0] == viewer) & (arrivals[:, 1] == name)][:, 2]
    return found
