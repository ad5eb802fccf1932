"""The golden runs: the simulated market plays a day, and every field of every symbol equals the reference model's.

Everyday runs are short ones; `make golden` plays the whole day. Both have rows of every snapshot spoilt as a vendor
might, and are compared at every slot's end and at some snapshots in between.
"""

import datetime as dt
import gc
import random
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.golden.duel import SHOWN_AT_MOST, Duel
from tests.golden.naive_market import NaiveMarket
from tests.golden.past import Past
from tests.golden.plain import Day
from tests.golden.trouble import Troublemaker
from tests.golden.world import Frame, World
from tests.support.market import DAY, at
from tradeul.domain.fields import BY_NAME

pytestmark = [pytest.mark.slow(20), pytest.mark.timeout(7_200)]

SLOT_S = 300
LIVE_COMPARED = 0.2
"""The part of the live bars after which those symbols are compared at once."""
DAY_S = 57_600
SETTLED_S = 3
"""Snapshots are taken so long after the full minute, so that no turn of the day falls on one."""


class Run(NamedTuple):
    """So many symbols, snapshots after so many seconds since 04:00; every n-th snapshot is compared, by chance."""

    symbols: int
    seconds: tuple[int, ...]
    between: int = 50
    date: dt.date = DAY
    plan: str = "advanced"
    lag_s: float = 0.0
    learned: bool = False
    """Whether the curves of those without a usual day of their own are learned, or the prior."""

    def __str__(self) -> str:
        return f"{self.symbols}-symbols-{len(self.seconds)}-snapshots-{self.date}-{self.plan}"


def every(step: int, first: str = "04:00", last: str = "20:00") -> tuple[int, ...]:
    begin, end = ((int(wall[:2]) - 4) * 3600 + int(wall[3:]) * 60 for wall in (first, last))
    return tuple(range(begin + SETTLED_S, end, step))


ENDS_OF_SLOTS = tuple(slot * SLOT_S for slot in (30, 66, 67, 84, 120, 144, 145, 168, 192))
"""Of every session, and both sides of its turns; each takes more than three seconds, all 192 are of the whole day."""
TURNS = (*every(150, "09:00", "10:00"), *every(150, "12:50", "13:10"), *every(150, "15:50", "16:10"))
EVERYDAY = (
    Run(300, every(5, "09:24", "09:54")),
    Run(2_000, ENDS_OF_SLOTS, learned=True),
    Run(300, TURNS, between=5, date=dt.date(2026, 11, 27), learned=True),
    Run(120, TURNS, between=5, date=dt.date(2026, 11, 2), plan="starter", lag_s=900.0),
    Run(120, TURNS, between=5, date=dt.date(2026, 12, 1), plan="developer", lag_s=900.0),
    Run(300, TURNS, between=5, date=dt.date(2026, 11, 13)),
)
"""The last: an early close, the first day of winter time, the first full day after a half day (these two delayed), and
the morning of a split.
"""
WHOLE = (Run(1_500, every(5), between=100), Run(12_000, every(60), between=100, learned=True))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "run" in metafunc.fixturenames:
        metafunc.parametrize("run", WHOLE if metafunc.config.getoption("--whole-day") else EVERYDAY, ids=str)


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    """Millions of plain objects live as long as a run; looking through them again and again takes most of its time."""
    gc.disable()
    yield
    gc.enable()


def test_every_field_equals_the_reference_model(run: Run, request: pytest.FixtureRequest) -> None:
    """Exactly, after rounding once, for every symbol at every slot's end; near middles between two values are few."""
    draw = random.Random(1)  # noqa: S311  # repeatable on purpose
    world = World(run.symbols, run.date, run.plan)
    duel, trouble = Duel(world, run.lag_s, learned=run.learned), Troublemaker({split.symbol for split in world.splits})
    say = progress(request, len(run.seconds))
    slot, second, taken, compared, barred = -1, 0, 0, 0, 0

    for happened in world.happenings(run.seconds):
        if isinstance(happened, Frame):
            symbols = duel.take_bars(happened.content)
            barred += len(symbols)
            if draw.random() < LIVE_COMPARED:
                none_of(duel.differences(symbols), f"after bars behind {second} s")
            continue
        duel.take(happened.at, trouble.spoilt(happened.rows))
        before, slot, second, taken = slot, happened.second // SLOT_S, happened.second, taken + 1
        if slot != before or draw.random() < 1 / run.between or second == run.seconds[-1]:
            none_of(duel.differences(), f"at {second} s")
            compared += 1
        say(taken, f"{duel.compared} values equal, {duel.near} in the middle between two")

    assert barred > taken
    assert (duel.board.curves.learned is not None) == run.learned
    assert compared >= len({second // SLOT_S for second in run.seconds})
    assert duel.enrichment.doubted["price_suspect"] or run.plan == "starter"
    assert duel.near <= duel.compared * 1e-4


def test_the_model_has_every_field() -> None:
    """So that none of the catalogue is left out of the comparison; a new one is written down there, too."""
    market = NaiveMarket(Day(DAY, early=False), {"A": Past()})

    market.take([("A", b'{"ticker":"A"}')], at("10:00"))

    assert set(market.fields("A")) == set(BY_NAME)


def none_of(differences: list[str], when: str) -> None:
    assert not differences, "\n".join([f"{len(differences)} fields {when}:", *differences[:SHOWN_AT_MOST]])


def progress(request: pytest.FixtureRequest, total: int) -> "Progress":
    return Progress(request.config.pluginmanager.get_plugin("terminalreporter"), total)


class Progress:
    """Says how far a run of the whole day is, at every twentieth of it."""

    def __init__(self, terminal: pytest.TerminalReporter | None, total: int) -> None:
        self._terminal = terminal
        self._total = total

    def __call__(self, done: int, what: str) -> None:
        if self._terminal is not None and self._total > 900 and done % (self._total // 20) == 0:
            self._terminal.write_line(f"  {100 * done // self._total:3d} %  {done} snapshots, {what}")
