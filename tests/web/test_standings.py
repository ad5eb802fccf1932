"""What viewers were sent, shared by all who were sent the same."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import at
from tests.support.web import payload, row, scan
from tradeul.clock import ManualClock
from tradeul.engine.channels import Channels
from tradeul.web.frames import ListFrames
from tradeul.web.standings import BLOCK_BYTES, Standing, Standings

NAMES = ("alpha", "beta", "gamma")


class World:
    """Three lists, and who stands where."""

    def __init__(self) -> None:
        self.channels = Channels("epoch-1", [scan(name) for name in NAMES], ManualClock(at("12:00")))
        self.lists = {name: ListFrames("epoch-1", channel) for name, channel in self.channels.by_name.items()}
        self.standings = Standings(self.lists)

    def publish(self, price: float, *names: str, width: int = 1) -> None:
        rows = tuple(row(f"S{number}", price, "x" * 200) for number in range(width))
        self.channels.publish(dict.fromkeys(names, rows), 0)
        for name in names:
            self.lists[name].advance()
        self.standings.turned()

    def led_on(self, standing: Standing) -> tuple[list[bytes], Standing]:
        """Every block up to where nothing is due."""
        blocks = []
        while (step := self.standings.step(standing)) is not None:
            blocks.append(step.block)
            standing = step.then
        return blocks, standing


def test_who_was_sent_the_same_stands_on_the_same_place() -> None:
    """Equal standings are one object, and the block that leads on is one object too, made once."""
    world = World()
    world.publish(1.0, *NAMES)
    one, other = (world.standings.of({"alpha": 0, "beta": None}) for _ in range(2))

    steps = [world.standings.step(standing) for standing in (one, other)]

    assert one is other
    assert steps[0] is not None
    assert steps[0] is steps[1]


def test_all_that_is_due_is_one_block() -> None:
    """A delta, a snapshot and nothing new: two frames in the order of the lists, written at once."""
    world = World()
    world.publish(1.0, "alpha", "beta")
    standing = world.standings.of({"alpha": 0, "beta": None, "gamma": 0})

    blocks, then = world.led_on(standing)

    expected = [world.lists["alpha"].since(0), world.lists["beta"].since(None)]
    assert blocks == [b"".join(expected)]
    assert [payload(frame)["type"] for frame in expected] == ["delta", "snapshot"]
    assert dict(then.sequences) == {"alpha": 1, "beta": 1, "gamma": 0}


def test_the_way_on_is_another_once_a_list_has_turned() -> None:
    """What was remembered is not sent again when there is something newer."""
    world = World()
    world.publish(1.0, "alpha")
    standing = world.standings.of({"alpha": 0})
    before, _ = world.led_on(standing)
    world.publish(2.0, "alpha")

    after, then = world.led_on(standing)

    assert before != after
    assert after == [world.lists["alpha"].since(0)]
    assert dict(then.sequences) == {"alpha": 2}


def test_much_is_led_on_in_several_blocks() -> None:
    """No block is longer than its bound by more than one frame, so that a slow viewer gets newer state in between."""
    world = World()
    world.publish(1.0, *NAMES, width=100)
    standing = world.standings.of(dict.fromkeys(NAMES))

    blocks, then = world.led_on(standing)

    frames = [world.lists[name].since(None) for name in NAMES]
    assert b"".join(blocks) == b"".join(frames)
    assert len(blocks) > 1
    assert max(map(len, blocks)) <= BLOCK_BYTES + max(map(len, frames))
    assert dict(then.sequences) == dict.fromkeys(NAMES, 1)


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=12))
def test_each_frame_is_the_one_that_the_list_itself_gives(happenings: list[tuple[str, bool]]) -> None:
    """Whatever turned and whenever somebody was led on: the frames are those from where they stood to the newest."""
    world = World()
    standing = world.standings.of({"alpha": None, "beta": 0})
    for number, (name, goes_on) in enumerate(happenings):
        world.publish(float(number + 1), name)
        if goes_on:
            due = [world.lists[each].since(at) for each, at in standing.sequences.items()]
            news = [
                frame
                for frame, each in zip(due, standing.sequences, strict=True)
                if standing.sequences[each] != world.lists[each].sequence
            ]
            blocks, standing = world.led_on(standing)
            assert b"".join(blocks) == b"".join(news)
    _, standing = world.led_on(standing)

    assert dict(standing.sequences) == {name: world.lists[name].sequence for name in ("alpha", "beta")}
