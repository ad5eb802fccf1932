"""`/login`: where a person shows a token once, and the browser keeps it in a cookie that no script can read."""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from aiohttp import web

from tradeul.web import shapes
from tradeul.web.answers import answer, bad_parameter
from tradeul.web.api import HTML, operation
from tradeul.web.failures import BAD_PARAMETER, NO_TOKENS, NOT_FOUND, RATE_LIMITED, UNAUTHORISED
from tradeul.web.gate import LOGIN, Gate
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
        return [web.get(LOGIN, self.form), web.post(LOGIN, self.sign_in)]

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
        response.set_cookie(
            self._gate.cookie,
            token,
            max_age=SIGNED_IN_S,
            httponly=True,
            samesite="Strict",
            secure=self._gate.is_secure,
        )
        return response
