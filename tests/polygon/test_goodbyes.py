"""How a conversation ends what nobody wants any more: it says so until it is heard, or has said it often enough."""

import math

from tests.polygon.test_conversation import hear, live, said, status, wanted
from tests.support.vendor import confirmations, second_bar


def test_what_is_left_over_is_unsubscribed_again() -> None:
    """Data that still comes long after an unsubscription shows that it was lost; data under way does not."""
    talk = live(["A"])
    said(talk, 0.0)
    hear(talk, *confirmations(["A"]))
    talk.want(wanted())
    assert said(talk, 1.0) == {"action": "unsubscribe", "params": "A.A"}

    hear(talk, second_bar("A"), now=2.0)
    assert said(talk, 2.0) is None
    hear(talk, second_bar("A"), now=11.0)
    assert said(talk, 11.0) == {"action": "unsubscribe", "params": "A.A"}


def test_an_unanswered_unsubscription_is_said_again() -> None:
    """After 10 s, and after 10 more, then no more: the vendor is silent on what it does not hold."""
    talk = live(["A", "B"])
    said(talk, 0.0)
    hear(talk, *confirmations(["A", "B"]))
    talk.want(wanted())
    assert said(talk, 1.0) == {"action": "unsubscribe", "params": "A.A,A.B"}
    hear(talk, status("success", "unsubscribed to: A.B"), now=1.1)
    assert said(talk, 1.3) is None

    assert talk.due_at() == 11.0
    assert said(talk, 11.0) == {"action": "unsubscribe", "params": "A.A"}
    assert said(talk, 21.0) == {"action": "unsubscribe", "params": "A.A"}
    assert [said(talk, 31.0 + second) for second in range(100)] == [None] * 100
    assert talk.due_at() == math.inf


def test_what_is_wanted_again_is_not_unsubscribed_a_second_time() -> None:
    """A wish that came back meanwhile counts, whether its end was confirmed or not."""
    talk = live(["A"])
    said(talk, 0.0)
    hear(talk, *confirmations(["A"]))
    talk.want(wanted())
    said(talk, 1.0)
    talk.want(wanted("A"))
    assert said(talk, 2.0) == {"action": "subscribe", "params": "A.A"}
    hear(talk, *confirmations(["A"]), now=2.1)

    assert [said(talk, 11.0 + second) for second in range(100)] == [None] * 100


def test_what_came_all_the_same_and_is_wanted_again_is_left_alone() -> None:
    """An unsubscription was lost, as what still comes shows; once that is wanted again, there is nothing to end."""
    talk = live(["A"])
    said(talk, 0.0)
    hear(talk, *confirmations(["A"]))
    talk.want(wanted())
    assert said(talk, 1.0) == {"action": "unsubscribe", "params": "A.A"}

    hear(talk, second_bar("A"), now=12.0)
    talk.want(wanted("A"))

    assert [said(talk, 12.0 + second) for second in range(100)] == [None] * 100
    assert talk.confirmed == wanted("A")
    assert talk.due_at() == math.inf
