"""`/login`: where a person shows a token once, and the browser keeps it in a cookie that no script can read.

`/logout` has the browser forget it; the token itself is good until it is revoked.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from aiohttp import web

from tradeul.web import shapes
from tradeul.web.answers import answer, bad_parameter
from tradeul.web.api import HTML, operation
from tradeul.web.failures import BAD_PARAMETER, NO_TOKENS, NOT_FOUND, RATE_LIMITED, UNAUTHORISED
from tradeul.web.gate import LOGIN, LOGOUT, Gate
from tradeul.web.routes.page import Page

FILE: Final = "login.html"
MOST_FIELDS: Final = 4
SIGNED_IN_S: Final = 30 * 86_400
"""Then a browser asks again; a token that is revoked opens nothing before that either."""


class Login:
    def __init__(self, page: Page, gate: Gate) -> None:
        self._page = page
        self._gate = gate

    def routes(self) -> list[web.RouteDef]:
        return [web.get(LOGIN, self.form), web.post(LOGIN, self.sign_in), web.post(LOGOUT, self.sign_out)]

    @operation("Page", media=(HTML,), failures=(NOT_FOUND,))
    async def form(self, request: web.Request) -> web.Response:
        """The form; where there are no tokens, there is nothing to sign in to."""
        if not self._gate.asks_for_tokens:
            return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/"})
        return self._page.served(FILE, request)

    @operation(
        "Page",
        shapes.SignedIn,
        form={"token": "What `python -m tradeul token new` showed."},
        failures=(BAD_PARAMETER, UNAUTHORISED, NO_TOKENS, RATE_LIMITED),
    )
    async def sign_in(self, request: web.Request) -> web.Response:
        """Take what the form sends: `token`, and nothing else of it is looked at."""
        try:
            fields = parse_qs((await request.read()).decode(), max_num_fields=MOST_FIELDS)
        except ValueError:
            fields = {}
        token = fields.get("token", [""])[0].strip()
        if not token:
            return bad_parameter("token", "a token is needed")
        holder = await self._gate.enter(request, token)
        if isinstance(holder, web.Response):
            return holder
        response = answer({"name": holder.name, "role": holder.role})
        self._have_kept(response, token, SIGNED_IN_S)
        return response

    @operation("Page", shapes.SignedOut)
    async def sign_out(self, _request: web.Request) -> web.Response:
        """Have the browser forget the token; nobody needs one for that, as nothing else happens."""
        response = answer({"signed_out": True})
        self._have_kept(response, "", 0)
        return response

    def _have_kept(self, response: web.Response, token: str, for_s: int) -> None:
        response.set_cookie(
            self._gate.cookie, token, max_age=for_s, httponly=True, samesite="Strict", secure=self._gate.is_secure
        )
