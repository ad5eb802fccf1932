"""Alerts, put together: the rules, what is kept of them, the viewers and the other programs that are told.

`app` makes them. Without a folder to ourselves they ring all the same, but a restart knows nothing of it, and webhooks
that wait end with the program; health says why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.definitions import AlertDefinition
from tradeul.domain.alerts import Alert
from tradeul.domain.board import Board
from tradeul.domain.session import TradingCalendar
from tradeul.engine.alert_book import AlertBook
from tradeul.engine.alert_memory import AlertMemory
from tradeul.engine.alerts import Alerts
from tradeul.engine.channels import Channels
from tradeul.engine.ports import Chronicle, UserStore
from tradeul.errors import FolderInUse
from tradeul.history.lockfile import FolderLock
from tradeul.history.ownership import make_folder
from tradeul.history.ringing import RingingFile
from tradeul.supervisor import Stage, Supervisor
from tradeul.web import protocol
from tradeul.web.hub import Hub
from tradeul.web.routes.alerts import AlertRoutes
from tradeul.webhooks.couriers import COURIERS, Couriers, Target
from tradeul.webhooks.outbox import Outbox
from tradeul.webhooks.outbox_file import OutboxFile

FOLDER: Final = "alerts"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a world's alerts are kept."""

    folder: Path
    world: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules there are at the start, and what keeps those that the user makes."""

    configured: Mapping[str, AlertDefinition]
    own: Mapping[str, object]
    store: UserStore


class Alarms:
    """The parts, and what they say of themselves."""

    def __init__(
        self,
        rules: Rules,
        place: Place,
        channels: Channels,
        board: Board,
        calendar: TradingCalendar,
        clock: Clock,
        chronicle: Chronicle | None,
    ) -> None:
        book = AlertBook(rules.configured, rules.own, rules.store, channels)
        self.alerts = Alerts(book, channels, board, calendar, clock, chronicle)
        self._place = place
        self._lock = FolderLock(place.folder)
        self._trouble = self._taken()
        self._memory = (
            None if self._trouble else AlertMemory(self.alerts, RingingFile(place.folder, place.world), clock)
        )
        self._outbox = Outbox(None if self._trouble else OutboxFile(place.folder), clock)
        self._couriers = Couriers(self._outbox, self._target_of, clock)

    async def start(self, supervisor: Supervisor, hub: Hub, market: Callable[[], str]) -> None:
        """Go on from what was kept, and tell from here on, of which market. Nothing has been looked at yet."""

        def rang(alert: Alert) -> None:
            hub.tell(protocol.alert(alert))
            self._couriers.send(alert)

        await self._outbox.restore()
        self._couriers.market = market
        self.alerts.rang = rang
        if self._memory is not None:
            await self._memory.restore()
            supervisor.start("alerts", self._memory.run, stage=Stage.HISTORY)
        supervisor.start("outbox", self._outbox.run, stage=Stage.HISTORY)
        for number in range(1, COURIERS + 1):
            supervisor.start(f"webhooks {number}", self._couriers.deliver, stage=Stage.HISTORY)
        supervisor.add_stop(Stage.HISTORY, "alerts", self._close)

    def routes(self) -> AlertRoutes:
        """What of the API is about them."""
        return AlertRoutes(self.alerts, self._couriers)

    @property
    def webhooks_waiting(self) -> int:
        """How many alerts are to be told to other programs yet."""
        return len(self._outbox)

    def report(self) -> dict[str, object]:
        """For health: how many rules there are, and how it stands with the webhooks."""
        book, webhooks = self.alerts.book, self._couriers.report()
        kept = self._trouble or ("" if self._memory is None else self._memory.trouble)
        return {
            "rules": len(book.rules),
            "cannot_ring": sum(bool(book.trouble(rule)) for rule in book),
            "fired": sum(rule.fired for rule in book),
            "suppressed": sum(rule.suppressed for rule in book),
            "webhooks": webhooks,
            "trouble": kept or webhooks["trouble"],
        }

    def _taken(self) -> str:
        """Take the folder; why it cannot be had, or nothing."""
        try:
            make_folder(self._place.folder)
            self._lock.take()
        except (FolderInUse, OSError) as error:
            log.warning("alerts_not_kept", reason=str(error))
            return f"alerts that rang and webhooks that wait are not kept: {error}"
        return ""

    def _target_of(self, name: str) -> Target | None:
        rule = self.alerts.book.rules.get(name)
        definition = None if rule is None else rule.definition
        if definition is None or definition.webhook is None:
            return None
        secret = definition.webhook_secret
        return Target(definition.webhook, "" if secret is None else secret.get_secret_value())

    async def _close(self) -> None:
        if self._memory is not None:
            await self._memory.close()
        await self._couriers.close()
        self._lock.release()
