"""What waits: in order, bounded, and in words that a database can hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.history.keeping import alert, event, later, minute, record
from tradeul.history.batches import (
    BATCH_ITEMS,
    BATCH_VALUES,
    EVENT_VALUES,
    MINUTE_VALUES,
    Batch,
    Waiting,
    packed,
    storable,
    unpacked,
)


def waiting_of(count: int, limit: int = 10**9) -> Waiting:
    """A queue into which so many events came."""
    waiting = Waiting(limit)
    for second in range(count):
        waiting.put("event", event(second))
    return waiting


def test_kinds_keep_their_order_and_their_place() -> None:
    """A batch holds what came, each kind in its order; then nothing waits."""
    waiting = Waiting()
    waiting.put("state", record(1, "A"))
    waiting.put("event", event(2))
    waiting.put("result", record(3, "B"))
    waiting.put("minute", minute(1))
    waiting.put("alert", alert(4))
    waiting.put("state", record(4))
    waiting.put("minute", minute(2))

    kinds = ([event(2)], [record(1, "A"), record(4)], [record(3, "B")], [minute(1), minute(2)], [alert(4)])
    assert waiting.take() == Batch(*kinds)
    assert waiting.take() is None
    assert len(waiting) == 0


def test_a_batch_is_small() -> None:
    """A thousand events or ten thousand values end a batch; the rest waits for the next."""
    waiting = waiting_of(BATCH_ITEMS + 1)
    first, second = waiting.take(), waiting.take()
    assert first is not None
    assert second is not None
    assert (first.items, second.items) == (BATCH_ITEMS, 1)

    for number in range(BATCH_VALUES // MINUTE_VALUES + 1):
        waiting.put("minute", minute(number))
    minutes, last = waiting.take(), waiting.take()
    assert minutes is not None
    assert last is not None
    assert (minutes.items, last.items) == (BATCH_VALUES // MINUTE_VALUES, 1)

    for number in range(40):
        waiting.put("state", record(number, *map(str, range(100))))
    lists = waiting.take()
    assert lists is not None
    assert lists.items == -(-BATCH_VALUES // (EVENT_VALUES * 101))


def test_a_full_queue_drops_what_has_waited_longest() -> None:
    """Within its bound nothing is lost; beyond, the oldest go and are counted."""
    waiting = waiting_of(12, limit=10 * EVENT_VALUES)
    batch = waiting.take()

    assert waiting.dropped == 2
    assert batch is not None
    assert [one.at for one in batch.events] == [later(second) for second in range(2, 12)]


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_storable(text: str) -> None:
    """What is stored has no NUL and is UTF-8; text that is so already is not touched, and twice is once."""
    stored = storable(text)

    assert "\0" not in stored
    assert stored.encode().decode() == stored
    assert storable(stored) == stored
    if "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text):
        assert stored == text


def test_a_batch_survives_being_packed() -> None:
    """Every kind and every unknown value comes back as it was."""
    batch = Batch(
        [event(1, price=None), event(2)],
        [record(3, "A", "B"), record(4)],
        [record(5, "A", caps=True)],
        [minute(6), minute(7, vwap=None, trades=9.0)],
        [alert(8), alert(9, None, "storm", data={"count": 3, "symbols": ["A", "B"]})],
    )

    assert unpacked(packed(batch)) == batch


def test_a_batch_of_an_earlier_version_can_be_read() -> None:
    """Before minutes and alerts were kept a batch had three kinds: it is one without them."""
    batch = Batch([event(1)], [record(2, "A")], [record(3, "A")])

    assert unpacked(packed(batch[:3])) == batch


@pytest.mark.parametrize("second", [0.0, 1.0, 2.5, 9.0])
def test_a_batch_is_parted_at_a_moment(second: float) -> None:
    """The moment itself belongs to what happened until then; nothing is in both parts or in none."""
    batch = Batch(
        [event(1), event(2)], [record(2, "A"), record(3)], [record(5, "A")], [minute(0), minute(0.04)], [alert(1)]
    )
    until, after = batch.parted(later(second))

    assert all(item.at <= later(second) for kind in until for item in kind)
    assert all(item.at > later(second) for kind in after for item in kind)
    assert until.items + after.items == batch.items == len(list(batch.singles()))
