"""The lists for programs that ask once: `/api/v1/scanner/status` and `/api/v1/scanner/categories`."""

from typing import Final

from aiohttp import web

from tradeul.domain.deltas import wire_rows
from tradeul.engine.channels import Channel, Channels
from tradeul.engine.ports import View
from tradeul.web.answers import answer, bad_parameter, busy, failure

LARGEST_LIMIT: Final = 1_000
RETRY_AFTER_S: Final = 5
"""A snapshot of the market comes about this often, and the first one ends the start."""


class Lists:
    def __init__(self, channels: Channels, view: View) -> None:
        self._channels = channels
        self._view = view

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/scanner/status", self.status),
            web.get("/api/v1/scanner/categories", self.categories),
            web.get("/api/v1/scanner/categories/{list}", self.category),
        ]

    async def status(self, _request: web.Request) -> web.Response:
        return answer(self._view.scanner_status())

    async def categories(self, _request: web.Request) -> web.Response:
        return answer({"categories": [self._summary(channel) for channel in self._channels.by_name.values()]})

    async def category(self, request: web.Request) -> web.Response:
        channel = self._channels.by_name.get(request.match_info["list"])
        if channel is None:
            return failure(404, "unknown_list", "there is no such list")
        limit = limit_of(request)
        if limit is None:
            return bad_parameter("limit", f"a whole number from 1 to {LARGEST_LIMIT}")
        if self._view.feed().state == "starting":
            return busy("starting", "the market is not known yet", RETRY_AFTER_S)
        return answer(self._contents(channel, limit))

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

    def _contents(self, channel: Channel, limit: int) -> dict[str, object]:
        state = channel.state
        return {
            "list": channel.scan.name,
            "epoch": self._channels.epoch,
            "sequence": state.sequence,
            "timestamp": state.timestamp,
            "rows": wire_rows(state)[:limit],
        }


def limit_of(request: web.Request) -> int | None:
    """Read `?limit=`, by default the largest; None when it is none."""
    text = request.query.get("limit", str(LARGEST_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_LIMIT))):
        return None
    limit = int(text)
    return limit if 1 <= limit <= LARGEST_LIMIT else None
