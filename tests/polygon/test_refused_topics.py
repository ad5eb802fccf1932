"""A topic that the plan lacks: the vendor says `not authorized`, names nothing, and stays silent."""

from collections.abc import Container

from tests.polygon.test_conversation import hear, live, said, status
from tradeul.polygon.conversation import Conversation
from tradeul.polygon.frames import Channel

BOTH = frozenset(map(Channel, ("A.X", "A.Y", "Q.X", "Q.Y")))
SECONDS = ("A.X", "A.Y")
QUOTE = {"ev": "Q", "sym": "X", "bp": 1.0, "ap": 1.1, "bs": 1, "as": 1, "t": 1_764_086_400_124}


def talking() -> Conversation:
    """A conversation that was let in and wants seconds and quotes of two symbols."""
    talk = live()
    talk.want(BOTH)
    return talk


def plays(talk: Conversation, given: Container[str], first: int = 0, until: int = 120) -> list[str]:
    """Let a vendor answer who gives some channels only, second by second; what was asked of it."""
    asked = []
    for second in range(first, until):
        words = said(talk, second)
        if words and words["action"] == "subscribe":
            asked.append(words["params"])
            channels = [each for each in words["params"].split(",") if each in given]
            hear(talk, *(status("success", f"subscribed to: {each}") for each in channels), now=second)
            hear(talk, status("error", "not authorized"), now=second)
    return asked


def test_a_topic_that_the_plan_lacks_is_given_up_for_every_symbol() -> None:
    """It is asked for three times, then no more, and what else comes is not disturbed."""
    talk = talking()

    asked = plays(talk, SECONDS)

    assert asked == ["A.X,A.Y,Q.X,Q.Y", "Q.X,Q.Y", "Q.X,Q.Y"]
    assert (talk.refused, talk.pending, talk.confirmed) == ({"Q.*"}, {}, {"A.X", "A.Y"})


def test_a_vendor_that_answers_nothing_refuses_nothing() -> None:
    """Answers may be lost; who was never heard is asked for ever."""
    talk = talking()

    asked = plays(talk, (), until=300)

    assert talk.refused == set()
    assert len(asked) > 20


def test_a_topic_that_is_given_is_not_refused_for_one_symbol() -> None:
    """Whose confirmation is lost again and again; the topic is known to come."""
    talk = talking()

    asked = plays(talk, {*SECONDS, "Q.Y"})

    assert talk.refused == set()
    assert asked.count("Q.X") > 3


def test_what_comes_after_all_is_asked_for_again() -> None:
    """Data tells more than silence did."""
    talk = talking()
    plays(talk, SECONDS)

    hear(talk, QUOTE, now=130.0)
    asked = plays(talk, BOTH, 130, 160)

    assert talk.refused == set()
    assert talk.confirmed == BOTH
    assert asked


def test_what_comes_of_a_refused_topic_is_not_taken_back() -> None:
    """Though it was taken back before the topic was refused, and nobody said that it had ended."""
    talk = talking()
    plays(talk, SECONDS, until=30)
    talk.want(BOTH - {"Q.X"})
    plays(talk, SECONDS, first=30, until=36)
    assert talk.refused == {"Q.*"}
    talk.want(BOTH)
    hear(talk, QUOTE, now=36)

    said_then = [said(talk, second) for second in range(36, 60)]

    assert "Q.X" in talk.confirmed
    assert not [words for words in said_then if words and words["action"] == "unsubscribe" and "Q.X" in words["params"]]
