"""`/status`: how the program is, for people: a page of the page's files that shows what `/health` says."""

from typing import Final

from aiohttp import web

from tradeul.web.api import HTML, operation
from tradeul.web.failures import NOT_FOUND
from tradeul.web.routes.page import Page

FILE: Final = "status.html"


class Status:
    def __init__(self, page: Page) -> None:
        self._page = page

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/status", self.status)]

    @operation("Page", media=(HTML,), failures=(NOT_FOUND,))
    async def status(self, request: web.Request) -> web.Response:
        """How the program is, for people: what is wrong and since when, and how every part is.

        It shows what `/health` tells whoever looks.
        """
        return self._page.served(FILE, request)
