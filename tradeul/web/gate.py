"""Who is let in: every request passes here once, before a route is looked for.

In this order: is it for us (`Host`), is it from a stranger's page (`Origin`), is there room, is it too often, whose
token does it show, and may that one do what is asked. By method, so that a route that is new cannot be forgotten:
what is no GET needs an operator. Where no tokens are and only this machine asks, that is two look-ups.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, cast
from urllib.parse import quote

from aiohttp import web

from tradeul.access import PREFIX, Holder, Holders, is_loopback
from tradeul.clock import Clock
from tradeul.web.answers import refused
from tradeul.web.callers import Callers
from tradeul.web.counted import Counted
from tradeul.web.credentials import FAILURE_S, Credentials
from tradeul.web.crowd import SWEEP_S, Crowd
from tradeul.web.entries import Entries, Entry
from tradeul.web.failures import (
    BODY_TOO_BIG,
    CROWDED,
    FORBIDDEN,
    FOREIGN_ORIGIN,
    MISDIRECTED,
    NO_TOKENS,
    RATE_LIMITED,
    TOKEN_IN_ADDRESS,
    UNAUTHORISED,
    UNKNOWN_SUBPROTOCOL,
)
from tradeul.web.origin import Origins
from tradeul.web.rates import Rates
from tradeul.web.sharing import SHARED, Sharing

HOLDER: Final = web.RequestKey("holder", Holder)
"""Whose request it is."""
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
HEALTH: Final = "/health"
LOGIN: Final = "/login"
LOGOUT: Final = "/logout"
SOCKET: Final = "/ws/scanner"
"""Where a token may also be shown by the first frame."""
OPEN: Final = frozenset({HEALTH, LOGIN, LOGOUT, "/static/login.css", "/static/login.js", "/static/own_address.js"})
"""What a stranger may see: whether we are alive, and where to sign in and out."""
FOR_INSIDERS: Final = frozenset({"/metrics"})
"""For this machine and for operators."""

REQUESTS_PER_S: Final = 50.0
REQUESTS_BURST: Final = 400
"""A page is some forty files, and an office of people shares an address."""

MAX_BODY_BYTES: Final = 16 * 1024
LONGEST_RETURN: Final = 2_048
"""Of an address that is gone back to after signing in, as it stands in another."""

SUBPROTOCOL: Final = "tradeul"
"""What a WebSocket may offer beside its token, and is then answered."""
COOKIE: Final = "tradeul"
SECURE_COOKIE: Final = "__Host-tradeul"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say of who is let in; by themselves: everybody on this machine."""

    tokens: Holders | None = None
    behind_proxy: bool = False
    trusted_proxies: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    most_connections: int = 10_000


class Gate:
    def __init__(self, rules: Rules, host: str, clock: Clock) -> None:
        self._behind_proxy = rules.behind_proxy
        self._clock = clock
        self._origins = Origins(host, rules.allowed_origins, tls=rules.behind_proxy)
        self._sharing = Sharing(rules.allowed_origins) if rules.allowed_origins else None
        self._callers = Callers(rules.trusted_proxies)
        self._credentials = None if rules.tokens is None else Credentials(rules.tokens, clock)
        self._by_address = Rates(clock, REQUESTS_PER_S, REQUESTS_BURST)
        self._by_token = Rates(clock, REQUESTS_PER_S, REQUESTS_BURST)
        self._entries = Entries(self._credentials, clock)
        self.crowd = Crowd(clock, rules.most_connections, self._may_be_many)

    @property
    def asks_for_tokens(self) -> bool:
        return self._credentials is not None

    @property
    def lets_everybody_in(self) -> bool:
        """Whether nobody on this machine is asked for anything."""
        return self._credentials is None and not self._behind_proxy

    @property
    def cookie(self) -> str:
        """The name of the cookie that holds a browser's token."""
        return SECURE_COOKIE if self._behind_proxy else COOKIE

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach us by https."""
        return self._behind_proxy

    async def run(self) -> None:
        """Cut connections that are overdue, and notice who is let in anew, or no more."""
        while True:
            await self._clock.pause(SWEEP_S)
            self.crowd.sweep()
            if self._credentials is not None and await self._credentials.refresh():
                self._entries.look_again()

    def guarded(self, handle: Handler) -> Handler:
        """Stand before whatever answers requests."""
        everybody = self.lets_everybody_in
        begins, squeezed, knows = self.crowd.begins, self.crowd.squeezed, self._origins.knows
        sharing = self._sharing

        def answered(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
            connection = cast(Counted, request.protocol)
            begins(connection)
            headers = request.headers
            bare = "Upgrade" not in headers and "Content-Length" not in headers
            plain = bare and request.method in READING and knows(headers.get("Host"))
            refusal = None if plain else self._misled(request)
            if refusal is None and squeezed:
                refusal = self._squeezed(request, connection)
            if sharing is not None:
                request[SHARED] = sharing.headers_for(request)
                refusal = sharing.preflight(request) if refusal is None else refusal
            if refusal is not None:
                return _given(refusal)
            # Not a coroutine around a coroutine: here every microsecond is one of each answer.
            return handle(request) if everybody and connection.local else self._checked(request, handle)

        return answered

    def entry(self, request: web.BaseRequest) -> Entry:
        """What a viewer may enter by, as far as its upgrade has shown it."""
        return Entry(self._entries, self._caller(request), request.get(HOLDER), local=self._is_local(request))

    def is_insider(self, request: web.BaseRequest) -> bool:
        """Whether the insides may be shown: to this machine, and to operators."""
        if self._is_local(request):
            return True
        token = self._token_of(request)
        if token is None or self._credentials is None:
            return False
        holder = self._credentials.opens(token, self._caller(request))
        return isinstance(holder, Holder) and holder.may_change()

    async def enter(self, request: web.BaseRequest, token: str) -> Holder | web.Response:
        """Find who holds a token, or refuse: slowly where it is wrong, so that trying is of no use."""
        if self._credentials is None:
            return refused(NO_TOKENS)
        holder = self._credentials.opens(token, self._caller(request))
        if isinstance(holder, float):
            return _too_many("too many tokens were tried from this address", holder)
        if holder is None:
            await self._clock.pause(FAILURE_S)
            return _unauthorised("this token opens nothing")
        wait_s = self._by_token.wait_s(holder.name)
        return _too_many("too many requests with this token", wait_s) if wait_s else holder

    def _misled(self, request: web.BaseRequest) -> web.Response | None:
        """Refuse what is not meant for us, or not by whoever sits at the browser, or is more than we ever read."""
        headers = request.headers
        host = headers.get("Host")
        if not self._origins.knows(host) and not self._origins.is_ours(host, _reached(request)):
            return refused(MISDIRECTED)
        acting = request.method not in READING or "Upgrade" in headers
        if acting and self._origins.is_foreign(headers.get("Origin"), host or ""):
            return refused(FOREIGN_ORIGIN)
        return refused(BODY_TOO_BIG) if (request.content_length or 0) > MAX_BODY_BYTES else None

    def _squeezed(self, request: web.BaseRequest, connection: Counted) -> web.Response | None:
        if connection not in self.crowd.squeezed:
            return None
        connection.close()  # after this answer
        if request.path == HEALTH:
            return None
        return refused(CROWDED)

    async def _checked(self, request: web.BaseRequest, handle: Handler) -> web.StreamResponse:
        local = self._is_local(request)
        wait_s = 0.0 if local else self._by_address.wait_s(self._caller(request))
        if wait_s:
            return _too_many("too many requests from this address", wait_s)
        if self._credentials is None:
            allowed = request.path not in FOR_INSIDERS
            return await handle(request) if allowed else _forbidden("only this machine may see this")
        if _token_in_address(request):
            return refused(TOKEN_IN_ADDRESS)
        if request.path in OPEN or (local and request.path in FOR_INSIDERS):
            return await handle(request)
        refusal = await self._recognised(request)
        return await handle(request) if refusal is None else refusal

    async def _recognised(self, request: web.BaseRequest) -> web.Response | None:
        """Refuse whoever shows no token, a wrong one, or one that is not good for this; None: welcome."""
        token, upgrading = self._token_of(request), request.path == SOCKET and "Upgrade" in request.headers
        if upgrading and not _offers_ours(request):
            return refused(UNKNOWN_SUBPROTOCOL)
        if token is None:
            return None if upgrading else _sign_in(request)
        holder = await self.enter(request, token)
        if isinstance(holder, web.Response):
            if upgrading and token == self._cookie_of(request):
                return None  # its page does not hear of a refusal here: it is sent away by its first frame
            return _sign_in(request) if _is_page(request) else holder
        request[HOLDER] = holder
        operating = request.method not in READING or request.path in FOR_INSIDERS
        if operating and not holder.may_change():
            return _forbidden(f"{holder.name} may only look: this takes a token of the role operator")
        return None

    def _token_of(self, request: web.BaseRequest) -> str | None:
        """Find the token that a request shows: a program's, a WebSocket's, or a browser's."""
        headers = request.headers
        scheme, _, credentials = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return credentials.strip()
        offered = [each.strip() for each in headers.get("Sec-WebSocket-Protocol", "").split(",")]
        found = next((each for each in offered if each.startswith(PREFIX)), None)
        return found or self._cookie_of(request)

    def _cookie_of(self, request: web.BaseRequest) -> str | None:
        return _cookie(request.headers.get("Cookie", ""), self.cookie)

    def _is_local(self, request: web.BaseRequest) -> bool:
        """Whether it comes from this machine. What comes through a proxy comes from elsewhere, whoever passes it on."""
        return not self._behind_proxy and cast(Counted, request.protocol).local

    def _caller(self, request: web.BaseRequest) -> str:
        forwarded = request.headers.getall("X-Forwarded-For", ())
        return self._callers.caller(cast(Counted, request.protocol).address, forwarded)

    def _may_be_many(self, address: str) -> bool:
        return self._callers.is_proxy(address) or is_loopback(address)


async def _given(response: web.Response) -> web.StreamResponse:
    return response


def _reached(request: web.BaseRequest) -> str | None:
    name = request.transport.get_extra_info("sockname") if request.transport is not None else None
    return name[0] if name else None


def _token_in_address(request: web.BaseRequest) -> bool:
    if "token" not in request.raw_path:
        return False
    return any(name.endswith("token") or value.startswith(PREFIX) for name, value in request.query.items())


def _cookie(header: str, name: str) -> str | None:
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return None


def _offers_ours(request: web.BaseRequest) -> bool:
    """Whether a WebSocket's protocols can be answered. Others would be logged by the library, a token among them."""
    offered = request.headers.get("Sec-WebSocket-Protocol")
    return offered is None or SUBPROTOCOL in [each.strip() for each in offered.split(",")]


def _is_page(request: web.BaseRequest) -> bool:
    """Whether a person's browser goes somewhere, rather than a script of a page or a program."""
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def _sign_in(request: web.BaseRequest) -> web.Response:
    if _is_page(request):
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": _login_before(request.raw_path)})
    return _unauthorised("a token is needed: send Authorization: Bearer TOKEN, or sign in at /login")


def _login_before(path: str) -> str:
    """Lead to the form, which goes on to where somebody wanted to be; the form knows which addresses are our own."""
    wanted = quote(path, safe="/")
    return LOGIN if path == "/" or len(wanted) > LONGEST_RETURN else f"{LOGIN}?next={wanted}"


def _unauthorised(message: str) -> web.Response:
    response = refused(UNAUTHORISED, message)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _forbidden(message: str) -> web.Response:
    return refused(FORBIDDEN, message)


def _too_many(message: str, wait_s: float) -> web.Response:
    response = refused(RATE_LIMITED, message)
    response.headers["Retry-After"] = str(math.ceil(wait_s))
    return response
