"""What stands before every route of the simulated vendor: its key, its plan's limits, and the faults that are on.

A request may ask for a fault by itself, in the header `X-Simulated-Fault: rate_limited; retry_after=3`.
"""

import asyncio
import hmac
from collections import deque
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any, Final

import orjson
from aiohttp import web

from tradeul.clock import Clock
from tradeul.domain.session import NANOS
from tradeul.errors import UsageError
from tradeul.simulation.exchange.answers import BODY_FAULT, JSON_TYPE, Answers
from tradeul.simulation.faults import DOORS, FAULTS, Door, Faults, Option, Options, checked
from tradeul.simulation.plans import Plan

FAULT_HEADER: Final = "X-Simulated-Fault"
ADMIN_PATH: Final = "/faults"
STREAM_PATH: Final = "/stocks"
NOT_FOUND: Final = "404 page not found"
NO_KEY: Final = "API Key was not provided"
UNKNOWN_KEY: Final = "Unknown API Key"
UPGRADE: Final = "Please upgrade your plan at https://massive.com/pricing"
NOT_ENTITLED: Final = {"status": "NOT_AUTHORIZED", "message": f"You are not entitled to this data. {UPGRADE}"}
NO_TODAY: Final = {
    "status": "NOT_AUTHORIZED",
    "message": f"Attempted to request today's data before end of day. {UPGRADE}",
}
NO_TIMEFRAME: Final = {
    "status": "NOT_AUTHORIZED",
    "message": f"Your plan doesn't include this data timeframe. {UPGRADE}",
}
TOO_MANY: Final = {
    "status": "ERROR",
    "error": "You've exceeded the maximum requests per minute, please wait or upgrade your subscription.",
}

_REFUSALS: Final[dict[str, tuple[int, dict[str, str]]]] = {
    "no_key": (401, {"status": "ERROR", "error": NO_KEY}),
    "unknown_key": (401, {"status": "ERROR", "error": UNKNOWN_KEY}),
    "not_entitled": (403, NOT_ENTITLED),
    "no_timeframe": (403, NO_TIMEFRAME),
    "error_inside": (200, {"status": "ERROR", "error": "Something went wrong."}),
    "refused": (500, {"status": "ERROR", "error": "The connection is gone already."}),
}
FUNDAMENTALS_PATHS: Final = ("/stable/", "/api/v")
"""Another vendor lives below these, with the same key, its own way to say no and its own limits."""
_FUNDAMENTALS_WORDS: Final = {
    NO_KEY: "Invalid API KEY. Feel free to create a Free API Key or visit its documentation for more information.",
    UNKNOWN_KEY: "Invalid API KEY. Feel free to create a Free API Key or visit its documentation for more information.",
    TOO_MANY["error"]: "Limit Reach . Please upgrade your plan or visit our documentation for more details.",
    NOT_ENTITLED["message"]: "Exclusive Endpoint : This endpoint is not available under your current subscription.",
}
_MINUTE_S: Final = 60.0
_WEB_PAGE: Final = "<!doctype html><title>Down for maintenance</title><p>We are back in a moment."

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """Lets requests through to their route, or answers in its place."""

    def __init__(self, faults: Faults, answers: Answers, plan: Plan, key: str | None, clock: Clock) -> None:
        self._faults = faults
        self._answers = answers
        self._plan = plan
        self._key = key
        self._clock = clock
        self._asked: deque[float] = deque()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer for faults, unknown paths, keys and limits before any route; the stream checks its key by message."""
        if request.path == STREAM_PATH:
            return await handler(request)
        if not request.path.startswith(ADMIN_PATH):
            instead = await self._fault(request)
            if instead is not None:
                return instead
        if request.match_info.http_exception is not None:
            return _unknown_route(request)
        return self._stopped(request) or await handler(request)

    def fault_at(self, door: Door, request: web.Request) -> tuple[str, Options] | None:
        """The fault that befalls this request at a door: the one it asks for itself, or one that is switched on."""
        named = _asked_for(request)
        if named is not None and FAULTS[named[0]].door == door:
            return named
        return self._faults.taken_at(door, request.path)

    def _stopped(self, request: web.Request) -> web.Response | None:
        if self._key is not None:
            given = key_of(request)
            if given is None:
                return self._refused(request, *_REFUSALS["no_key"])
            if not hmac.compare_digest(given.encode(), self._key.encode()):
                return self._refused(request, *_REFUSALS["unknown_key"])
        limitless = (ADMIN_PATH, *FUNDAMENTALS_PATHS)
        if self._plan.requests_per_minute is not None and not request.path.startswith(limitless):
            return self._over_the_limit(self._plan.requests_per_minute)
        return None

    def _over_the_limit(self, most: int) -> web.Response | None:
        now = self._clock.monotonic()
        while self._asked and self._asked[0] <= now - _MINUTE_S:
            self._asked.popleft()
        if len(self._asked) >= most:
            return self._answers.refused(429, TOO_MANY)
        self._asked.append(now)
        return None

    async def _fault(self, request: web.Request) -> web.StreamResponse | None:
        try:
            body_fault, fault = self.fault_at("body", request), self.fault_at("answer", request)
        except UsageError as error:
            return self._answers.refusal(400, f"{FAULT_HEADER}: {error}")
        if body_fault is not None:
            request[BODY_FAULT] = body_fault
        if fault is None:
            return None
        name, options = fault
        if name == "slow":
            await self._clock.pause(float(options["delay_s"]))
            return None
        if name == "silent":
            await asyncio.Event().wait()
        if name == "refused" and request.transport is not None:
            request.transport.abort()
        return self._wrong_answer(request, name, options)

    def _wrong_answer(self, request: web.Request, name: str, options: Options) -> web.Response:
        if name == "rate_limited":
            return self._rate_limited(request, options)
        if name == "server_error":
            return self._server_error(request, int(options["status"]), str(options["kind"]))
        if name == "redirect":
            return web.Response(status=302, headers={"Location": str(options["to"])})
        if name == "web_page":
            return web.Response(text=_WEB_PAGE, content_type="text/html")
        return self._refused(request, *_REFUSALS[name])

    def _refused(self, request: web.Request, status: int, content: dict[str, Any], **headers: str) -> web.Response:
        """Say no as the vendor does to whom the path belongs."""
        if not request.path.startswith(FUNDAMENTALS_PATHS):
            return self._answers.refused(status, content, **headers)
        said = content.get("error") or content["message"]
        return _json({"Error Message": _FUNDAMENTALS_WORDS.get(said, said)}, status, **headers)

    def _rate_limited(self, request: web.Request, options: Options) -> web.Response:
        headers = {}
        wait_s = float(options["retry_after"])
        if options["date"]:
            now = self._clock.now() / NANOS
            headers = {
                "Retry-After": formatdate(now + max(wait_s, 0.0), usegmt=True),
                "Date": formatdate(now, usegmt=True),
            }
        elif wait_s >= 0:
            headers = {"Retry-After": f"{wait_s:g}"}
        if options["empty"]:
            return web.Response(status=429, headers=headers)
        return self._refused(request, 429, TOO_MANY, **headers)

    def _server_error(self, request: web.Request, status: int, kind: str) -> web.Response:
        if kind == "json":
            return self._refused(request, status, {"status": "ERROR", "error": "Internal error"})
        if kind == "html":
            return web.Response(status=status, text=_WEB_PAGE, content_type="text/html")
        return web.Response(status=status)


class Admin:
    """Lists faults and switches them on and off."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(ADMIN_PATH, self._list),
            web.delete(ADMIN_PATH, self._off),
            web.put(ADMIN_PATH + "/{name}", self._on),
            web.delete(ADMIN_PATH + "/{name}", self._off),
        ]

    async def _list(self, _request: web.Request) -> web.Response:
        known = {
            name: {"door": fault.door, "meaning": fault.meaning, "options": dict(fault.options)}
            for name, fault in FAULTS.items()
        }
        return _json({"on": self._faults.report(), "known": known, "doors": DOORS})

    async def _on(self, request: web.Request) -> web.Response:
        try:
            wishes = _wishes(await request.read())
            self._faults.switch_on(request.match_info["name"], **wishes)
        except UsageError as error:
            return _json({"status": "ERROR", "error": str(error)}, 400)
        return _json({"on": self._faults.report()})

    async def _off(self, request: web.Request) -> web.Response:
        self._faults.switch_off(request.match_info.get("name"))
        return _json({"on": self._faults.report()})


def key_of(request: web.Request) -> str | None:
    """The key that a request brings, in whichever way."""
    bearer = request.headers.get("Authorization", "")
    given = request.query.get("apiKey") or request.query.get("apikey") or bearer.removeprefix("Bearer ").strip()
    return given or None


def _unknown_route(request: web.Request) -> web.Response:
    if request.path.startswith(ADMIN_PATH):
        return _json({"status": "ERROR", "error": f"GET {ADMIN_PATH} says what there is"}, 404)
    return web.Response(status=404, text=NOT_FOUND)


def _asked_for(request: web.Request) -> tuple[str, Options] | None:
    wish = request.headers.get(FAULT_HEADER)
    if wish is None:
        return None
    name, *parts = (part.strip() for part in wish.split(";"))
    given = dict(part.partition("=")[::2] for part in parts)
    options = checked(name, {key: _option(value) for key, value in given.items()})
    return name, {**FAULTS[name].options, **options}


def _option(text: str) -> Option:
    try:
        return float(text)
    except ValueError:
        return text


def _wishes(body: bytes) -> dict[str, Any]:
    try:
        wishes = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise UsageError(f"the body must be a JSON object: {error}") from error
    if not isinstance(wishes, dict):
        raise UsageError("the body must be a JSON object")
    for name in ("times", "seconds"):
        if not isinstance(wishes.get(name, 1.0), int | float):
            raise UsageError(f"{name}: must be a number")
    if not isinstance(wishes.get("path", ""), str):
        raise UsageError("path: must be a text")
    return wishes


def _json(content: Any, status: int = 200, **headers: str) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type=JSON_TYPE, headers=headers)
