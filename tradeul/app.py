"""The composition root: builds every part from the settings, and alone knows them all.

Start order: the simulated market (where there is no real one), the server, then the engine's loops and the feed. The
server answers before there is a market. Stop order is `supervisor.Stage`'s: viewers are told first, and the feed is
left before the simulated market goes.
"""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from tradeul import alarms, garbage
from tradeul.alarms import Alarms
from tradeul.clock import Clock
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.board import Board
from tradeul.domain.events import LiveEvents, Nanos
from tradeul.domain.session import Session, moment_at
from tradeul.engine.channels import Channels
from tradeul.engine.charts import Charts
from tradeul.engine.demand import EngineDemand
from tradeul.engine.discovery import Discovery
from tradeul.engine.division import Divisions
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.filters import global_filters
from tradeul.engine.fingerprint import Fingerprint
from tradeul.engine.hot_loop import HotLoop
from tradeul.engine.intake import Intake
from tradeul.engine.link_watch import LinkWatch
from tradeul.engine.minutes import Minutes
from tradeul.engine.past_ports import Demand
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.playback import Playback
from tradeul.engine.pulse import Pulse
from tradeul.engine.reconciler import Reconciler
from tradeul.engine.recording_switch import RecordingSwitch
from tradeul.engine.reference import ReferenceKeeper
from tradeul.engine.scanner import Scanner
from tradeul.engine.session_watch import SessionWatch
from tradeul.engine.survey import Survey
from tradeul.engine.symbol_search import SymbolSearch
from tradeul.engine.vendor_hours import VendorHours
from tradeul.engine.view import EngineView
from tradeul.engine.visits import Visits
from tradeul.engine.vitals import Vitals
from tradeul.engine.warmup import Warmup
from tradeul.engine.watches import Watches
from tradeul.engine.whole_state import Engine
from tradeul.engine.why import Why
from tradeul.entrance import rules_of
from tradeul.history.daily import DailyLedger
from tradeul.jobs import Doors, Loading
from tradeul.operations import Operations
from tradeul.own import Own
from tradeul.past import OFF, TODAY, KeptDay, Past
from tradeul.polygon.rest import PolygonRest
from tradeul.polygon.stream import PolygonStream
from tradeul.readings import Parts
from tradeul.recording.recorder import FileRecorder
from tradeul.recordings import recorder_of
from tradeul.settings import Settings
from tradeul.simulation.exchange.server import Exchange
from tradeul.supervisor import Stage, Supervisor
from tradeul.vendor import Vendor, open_market, stream_of, vendor_of
from tradeul.web.aggregates import Aggregates
from tradeul.web.crowd import Crowd
from tradeul.web.hub import Hub
from tradeul.web.routes.backtests import BacktestRoutes
from tradeul.web.routes.history import History
from tradeul.web.routes.jobs import JobRoutes
from tradeul.web.routes.page import read_page
from tradeul.web.routes.recording import RecordingRoutes
from tradeul.web.routes.replay import ReplayRoutes
from tradeul.web.routes.rvol import Rvol
from tradeul.web.routes.rvol_audit import RvolAuditRoutes
from tradeul.web.routes.scan_recall import ScanRecallRoutes
from tradeul.web.routes.sparks import SparkRoutes
from tradeul.web.routes.subscriptions import SubscriptionRoutes
from tradeul.web.routes.survey import SurveyRoutes
from tradeul.web.routes.symbols import Symbols
from tradeul.web.routes.ticker import Ticker
from tradeul.web.routes.why import WhyRoutes
from tradeul.web.server import Address, WebServer
from tradeul.web.viewer import Viewer
from tradeul.world import Place, calendar_of, is_simulated, market_clock, page_folder, place_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What is put together before anything runs."""

    vendor: Vendor
    rest: PolygonRest
    stream: PolygonStream
    pipeline: Pipeline
    discovery: Discovery
    visits: Visits
    parts: Parts
    view: EngineView
    hub: Hub


class App:
    """The whole program in one object. Made and used inside the running loop."""

    def __init__(self, settings: Settings, clock: Clock | None = None, place: Place | None = None) -> None:
        self.settings = settings
        self.place = place or place_of(settings)
        self.rules = rules_of(settings.server)
        self.simulated = is_simulated(settings)
        self.clock = clock or market_clock(settings.clock, simulated=self.simulated)
        self.calendar = AnnouncedCalendar(calendar_of(self.clock))
        self.supervisor = Supervisor(self.clock)
        self.vitals = Vitals(self.clock.now(), simulated=self.simulated)
        self.operations = Operations(self.clock, self.supervisor)
        self.own = Own(settings, self.place.users, self.clock)
        scans = self.own.book.scans()
        self.channels = Channels(secrets.token_hex(8), scans, self.clock)
        self.board = Board(least_sessions=settings.rvol.min_sessions)
        self.enrichment = Enrichment(self.board, self.calendar)
        self.scanner = Scanner(self.board, scans, global_filters(settings.filters), self.channels)
        self.intake = Intake(self.clock, self.calendar, self.vitals)
        self.watches: Watches[Viewer] = Watches(self.board.row_of)
        self.aggregates = Aggregates(self.board, self.watches, lambda: self.enrichment.as_of, settings.hot.interval_ms)
        self.exchange: Exchange | None = None
        self.server: WebServer | None = None
        self.recorder: FileRecorder | None = None
        self.recording: RecordingSwitch | None = None
        self.stream: PolygonStream | None = None
        self.past: Past | None = None
        self.loading: Loading | None = None
        self.minutes: Minutes | None = None
        self.playback: Playback | None = None

    async def run(self) -> None:
        """Start everything, and stop it in order when asked to."""
        try:
            await self.start()
        except BaseException:
            self.supervisor.request_stop("could not start")
            await self.supervisor.run_until_stopped()
            raise
        await self.supervisor.run_until_stopped()

    async def start(self) -> None:
        """Bring every part up; returns when the page is served."""
        made = await self._made()
        self.supervisor.start("hub", made.hub.run, stage=Stage.SERVING)
        await self._begin(made)
        garbage.settle()
        self.operations.start(made.view, self._pulses(made), os.environ)

    async def _made(self) -> Made:
        """Build every part, and serve the page."""
        vendor = await self._vendor()
        if self.playback is None:
            self.recorder = recorder_of(self.settings, self.clock, self.calendar, self.supervisor)
        self.past = self._past()
        rest = self._rest(vendor)
        self.supervisor.add_stop(Stage.FEEDS, "rest", rest.close)

        def refill() -> None:
            discovery.refill()

        stream, reconciler = self._link(vendor, refill)
        self.minutes = self._minutes(stream)
        visits, ringing = self._visits()
        pipeline = self._pipeline(reconciler, visits, ringing)
        if self.recorder is not None:
            self.recording = RecordingSwitch(self.recorder, self.engine(pipeline), self.clock)
        discovery = self._discovery(rest, pipeline, LinkWatch(stream, self.board), visits)
        day = KeptDay(pipeline, self.place.folder / TODAY, self.place.world, self.clock, self.calendar)
        demand = EngineDemand(self.board, pipeline, day.today, lambda: tuple(self.channels.members()))
        self.loading = self._loading(vendor, self.past, demand)
        hours = VendorHours(rest, self.clock, self.calendar, self.vitals, pipeline.take_hours)
        parts = self._parts(stream, reconciler, day, hours, ringing)
        view = self._view(discovery, parts)
        hub = self._hub(view)
        await self._serve(hub, view, visits, rest, pipeline, parts)
        return Made(vendor, rest, stream, pipeline, discovery, visits, parts, view, hub)

    async def _begin(self, made: Made) -> None:
        """Have everything run."""
        pipeline, discovery, start = made.pipeline, made.discovery, self.supervisor.start
        discovery.between = partial(pipeline.keep_state, self.intake.take)
        if self.recording is not None and self.settings.record.enabled:
            self.recording.begin()
        await made.parts.day.start(self.supervisor)
        warmup = self._warmup(made.rest, made.parts.day, pipeline)
        hot_loop = HotLoop(self.intake, pipeline, self.clock, self.settings.hot.interval_ms)
        start("hot loop", hot_loop.run, stage=Stage.ENGINE, pulse=hot_loop.pulse)
        start("discovery", discovery.run, stage=Stage.ENGINE, pulse=discovery.pulse)
        start("refills", discovery.run_refills, stage=Stage.ENGINE)
        start("warmup", warmup.run, stage=Stage.ENGINE)
        start("vendor hours", made.parts.hours.run, stage=Stage.ENGINE)
        start("session watch", SessionWatch(self.clock, self.calendar).run, stage=Stage.ENGINE)
        if self.loading is not None:
            self.loading.start(self.supervisor, warmup)
            made.parts.day.note(self.supervisor, self.enrichment)
            keeper = ReferenceKeeper(self.loading.reference, pipeline, self.board, self.clock)
            start("reference", keeper.run, stage=Stage.ENGINE)
        start("stream", made.stream.run, stage=Stage.FEEDS)

    async def _vendor(self) -> Vendor:
        """Find the vendor's doors; the simulated market's are opened here first."""
        if not self.simulated:
            return vendor_of(self.settings)
        self.exchange, vendor = await open_market(self.settings, self.clock, self.calendar.plan, self.supervisor)
        return vendor

    def _rest(self, vendor: Vendor) -> PolygonRest:
        return PolygonRest(vendor.rest_url, vendor.api_key, self.clock, recorder=self.recorder)

    def _past(self) -> Past | None:
        if self.settings.history.dsn.get_secret_value() == OFF:
            return None
        folder, world = self.place.folder, self.place.world
        past = Past(self.settings.history, folder, world, self.clock, self.calendar)
        past.start(self.supervisor)
        return past

    def _loading(self, vendor: Vendor, past: Past | None, demand: Demand) -> Loading | None:
        if past is None:
            return None
        doors = Doors(vendor.rest_url, vendor.api_key, vendor.companies_url, vendor.companies_key)
        return Loading(past, self.settings, doors, self.clock, self.calendar, demand, self.own.book.scans)

    def _warmup(self, rest: PolygonRest, day: KeptDay, pipeline: Pipeline) -> Warmup:
        loading = self.loading
        if loading is None:
            alone = DailyLedger(rest, None, bool, self.clock, self.calendar)
            return Warmup(alone, None, day.known, pipeline, self.clock, self.calendar, self.vitals)
        return Warmup(loading.daily, loading.volumes, day.known, pipeline, self.clock, self.calendar, self.vitals)

    def _minutes(self, stream: PolygonStream) -> Minutes | None:
        if self.past is None:
            return None
        minutes = Minutes(lambda: stream.state, self.past.writer, self.clock)
        self.supervisor.start("minutes", minutes.run, stage=Stage.ENGINE)
        return minutes

    def _visits(self) -> tuple[Visits, Alarms]:
        chronicle = None if self.past is None else self.past.writer
        visits = Visits(self.channels, self.scanner, self.board, self.calendar, chronicle)
        place = alarms.Place(self.place.folder / alarms.FOLDER, self.place.world)
        rules = self.own.rules()
        ringing = Alarms(rules, place, self.channels, self.board, self.calendar, self.clock, chronicle)
        visits.heard = ringing.alerts.heard
        return visits, ringing

    def engine(self, pipeline: Pipeline) -> Engine:
        """The parts that decide what is published, and a hash of all of it from now on."""
        fingerprint = Fingerprint(self.channels)
        return Engine(self.calendar, self.enrichment, self.scanner, pipeline, self.channels, fingerprint)

    def _link(self, vendor: Vendor, refill: Callable[[], None]) -> tuple[PolygonStream, Reconciler]:
        """The live feed, and what keeps it at what deserves to be followed."""

        def live() -> None:
            reconciler.connected()
            # Nothing is sent again of what was missed; before the first connection nothing was.
            if stream.state.reconnects:
                refill()

        def session() -> Session:
            # A delayed feed has its own time.
            return moment_at(self.calendar, Nanos(self.clock.now() - self.vitals.behind_ns)).session

        self.stream = stream = self._stream(vendor, live)
        hot, sources = self.settings.hot, {"pin": self.own.pins.symbols, "watch": self.watches.symbols}
        reconciler = Reconciler(stream, self.channels, sources, session, self.clock, hot.cooldown_s, hot.reconcile_s)
        self.own.pins.changed = self.watches.changed = reconciler.follow
        self.supervisor.start("reconciler", reconciler.run, stage=Stage.ENGINE)
        return stream, reconciler

    def _stream(self, vendor: Vendor, on_live: Callable[[], None]) -> PolygonStream:
        return stream_of(vendor, self.settings, self.clock, self._deliver, self.recorder, on_live)

    def _deliver(self, events: LiveEvents) -> None:
        self.intake.deliver(events)
        if self.minutes is not None:
            self.minutes.deliver(events)

    def _discovery(self, rest: PolygonRest, pipeline: Pipeline, watch: LinkWatch, visits: Visits) -> Discovery:
        def taken(feed_time: Nanos) -> None:
            watch.look(feed_time)
            visits.record()
            self.operations.snapshot_taken(self.scanner)

        interval_s = self.settings.polygon.snapshot_interval_s
        return Discovery(rest, pipeline, self.clock, self.calendar, self.vitals, interval_s, taken)

    def _pipeline(self, reconciler: Reconciler, visits: Visits, ringing: Alarms) -> Pipeline:
        pipeline: Pipeline
        looks = (
            lambda: reconciler.follow(pipeline.images),
            lambda: self.aggregates.look(pipeline.times),
            lambda: visits.look(self.enrichment.as_of),
            lambda: ringing.alerts.look(self.enrichment.as_of),
            lambda: self.own.scans.failed(self.scanner.failures),
        )
        pipeline = Pipeline(self.enrichment, self.scanner, self.clock, self.vitals, looks, self._tells_halts)
        self.own.start(self.supervisor, pipeline, self.channels, self.scanner)
        return pipeline

    def _tells_halts(self) -> bool:
        return self.stream is not None and self.stream.tells_halts

    def _parts(
        self, stream: PolygonStream, reconciler: Reconciler, day: KeptDay, hours: VendorHours, ringing: Alarms
    ) -> Parts:
        return Parts(
            self.vitals,
            self.scanner,
            self.intake,
            reconciler,
            lambda: stream.state,
            hours,
            day,
            ringing,
            self.past,
            self.loading,
            self.minutes,
            self.recorder,
        )

    def _view(self, discovery: Discovery, parts: Parts) -> EngineView:
        reports = self.operations.reports(parts)
        view = EngineView(
            self.clock, self.calendar, self.vitals, discovery, self.scanner, self.channels, self.intake, reports
        )
        view.playback = self.playback
        return view

    def _pulses(self, made: Made) -> dict[str, Pulse]:
        """What must get on for the program to be of use."""
        writer = {} if self.past is None else {"writer": self.past.writer.pulse}
        return {"ingest": made.discovery.pulse, "ranking": made.pipeline.pulse, **writer}

    def _crowd(self) -> Crowd | None:
        return None if self.server is None else self.server.gate.crowd

    def _ticker(self, view: EngineView, bars: PolygonRest) -> Ticker:
        kept = None if self.past is None else self.past.symbols
        return Ticker(self.board, self.channels, view, Charts(bars, kept, self.clock, self.calendar), kept)

    def _hub(self, view: EngineView) -> Hub:
        under_way = tuple if self.loading is None else self.loading.desk.under_way
        return Hub(self.channels, self.clock, view, self.aggregates, under_way)

    async def _serve(
        self,
        hub: Hub,
        view: EngineView,
        visits: Visits,
        rest: PolygonRest,
        pipeline: Pipeline,
        parts: Parts,
    ) -> None:
        ringing, reconciler = parts.ringing, parts.reconciler
        await ringing.start(self.supervisor, hub, view.market)
        server = self.settings.server
        annals = None if self.past is None else self.past.annals
        self.server = WebServer(
            hub,
            self.channels,
            view,
            read_page(page_folder()),
            self.clock,
            Address(server.host, server.port, self.rules),
            server.max_clients,
            [
                History(self.channels, visits.recent, annals, view),
                ScanRecallRoutes(None if self.loading is None else self.loading.recalls),
                JobRoutes(None if self.loading is None else self.loading.desk),
                WhyRoutes(Why(self.board, self.scanner, self.channels), self.board, self.channels, pipeline, view),
                SurveyRoutes(Survey(self.board, self.scanner), pipeline, view),
                self._ticker(view, rest),
                ringing.routes(),
                SubscriptionRoutes(reconciler),
                SparkRoutes(self.enrichment.sparks, self.board, self.channels, view),
                Rvol(Divisions(self.board, pipeline), None if self.loading is None else self.loading.volumes),
                Symbols(SymbolSearch(self.board), self.settings.page.titled_links()),
                RvolAuditRoutes(None if self.loading is None else self.loading.audits),
                BacktestRoutes(None if self.loading is None else self.loading.backtests, self.own.book),
                *self.own.routes(self.board, self.channels),
                ReplayRoutes(self.playback, self.clock),
                RecordingRoutes(self.recording),
                self.operations.routes(parts, view, hub, self._crowd),
            ],
        )
        self.supervisor.add_stop(Stage.SERVING, "server", self.server.close)
        await self.server.start()
        self.supervisor.start("gate", self.server.run, stage=Stage.SERVING)
        log.info("page_served", address=f"http://{server.host}:{self.server.port}", market=view.market())
