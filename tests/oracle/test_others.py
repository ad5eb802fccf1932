"""I6: one viewer's trouble changes nothing in another's bytes or timing."""

from tests.oracle.peers import Program
from tests.oracle.playing import History, drawn
from tests.oracle.world import LISTS, World

HISTORIES = 150
TROUBLED = 0


def bytes_of_others(history: History, *, trouble: bool) -> list[list[tuple[float, bytes]]]:
    """What the other viewers were written, and when; the first one is held up, or not."""
    world = World([Program(LISTS) for _ in range(3)], spared=None if trouble else TROUBLED)
    with world.loop.in_charge():
        try:
            steps = world.play(history)
            reducer, now, events = next(steps)
            while True:
                assert isinstance(reducer, Program)
                reducer, now, events = steps.send(reducer.step(now, events))
        except StopIteration:
            # How long calm has to last is the troubled one's business.
            others = [client for client in world.clients if client.number != TROUBLED]
            return [[entry for entry in client.log if entry[0] < world.calm_since] for client in others]
        finally:
            world.close()


def test_a_viewer_in_trouble_changes_nothing_for_others() -> None:
    """With one viewer stalled, cut, vanished or confused, the others are written the same bytes at the same moments."""
    different = [
        number
        for number in range(HISTORIES)
        if bytes_of_others(drawn(number), trouble=True) != bytes_of_others(drawn(number), trouble=False)
    ]

    assert different == []
