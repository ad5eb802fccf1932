"""What helps to get from one symbol to another place: `/api/v1/symbols?q=` finds symbols, `/api/v1/links` leads on.

Symbols are case-sensitive and told as they are; the search is not.
"""

import asyncio
import heapq
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from tradeul.engine.symbol_search import Found, SymbolSearch
from tradeul.web import shapes
from tradeul.web.answers import answer
from tradeul.web.api import asked_of, operation
from tradeul.web.parameters import any_text, whole_number

MOST_FOUND: Final = 50
SEARCH: Final = (
    any_text("q", "How a symbol begins, or a word of a name.", "aap"),
    whole_number("limit", "How many at most, the likeliest first.", MOST_FOUND, 12),
)


class Symbols:
    """Searches by `search`; `links` are titles and addresses, in order."""

    def __init__(self, search: SymbolSearch, links: Sequence[tuple[str, str]]) -> None:
        self._search = search
        self._links = [{"title": title, "address": address} for title, address in links]

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/symbols", self.find), web.get("/api/v1/links", self.links)]

    @operation("Symbols", shapes.FoundSymbols, parameters=SEARCH)
    async def find(self, request: web.Request) -> web.Response:
        """Symbols that begin so, or have a word in their name that does; exactly the same comes first.

        Without a text nothing is looked for, and nothing found.
        """
        asked = asked_of(request)
        if isinstance(asked, web.Response):
            return asked
        text = (asked["q"] or "").strip()
        found: list[Found] = []
        for part in self._search.parts(text, asked["limit"]) if text else ():
            found += part
            await asyncio.sleep(0)
        likeliest = heapq.nsmallest(asked["limit"], found)
        return answer({"symbols": [{"symbol": each.symbol, "name": each.name} for each in likeliest]})

    @operation("Symbols", shapes.Links)
    async def links(self, _request: web.Request) -> web.Response:
        """Pages elsewhere about a symbol, as the settings name them."""
        return answer({"links": self._links})
