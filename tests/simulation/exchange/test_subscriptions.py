"""What a connection holds and is answered."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.simulated import small_market
from tradeul.simulation.exchange.events import Batch
from tradeul.simulation.exchange.subscriptions import Subscriptions, directory_of
from tradeul.simulation.plans import PLANS

UNIVERSE = small_market().universe
ROWS = {str(symbol): row for row, symbol in enumerate(UNIVERSE.symbols)}
OTC = str(UNIVERSE.symbols[int(np.flatnonzero(UNIVERSE.traits.otc)[0])])
CHANNELS = ["A.*", "T.*", "A.F", "A.BRK.B", "AM.F", "T.F", "Q.F", "Q.BRK.B", "LULD.*", f"A.{OTC}", "A.NOBODY", "ZZ.F"]


def holding(plan: str = "advanced") -> Subscriptions:
    return Subscriptions(directory_of(UNIVERSE, PLANS[plan].topics))


def messages(held: Subscriptions, action: str, *channels: str) -> list[str]:
    return [answer["message"] for answer in held.changed(action, channels)]


def means(channel: str, topic: str, symbol: str) -> bool:
    """Whether a channel asks for this symbol's events of the topic."""
    wanted = [f"{topic}.{symbol}", *([] if symbol == OTC else [f"{topic}.*"])]
    return channel in wanted


@given(st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from(CHANNELS), max_size=5)), max_size=8))
def test_masks_are_what_the_channels_say(requests: list[tuple[bool, list[str]]]) -> None:
    """After any requests a symbol's events are wanted if and only if some held channel asks for them."""
    held, channels = holding(), set[str]()
    for subscribing, asked in requests:
        held.changed("subscribe" if subscribing else "unsubscribe", asked)
        channels = channels | set(asked) if subscribing else channels - set(asked)

    for topic in ("A", "AM", "T", "Q", "LULD"):
        mask = held.mask(topic)
        for symbol in ("F", "BRK.B", "SPY", OTC):
            wanted = any(means(channel, topic, symbol) for channel in channels)

            assert (mask is not None and bool(mask[ROWS[symbol]])) == wanted


def test_each_plan_is_sold_its_topics() -> None:
    """The topics of the plan are confirmed; others that exist are refused once, in front and without a name."""
    asked = ("A.F", "T.F", "Q.F", "LULD.F", "AM.F", "NOI.F", "FMV.F", "ZZ.F")

    answers = {plan: messages(holding(plan), "subscribe", *asked) for plan in PLANS}

    assert answers["starter"] == ["not authorized", "subscribed to: A.F", "subscribed to: AM.F"]
    assert answers["developer"] == [
        "not authorized", "subscribed to: A.F", "subscribed to: T.F", "subscribed to: AM.F",
    ]  # fmt: skip
    assert answers["advanced"] == ["not authorized", *(f"subscribed to: {channel}" for channel in asked[:5])]


def test_what_needs_no_answer_gets_none() -> None:
    """Unknown topics, topics without a symbol, held channels, channels not held and unknown actions."""
    held = holding()
    held.changed("subscribe", ["A.F"])

    assert messages(held, "subscribe", "ZZ.F", "A", "A.", "", "A.F") == []
    assert messages(held, "unsubscribe", "A.BAC", "ZZ.F") == []
    assert messages(held, "dance", "A.BAC") == []


def test_events_are_picked_by_topic_and_row() -> None:
    """Of several batches those events are picked, in order, that a held channel asks for."""
    held = holding()
    held.changed("subscribe", ["A.F", "T.*"])
    rows = np.array([ROWS["BAC"], ROWS["F"]])
    batches = [Batch(topic, rows, [f"{topic} BAC".encode(), f"{topic} F".encode()]) for topic in ("A", "T", "Q")]

    assert held.picked(batches) == [b"A F", b"T BAC", b"T F"]
