"""What is kept of a world, put together: today, which survives a restart, and the past in its database.

`app` makes them. Nothing that is live waits for anything in here, but the first snapshot for today to be restored.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from tradeul import logs
from tradeul.clock import Clock
from tradeul.domain.session import TradingCalendar
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.published import Published
from tradeul.engine.today import Today
from tradeul.errors import FolderInUse
from tradeul.history.annals import PostgresAnnals
from tradeul.history.checkpoint import Checkpoints
from tradeul.history.dayfile import DayFiles
from tradeul.history.embedded import EmbeddedPostgres, Patience
from tradeul.history.known import KnownFiles
from tradeul.history.lockfile import FolderLock
from tradeul.history.ownership import make_folder
from tradeul.history.published_files import PublishedFiles
from tradeul.history.slot_drain import SlotDrain
from tradeul.history.symbol_annals import PostgresSymbolAnnals
from tradeul.history.user_file import UserFile
from tradeul.history.user_scans import UserScans
from tradeul.history.writer import HistoryWriter
from tradeul.settings import History
from tradeul.supervisor import Stage, Supervisor

log = structlog.get_logger(__name__)

TODAY: Final = "today"
"""Where the day's files lie, in the folder of a world."""
EMBEDDED: Final = "embedded"
OFF: Final = "off"
PATIENCE: Final = Patience(stop_s=0.6, quit_s=0.2)
"""A stage of the shutdown gives its parts little more. A server that is killed loses no row that was written."""

SERVER_STARTS_WITHIN_S: Final = 10.0
LOOK_EVERY_S: Final = 0.05


class Past:
    """The parts, and what they say of themselves."""

    def __init__(self, settings: History, folder: Path, world: str, clock: Clock, calendar: TradingCalendar) -> None:
        dsn = settings.dsn.get_secret_value()
        self._embedded = EmbeddedPostgres(folder, clock, settings.pg_bin, PATIENCE) if dsn == EMBEDDED else None
        if self._embedded is None:
            logs.mask(dsn)
        self.address = address = self._address(dsn)
        """Gives where the database is; nothing while it has not started."""
        self.world = world
        self._clock = clock
        self.slots = SlotDrain(DayFiles(folder / TODAY, world), clock, calendar)
        self.published = PublishedFiles(folder / TODAY, world)
        self.scans = UserScans(UserFile(folder.parent), clock)
        self.writer = HistoryWriter(address, world, clock, folder / "spool", others=[self.slots, self.scans])
        self.annals = PostgresAnnals(address, world, calendar)
        self.symbols = PostgresSymbolAnnals(address, world, calendar)

    def start(self, supervisor: Supervisor) -> None:
        """Have the parts run, and end in their order: the writer's last rows go out before the server does."""
        if self._embedded is not None:
            supervisor.start("postgres", self._embedded.run, stage=Stage.DATABASE)
            supervisor.add_stop(Stage.DATABASE, "postgres", self._embedded.stop)
        supervisor.start("history", self._write, stage=Stage.HISTORY, pulse=self.writer.pulse)
        supervisor.add_stop(Stage.HISTORY, "history", self.writer.close)
        supervisor.add_stop(Stage.HISTORY, "annals", self.annals.close)
        supervisor.add_stop(Stage.HISTORY, "symbols", self.symbols.close)

    @property
    def ready(self) -> bool:
        """Whether the database is there and has our tables."""
        return self.writer.report.connected

    @property
    def bytes_on_disk(self) -> int | None:
        """What the database takes, where it is ours and was weighed."""
        return None if self._embedded is None else self._embedded.state.bytes_on_disk

    async def _write(self) -> None:
        """Write for ever, once the server that starts with us is there, or should be."""
        waited = 0.0
        while not self.address() and waited < SERVER_STARTS_WITHIN_S:
            await self._clock.pause(LOOK_EVERY_S)
            waited += LOOK_EVERY_S
        await self.writer.run()

    def report(self) -> dict[str, object]:
        """For health: what was written and what waits, and why if it does."""
        writer = self.writer.report
        said: dict[str, object] = {
            "enabled": True,
            **writer._asdict(),
            "since": writer.since // 1_000_000,
            "slots_kept": self.slots.slots_kept,
            "days_finished": self.slots.days_finished,
            "slot_files_waiting": self.slots.files_waiting,
        }
        trouble = "" if writer.connected else writer.last_error
        if self._embedded is not None:
            server = self._embedded.state
            said["server"] = {
                "running": server.running,
                "pid": server.pid,
                "version": server.version,
                "since": None if server.since is None else server.since // 1_000_000,
                "bytes_on_disk": server.bytes_on_disk,
                "restarts": server.restarts,
                "last_error": server.last_error,
            }
            trouble = server.last_error if server.last_error and not server.running else trouble
        return {**said, "trouble": f"history waits to be written: {trouble}" if trouble else ""}

    def _address(self, dsn: str) -> Callable[[], str]:
        embedded = self._embedded
        return (lambda: dsn) if embedded is None else (lambda: embedded.dsn)


class KeptDay:
    """Today in files of a folder. Without that folder to ourselves it is not kept, and health says why."""

    def __init__(self, pipeline: Pipeline, folder: Path, world: str, clock: Clock, calendar: TradingCalendar) -> None:
        self._folder = folder
        self._world = world
        self._clock = clock
        self._calendar = calendar
        self._lock = FolderLock(folder)
        self.today = Today(pipeline, clock, calendar, DayFiles(folder, world), Checkpoints(folder, world))
        self._known = KnownFiles(folder, world)
        self._published: Published | None = None
        self._trouble = ""

    async def start(self, supervisor: Supervisor) -> None:
        """Go on with the day as the last process left it, and keep it from here on. The board is still empty."""
        try:
            make_folder(self._folder)
            self._lock.take()
        except (FolderInUse, OSError) as error:
            self._trouble = str(error)
            log.warning("today_not_kept", reason=str(error))
            return
        await self.today.restore()
        supervisor.start("today", self.today.run, stage=Stage.ENGINE)
        supervisor.add_stop(Stage.ENGINE, "today", self._close)

    def note(self, supervisor: Supervisor, enrichment: Enrichment) -> None:
        """Note what relative volumes stand at each slot's end, if the folder is ours; the night's audit reads it."""
        if self._trouble:
            return
        files = PublishedFiles(self._folder, self._world)
        self._published = published = Published(enrichment.board, files, self._clock, self._calendar)
        enrichment.slot_closed = published.note
        supervisor.start("published", published.run, stage=Stage.ENGINE)
        supervisor.add_stop(Stage.ENGINE, "published", published.close)

    @property
    def known(self) -> KnownFiles | None:
        """What history said last; None if the folder is not ours."""
        return None if self._trouble else self._known

    def report(self) -> dict[str, object]:
        """For health: what was restored and kept."""
        state = self.today.state
        saved_at = None if state.saved_at is None else state.saved_at // 1_000_000
        why = self._trouble or state.refusal
        trouble = f"today is not kept, and would not survive a restart: {why}" if why else ""
        lost = 0 if self._published is None else self._published.lost
        return {**state._asdict(), "saved_at": saved_at, "published_lost": lost, "trouble": trouble}

    async def _close(self) -> None:
        await self.today.close()
        self._lock.release()
