"""A recording that is played: `GET /api/v1/replay` tells how, `POST` moves its controls."""

from typing import Annotated, Final, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.engine.playback import Playback
from tradeul.web import shapes
from tradeul.web.answers import answer, refused
from tradeul.web.api import operation
from tradeul.web.bodies import bad_part, body_of
from tradeul.web.failures import FOREIGN_ORIGIN, NO_REPLAY
from tradeul.web.protocol import milliseconds, played_fields

MOST_SPEED: Final = 10_000
_MS_NS: Final = 1_000_000


class Controls(BaseModel):
    """What is to be changed; all else stays as it is. Where it goes on is done first."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    at: int | None = Field(None, description="Go on from this moment of the recording, in milliseconds.")
    speed: Annotated[float, Field(gt=0, le=MOST_SPEED, allow_inf_nan=False)] | Literal["max"] | None = Field(
        None, description="Market seconds per second, or as fast as it goes."
    )
    paused: bool | None = Field(None, description="Whether it stands still.")
    step: bool = Field(default=False, description="Play up to and with the next snapshot, and stand still.")


class ReplayRoutes:
    """Where nothing is played, both say so."""

    def __init__(self, playback: Playback | None, clock: Clock) -> None:
        self._playback = playback
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/replay", self.told), web.post("/api/v1/replay", self.move)]

    @operation("Program", shapes.Replay, failures=(NO_REPLAY,))
    async def told(self, _request: web.Request) -> web.Response:
        """Which recording is played, how fast, where it stands, and whether it shows what was shown live."""
        return refused(NO_REPLAY) if self._playback is None else self._told(self._playback)

    @operation("Program", shapes.Replay, body=Controls, failures=(FOREIGN_ORIGIN, NO_REPLAY))
    async def move(self, request: web.Request) -> web.Response:
        """Pause, play on, step, change the speed, or go on from another moment; for everybody who looks on."""
        playback, wish = self._playback, await body_of(request, Controls)
        if playback is None:
            return refused(NO_REPLAY)
        if isinstance(wish, web.Response):
            return wish
        playing = playback.playing()
        if wish.at is not None and not milliseconds(playing.first) <= wish.at <= milliseconds(playing.last):
            return bad_part("at", "a moment from `first` to `last`")
        _move(playback, wish)
        return self._told(playback)

    def _told(self, playback: Playback) -> web.Response:
        return answer({**played_fields(playback.playing(), self._clock.now()), "differs": playback.differs()})


def _move(playback: Playback, wish: Controls) -> None:
    if wish.at is not None:
        playback.seek(Nanos(wish.at * _MS_NS))
    if wish.speed is not None:
        playback.set_speed(None if wish.speed == "max" else wish.speed)
    if wish.paused is not None:
        (playback.pause if wish.paused else playback.go_on)()
    if wish.step:
        playback.step()
