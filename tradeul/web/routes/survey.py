"""The market behind the lists: `/api/v1/scanner/dropped`, `/api/v1/scanner/filtered` and `/api/v1/scanner/gappers`.

Each is of the whole market as it was ranked last; `as_of` says when that was, in milliseconds.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import orjson
from aiohttp import web

from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import View
from tradeul.engine.survey import Excerpt, Survey
from tradeul.web import shapes
from tradeul.web.answers import answer, in_turns, refused
from tradeul.web.api import asked_of, operation
from tradeul.web.failures import STARTING
from tradeul.web.parameters import percentage, whole_number
from tradeul.web.protocol import milliseconds

LARGEST_LIMIT: Final = 1_000
MOST_FILTERED: Final = whole_number("limit", "How many rows at most.", LARGEST_LIMIT, 100)
MOST_GAPPERS: Final = whole_number("limit", "How many rows at most, each way.", LARGEST_LIMIT, 200)
LEAST_GAP: Final = percentage("min_gap", "The least gap from the previous close, in percent, up or down.", 2.0)
ROWS_A_TURN: Final = 250
"""Put into words in about two milliseconds."""

Seen = TypeVar("Seen")


class SurveyRoutes:
    """Looks between two changes of the board, so that no answer is of two moments."""

    def __init__(self, survey: Survey, pipeline: Pipeline, view: View) -> None:
        self._survey = survey
        self._pipeline = pipeline
        self._view = view

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/scanner/dropped", self.dropped),
            web.get("/api/v1/scanner/filtered", self.filtered),
            web.get("/api/v1/scanner/gappers", self.gappers),
        ]

    @operation("Lists", shapes.DroppedSymbols, failures=(STARTING,))
    async def dropped(self, _request: web.Request) -> web.Response:
        """How many symbols each filter drops, and some of them."""
        if self._starting():
            return refused(STARTING)
        as_of, found = await self._seen(self._survey.dropped)
        reasons = {reason: {"count": each.count, "examples": each.examples} for reason, each in found.items()}
        return answer({"as_of": as_of, "reasons": reasons})

    @operation("Lists", shapes.Filtered, parameters=(MOST_FILTERED,), failures=(STARTING,))
    async def filtered(self, request: web.Request) -> web.Response:
        """What passes every filter, by score; `count` is how much that is before the limit."""
        asked = asked_of(request)
        if isinstance(asked, web.Response):
            return asked
        if self._starting():
            return refused(STARTING)
        limit = asked["limit"]
        as_of, (count, found) = await self._seen(lambda: (self._survey.count, self._survey.filtered(limit)))
        return answer({"as_of": as_of, "count": count, "rows": await _in_words(found)})

    @operation("Lists", shapes.Gappers, parameters=(LEAST_GAP, MOST_GAPPERS), failures=(STARTING,))
    async def gappers(self, request: web.Request) -> web.Response:
        """Who gaps at least so far, each way, the furthest first."""
        asked = asked_of(request)
        if isinstance(asked, web.Response):
            return asked
        if self._starting():
            return refused(STARTING)
        least, limit = asked["min_gap"], asked["limit"]
        as_of, (up, down) = await self._seen(lambda: self._survey.gappers(least, limit))
        sides = {"up": await _in_words(up), "down": await _in_words(down)}
        return answer({"as_of": as_of, "min_gap": least, **sides})

    def _starting(self) -> bool:
        return self._view.feed().state == "starting" or not self._survey.as_of

    async def _seen(self, look: Callable[[], Seen]) -> tuple[int, Seen]:
        return await self._pipeline.settled(lambda: (milliseconds(self._survey.as_of), look()))


async def _in_words(excerpt: Excerpt) -> orjson.Fragment:
    return await in_turns(excerpt.parts(ROWS_A_TURN))
