"""What is said on one connection, decided without a socket: every test names its own moments."""

from collections.abc import Iterable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.snapshots import symbols
from tests.support.vendor import confirmations, second_bar
from tradeul.polygon.backoff import Ending
from tradeul.polygon.conversation import Conversation, Pace, Stage
from tradeul.polygon.frames import Channel, decode_frame

PACE = Pace()
AUTH = {"action": "auth", "params": "key"}
LULD = {"ev": "LULD", "T": "X", "h": 55.1, "l": 45.9, "i": [21], "t": 1764086400123456789}


def wanted(*names: str) -> frozenset[Channel]:
    """The channels of these symbols' second bars, or the one that is named as a whole."""
    return frozenset(Channel(name if "." in name and name[-1] == "*" else f"A.{name}") for name in names)


def hear(talk: Conversation, *elements: dict[str, object], now: float = 0.0) -> None:
    """The vendor sends one frame."""
    talk.hear(decode_frame(orjson.dumps(elements)), now)


def status(word: str, message: str = "") -> dict[str, object]:
    """One status element."""
    return {"ev": "status", "status": word, "message": message}


def live(desired: Iterable[str] = ()) -> Conversation:
    """A conversation that was let in at 0."""
    talk = Conversation("key", PACE, wanted(*desired), now=0.0)
    hear(talk, status("connected"))
    talk.next_words(0.0)
    hear(talk, status("auth_success"))
    return talk


def said(talk: Conversation, now: float) -> dict[str, str] | None:
    """What is said at that moment."""
    words = talk.next_words(now)
    return None if words is None else orjson.loads(words)


def params(symbols_: Iterable[str]) -> str:
    """Symbols as a command names them."""
    return ",".join(f"A.{symbol}" for symbol in symbols_)


def test_the_key_is_said_once_and_after_the_greeting() -> None:
    """Nothing is sent before `connected`, and nothing but the key before `auth_success`."""
    talk = Conversation("key", PACE, wanted("A"), now=0.0)

    assert said(talk, 0.0) is None
    hear(talk, status("connected", "Connected Successfully"))
    assert [said(talk, 0.0), said(talk, 0.1)] == [AUTH, None]
    hear(talk, status("auth_success", "authenticated"))
    assert said(talk, 0.2) == {"action": "subscribe", "params": "A.A"}


def test_the_old_word_for_being_let_in_counts() -> None:
    """Servers have said `success`, `authenticated` too."""
    talk = Conversation("key", PACE, wanted(), now=0.0)
    hear(talk, status("connected"))
    talk.next_words(0.0)

    hear(talk, status("success", "authenticated"))

    assert talk.stage is Stage.LIVE


@pytest.mark.parametrize("greeted", [False, True])
def test_a_vendor_that_says_nothing_is_left(greeted: bool) -> None:  # a parameter of the test
    """Whoever does not let us in within 10 s has refused."""
    talk = Conversation("key", PACE, wanted("A"), now=100.0)
    if greeted:
        hear(talk, status("connected"), now=100.0)
        talk.next_words(100.0)

    talk.next_words(109.9)
    assert talk.verdict is None
    talk.next_words(110.0)
    assert talk.verdict is Ending.REFUSED


def test_batches_hold_fifty_and_are_three_tenths_apart() -> None:
    """120 symbols take three messages, the first at once."""
    many = sorted(symbols(120))
    talk = live(many)
    sent = [(now / 100, heard["params"]) for now in range(100) if (heard := said(talk, now / 100))]

    assert sent == [(0.0, params(many[:50])), (0.3, params(many[50:100])), (0.6, params(many[100:]))]


def test_only_the_difference_is_sent() -> None:
    """A new wish subscribes to what came and unsubscribes what went."""
    talk = live(["A", "B"])
    said(talk, 0.0)
    hear(talk, *confirmations(["A", "B"]), now=0.1)

    talk.want(wanted("B", "C"))

    assert said(talk, 0.4) == {"action": "subscribe", "params": "A.C"}
    assert said(talk, 0.7) == {"action": "unsubscribe", "params": "A.A"}
    assert said(talk, 1.0) is None


def test_a_change_is_not_made_to_wait_without_need() -> None:
    """After a pause a new wish is due at once; right after a batch it keeps the gap."""
    talk = live(["A"])
    said(talk, 0.0)

    talk.want(wanted("A", "B"))
    assert talk.due_at() == 0.3
    assert said(talk, 0.1) is None
    assert said(talk, 0.3) == {"action": "subscribe", "params": "A.B"}
    said(talk, 0.6)
    talk.want(wanted("A", "B", "C"))
    assert said(talk, 5.0) == {"action": "subscribe", "params": "A.C"}


@pytest.mark.parametrize("kind", ["acknowledgement", "several in one", "data"])
def test_acknowledgements_and_data_confirm(kind: str) -> None:
    """Either shows that the vendor took a subscription; silence does not."""
    talk = live(["A", "BRK.B", "QUIET"])
    said(talk, 0.0)

    if kind == "acknowledgement":
        hear(talk, confirmations(["A"])[0], second_bar("ZZ"), confirmations(["BRK.B"])[0])
    elif kind == "several in one":
        hear(talk, status("success", "subscribed to: A.A, A.BRK.B"))
    else:
        hear(talk, second_bar("A"), second_bar("BRK.B"))

    assert wanted("A", "BRK.B") <= talk.confirmed
    assert talk.pending.keys() == {"A.QUIET"}


def test_an_unanswered_subscription_is_renewed() -> None:
    """After 10 s without an answer it is taken back and asked for again, as the vendor is silent on what it holds."""
    talk = live(["A", "B"])
    said(talk, 0.0)
    hear(talk, *confirmations(["B"]))
    assert said(talk, 0.3) is None

    assert talk.due_at() == 10.0
    assert said(talk, 9.9) is None
    assert said(talk, 10.0) == {"action": "unsubscribe", "params": "A.A"}
    assert said(talk, 10.3) == {"action": "subscribe", "params": "A.A"}
    assert talk.pending.keys() == {"A.A"}


def test_late_data_of_what_was_taken_back_confirms_nothing() -> None:
    """Between taking back and asking anew, data still under way must not pass for the new subscription."""
    talk = live(["A"])
    said(talk, 0.0)
    said(talk, 0.3)
    said(talk, 10.0)

    hear(talk, second_bar("A"), confirmations(["A"])[0], now=10.1)

    assert said(talk, 10.3) == {"action": "subscribe", "params": "A.A"}


def test_a_confirmation_that_its_end_follows_is_none() -> None:
    """Late words about what was taken back, and the new request was lost: it is asked for again in its time."""
    talk = live(["A"])
    said(talk, 0.0)
    said(talk, 0.3)
    assert [said(talk, 10.0), said(talk, 10.3)] == [
        {"action": "unsubscribe", "params": "A.A"}, {"action": "subscribe", "params": "A.A"},
    ]  # fmt: skip

    hear(talk, *confirmations(["A"]), status("success", "unsubscribed to: A.A"), now=10.4)

    assert (talk.confirmed, talk.pending) == (set(), {"A.A": 10.4})
    assert said(talk, 20.5) == {"action": "unsubscribe", "params": "A.A"}
    assert said(talk, 20.8) == {"action": "subscribe", "params": "A.A"}


def test_the_end_of_what_does_not_come_changes_nothing() -> None:
    """The usual answer to an unsubscription, and one between a renewal and its confirmation."""
    talk = live(["A"])
    said(talk, 0.0)
    hear(talk, *confirmations(["A"]))
    talk.want(wanted())
    said(talk, 1.0)

    hear(talk, status("success", "unsubscribed to: A.A, A.B"), now=1.1)

    assert (talk.confirmed, talk.pending, said(talk, 1000.0)) == (set(), {}, None)


def test_a_market_that_brings_ever_new_symbols_still_lets_go_of_others() -> None:
    """While there is always something to ask for, every fourth message takes back what is not wanted."""
    talk = live(["OLD"])
    said(talk, 0.0)
    hear(talk, *confirmations(["OLD"]))
    actions = []
    for turn in range(8):
        talk.want(wanted(*(f"N{number}" for number in range(turn + 1))))
        words = said(talk, 1.0 + turn * PACE.batch_gap_s)
        actions.append(words["action"] if words else None)

    assert actions.index("unsubscribe") == 2
    assert actions.count("unsubscribe") == 1


def test_a_refused_channel_leaves_the_rest() -> None:
    """`not authorized` names no channel and ends nothing."""
    talk = live(["A"])
    said(talk, 0.0)

    hear(talk, status("error", "not authorized"), *confirmations(["A"]))

    assert (talk.verdict, talk.confirmed, talk.said_last) == (None, {"A.A"}, "error: not authorized")


@pytest.mark.parametrize(
    ("word", "ending"),
    [
        ("auth_failed", Ending.NOT_LET_IN),
        ("auth_timeout", Ending.REFUSED),
        ("max_connections", Ending.KEY_IN_USE),
        ("slow_consumer", Ending.DROPPED),
        ("force_disconnect", Ending.DROPPED),
    ],
)
def test_the_vendors_last_words_say_why(word: str, ending: Ending) -> None:
    """How the connection ended decides how long to stay away."""
    talk = live(["A"])

    hear(talk, status(word, "because of key"))

    assert (talk.verdict, talk.said_last) == (ending, f"{word}: because of ***")


SOME = st.frozensets(st.sampled_from(["A", "B", "C", "D"]))


@given(st.lists(SOME, max_size=8), st.booleans())
def test_a_vendor_that_answers_ends_up_with_what_is_wanted(
    wishes: list[frozenset[str]],
    prompt: bool,  # drawn
) -> None:
    """Whatever is wanted in turn, a vendor that does what it is asked holds the last wish, and silence follows."""
    talk, now, held = live(), 0.0, set[str]()
    for wish in [*wishes, frozenset("A")]:
        talk.want(wanted(*wish))
        for _ in range(8 if prompt or wish == {"A"} else 1):
            now += 0.3
            if (command := said(talk, now)) is None:
                continue
            asked = {channel.removeprefix("A.") for channel in command["params"].split(",")}
            new = asked - held
            held = held | asked if command["action"] == "subscribe" else held - asked
            if command["action"] == "subscribe":
                hear(talk, *confirmations(sorted(new)), now=now)
            else:
                hear(talk, *(status("success", f"unsubscribed to: A.{each}") for each in sorted(asked)), now=now)

    assert (held, talk.confirmed, talk.pending) == ({"A"}, {"A.A"}, {})
    assert said(talk, now + 1000) is None


def test_topics_of_the_whole_market_are_asked_for_too() -> None:
    """They are channels like the others, and what comes by one confirms it."""
    talk = live(["LULD.*", "B"])

    assert said(talk, 0.0) == {"action": "subscribe", "params": "A.B,LULD.*"}
    hear(talk, LULD, second_bar("B"))
    assert (talk.confirmed, talk.pending) == ({"LULD.*", "A.B"}, {})


def test_data_of_a_whole_topic_is_no_leftover() -> None:
    """What comes by `A.*` was asked for, whatever its symbol, also while it is not confirmed yet."""
    talk = live(["A.*"])
    said(talk, 0.0)
    hear(talk, second_bar("X"), second_bar("Y"))

    hear(talk, second_bar("Z"), now=100.0)

    assert talk.confirmed == {"A.*"}
    assert said(talk, 100.0) is None


def test_a_whole_topic_that_is_left_over_is_unsubscribed_again() -> None:
    """Data of any symbol that still comes long after shows that the vendor holds it."""
    talk = live(["A.*"])
    said(talk, 0.0)
    hear(talk, second_bar("X"))
    talk.want(wanted())
    assert said(talk, 1.0) == {"action": "unsubscribe", "params": "A.*"}

    hear(talk, second_bar("X"), now=2.0)
    assert said(talk, 2.0) is None
    hear(talk, second_bar("Y"), now=12.0)
    assert said(talk, 12.0) == {"action": "unsubscribe", "params": "A.*"}


def spoken(talk: Conversation, until: float) -> list[tuple[float, str]]:
    """When something was asked for, and what."""
    moments = (tenth / 10 for tenth in range(int(until * 10)))
    heard = ((now, said(talk, now)) for now in moments)
    return [(now, words["params"]) for now, words in heard if words and words["action"] == "subscribe"]


def test_a_whole_topic_that_the_plan_lacks_is_given_up() -> None:
    """`not authorized` names no channel: what stays silent is asked for again twice, then no more."""
    talk = live(["LULD.*"])
    hear(talk, status("error", "not authorized"))

    asked = spoken(talk, until=120)

    assert [what for _, what in asked] == ["LULD.*"] * 3
    assert (talk.refused, talk.pending, talk.confirmed) == ({"LULD.*"}, {}, set())
    assert talk.verdict is None


def test_a_whole_topic_that_comes_after_all_is_not_refused() -> None:
    """Data tells more than silence did."""
    talk = live(["LULD.*"])
    spoken(talk, until=60)

    hear(talk, LULD, now=61.0)

    assert (talk.refused, talk.confirmed) == (set(), {"LULD.*"})


def test_a_single_symbol_is_never_given_up() -> None:
    """A symbol that does not trade is silent too: it is asked for as long as it is wanted."""
    talk = live(["QUIET"])

    assert len(spoken(talk, until=120)) > 10


@pytest.mark.parametrize(
    ("message", "ending"),
    [
        ("authentication failed", Ending.NOT_LET_IN),
        ("Your plan doesn't include websocket access. Visit https://example.com to upgrade.", Ending.NOT_IN_PLAN),
        ("You are not entitled to real-time data", Ending.NOT_IN_PLAN),
    ],
)
def test_a_refused_plan_is_told_from_a_refused_key(message: str, ending: Ending) -> None:
    """The first can be helped by the delayed stream, the second cannot."""
    talk = Conversation("key", PACE, wanted(), now=0.0)

    hear(talk, status("auth_failed", message))

    assert talk.verdict is ending


def test_whoever_knows_better_ends_it() -> None:
    """A connection that is known to be dead is given up as dropped; what the vendor said before stands."""
    dead, evicted = live(["A"]), live(["A"])
    hear(evicted, status("max_connections"))

    for talk in (dead, evicted):
        talk.end("nothing came for 25 s")

    assert (dead.verdict, dead.said_last) == (Ending.DROPPED, "nothing came for 25 s")
    assert evicted.verdict is Ending.KEY_IN_USE


def test_without_a_key_words_stay_words() -> None:
    """An empty key is in every text, and masks none."""
    talk = Conversation("", PACE, wanted(), now=0.0)

    hear(talk, status("error", "no"))

    assert talk.said_last == "error: no"
