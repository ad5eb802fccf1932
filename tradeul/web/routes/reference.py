"""What strangers read: `/docs` for people, `/openapi.json` and `/asyncapi.json` for programs.

All three are made once, from the routes that are served and the protocol that is spoken.
"""

from collections.abc import Iterable
from functools import lru_cache

import orjson
from aiohttp import web

from tradeul.web.api import HTML, JSON, operation
from tradeul.web.files import PageFile, file_answer, page_file
from tradeul.web.reference.asyncapi import asyncapi_of
from tradeul.web.reference.openapi import Route, declared_routes, openapi_of
from tradeul.web.reference.page import WRITTEN_FOR, page_of


class Reference:
    """Answers once it was told which routes there are and where, before which nobody can ask."""

    def __init__(self) -> None:
        self._files: dict[str, PageFile] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/docs", self.page),
            web.get("/openapi.json", self.openapi),
            web.get("/asyncapi.json", self.asyncapi),
        ]

    def describe(self, routes: Iterable[web.AbstractRoute], host: str) -> None:
        """Write what is served; `host` is where, with the port."""
        page, api, live = (
            written.replace(WRITTEN_FOR.encode(), host.encode()) for written in _written(declared_routes(routes))
        )
        self._files = {
            "page": page_file(page, f"{HTML}; charset=utf-8"),
            "api": page_file(api, JSON),
            "live": page_file(live, JSON),
        }

    @operation("Reference", etag=True, media=(HTML,))
    async def page(self, request: web.Request) -> web.Response:
        """This API and the live protocol, for people."""
        return file_answer(self._files["page"], request)

    @operation("Reference", dict[str, object], etag=True)
    async def openapi(self, request: web.Request) -> web.Response:
        """Every route with its parameters, its answers and its errors, as OpenAPI 3.1."""
        return file_answer(self._files["api"], request)

    @operation("Reference", dict[str, object], etag=True)
    async def asyncapi(self, request: web.Request) -> web.Response:
        """The live protocol: what is said and told at `/ws/scanner`, as AsyncAPI 3."""
        return file_answer(self._files["live"], request)


@lru_cache(maxsize=4)
def _written(routes: tuple[Route, ...]) -> tuple[bytes, bytes, bytes]:
    """Write the page and the documents; that takes 0.2 s, so once for all servers of one program."""
    api, live = openapi_of(routes), asyncapi_of(WRITTEN_FOR)
    return page_of(api, live), orjson.dumps(api), orjson.dumps(live)
