"""What was done to one engine is done to another, and all that is published is the same, state by state."""

import dataclasses
import datetime as dt

import msgspec
import numpy as np
import pytest

from tests.support.market import DAY, NANOS, at, bar, traded
from tests.support.rerunning import Original, done_again, states_in
from tradeul.domain.averages import Averages
from tradeul.domain.day_ranges import DayRange
from tradeul.domain.events import Closure, LiveEvents, Nanos, Symbol
from tradeul.domain.folding import Folded
from tradeul.domain.reference import Facts
from tradeul.domain.scans import Scan
from tradeul.domain.session import Session
from tradeul.domain.slots import SLOTS_PER_DAY
from tradeul.domain.splits import MorningSplits
from tradeul.domain.usual import Baseline
from tradeul.domain.volume_profile import CURVES, Shape, VolumeCurves
from tradeul.engine import steps, whole_state
from tradeul.engine.journal import STATE_EVERY_NS
from tradeul.engine.steps import StepUnreadable, decoded, encoded

OPENED = at("09:31")
NAMES = ("A", "B", "C", "D")
MINE = Scan("mine", "Mine", "price > 2", "price desc", keep="price > 1", size=3, sessions=("MARKET_OPEN",))


def rows(turn: int, now: Nanos, names: tuple[str, ...] = NAMES) -> list[dict[str, object]]:
    """A market that moves a little at each turn."""
    return [
        traded(name, 11.0 + place + turn * 0.37 * (-1) ** place, 5_000.0 * (turn + 1) * (place + 1), now)
        for place, name in enumerate(names)
    ]


async def passed(original: Original, turns: int, names: tuple[str, ...] = NAMES) -> None:
    """Let so many snapshots come, with live bars between them."""
    for _ in range(turns):
        turn, now = original.pipeline.images, original.clock.now()
        await original.snapshot(*rows(turn, now, names))
        await original.let(2)
        end = original.clock.now()
        await original.live(bar("A", end, 12.0 + turn, 9_000.0 * (turn + 2)), bar("C", end, 9.0 - turn / 7))
        await original.let(3)


async def known_history(original: Original) -> None:
    """Take everything that is loaded, while the market runs."""
    pipeline, symbols = original.pipeline, tuple(map(Symbol, NAMES))
    ends = np.cumsum(np.ones((SLOTS_PER_DAY, 4)), axis=0) * 40.0
    shape = Shape(DAY, (1e5, 1e6), np.tile(np.linspace(0.001, 1.0, SLOTS_PER_DAY), (CURVES, 1)))
    facts = [Facts(symbols[0], "Acme", "XNAS", "CS", None, None, 1e9, 2e6, None, None, is_etf=False)]
    columns = (np.array([1e4, 2e4, np.nan, 3e4]) for _ in range(4))
    pipeline.take_splits(MorningSplits.of_facts(DAY, {symbols[1]: (2.0, 20.0)}))
    await pipeline.take_averages(Averages(symbols, *columns))
    await passed(original, 1)
    await pipeline.take_baseline(Baseline(DAY, symbols, ends, np.array([5, 5, 2, 5])), 1)
    await pipeline.take_curves(VolumeCurves.of_shape(shape))
    await pipeline.take_ranges([DayRange(symbols[2], 40.0, 2.0, 30.0, np.nan)])
    await pipeline.take_reference(facts)
    original.halts_told = True
    await pipeline.rescan()
    await passed(original, 1)


async def a_day(original: Original) -> None:
    """A bit of everything that can be done to an engine."""
    pipeline = original.pipeline
    await passed(original, 2)
    await known_history(original)
    await pipeline.take_list(MINE)
    await passed(original, 1, (*NAMES, "E"))
    await pipeline.take_list(dataclasses.replace(MINE, where="price > 5", columns=("price", "volume_today")))
    await pipeline.take_hours(steps.Told(original.clock.now(), Session.POST_MARKET), original.calendar)
    await passed(original, 1)
    holiday = Closure(DAY + dt.timedelta(days=1), "mourning", None)
    await pipeline.take_hours(steps.Announced(original.clock.now(), [holiday]), original.calendar)
    await pipeline.drop_list("mine")
    await passed(original, 2, ("C", "A", "F"))


async def test_all_that_is_published_is_the_same() -> None:
    """Whatever was done, and in whichever order: loaded history, lists that come and go, hours that change."""
    original = Original(OPENED)
    await a_day(original)

    rerun = await done_again(original.seen, OPENED)

    assert rerun.difference is None
    assert rerun.running == original.fingerprint.running
    assert rerun.engine.fingerprint.counts == original.fingerprint.counts
    assert rerun.states > 20
    kinds = {type(decoded(each[0])) for each in original.seen if isinstance(each, tuple) and len(each) == 2}
    assert kinds == set(steps.Step.__args__) - {steps.BrokenOff}


async def test_one_begins_at_any_state() -> None:
    """Half an hour later the whole state is kept again: from there on everything is the same, without what was before.

    The halts, the minutes of new highs, the past of five minutes and who was inside a list among it.
    """
    original = Original(OPENED)
    await a_day(original)
    await original.let(STATE_EVERY_NS / NANOS)
    await passed(original, 1)
    await original.pipeline.take_list(MINE)
    await passed(original, 3)
    first, second = states_in(original.seen)

    rerun = await done_again(original.seen[second:], OPENED)

    assert second > first
    assert rerun.difference is None
    assert rerun.running == original.fingerprint.running
    assert rerun.states > 3


async def test_what_comes_while_the_state_is_kept_comes_after_it() -> None:
    """Live bars between its parts are not lost, and those that waited before it are in it."""
    original = Original(OPENED)
    await passed(original, 2)
    await original.let(STATE_EVERY_NS / NANOS)
    now = original.clock.now()
    original.hear(bar("B", now, 77.0, 80_000.0))
    await original.snapshot(*rows(9, now))
    begins = states_in(original.seen)[1]
    original.seen.insert(begins + 2, LiveEvents([bar("D", now, 88.0, 90_000.0)], [], [], [], []))
    original.intake.deliver(original.seen[begins + 2])  # type: ignore[arg-type]
    await passed(original, 1)

    rerun = await done_again(original.seen[begins:], OPENED)

    assert rerun.difference is None
    assert rerun.running == original.fingerprint.running


async def test_what_comes_just_before_the_state_is_kept_is_in_it() -> None:
    """Live bars that come while others are applied are applied as well: they stand before the state, and are no more
    to be had behind it.
    """
    original = Original(OPENED)
    await passed(original, 2)
    await original.let(STATE_EVERY_NS / NANOS)
    now, apply = original.clock.now(), original.engine.enrichment.apply_live
    late = [bar("D", now, 91.0, 95_000.0)]

    def applied(live: Folded) -> bool:
        if late:
            original.hear(late.pop())
        return apply(live)

    original.engine.enrichment.apply_live = applied  # type: ignore[method-assign]
    original.hear(bar("B", now, 77.0, 80_000.0))
    await original.snapshot(*rows(9, now))
    await passed(original, 1)

    rerun = await done_again(original.seen[states_in(original.seen)[1] :], OPENED)

    assert not late
    assert rerun.difference is None
    assert rerun.running == original.fingerprint.running


async def test_the_first_state_that_differs_is_named() -> None:
    """A price that is another one shows in the very list and at the very sequence where it was published."""
    original = Original(OPENED)
    await passed(original, 4)
    place = next(place for place, each in enumerate(original.seen[20:], 20) if isinstance(each, LiveEvents))
    changed = original.seen[place]
    assert isinstance(changed, LiveEvents)
    original.seen[place] = changed._replace(seconds=[changed.seconds[0]._replace(close=99.0), changed.seconds[1]])

    rerun = await done_again(original.seen, OPENED)

    assert rerun.difference is not None
    assert rerun.difference.list == "gappers_up"
    assert 1 < rerun.difference.sequence <= original.fingerprint.counts["gappers_up"]
    assert OPENED < rerun.difference.at < original.clock.now()


async def test_a_state_that_was_not_published_again_differs_too() -> None:
    """What is missing in the replay is named like what is another."""
    original = Original(OPENED)
    await passed(original, 2)
    places = [place for place, each in enumerate(original.seen) if isinstance(each, LiveEvents)]
    del original.seen[places[-1]]

    rerun = await done_again(original.seen, OPENED)

    assert rerun.difference is not None


async def test_a_step_that_was_broken_off_is_passed_over() -> None:
    """What a part of a step made of the engine nobody knows: the whole state is kept next, and counts from there."""
    original = Original(OPENED)
    await passed(original, 2)
    original.hear(bar("A", original.clock.now(), 70.0, 90_000.0))

    def breaks() -> list[Folded]:
        original.intake.take()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await original.pipeline.take_pending(breaks)
    await passed(original, 2)

    rerun = await done_again(original.seen, OPENED)

    assert len(states_in(original.seen)) == 2
    assert rerun.difference is None
    assert rerun.running == original.fingerprint.running


async def test_another_life_is_taken_over() -> None:
    """A recording may hold two lives of the program: the second one's first state is taken as a whole."""
    first, second = Original(OPENED), Original(Nanos(OPENED + 600 * NANOS), "second")
    await passed(first, 2)
    await passed(second, 3, ("X", "B", "A"))

    rerun = await done_again([*first.seen, *second.seen], OPENED)

    assert rerun.difference is None
    assert rerun.life == "second"
    assert rerun.running == second.fingerprint.running
    assert {name: list(each.state.rows) for name, each in rerun.engine.channels.by_name.items()} == {
        name: list(each.state.rows) for name, each in second.channels.by_name.items()
    }


async def test_what_was_lost_makes_the_state_be_kept_again() -> None:
    """A recorder that could not keep up has the whole state next, so that the recording is whole again."""
    original = Original(OPENED)
    await passed(original, 2)

    original.lost = 3
    await passed(original, 2)

    assert len(states_in(original.seen)) == 2


@pytest.mark.parametrize("content", [b"", b"\xc1", encoded(steps.Rescanned())[:-1], b"\x81\xa4step\xa4leap"])
def test_a_step_that_is_none_is_refused(content: bytes) -> None:
    """Bytes of a stranger never become a step."""
    with pytest.raises(StepUnreadable):
        decoded(content)


@pytest.mark.parametrize("dtype", ["|O", "<f3", "x"])
def test_a_state_of_no_numbers_is_refused(dtype: str) -> None:
    """Nor do they become columns."""
    original = Original(OPENED)
    head, _ = whole_state.captured(original.engine)
    content = msgspec.msgpack.decode(head)
    content["arrays"][0]["dtype"] = dtype

    with pytest.raises(StepUnreadable):
        whole_state.restored(original.engine, whole_state.head_of(msgspec.msgpack.encode(content)), bytes(10_000))


def test_columns_that_are_too_short_are_refused() -> None:
    """A step says how much there must be."""
    step = steps.Usual(DAY, [Symbol("A")], b"short", [5], 0)

    with pytest.raises(StepUnreadable):
        step.baseline()
