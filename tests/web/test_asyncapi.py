"""The document of the live protocol, held against what is said and told through real sockets."""

from typing import Any

import orjson
import pytest

from tests.support.contract import complaints
from tests.support.eventually import running
from tests.support.web import TestViewer, row, served, viewer
from tradeul.client import ListSync
from tradeul.domain.alerts import Alert
from tradeul.web import protocol
from tradeul.web.protocol import Action, CloseCode, ErrorCode, FrameType, request_of
from tradeul.web.reference import worked
from tradeul.web.reference.asyncapi import CLOSES, STAYS_AWAY, asyncapi_of

DOCUMENT = orjson.loads(orjson.dumps(asyncapi_of("127.0.0.1:8000")))
MESSAGES = DOCUMENT["components"]["messages"]


def complaints_of(message: dict[str, Any]) -> list[str]:
    """What of a frame or a request the document does not say."""
    return complaints(DOCUMENT, MESSAGES[message.get("type") or message["action"]]["payload"], message)


def test_every_word_of_the_protocol_is_documented() -> None:
    """All frames, requests, errors and close codes, each with what it means."""
    assert set(MESSAGES) == {*FrameType, *Action}
    assert all(message["summary"] for message in MESSAGES.values())
    assert set(DOCUMENT["x-errors"]) == set(ErrorCode)
    assert set(DOCUMENT["x-close-codes"]) == {str(int(code)) for code in CloseCode}
    assert set(CLOSES) == set(CloseCode)


def test_who_is_to_stay_away_is_told_so() -> None:
    """After codes of 4500 and above nobody comes back; after all others a viewer does."""
    told = {int(code): each["come_back"] for code, each in DOCUMENT["x-close-codes"].items()}

    assert told == {code: code < STAYS_AWAY.start for code in told}


def test_every_reference_leads_somewhere() -> None:
    """Channels, messages and schemas are found where the document says."""
    found = []

    def look(node: Any) -> None:
        if isinstance(node, dict):
            found.extend([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
            list(map(look, node.values()))
        elif isinstance(node, list):
            list(map(look, node))

    look(DOCUMENT)
    for reference in found:
        place = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]

    assert len(found) > 20


@pytest.mark.parametrize("message", worked.examples(), ids=lambda message: message.get("type") or message["action"])
def test_an_example_is_what_it_is_an_example_of(message: dict[str, Any]) -> None:
    """Every example keeps to its schema; those of a viewer are understood by the server."""
    assert complaints_of(orjson.loads(orjson.dumps(message))) == []
    if "action" in message:
        assert request_of(orjson.dumps(message).decode()).action == message["action"]


@pytest.mark.parametrize(
    "spoiled",
    [{"more": 1}, {"sequence": "42"}, {"prev": None}, {"deltas": []}, {"deltas": [{"action": "remove"}]}],
    ids=["more", "text", "null", "empty", "nobody"],
)
def test_a_frame_that_is_not_as_documented_is_seen(spoiled: dict[str, Any]) -> None:
    """The comparison bites."""
    delta = next(message for message in worked.examples() if message.get("type") == "delta")

    assert complaints_of({**delta, **spoiled})


async def test_what_is_told_is_as_documented() -> None:
    """Every frame that a viewer gets from its first to its last, through a real socket, has the documented shape."""
    async with served() as world, viewer(world, greeted=False) as connected:
        await connected.subscribe(id=1)
        world.publish([row("A"), row("B", None, None, None)])
        heard = await heard_until_answered(connected)
        world.publish([row("B", 2.0), row("C")])
        world.hub.tell(protocol.alert(Alert(1, world.clock.now(), "r", None, None, "text", "", {"a": 1})))
        await connected.say(action="subscribe_list", list="nowhere", id="x")
        await connected.say(action="unsubscribe_list", list="alpha")
        heard += await heard_until_answered(connected)
        async with running(world.server.close):
            heard += [orjson.loads(message.data) async for message in connected.socket]

    assert {message["type"] for message in heard} >= set(FrameType) - {"aggregate"}
    assert {message["type"]: found for message in heard if (found := complaints_of(message))} == {}


async def heard_until_answered(connected: TestViewer) -> list[dict[str, Any]]:
    """All that is on its way, up to the answer to a ping and with it."""
    await connected.say(action="ping", id="last")
    heard: list[dict[str, Any]] = []
    while not heard or heard[-1].get("id") != "last":
        heard.append(orjson.loads(await connected.socket.receive_str()))
    return heard


def test_the_conversation_is_how_a_client_goes() -> None:
    """The reference client holds what the heartbeats say, and asks for the whole where the example does."""
    sync = ListSync(worked.NAME)
    said: list[dict[str, Any]] = []
    for step in worked.conversation():
        message = orjson.loads(orjson.dumps(step.message))
        if step.by == "you":
            said.append(message)
        elif message["type"] == "heartbeat":
            assert message["checksums"] == {worked.NAME: sync.rankings.checksum()}
            assert message["sequences"] == {worked.NAME: sync.rankings.sequence}
        elif message.get("list") == worked.NAME and (answer := sync.step(message, 0.0)):
            assert answer in [step.message for step in worked.conversation()]
            said.append({"asked": answer["action"]})

    assert [each.get("asked") or each["action"] for each in said] == ["subscribe_list", "resync", "resync", "ping"]
    assert sync.live
