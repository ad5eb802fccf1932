"""The market behind the lists: `/api/v1/scanner/dropped`, `/api/v1/scanner/filtered` and `/api/v1/scanner/gappers`.

Each is of the whole market as it was ranked last; `as_of` says when that was, in milliseconds.
"""

import math
from collections.abc import Callable
from typing import Final, TypeVar

import orjson
from aiohttp import web

from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import View
from tradeul.engine.survey import Excerpt, Survey
from tradeul.web.answers import RETRY_AFTER_S, answer, busy, in_turns
from tradeul.web.parameters import Reader, asked_of, whole_number
from tradeul.web.protocol import milliseconds

LARGEST_LIMIT: Final = 1_000
DEFAULT_FILTERED: Final = 100
DEFAULT_GAPPERS: Final = 200
DEFAULT_GAP: Final = 2.0
LONGEST_NUMBER: Final = 32
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

    async def dropped(self, _request: web.Request) -> web.Response:
        """How many symbols each filter drops, and some of them."""
        if self._starting():
            return _starting()
        as_of, found = await self._seen(self._survey.dropped)
        reasons = {reason: {"count": each.count, "examples": each.examples} for reason, each in found.items()}
        return answer({"as_of": as_of, "reasons": reasons})

    async def filtered(self, request: web.Request) -> web.Response:
        """What passes every filter, by score; `count` is how much that is before the limit."""
        asked = asked_of(request, {"limit": _limit})
        if isinstance(asked, web.Response):
            return asked
        if self._starting():
            return _starting()
        limit = asked["limit"] or DEFAULT_FILTERED
        as_of, (count, found) = await self._seen(lambda: (self._survey.count, self._survey.filtered(limit)))
        return answer({"as_of": as_of, "count": count, "rows": await _in_words(found)})

    async def gappers(self, request: web.Request) -> web.Response:
        """Who gaps at least so far, each way, the furthest first."""
        asked = asked_of(request, {"min_gap": _gap, "limit": _limit})
        if isinstance(asked, web.Response):
            return asked
        if self._starting():
            return _starting()
        least = DEFAULT_GAP if asked["min_gap"] is None else asked["min_gap"]
        limit = asked["limit"] or DEFAULT_GAPPERS
        as_of, (up, down) = await self._seen(lambda: self._survey.gappers(least, limit))
        sides = {"up": await _in_words(up), "down": await _in_words(down)}
        return answer({"as_of": as_of, "min_gap": least, **sides})

    def _starting(self) -> bool:
        return self._view.feed().state == "starting" or not self._survey.as_of

    async def _seen(self, look: Callable[[], Seen]) -> tuple[int, Seen]:
        return await self._pipeline.settled(lambda: (milliseconds(self._survey.as_of), look()))


_limit: Final[Reader] = whole_number(LARGEST_LIMIT)


def _gap(text: str) -> float:
    """Read a percentage; Python's own words for numbers, such as `1_000` and `nan`, are none here."""
    try:
        gap = float(text) if len(text) <= LONGEST_NUMBER and text.isascii() and "_" not in text else math.nan
    except ValueError:
        gap = math.nan
    if math.isfinite(gap) and gap >= 0 and text == text.strip():
        return abs(gap)
    raise ValueError("a finite number of percent, 0 or more")


async def _in_words(excerpt: Excerpt) -> orjson.Fragment:
    return await in_turns(excerpt.parts(ROWS_A_TURN))


def _starting() -> web.Response:
    return busy("starting", "the market is not known yet", RETRY_AFTER_S)
