"""The one way out for HTTP: security headers on every answer, one shape for every error.

It sits where aiohttp hands a finished response to the connection, below the router and its middlewares, so that what
never reaches a route (an unknown path, a wrong method, a request that is not HTTP, a bug) leaves the same way.
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import orjson
import structlog
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

from tradeul.errors import HistoryUnavailable
from tradeul.web.failures import BAD_PARAMETER, HISTORY_UNAVAILABLE, NOT_KEPT, Failure
from tradeul.web.packing import pack
from tradeul.web.sharing import SHARED
from tradeul.web.turnstile import Turnstile

log = structlog.get_logger(__name__)

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "tradeul",
}
NOT_STORED: Final = "no-store"
"""Cache-Control of whatever does not say otherwise."""
_HEADERS_TOO_LONG: Final = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


def answer(content: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json", charset="utf-8")


async def in_turns(parts: Iterable[Sequence[object]]) -> orjson.Fragment:
    """Put a long array into words part by part, letting others run between them."""
    pieces = []
    for part in parts:
        pieces.append(orjson.dumps(part)[1:-1])
        await asyncio.sleep(0)
    return orjson.Fragment(b"[" + b",".join(pieces) + b"]")


def failure(status: int, code: str, message: str, details: object = None) -> web.Response:
    return answer({"error": {"code": code, "message": message, "details": details}}, status)


def refused(what: Failure, message: str = "", details: object = None) -> web.Response:
    """Refuse in the words of this kind of failure, unless there is more to say."""
    response = failure(what.status, what.code, message or what.words, details)
    if what.retry_after_s:
        response.headers["Retry-After"] = str(what.retry_after_s)
    return response


def bad_parameter(name: str, message: str) -> web.Response:
    return refused(BAD_PARAMETER, f"{name}: {message}", {"parameter": name})


def not_kept(error: OSError) -> web.Response:
    """The disk refused what the user wants kept."""
    reason = error.strerror or "the disk refused"
    log.error("not_kept", reason=reason)
    return refused(NOT_KEPT, f"it could not be kept ({reason}), so nothing was changed")


def no_history() -> web.Response:
    """Nothing will change that as long as the program runs, so nobody is asked to come back."""
    return failure(HISTORY_UNAVAILABLE.status, HISTORY_UNAVAILABLE.code, "no history is kept: `history.dsn` is off")


def history_unavailable(why: HistoryUnavailable) -> web.Response:
    return refused(HISTORY_UNAVAILABLE, str(why))


class Connection(web.RequestHandler):
    """One HTTP connection, which waits for its turn to be heard, and whose every answer is made presentable."""

    __slots__ = ("_first", "_lost", "_way_in", "_way_out")

    def __init__(self, way_in: Turnstile, way_out: Turnstile, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._way_in: Turnstile | None = way_in
        """Until it has been heard."""
        self._way_out = way_out
        self._first = b""
        """What came before its turn."""
        self._lost: asyncio.Future[None] | None = None

    @property
    def waits(self) -> bool:
        """Whether it has spoken and is not yet heard."""
        return bool(self._first)

    def data_received(self, data: bytes) -> None:
        way_in, self._way_in = self._way_in, None
        if way_in is None or way_in.admits(self.enter):
            super().data_received(data)
        else:
            self._first = data
            if self.transport is not None:
                # Nobody sends more than the kernel holds before being heard.
                self.transport.pause_reading()

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._way_out.admits(partial(self.leave, exc)):
            self.leave(exc)

    def leave(self, exc: BaseException | None) -> None:
        """Have whatever is under way hear that the connection is gone."""
        super().connection_lost(exc)
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(None)
        # aiohttp keeps what a WebSocket was to be told of, which leads back here: a cycle of two dozen objects for each
        # viewer that leaves, until the garbage collector holds the loop for all of them.
        self._data_received_cb = None

    async def until_lost(self) -> None:
        """Wait for the end of the connection, and read nothing of it any more: its other side soon cannot write."""
        if self.transport is not None:
            self._lost = asyncio.get_running_loop().create_future()
            await self._lost

    def enter(self) -> None:
        """Be heard now, if still there."""
        first, self._first = self._first, b""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()
            super().data_received(first)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        presentable = _reshaped(resp) if isinstance(resp, web.HTTPException) else resp
        if not presentable.prepared:
            presentable.headers.setdefault("Cache-Control", NOT_STORED)
            presentable.headers.update(SECURITY_HEADERS)
            await pack(request, presentable)
            for name, value in request.get(SHARED, ()):
                presentable.headers.add(name, value)
        finished = await super().finish_response(request, presentable, start_time)
        if isinstance(presentable, web.WebSocketResponse) and (error := presentable.exception()):
            # It holds the frames that it came through, which hold the socket: a cycle too, see `connection_lost`.
            error.__context__ = error.__traceback__ = None
        return finished

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  the signature is the library's
    ) -> web.StreamResponse:
        """Answer what failed on the way: our own mistake (500), or a request that is not HTTP (400)."""
        if isinstance(exc, ConnectionError) and (request.transport is None or request.transport.is_closing()):
            raise exc  # who leaves in the middle of a request hears no answer, and is no mistake of ours
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request_failed", path=request.path, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the answer is out already")
        status = self._parsing_status(exc) or status
        # The parser's own words would show a stranger its insides.
        response = failure(status, _code(status), HTTPStatus(status).phrase)
        response.force_close()
        return response

    def _parsing_status(self, exc: BaseException | None) -> int | None:
        """Tell what of a request is too long, where that is what the parser complains of."""
        if isinstance(exc, LineTooLong):
            _, limit, _ = exc.args
            return _HEADERS_TOO_LONG if limit == self.max_field_size else HTTPStatus.REQUEST_URI_TOO_LONG
        if isinstance(exc, BadHttpMessage) and "Too many headers" in exc.message:
            return _HEADERS_TOO_LONG
        return None


def _reshaped(error: web.HTTPException) -> web.Response:
    """Say in our words what the router or a handshake refused."""
    response = failure(error.status, _code(error.status), HTTPStatus(error.status).phrase)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _code(status: int) -> str:
    """Name a status as our errors do: 405 is `method_not_allowed`."""
    return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
