"""The frames that lead from one state of a list to the newest."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.web import EPOCH, NOON, payload, row, scan
from tradeul.client import Rankings
from tradeul.clock import ManualClock
from tradeul.domain.deltas import Row, Times
from tradeul.domain.events import Nanos
from tradeul.engine.channels import Channels
from tradeul.web.frames import ListFrames

SYMBOLS = st.sampled_from(["A", "B", "C", "BRK.B", "BACpL", "Ünïcode"])
PRICES = st.one_of(st.none(), st.integers(0, 10**9).map(lambda n: n / 10_000))
LISTS = st.lists(
    st.builds(row, SYMBOLS, PRICES, st.none() | st.text(max_size=3), st.none() | st.integers(0, 10**12)),
    max_size=6,
    unique_by=lambda found: found.symbol,
)


def take(held: Rankings, message: dict[str, Any]) -> None:
    if message["type"] == "snapshot":
        held.replace(message)
    else:
        held.apply(message)


def published(states: list[list[Row]]) -> tuple[Channels, ListFrames]:
    channels = Channels(EPOCH, [scan("alpha")], ManualClock(NOON))
    frames = ListFrames(EPOCH, channels.by_name["alpha"])
    for rows in states:
        channels.publish({"alpha": tuple(rows)}, NOON // 1_000_000)
        frames.advance()
    return channels, frames


@given(st.lists(LISTS, min_size=1, max_size=6))
def test_from_any_kept_state_one_frame_leads_to_the_newest(states: list[list[Row]]) -> None:
    """Whichever kept state a viewer holds, after one frame it holds the newest: every field, and the checksum."""
    channels, frames = published(states)
    channel = channels.by_name["alpha"]
    newest = Rankings()
    newest.replace(payload(frames.since(None)))

    for prev in range(channel.state.sequence):
        past_channels, past_frames = published(states[: 1 + next_index(states, prev)])
        assert past_channels.by_name["alpha"].state.sequence == prev or prev == 0
        held = Rankings()
        if prev == 0:
            held.epoch = EPOCH
        else:
            held.replace(payload(past_frames.since(None)))
        message = payload(frames.since(prev))
        take(held, message)

        assert held.rows == newest.rows
        assert (held.sequence, held.epoch) == (channel.state.sequence, EPOCH)
        assert held.checksum() == frames.checksum()
        assert message.get("change_count", 1) == len(message.get("deltas", "1")) > 0


def next_index(states: list[list[Row]], sequence: int) -> int:
    """Find the publication that made a sequence; one that changed nothing made none."""
    made, last = 0, list[Row]()
    for index, rows in enumerate(states):
        if rows != last:
            made, last = made + 1, rows
        if made == sequence:
            return index
    return len(states) - 1


def test_there_and_back_is_a_snapshot() -> None:
    """A viewer that missed both A to B and B to A has nothing to change but its sequence; a delta is never empty."""
    _, frames = published([[row("A")], [row("B")], [row("A")]])

    message = payload(frames.since(1))

    assert (message["type"], message["sequence"]) == ("snapshot", 3)


def test_frames_are_made_once() -> None:
    """However many viewers ask, a frame is encoded once for the life of a state."""
    channels, frames = published([[row("A")], [row("A"), row("B")]])
    asked = [(frames.since(None), frames.since(1)) for _ in range(3)]
    channels.publish({"alpha": (row("C"),)}, NOON // 1_000_000)
    frames.advance()

    assert len({id(frame) for pair in asked for frame in pair}) == 2
    assert payload(frames.since(None))["sequence"] == 3


def test_a_frame_leads_to_the_newest_state_also_when_asked_before() -> None:
    """What was made for an earlier state is not sent for a later one."""
    crowd = [row(f"S{number}") for number in range(20)]
    channels, frames = published([[row("A"), *crowd], [row("B"), *crowd]])
    frames.since(1)
    channels.publish({"alpha": (row("C"), *crowd)}, NOON // 1_000_000)
    frames.advance()

    assert (payload(frames.since(1))["prev"], payload(frames.since(1))["sequence"]) == (1, 3)


def test_a_step_says_once_when_it_went_through_and_a_whole_list_does_not() -> None:
    """A snapshot was asked for, live events were not; rows that come whole may have stood for long."""
    channels, frames = published([[row("A")]])
    found = []
    for price, asked in ((2.0, Nanos(NOON)), (3.0, None)):
        channels.publish({"alpha": (row("A", price),)}, NOON // 1_000_000, Times(asked, NOON, NOON))
        frames.advance()
        found.append(payload(frames.since(frames.sequence - 1)).get("times"))

    noon = NOON // 1_000_000
    assert found[0] == {"asked": noon, "came": noon, "ranked": noon, "published": noon}
    assert found[1] == {"came": noon, "ranked": noon, "published": noon}
    assert "times" not in payload(frames.since(None))
