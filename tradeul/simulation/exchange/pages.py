"""Long lists in pages, for every path that has them: cursors, the way to the next page, and what can go wrong with it.

A cursor holds all that the next page needs, so nothing is remembered between requests.
"""

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from itertools import count as count_from
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import orjson
from aiohttp import web

from tradeul.errors import UsageError
from tradeul.simulation.exchange.answers import ROWS_PER_SLICE, Answers
from tradeul.simulation.exchange.gate import Gate

OTHER_HOST: Final = "https://api.polygon.io"
_KEYS: Final = frozenset({"apiKey", "apikey"})
_UPDATED: Final = ("last_updated_utc", "effective_date", "date")
"""What an older version of a row has older; without it the row just comes twice."""
_DATE_LENGTH: Final = 10
_HOSTILE: Final = (
    '<img src=x onerror="globalThis.harmed = 1">',
    "<svg/onload=globalThis.harmed=1><a href=javascript:harmed=1>x</a>",
    "</td></tr></table><script>globalThis.harmed = 1</script><iframe srcdoc=x>",
    "Safe \u202e.cnI \u2066dna\u2069 \u200fsnoS",
    "N\x00U\x00L\x1b[2J\r\nSet-Cookie: a=b\u2028\ufeff",
    "=HYPERLINK(A1)&lt;b&gt;${harmed=1}{{harmed=1}}",
    "<b>" + "W" * 10_000,
)
"""What a name can hold that somebody gave a company in order to be shown to others."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list a request is: what was asked at first, the page's number, and its first item."""

    query: Mapping[str, str]
    number: int = 1
    start: int = 0
    over: bool = False
    """Nothing comes any more, whatever there is."""
    last: dict[str, Any] = field(default_factory=dict)
    """The last row of the page before, if it is to come again."""


class Following(NamedTuple):
    """Where the next page is."""

    path: str
    start: int


@dataclass(frozen=True, slots=True)
class Page:
    """The right answer. `last` gives its last row."""

    head: dict[str, Any]
    count: int
    rows: Iterator[bytes]
    last: Callable[[], bytes]
    following: Following | None
    counts: tuple[str, ...] = ()
    """Under which names the head says how many rows there are."""
    at_once: int = ROWS_PER_SLICE


class Pages:
    """Finds a request's place, and sends its page."""

    def __init__(self, answers: Answers, gate: Gate) -> None:
        self._answers = answers
        self._gate = gate

    def place(self, request: web.Request) -> Place:
        """Read the cursor; without one, this is the first page of what the query says."""
        cursor = request.query.get("cursor")
        if cursor is None:
            return Place({name: value for name, value in request.query.items() if name not in _KEYS})
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=Place)
        except (binascii.Error, msgspec.DecodeError, ValueError) as error:
            raise UsageError("The cursor is not one of ours.") from error

    async def of_list(
        self,
        request: web.Request,
        place: Place,
        items: Sequence[Item],
        encode: Callable[[Item], bytes],
        limit: int,
        *,
        counted: bool = False,
    ) -> web.StreamResponse:
        """Send the page of a list whose items are all known."""
        end = place.start + limit
        part = items[place.start : end]
        page = Page(
            head={"status": "OK", "request_id": self._answers.request_id()},
            count=len(part),
            rows=map(encode, part),
            last=lambda: encode(part[-1]),
            following=Following(request.path, end) if end < len(items) else None,
            counts=("count",) if counted else (),
        )
        return await self.send(request, place, page)

    async def send(self, request: web.Request, place: Place, page: Page) -> web.StreamResponse:
        """Send a page, or what a fault makes of it."""
        name, options = self._gate.fault_at("page", request) or ("", {})
        if name == "bad_page" and place.number == options["number"]:
            return self._answers.refusal(400, "The cursor has gone bad.")
        count, rows, following = page.count, page.rows, page.following
        if place.over:
            count, rows, following = 0, iter(()), None
        if place.last:
            count, rows = count + 1, chain([_older(place.last)], rows)
        if name == "hostile_names":
            rows = map(_hostile, rows, count_from(place.start))
        head = page.head | dict.fromkeys(page.counts, count)
        target = _target(request, place, following, name)
        if target is not None:
            path, after = target
            if name == "repeated_rows" and page.count:
                after = replace(after, last=orjson.loads(page.last()))
            host = OTHER_HOST if name == "other_host" else f"{request.scheme}://{request.host}"
            head["next_url"] = f"{host}{path}?cursor={_cursor(after)}"
        return await self._answers.listing(request, head, "results", rows, page.at_once)

    async def numbered(
        self, request: web.Request, items: Sequence[Item], encode: Callable[[Item], bytes], number: int, size: int
    ) -> web.StreamResponse:
        """Send a page that was asked for by its number, counted from 0, as a bare list."""
        name, options = self._gate.fault_at("page", request) or ("", {})
        if name == "bad_page" and number + 1 == options["number"]:
            body = orjson.dumps({"Error Message": "Invalid page."})
            return web.Response(body=body, status=400, content_type="application/json")
        if name == "endless_pages":
            number = min(number, max(0, (len(items) - 1) // size))
        start = number * size
        rows: Iterator[bytes] = map(encode, items[start : start + size])
        if name == "repeated_rows" and 0 < start <= len(items):
            rows = chain([_older(orjson.loads(encode(items[start - 1])))], rows)
        return await self._answers.array(request, rows)


def _target(request: web.Request, place: Place, following: Following | None, fault: str) -> tuple[str, Place] | None:
    """The path and the place of what is said to be the next page."""
    if fault == "endless_pages":
        return request.path, place
    after = replace(place, number=place.number + 1, last={})
    if following is not None:
        return following.path, replace(after, start=following.start)
    if fault == "empty_last_page" and not place.over:
        return request.path, replace(after, over=True)
    return None


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def _hostile(row: bytes, number: int) -> bytes:
    if b'"name":' not in row:
        return row
    return orjson.dumps({**orjson.loads(row), "name": _HOSTILE[number % len(_HOSTILE)]})


def _older(row: dict[str, Any]) -> bytes:
    """The row as it was a day ago."""
    content = dict(row)
    for name in _UPDATED:
        if name in content:
            day = dt.date.fromisoformat(content[name][:_DATE_LENGTH]) - dt.timedelta(days=1)
            content[name] = day.isoformat() + content[name][_DATE_LENGTH:]
    return orjson.dumps(content)
