"""The lists for programs that ask once: `/api/v1/scanner/status` and `/api/v1/scanner/categories`."""

from typing import Final
from weakref import WeakKeyDictionary

import orjson
from aiohttp import web

from tradeul.domain.deltas import ListState, wire_rows
from tradeul.engine.channels import Channel, Channels
from tradeul.engine.ports import View
from tradeul.web import shapes
from tradeul.web.answers import answer, refused
from tradeul.web.api import CSV, asked_of, operation
from tradeul.web.failures import STARTING, UNKNOWN_LIST
from tradeul.web.files import is_held
from tradeul.web.parameters import LIST_PART, whole_number
from tradeul.web.repeats import STANDS, Standing
from tradeul.web.spreadsheet import csv_answer

LARGEST_LIMIT: Final = 1_000
LIMIT: Final = whole_number("limit", "How many rows at most, from the first.", LARGEST_LIMIT, LARGEST_LIMIT)


class Lists:
    def __init__(self, channels: Channels, view: View) -> None:
        self._channels = channels
        self._view = view
        self._bodies: WeakKeyDictionary[Channel, tuple[ListState, bytes]] = WeakKeyDictionary()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/scanner/status", self.status),
            web.get("/api/v1/scanner/categories", self.categories),
            # Before the other, which would take the dot for a part of a name.
            web.get("/api/v1/scanner/categories/{list}.csv", self.sheet),
            web.get("/api/v1/scanner/categories/{list}", self.category),
        ]

    @operation("Lists", shapes.ScannerStatus)
    async def status(self, _request: web.Request) -> web.Response:
        """The way from the market to the lists: how many symbols come how far, how old and how fast it all is."""
        return answer(self._view.scanner_status())

    @operation("Lists", shapes.Categories)
    async def categories(self, _request: web.Request) -> web.Response:
        """Every list, with its size and its version."""
        return answer({"categories": [self._summary(channel) for channel in self._channels.by_name.values()]})

    @operation(
        "Lists", shapes.ListContents, parameters=(LIST_PART, LIMIT), failures=(UNKNOWN_LIST, STARTING), etag=True
    )
    async def category(self, request: web.Request) -> web.Response:
        """One list as it stands now."""
        asked = self._asked(request)
        if isinstance(asked, web.Response):
            return asked
        channel, limit = asked
        # Weak, as the same state may be packed or not.
        etag = f'W/"{self._channels.epoch}-{channel.state.sequence}-{limit}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if is_held(request, etag):
            response = web.Response(status=304, headers=headers)
        else:
            body = self._body(channel, limit)
            response = web.Response(body=body, content_type="application/json", charset="utf-8", headers=headers)
        response[STANDS] = self._standing(channel)
        return response

    def _standing(self, channel: Channel) -> Standing:
        """Tell whether a list is still the one of its name, and as it was."""
        by_name, name, state = self._channels.by_name, channel.scan.name, channel.state
        return Standing(lambda: channel.state is state and by_name.get(name) is channel)

    @operation("Lists", parameters=(LIST_PART, LIMIT), failures=(UNKNOWN_LIST, STARTING), media=(CSV,))
    async def sheet(self, request: web.Request) -> web.Response:
        """One list for a spreadsheet: rank, symbol and the list's columns."""
        asked = self._asked(request)
        if isinstance(asked, web.Response):
            return asked
        channel, limit = asked
        state = channel.state
        rows = [(rank, row.symbol, *row.values) for rank, row in enumerate(state.rows[:limit], 1)]
        return csv_answer(f"{channel.scan.name}.csv", ("rank", "symbol", *state.columns), rows)

    def _asked(self, request: web.Request) -> tuple[Channel, int] | web.Response:
        """Find which list is asked for and how many of its rows, or what is wrong with the question."""
        channel = self._channels.by_name.get(request.match_info["list"])
        if channel is None:
            return refused(UNKNOWN_LIST)
        asked = asked_of(request)
        if isinstance(asked, web.Response):
            return asked
        if self._view.feed().state == "starting":
            return refused(STARTING)
        return channel, asked["limit"]

    def _summary(self, channel: Channel) -> dict[str, object]:
        scan, state = channel.scan, channel.state
        return {
            "name": scan.name,
            "title": scan.title,
            "size": scan.size,
            "count": len(state.rows),
            "epoch": self._channels.epoch,
            "sequence": state.sequence,
        }

    def _body(self, channel: Channel, limit: int) -> bytes:
        """A list in words; the whole of each state only once, as that is what programs ask for again and again."""
        if limit < len(channel.state.rows):
            return orjson.dumps(self._contents(channel, limit))
        known = self._bodies.get(channel)
        if known is None or known[0] is not channel.state:
            known = self._bodies[channel] = channel.state, orjson.dumps(self._contents(channel, limit))
        return known[1]

    def _contents(self, channel: Channel, limit: int) -> dict[str, object]:
        state = channel.state
        return {
            "list": channel.scan.name,
            "epoch": self._channels.epoch,
            "sequence": state.sequence,
            "timestamp": state.timestamp,
            "rows": wire_rows(state)[:limit],
        }
