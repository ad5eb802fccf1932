"""What the user made, put together: lists, pins, rules of alerts, and the file that keeps them for all worlds.

`app` makes one before anything else, as lists are made from the first snapshot on.
"""

from collections.abc import Mapping
from pathlib import Path

import structlog
from pydantic import ValidationError

from tradeul.alarms import Rules
from tradeul.clock import Clock
from tradeul.definitions import ScanDefinition
from tradeul.domain.board import Board
from tradeul.engine import alert_book, own_scans, pins
from tradeul.engine.channels import Channels
from tradeul.engine.own_scans import OwnScans
from tradeul.engine.pins import Pins
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.preview import Previews
from tradeul.engine.scan_book import ScanBook
from tradeul.engine.scanner import Scanner
from tradeul.history.user_file import UserFile
from tradeul.settings import Settings
from tradeul.supervisor import Stage, Supervisor
from tradeul.web.routes.pins import PinRoutes
from tradeul.web.routes.scans import Scans
from tradeul.web.server import Part

log = structlog.get_logger(__name__)


class Own:
    """Reads the file at once: a start is refused where it cannot be understood."""

    def __init__(self, settings: Settings, folder: Path, clock: Clock) -> None:
        self._clock = clock
        self._store = UserFile(folder)
        self._rules = settings.alerts
        self._kept = kept = self._store.load()
        self.book = ScanBook(settings.scans, _definitions(kept.get(own_scans.SECTION, {})))
        self.pins = Pins(kept.get(pins.SECTION, {}), self._store, clock)

    def rules(self) -> Rules:
        """The rules there are, the settings' and the user's."""
        return Rules(self._rules, self._kept.get(alert_book.SECTION, {}), self._store)

    def start(self, supervisor: Supervisor, pipeline: Pipeline, channels: Channels, scanner: Scanner) -> None:
        """Have lists be changed while the market runs."""
        self.scans = OwnScans(self.book, pipeline, channels, self._store)
        self._previews = Previews(scanner, pipeline, self._clock)
        supervisor.start("own lists", self.scans.run, stage=Stage.ENGINE)

    def routes(self, board: Board, channels: Channels) -> list[Part]:
        """What of the API is about it."""
        return [Scans(self.scans, self._previews, channels), PinRoutes(self.pins, board)]


def _definitions(kept: Mapping[str, object]) -> dict[str, ScanDefinition]:
    """Read what can be read; the rest stays in the file for the program that wrote it."""
    found = {}
    for name, content in kept.items():
        try:
            found[name] = ScanDefinition.model_validate(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            log.warning("list_not_understood", list=name, part=".".join(map(str, first["loc"])), reason=first["msg"])
    return found
