"""A recording shown on the page: the whole program, with the tape where the vendor and the live feed would be.

It has a world of its own, `replay-` and the file's name, so nothing of it gets among what is live. No vendor is asked
for anything, no history is written, and no alert rings that was made for the live market.
"""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Literal

import structlog

from tradeul import logs
from tradeul.app import App, Made
from tradeul.clock import LedClock
from tradeul.domain.events import DailyBars, Nanos, Symbol, SymbolBars
from tradeul.engine.playback import Playing
from tradeul.engine.rerun import Rerun
from tradeul.engine.session_watch import SessionWatch
from tradeul.engine.view import EngineView
from tradeul.errors import VendorUnavailable
from tradeul.polygon.rest import PolygonRest
from tradeul.polygon.stream import PolygonStream
from tradeul.replay.charts import RecordedCharts
from tradeul.replay.command import range_of
from tradeul.replay.pace import FASTEST, Pace
from tradeul.replay.player import Player, Range
from tradeul.replay.tape import Tape
from tradeul.settings import Settings
from tradeul.supervisor import Stage
from tradeul.vendor import Vendor
from tradeul.web.routes.ticker import Ticker
from tradeul.world import Place, user_folder

NOBODY = Vendor("http://replay.invalid", "ws://replay.invalid", "", "http://replay.invalid", None)

MS_NS: Final = 1_000_000

log = structlog.get_logger(__name__)


class NoVendor(PolygonRest):
    """Is asked like the vendor, and knows nothing: nothing leaves the machine for a replay."""

    async def daily_bars(self, day: dt.date, *, adjusted: bool = True) -> DailyBars:
        raise VendorUnavailable(f"a replay asks no vendor for the bars of {day}{'' if adjusted else ' as traded'}")

    async def bars(
        self,
        symbol: Symbol,
        span: int | Literal["day"],  # noqa: ARG002
        first: Nanos | dt.date,  # noqa: ARG002
        last: Nanos | dt.date,  # noqa: ARG002
        *,
        adjusted: bool = False,  # noqa: ARG002
    ) -> SymbolBars:
        raise VendorUnavailable(f"a replay asks no vendor for bars of {symbol}")


class NoFeed(PolygonStream):
    """Connects to nobody; whether halts are told, the tape says."""

    halts: Callable[[], bool] = bool

    @property
    def tells_halts(self) -> bool:
        return self.halts()


class Controls:
    """Implements `Playback` over the player's pace."""

    def __init__(self, tape: Tape, span: Range, pace: Pace) -> None:
        self._tape = tape
        self._first = max(tape.states[0], span.first or tape.states[0])
        self._last = min(tape.ends, span.last or tape.ends)
        self._pace = pace
        self.rerun: Rerun | None = None

    def playing(self) -> Playing:
        pace, header = self._pace, self._tape.header
        speed = None if math.isinf(pace.speed) else pace.speed
        name = f"{header.market}, {header.date}"
        moments = (self._first, self._last)
        return Playing(self._tape.name, name, *moments, speed, pace.paused, pace.seeking, pace.ended, pace.leaps)

    def differs(self) -> str:
        difference = None if self.rerun is None else self.rerun.difference
        return "" if difference is None else str(difference)

    def set_speed(self, speed: float | None) -> None:
        self._pace.set_speed(FASTEST if speed is None else speed)

    def pause(self) -> None:
        self._pace.pause()

    def go_on(self) -> None:
        self._pace.go_on()

    def step(self) -> None:
        self._pace.step()

    def seek(self, at: Nanos) -> None:
        # Moments come in milliseconds: the last one means the end, and not just before what came then.
        self._pace.seek(Nanos(self._last + 1) if at // MS_NS >= self._last // MS_NS else at)


class ReplayApp(App):
    """The program over a tape."""

    def __init__(self, settings: Settings, tape: Tape, span: Range, speed: float) -> None:
        self._led = LedClock(tape.state_before(span.first))
        self._tape, self._span = tape, span
        self._pace = Pace(self._led, speed)
        self._controls = Controls(tape, span, self._pace)
        super().__init__(settings_of(settings), self._led, place_of(settings, tape))
        self.playback = self._controls

    async def _vendor(self) -> Vendor:
        return NOBODY

    def _rest(self, vendor: Vendor) -> PolygonRest:
        return NoVendor(vendor.rest_url, vendor.api_key, self.clock)

    def _stream(self, vendor: Vendor, on_live: Callable[[], None]) -> PolygonStream:
        self._feed = NoFeed(vendor.ws_url, vendor.api_key, self.clock, self._deliver, on_live=on_live)
        return self._feed

    def _ticker(self, view: EngineView, bars: PolygonRest) -> Ticker:
        charts = RecordedCharts(self._tape.path, bars, self.clock, self.calendar)
        self.supervisor.start("charts", charts.run, stage=Stage.ENGINE, restart=False)
        return Ticker(self.board, self.channels, view, charts, None)

    def _failed(self, failures: Mapping[str, str]) -> None:
        """That a list was given up is on the tape."""

    async def _begin(self, made: Made) -> None:
        rerun = Rerun(self.engine(made.pipeline), made.discovery, self.intake, self._led.show)
        made.pipeline.log = self._controls.rerun = rerun
        self._feed.halts = lambda: rerun.halts_told
        player = Player(self._tape, rerun, self.vitals, self._pace, self._span)
        player.went_back = made.visits.forget
        player.ended = partial(self._tell_end, player, rerun)
        self.supervisor.start("player", player.run, stage=Stage.FEEDS)
        self.supervisor.start("session watch", SessionWatch(self.clock, self.calendar).run, stage=Stage.ENGINE)

    @staticmethod
    def _tell_end(player: Player, rerun: Rerun) -> None:
        same = player.played.running == rerun.running and rerun.difference is None
        facts = {"snapshots": player.played.snapshots, "states": rerun.states, "gaps": len(player.played.gaps)}
        log.info("replay_ended", hash=rerun.running.hex(), same_as_live=same, **facts)


def settings_of(settings: Settings) -> Settings:
    """The settings as far as they concern a replay: who is let in, and what the page shows."""
    shut = {
        "market": settings.market.model_copy(update={"source": "simulation"}),
        "history": settings.history.model_copy(update={"dsn": type(settings.history.dsn)("off")}),
        "record": settings.record.model_copy(update={"enabled": False}),
        "alerts": {},
        "scans": {},
    }
    return settings.model_copy(update=shut)


def place_of(settings: Settings, tape: Tape) -> Place:
    """The replay's own world; what is made in it, such as a list, is in there too."""
    world = "replay-" + re.sub(r"[^a-z0-9-]+", "-", tape.name.removesuffix(".trec").lower())
    folder = user_folder(settings) / world
    return Place(world, folder, folder)


async def serve(settings: Settings, file: Path, first: str | None, last: str | None, speed: float) -> bool:
    """Play a recording on the page until stopped; whether all of it ended then."""
    tape = Tape(file)
    try:
        span = range_of(tape, first, last)
        logs.configure(settings.log.level, settings.log.format)
        app = ReplayApp(settings, tape, span, speed)
        await app.run()
        return not app.supervisor.abandoned
    finally:
        tape.close()
