"""The live protocol's words and bytes."""

import json
import re
from enum import Enum
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.web import payload
from tradeul.client import conversation, list_sync, scanner
from tradeul.web import protocol
from tradeul.web.protocol import (
    Action,
    Auth,
    BadRequest,
    CloseCode,
    ErrorCode,
    FrameType,
    Ping,
    Resync,
    SubscribeList,
    UnsubscribeList,
    Unwatch,
    Watch,
    request_of,
    text_frame,
)

PROTOCOL_JS = Path(__file__).parents[2] / "static" / "protocol.js"


def script_words(name: str) -> dict[str, str | int]:
    """Read one frozen object of plain words out of the page's protocol.js."""
    found = re.search(rf"export const {name} = Object\.freeze\(\{{(.*?)\}}\)", PROTOCOL_JS.read_text(), re.DOTALL)
    assert found is not None, name
    pairs = re.findall(r"(\w+):\s*(?:\"(\w+)\"|(\d+))", found[1])
    return {word: int(number) if number else text for word, text, number in pairs}


def our_words(words: type[Enum]) -> dict[str, object]:
    return {member.name.lower(): member.value for member in words}


def test_the_page_knows_every_word() -> None:
    """Frame types, actions and close codes are the same on the page as in the server; so is the version."""
    assert our_words(FrameType) == script_words("FRAMES")
    assert our_words(Action) == script_words("ACTIONS")
    assert our_words(CloseCode) == script_words("CLOSE_CODES")
    assert f"export const PROTOCOL = {protocol.PROTOCOL};" in PROTOCOL_JS.read_text()


@pytest.mark.parametrize("action", list(Action))
def test_every_action_is_understood(action: Action) -> None:
    """There is a model of a message for each action."""
    assert request_of(json.dumps({"action": action, "list": "alpha", "symbols": ["A"], "token": "t"})).action == action


def test_the_client_knows_the_same_protocol() -> None:
    """The client for strangers' programs shares no code with the server, and agrees with it."""
    assert scanner.PROTOCOL == protocol.PROTOCOL
    assert list_sync.ANSWER_S * 1_000 == protocol.HEARTBEAT_MS
    assert conversation.SILENCE_S * 1_000 > 2 * protocol.HEARTBEAT_MS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"action":"subscribe_list","list":"winners","epoch":"e","last_sequence":3,"id":1}',
            SubscribeList(action="subscribe_list", list="winners", epoch="e", last_sequence=3, id=1),
        ),
        ('{"action":"subscribe_list","list":"winners"}', SubscribeList(action="subscribe_list", list="winners")),
        ('{"action":"unsubscribe_list","list":"x"}', UnsubscribeList(action="unsubscribe_list", list="x")),
        ('{"action":"resync","list":"x","later":[1]}', Resync(action="resync", list="x")),
        (
            '{"action":"watch","symbols":["BRK.B","BACpL"],"id":2}',
            Watch(action="watch", symbols=["BRK.B", "BACpL"], id=2),
        ),
        ('{"action":"unwatch","symbols":["A"]}', Unwatch(action="unwatch", symbols=["A"])),
        ('{"action":"ping","id":"a"}', Ping(action="ping", id="a")),
        ('{"action":"ping","id":null}', Ping(action="ping")),
        ('{"action":"auth","token":"t"}', Auth(action="auth", token="t")),  # noqa: S106
    ],
)
def test_a_message_is_read(text: str, expected: protocol.AnyRequest) -> None:
    """Each action has its fields; what a later protocol adds is passed over."""
    assert request_of(text) == expected


@pytest.mark.parametrize(
    ("text", "request_id", "complaint"),
    [
        ("", None, "this is not JSON"),
        ("[]", None, "a message is a JSON object"),
        ("{}", None, "action: "),
        ('{"action":"watches","id":4}', 4, "action: "),
        ('{"action":"subscribe_list","id":"x"}', "x", "list: "),
        ('{"action":"subscribe_list","list":7}', None, "list: "),
        ('{"action":"subscribe_list","list":"a","last_sequence":"3"}', None, "last_sequence: "),
        ('{"action":"subscribe_list","list":"a","last_sequence":-1}', None, "last_sequence: "),
        ('{"action":"subscribe_list","list":"a","last_sequence":1e400,"id":2}', None, "this is not JSON"),
        ('{"action":"watch","id":1}', 1, "symbols: "),
        ('{"action":"watch","symbols":[]}', None, "symbols: "),
        ('{"action":"watch","symbols":"A"}', None, "symbols: "),
        ('{"action":"watch","symbols":["A",""]}', None, "symbols.1: "),
        ('{"action":"unwatch","symbols":["A",7]}', None, "symbols.1: "),
        (json.dumps({"action": "watch", "symbols": ["A" * 33]}), None, "symbols.0: "),
        ('{"action":"ping","id":1.5}', None, "id"),
        ('{"action":"ping","id":99999999999999999999}', None, "id"),
        ('{"action":"ping","id":9007199254740992}', None, "id"),
        ('{"action":"ping","id":{"a":1}}', None, "id"),
        ('{"action":"ping","id":1,"x":[[[[[]]]]]}', None, "nested more than 5 deep"),
        ("[" * 4_096, None, "nested more than 5 deep"),
        ('{"action":"pong","id":1,"x":[[[[]]]]}', 1, "action: "),
    ],
)
def test_what_is_wrong_is_said(text: str, request_id: object, complaint: str) -> None:
    """A refusal names the field and carries the request's own id where it has a usable one."""
    with pytest.raises(BadRequest) as refused:
        request_of(text)

    assert refused.value.request_id == request_id
    assert str(refused.value).startswith(complaint)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80)
MESSAGES = st.dictionaries(
    st.sampled_from(["action", "list", "symbols", "id", "epoch", "last_sequence"]) | st.text(max_size=5),
    VALUES | st.sampled_from(list(Action)) | st.lists(VALUES, max_size=2),
    max_size=5,
)


@given(st.text(max_size=20) | MESSAGES.map(json.dumps) | VALUES.map(json.dumps))
def test_no_message_can_do_harm(text: str) -> None:
    """Whatever a stranger sends is read or refused, and the refusal can be sent back."""
    try:
        request_of(text)
    except BadRequest as refused:
        frame = text_frame(protocol.error(refused.request_id, ErrorCode.BAD_REQUEST, str(refused)))

        assert payload(frame)["code"] == "bad_request"
        assert len(frame) < 2_000


@pytest.mark.parametrize(
    ("length", "header"), [(8, 2), (125, 2), (126, 4), (127, 4), (65_535, 4), (65_536, 10), (300_000, 10)]
)
def test_frames_of_every_length_say_how_long_they_are(length: int, header: int) -> None:
    """Short, middle and long frames have the shortest header of the RFC that fits."""
    content = orjson.dumps({"a": "x" * (length - len('{"a":""}'))})

    frame = text_frame(content)

    assert payload(frame) == orjson.loads(content)
    assert len(frame) == header + length
