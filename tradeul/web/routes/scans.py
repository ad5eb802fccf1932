"""Lists as they are defined: `/api/v1/scans` to see, make, change and delete them, and `preview` to try one.

What changes something is refused to other people's pages. A change is kept before it is answered.
"""

from http import HTTPStatus
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from tradeul.definitions import LARGEST_LIST, Name, ScanDefinition
from tradeul.domain.deltas import wire_rows
from tradeul.engine.channels import Channels
from tradeul.engine.own_scans import OwnScans
from tradeul.engine.preview import Previews
from tradeul.engine.refusals import Refused
from tradeul.engine.scan_book import Entry, scan_of
from tradeul.web import shapes
from tradeul.web.answers import answer, refused
from tradeul.web.api import operation
from tradeul.web.bodies import NAME_WANTED, NAMED, bad_part, body_of, refusal_of
from tradeul.web.changes import deleted, made
from tradeul.web.failures import EXISTS, FOREIGN_ORIGIN, NOT_KEPT, NOT_YOURS, STARTING, TOO_MANY, UNKNOWN_LIST
from tradeul.web.parameters import part

NAME: Final = part("name", "The name of a list.", "winners")


class NewScan(ScanDefinition):
    """A definition that comes with its name."""

    name: Name


class TriedScan(ScanDefinition):
    """A definition to be tried, and how many of its rows are wanted."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_LIST)] = 50


class Scans:
    def __init__(self, scans: OwnScans, previews: Previews, channels: Channels) -> None:
        self._scans = scans
        self._previews = previews
        self._channels = channels

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/scans", self.all),
            web.post("/api/v1/scans", self.create),
            web.post("/api/v1/scans/preview", self.preview),
            web.get("/api/v1/scans/{name}", self.one),
            web.put("/api/v1/scans/{name}", self.put),
            web.delete("/api/v1/scans/{name}", self.delete),
        ]

    @operation("Your own", shapes.Scans)
    async def all(self, _request: web.Request) -> web.Response:
        """Every list, those that are switched off or cannot be made too."""
        return answer({"scans": [self._told(entry) for entry in self._scans.book.entries()]})

    @operation("Your own", shapes.ScanTold, parameters=(NAME,), failures=(UNKNOWN_LIST,))
    async def one(self, request: web.Request) -> web.Response:
        """One list as it is defined."""
        name = request.match_info["name"]
        return self._answer(name) if name in self._scans.book else refused(UNKNOWN_LIST)

    @operation(
        "Your own",
        shapes.ScanTold,
        body=NewScan,
        failures=(FOREIGN_ORIGIN, EXISTS, TOO_MANY, NOT_KEPT),
        status=HTTPStatus.CREATED,
    )
    async def create(self, request: web.Request) -> web.Response:
        """Make a list of a name that is free."""
        wish = await body_of(request, NewScan)
        if isinstance(wish, web.Response):
            return wish
        if wish.name in self._scans.book:
            return refused(EXISTS, f"there is a list {wish.name}: PUT changes it")
        definition = ScanDefinition(**wish.model_dump(exclude={"name"}))
        return await self._put(wish.name, definition, HTTPStatus.CREATED)

    @operation(
        "Your own",
        shapes.ScanTold,
        parameters=(NAME,),
        body=ScanDefinition,
        failures=(FOREIGN_ORIGIN, TOO_MANY, NOT_KEPT),
    )
    async def put(self, request: web.Request) -> web.Response:
        """Make a list, or define one anew; what is not said is as built in, or as usual."""
        definition = await body_of(request, ScanDefinition)
        if isinstance(definition, web.Response):
            return definition
        name = request.match_info["name"]
        if name not in self._scans.book and not NAMED.fullmatch(name):
            return bad_part("name", NAME_WANTED)
        return await self._put(name, definition, HTTPStatus.OK)

    @operation(
        "Your own",
        shapes.Deleted,
        parameters=(NAME,),
        failures=(FOREIGN_ORIGIN, UNKNOWN_LIST, NOT_YOURS, NOT_KEPT),
    )
    async def delete(self, request: web.Request) -> web.Response:
        """Delete the user's own definition; a list that was there before it is there again."""
        name = request.match_info["name"]
        return await deleted(name, self._scans.delete(name), UNKNOWN_LIST)

    @operation("Your own", shapes.Preview, body=TriedScan, failures=(STARTING,))
    async def preview(self, request: web.Request) -> web.Response:
        """Try a definition on the market as it stands; keeps nothing."""
        wish = await body_of(request, TriedScan)
        if isinstance(wish, web.Response):
            return wish
        try:
            found = self._previews.of(scan_of("preview", wish))
        except Refused as error:
            return refusal_of(error)
        if found is None:
            return refused(STARTING)
        rows = wire_rows(found.state)[: wish.limit]
        return answer({"count": found.found, "timestamp": found.state.timestamp, "rows": rows, "ms": found.ms})

    async def _put(self, name: str, definition: ScanDefinition, status: HTTPStatus) -> web.Response:
        scan = await made(self._scans.put(name, definition))
        return scan if isinstance(scan, web.Response) else self._answer(name, status)

    def _answer(self, name: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
        return answer(self._told(self._scans.book.entry(name)), status)

    def _told(self, entry: Entry) -> dict[str, object]:
        """A list as it is made, and where it is from; one that is not made as it is defined."""
        channel, scan = self._channels.by_name.get(entry.name), entry.scan
        shown = entry.definition.model_dump(mode="json")
        if scan is not None:
            shown |= {key: getattr(scan, key) for key in shown if key != "enabled"}
        return {
            "name": entry.name,
            "origin": entry.origin,
            "made": scan is not None,
            "reason": entry.reason,
            **shown,
            "count": None if channel is None else len(channel.state.rows),
            "sequence": None if channel is None else channel.state.sequence,
        }
