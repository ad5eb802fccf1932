"""The document of the live protocol (AsyncAPI 3), made from `protocol` and the shapes of its frames.

Messages to the server are its own models, those to viewers `shapes/live`; codes and limits are its own too, and only
what they mean is said here. `routes/reference` serves it; the page at `/docs` is made from it.
"""

import inspect
from collections.abc import Iterable
from typing import Any, Final, get_args

from tradeul.engine.watches import MOST_WATCHED
from tradeul.web import protocol
from tradeul.web.protocol import AnyRequest, CloseCode, ErrorCode
from tradeul.web.reference import worked
from tradeul.web.shapes.form import schemas_of
from tradeul.web.shapes.live import FRAMES

Json = dict[str, Any]

VERSION: Final = "3.0.0"
PATH: Final = "/ws/scanner"
COMES_BACK: Final = range(4_000, 4_500)
STAYS_AWAY: Final = range(4_500, 5_000)
ABOUT: Final = (
    "JSON in text frames over one WebSocket: a viewer subscribes to lists and holds each exactly as the server does, "
    "from a snapshot and the deltas after it. All moments are integer milliseconds since 1970, UTC. Ignore types and "
    "fields that you do not know: a later version may have more of them."
)
CLOSES: Final = {
    CloseCode.LEFT: "You left.",
    CloseCode.BINARY: "You sent a binary frame; text is spoken here.",
    CloseCode.BAD_UTF8: "You sent text that is no UTF-8.",
    CloseCode.TOO_BIG: f"You sent a message of more than {protocol.MAX_MESSAGE_BYTES:,} bytes.",
    CloseCode.BUG: "A mistake of the server's, which is in its log.",
    CloseCode.RESTART: "The server ends or starts anew; `bye` said when to come back.",
    CloseCode.FULL: "The server has as many viewers as it may.",
    CloseCode.SLOW: "A frame was not taken for 10 s, or a WebSocket ping not answered.",
    CloseCode.DID_NOT_SUBSCRIBE: "Nothing valid was asked for within 5 s of the beginning.",
    CloseCode.TOO_FAST: f"{protocol.MAX_DROPPED} messages beyond the rate within {protocol.DROPPED_WINDOW_S:.0f} s.",
    CloseCode.REPLACED: "Another connection took the place of this one.",
    CloseCode.BAD_REQUESTS: "Too many messages that could not be read.",
    CloseCode.UNAUTHORISED: "The token is missing or wrong.",
    CloseCode.TOO_MANY_CONNECTIONS: "Too many connections of one address or token.",
    CloseCode.PROTOCOL_TOO_OLD: f"You asked for another version of the protocol than {protocol.PROTOCOL}.",
}
ERRORS: Final = {
    "bad_request": "The message cannot be read; `message` names the part.",
    "unknown_list": "There is no such list (any more).",
    "unknown_symbol": "There is no such symbol.",
    "rate_limited": "Too many messages: this one was dropped.",
    "too_many": "As many are subscribed to or watched as may be.",
    "unauthorised": "A token is wanted first.",
    "starting": "The market is not known yet: ask again when it is.",
}


def asyncapi_of(host: str) -> Json:
    """Make the document; `host` is where the server is reached, with its port."""
    asked = {request.model_fields["action"].annotation: request for request in get_args(AnyRequest)}
    requests = {get_args(action)[0]: request for action, request in asked.items()}
    told = {str(frame): shape for frame, shape in FRAMES.items()}
    schemas, components = schemas_of((*told.values(), *requests.values()))
    messages = {name: _message(name, shape, schemas[shape]) for name, shape in [*told.items(), *requests.items()]}
    return {
        "asyncapi": VERSION,
        "info": {"title": "tradeul, live", "version": str(protocol.PROTOCOL), "description": ABOUT},
        "servers": {"here": {"host": host, "protocol": "ws"}},
        "channels": {"scanner": _channel(messages)},
        "operations": {
            "hear": _operation("send", "What the server tells a viewer.", told),
            "ask": _operation("receive", "What a viewer asks of the server.", requests),
        },
        "components": {"messages": messages, "schemas": components},
        "x-limits": limits(),
        "x-errors": {code.value: ERRORS[code] for code in ErrorCode},
        "x-close-codes": {
            str(int(code)): {"meaning": CLOSES[code], "come_back": comes_back(code)} for code in CloseCode
        },
    }


def comes_back(code: CloseCode) -> bool:
    """Tell whether a viewer that was cut off so should connect again."""
    return code not in STAYS_AWAY


def limits() -> Json:
    return {
        "message_bytes": protocol.MAX_MESSAGE_BYTES,
        "messages_per_second": protocol.MESSAGES_PER_SECOND,
        "message_burst": protocol.MESSAGE_BURST,
        "lists": protocol.MAX_LISTS,
        "symbols": MOST_WATCHED,
        "heartbeat_ms": protocol.HEARTBEAT_MS,
    }


def _channel(messages: Iterable[str]) -> Json:
    version = {"type": "integer", "const": protocol.PROTOCOL, "description": "The version of the protocol."}
    return {
        "address": PATH,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"ws": {"method": "GET", "query": {"type": "object", "properties": {"protocol": version}}}},
    }


def _operation(action: str, summary: str, messages: Iterable[str]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/scanner"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/scanner/messages/{name}"} for name in messages],
    }


def _message(name: str, shape: type[Any], schema: Json) -> Json:
    found = next((each for each in worked.examples() if name in (each.get("type"), each.get("action"))), None)
    described: Json = {"name": name, "summary": inspect.cleandoc(shape.__doc__ or name), "payload": schema}
    return described if found is None else {**described, "examples": [{"payload": found}]}
