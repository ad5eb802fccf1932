"""Writing to many viewers without holding the loop."""

from tests.support.eventually import eventually, settle
from tests.support.market import at
from tests.support.web import row, served
from tradeul.clock import ManualClock
from tradeul.web.standings import Standings
from tradeul.web.turns import TURN_S, Turns
from tradeul.web.viewer import Viewer


class Slowly(ManualClock):
    """A clock on which every look takes a moment, as writing does."""

    def __init__(self, look_s: float) -> None:
        super().__init__(at("12:00"))
        self._look_s = look_s
        self._passed_s = 0.0

    def monotonic(self) -> float:
        self._passed_s += self._look_s
        return self._passed_s


class Nowhere:
    """A transport that takes everything."""

    def write(self, data: bytes) -> None:
        """Take it."""

    def set_write_buffer_limits(self, high: int) -> None:
        """There is no buffer."""

    def get_extra_info(self, _name: str) -> "Nowhere":
        return self

    def setsockopt(self, *_: int) -> None:
        """There is no socket."""


def some(count: int) -> list[Viewer]:
    nowhere = Standings({}).of({})
    return [Viewer(Nowhere(), 0.0, nowhere) for _ in range(count)]  # type: ignore[arg-type]  # all that is used of it


async def test_a_turn_ends_when_its_time_is_over() -> None:
    """With a quarter of a turn for each, four viewers are written to before others have their turn."""
    written: list[Viewer] = []
    turns, viewers = Turns(Slowly(TURN_S / 4), lambda viewer, _: written.append(viewer)), some(10)
    turns.add_all(dict.fromkeys(viewers))
    counts = []
    for _ in range(3):
        await settle(1)
        counts.append(len(written))

    assert counts == [4, 8, 10]
    assert written == viewers
    assert not turns


async def test_who_asks_twice_is_written_to_once() -> None:
    """What comes up before somebody's turn is part of that turn, and keeps its place."""
    written: list[Viewer] = []
    turns, (one, other) = Turns(ManualClock(at("12:00")), lambda viewer, _: written.append(viewer)), some(2)
    for viewer in (one, other, one):
        turns.add(viewer)
    await settle(3)

    assert written == [one, other]


async def test_who_left_is_not_written_to() -> None:
    """Writing to one may end another, which then has no turn any more."""
    written: list[Viewer] = []
    one, other, third = some(3)

    def write(viewer: Viewer, _: float) -> None:
        written.append(viewer)
        turns.discard(other)

    turns = Turns(ManualClock(at("12:00")), write)
    turns.add_all(dict.fromkeys([one, other, third]))
    await settle(3)

    assert written == [one, third]


async def test_who_is_asked_for_while_writing_has_a_turn_too() -> None:
    """A viewer that has something due again after its turn is written to again, in a later turn."""
    written: list[Viewer] = []
    (one,) = some(1)

    def write(viewer: Viewer, _: float) -> None:
        written.append(viewer)
        if len(written) < 3:
            turns.add(viewer)

    turns = Turns(ManualClock(at("12:00")), write)
    turns.add(one)
    await settle(6)

    assert written == [one] * 3


async def test_the_hub_says_when_everybody_was_written_to() -> None:
    """`settled` is false from a publication on until every viewer has been handed it."""
    async with served() as world:
        before = world.hub.settled
        world.publish([row("A")])
        during = world.hub.settled
        await eventually(lambda: world.hub.settled)

    assert (before, during) == (True, False)
