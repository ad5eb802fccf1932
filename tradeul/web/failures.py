"""Why a request is refused: every code that an error can carry, with its status and its words.

A route answers with these (`answers.refused`) and names them in its declaration, so that what is documented is what
is answered.
"""

from http import HTTPStatus
from typing import Final, NamedTuple


class Failure(NamedTuple):
    """One kind of refusal. `words` are what it says of itself where nothing more is known."""

    status: HTTPStatus
    code: str
    words: str
    retry_after_s: int = 0
    """When to come back; 0: it is of no use."""


RETRY_AFTER_S: Final = 5
"""A snapshot of the market comes about this often, and so the database is tried."""

BAD_PARAMETER: Final = Failure(
    HTTPStatus.BAD_REQUEST,
    "bad_parameter",
    "a parameter or a part of the body cannot be read; `details.parameter` names it, `details.column` is where in its "
    "text",
)
FOREIGN_ORIGIN: Final = Failure(
    HTTPStatus.FORBIDDEN, "foreign_origin", "a page of another site may not do anything here"
)
UNKNOWN_LIST: Final = Failure(HTTPStatus.NOT_FOUND, "unknown_list", "there is no such list")
UNKNOWN_SYMBOL: Final = Failure(HTTPStatus.NOT_FOUND, "unknown_symbol", "there is no such symbol")
UNKNOWN_ALERT: Final = Failure(HTTPStatus.NOT_FOUND, "unknown_alert", "there is no such alert")
UNKNOWN_JOB: Final = Failure(HTTPStatus.NOT_FOUND, "unknown_job", "there is no such job")
NO_REPLAY: Final = Failure(HTTPStatus.NOT_FOUND, "no_replay", "no recording is played here")
UNKNOWN_BACKTEST: Final = Failure(HTTPStatus.NOT_FOUND, "unknown_backtest", "there is no such backtest any more")
NOT_PINNED: Final = Failure(HTTPStatus.NOT_FOUND, "not_pinned", "that symbol is not pinned")
NOTHING_KEPT: Final = Failure(HTTPStatus.NOT_FOUND, "not_kept", "nothing is kept of this list at that time")
NOT_AUDITED: Final = Failure(HTTPStatus.NOT_FOUND, "not_audited", "that day is not audited")
NOT_FOUND: Final = Failure(HTTPStatus.NOT_FOUND, "not_found", "Not Found")
NOTHING_RECALLED: Final = Failure(
    HTTPStatus.NOT_FOUND, "not_recalled", "there is no scan recall of that day: `load scan_recall` makes it"
)
REPLAYED: Final = Failure(
    HTTPStatus.CONFLICT, "replayed", "a recording is played here: nothing new comes that could be recorded"
)
EXISTS: Final = Failure(HTTPStatus.CONFLICT, "exists", "there is one of that name already: PUT changes it")
NOT_YOURS: Final = Failure(HTTPStatus.CONFLICT, "not_yours", "it is not the user's own, so there is nothing to delete")
TOO_MANY: Final = Failure(HTTPStatus.CONFLICT, "too_many", "there are as many as there may be")
BODY_TOO_BIG: Final = Failure(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request_entity_too_large", "the body is longer than it may be"
)
UPGRADE_REQUIRED: Final = Failure(HTTPStatus.UPGRADE_REQUIRED, "upgrade_required", "this address speaks WebSocket only")
STARTING: Final = Failure(HTTPStatus.SERVICE_UNAVAILABLE, "starting", "the market is not known yet", RETRY_AFTER_S)
NOT_READY: Final = Failure(HTTPStatus.SERVICE_UNAVAILABLE, "starting", "the market is not known yet", 1)
NOT_KEPT: Final = Failure(
    HTTPStatus.SERVICE_UNAVAILABLE, "not_kept", "it could not be kept, so nothing was changed", RETRY_AFTER_S
)
HISTORY_UNAVAILABLE: Final = Failure(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "history_unavailable",
    "the database does not answer, or no history is kept",
    RETRY_AFTER_S,
)
BARS_UNAVAILABLE: Final = Failure(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "bars_unavailable",
    "the vendor does not answer, and nothing is kept",
    RETRY_AFTER_S,
)
FULL: Final = Failure(HTTPStatus.SERVICE_UNAVAILABLE, "full", "as many viewers are connected as there may be", 10)

UNAUTHORISED: Final = Failure(HTTPStatus.UNAUTHORIZED, "unauthorised", "a token is needed, or opens nothing")
FORBIDDEN: Final = Failure(
    HTTPStatus.FORBIDDEN, "forbidden", "this takes a token of the role operator, or this machine"
)
RATE_LIMITED: Final = Failure(
    HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", "too many requests, or tokens tried; `Retry-After` says how long"
)
NO_TOKENS: Final = Failure(HTTPStatus.NOT_FOUND, "no_tokens", "there are no tokens here: everybody is let in")
CROWDED: Final = Failure(
    HTTPStatus.SERVICE_UNAVAILABLE, "full", "as many connections are open as there may be", RETRY_AFTER_S
)
MISDIRECTED: Final = Failure(
    HTTPStatus.MISDIRECTED_REQUEST,
    "misdirected_request",
    "there is nothing here of that name: add its origin to server.allowed_origins if it is yours",
)
TOKEN_IN_ADDRESS: Final = Failure(
    HTTPStatus.BAD_REQUEST,
    "token_in_address",
    "a token may not stand in an address, where it is kept and shown: send Authorization: Bearer",
)
UNKNOWN_SUBPROTOCOL: Final = Failure(
    HTTPStatus.BAD_REQUEST, "unknown_subprotocol", "offer the subprotocol tradeul beside the token, or none"
)

ANYWHERE: Final = (
    NOT_FOUND,
    UNAUTHORISED,
    FORBIDDEN,
    RATE_LIMITED,
    CROWDED,
    MISDIRECTED,
    TOKEN_IN_ADDRESS,
    BODY_TOO_BIG,
    Failure(HTTPStatus.REQUEST_URI_TOO_LONG, "request_uri_too_long", "the address is longer than it may be"),
    Failure(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "request_header_fields_too_large",
        "there are more headers than may be, or longer ones",
    ),
    Failure(HTTPStatus.BAD_REQUEST, "bad_request", "this is not HTTP, or longer than it may be"),
    Failure(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "nothing there has this method; `Allow` names those"),
    Failure(HTTPStatus.EXPECTATION_FAILED, "expectation_failed", "`Expect` asks for what is not done here"),
    Failure(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_server_error", "a mistake of ours, which is in the log"),
)
"""What any request can get, whatever it asks for."""
