"""What a program says over one connection after another, and how long it stays away between them."""

from typing import Any

import pytest

from tradeul.client import Conversation, Retry, ServerLost

ROWS = [{"rank": 1, "symbol": "A", "price": 1.0}]


def hello(*names: str, epoch: str = "e1") -> dict[str, Any]:
    return {"type": "hello", "epoch": epoch, "lists": [{"name": name} for name in names]}


def snapshot(name: str = "alpha", epoch: str = "e1", sequence: int = 3) -> dict[str, Any]:
    return {
        "type": "snapshot", "list": name, "epoch": epoch, "sequence": sequence, "timestamp": 0, "rows": ROWS,
    }  # fmt: skip


def subscribed(request: dict[str, Any], *, recovered: bool) -> dict[str, Any]:
    return {"type": "subscribed", "id": request["id"], "list": request["list"], "recovered": recovered}


def greeted(epoch: str = "e1") -> tuple[Conversation, dict[str, Any]]:
    """A conversation about alpha that has begun, and what it asked."""
    conversation = Conversation()
    conversation.follow("alpha")
    (request,) = conversation.opened(0.0)
    conversation.take_in(hello("alpha", epoch=epoch), 0.0)
    return conversation, request


def resumed(epoch: str) -> tuple[Conversation, dict[str, Any]]:
    """One that held rows of e1 and has come back to a server of `epoch`."""
    conversation, _ = greeted()
    conversation.take_in(snapshot(), 0.0)
    conversation.closed()
    (request,) = conversation.opened(10.0)
    conversation.take_in(hello("alpha", epoch=epoch), 10.0)
    return conversation, request


def test_who_comes_back_names_what_it_holds_and_is_live_when_that_is_the_newest() -> None:
    """Nothing is live without a connection; `recovered` alone makes it so again."""
    conversation, request = resumed("e1")
    before = conversation.lists["alpha"].live
    conversation.take_in(subscribed(request, recovered=True), 10.0)

    assert (request["epoch"], request["last_sequence"]) == ("e1", 3)
    assert (before, conversation.lists["alpha"].live) == (False, True)


@pytest.mark.parametrize(("epoch", "shift"), [("e2", 0), ("e1", -1)], ids=["another_life", "an_earlier_question"])
def test_an_answer_about_something_else_makes_nothing_live(epoch: str, shift: int) -> None:
    """What is held is live only by an answer to what was asked last, of the life that it is of."""
    conversation, request = resumed(epoch)
    conversation.take_in(subscribed(request | {"id": request["id"] + shift}, recovered=True), 10.0)

    assert not conversation.lists["alpha"].live


def test_leaving_and_following_again_is_not_undone_by_the_first_answer() -> None:
    """`unsubscribed` answers what was asked before; the new subscription stands."""
    conversation, _ = greeted()
    conversation.unsubscribe("alpha")
    conversation.subscribe("alpha", 1.0)
    conversation.take_in({"type": "unsubscribed", "id": None, "list": "alpha", "reason": "requested"}, 1.0)

    assert list(conversation.lists) == ["alpha"]


def test_a_subscription_that_nobody_answered_is_asked_for_again() -> None:
    """As a subscription: a server that never heard of it has nothing to send anew."""
    conversation, request = greeted()
    beat = {"type": "heartbeat", "epoch": "e1", "sequences": {}, "checksums": {}}

    assert conversation.take_in(beat, 4.9) == []
    (again,) = conversation.take_in(beat, 5.0)
    assert again == request | {"id": again["id"]}


def test_the_third_time_nobody_answers_the_server_is_lost() -> None:
    """One that sends heartbeats but no rows is not worth waiting for."""
    conversation, _ = greeted()
    beat = {"type": "heartbeat", "epoch": "e1", "sequences": {}, "checksums": {}}
    conversation.take_in(beat, 5.0)
    conversation.take_in(beat, 10.0)
    with pytest.raises(ServerLost, match="alpha: no answer to 3 requests"):
        conversation.take_in(beat, 15.0)


@pytest.mark.parametrize("how", ["deleted", "unknown"])
def test_a_list_that_is_no_more_is_let_go(how: str) -> None:
    """Also from what the server is known to have, until it says that it has it again."""
    conversation, request = greeted()
    said = {
        "deleted": {"type": "unsubscribed", "id": None, "list": "alpha", "reason": "deleted"},
        "unknown": {"type": "error", "id": request["id"], "code": "unknown_list", "message": ""},
    }
    conversation.take_in(said[how], 1.0)

    assert (conversation.lists, conversation.offered) == ({}, ())


def test_a_refusal_of_something_else_lets_nothing_go() -> None:
    """An error without a request of ours, such as `rate_limited`, is about no list."""
    conversation, _ = greeted()
    conversation.take_in({"type": "error", "id": None, "code": "rate_limited", "message": ""}, 1.0)

    assert list(conversation.lists) == ["alpha"]


def test_waits_grow_up_to_twenty_seconds_and_start_anew_after_a_good_connection() -> None:
    """Full jitter: any part of 2 s, then of 4, 8, 16, 20; what the server asked for comes on top."""
    retry = Retry(lambda: 1.0)
    waits = [retry.wait_s(0.0, 0.0) for _ in range(6)]
    after_a_good_one = retry.wait_s(30.0, 1.0)

    assert waits == [2.0, 4.0, 8.0, 16.0, 20.0, 20.0]
    assert after_a_good_one == 3.0
    assert Retry(lambda: 0.0).wait_s(0.0, 0.0) == 0.0
