"""Recording what comes: `GET /api/v1/recording` tells whether and into which file, `PUT` turns it on and off."""

from pathlib import PurePath
from typing import Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from tradeul.engine.recording_switch import RecorderState, RecordingSwitch
from tradeul.web import shapes
from tradeul.web.answers import answer, refused
from tradeul.web.api import operation
from tradeul.web.bodies import body_of
from tradeul.web.failures import FOREIGN_ORIGIN, REPLAYED
from tradeul.web.gate import HOLDER

NOTHING: Final = RecorderState(
    enabled=False, file=None, writing=False, bodies=0, frames=0, bytes_in=0, bytes_out=0, dropped=0, failures=0
)


class RecordingWish(BaseModel):
    """How it is to be."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    enabled: bool = Field(description="Whether everything that comes from the vendor is kept from now on.")


class RecordingRoutes:
    """Where a recording is played there is no switch, and nothing to turn on."""

    def __init__(self, switch: RecordingSwitch | None) -> None:
        self._switch = switch

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/recording", self.told), web.put("/api/v1/recording", self.turn)]

    @operation("Program", shapes.Recording)
    async def told(self, request: web.Request) -> web.Response:
        """Whether it records, into which file, and how much since the program started."""
        return _told(request, NOTHING if self._switch is None else self._switch.state)

    @operation("Program", shapes.Recording, body=RecordingWish, failures=(FOREIGN_ORIGIN, REPLAYED))
    async def turn(self, request: web.Request) -> web.Response:
        """Begin to record, or end it; the same again changes nothing. A replay can begin with the next snapshot.

        Answers once the file is begun, or whole; `writing` tells whether a slow disk is still at it.
        """
        wish = await body_of(request, RecordingWish)
        if isinstance(wish, web.Response):
            return wish
        if self._switch is None:
            return refused(REPLAYED) if wish.enabled else _told(request, NOTHING)
        return _told(request, await self._switch.turn(on=wish.enabled))


def _told(request: web.Request, state: RecorderState) -> web.Response:
    holder = request.get(HOLDER)
    if state.file is not None and holder is not None and not holder.may_change():
        # Where it lies on our disk is for whoever may change things here.
        state = state._replace(file=PurePath(state.file).name)
    return answer(state._asdict())
