"""What strangers read: `/openapi.json`, made from the routes that are served here."""

from collections.abc import Iterable

import orjson
from aiohttp import web

from tradeul.web.api import JSON, operation
from tradeul.web.files import PageFile, file_answer, page_file
from tradeul.web.reference.openapi import declared_routes, openapi_of


class Reference:
    """Answers once it was told which routes there are, before which nobody can ask."""

    def __init__(self) -> None:
        self._files: dict[str, PageFile] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/openapi.json", self.openapi)]

    def describe(self, routes: Iterable[web.AbstractRoute]) -> None:
        """Write what is served."""
        document = openapi_of(declared_routes(routes))
        self._files["openapi"] = page_file(orjson.dumps(document), JSON)

    @operation("Reference", dict[str, object], etag=True)
    async def openapi(self, request: web.Request) -> web.Response:
        """This document: every route with its parameters, its answers and its errors, as OpenAPI 3.1."""
        return file_answer(self._files["openapi"], request)
