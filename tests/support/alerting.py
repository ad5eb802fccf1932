"""Alerts over a small market: images are shown, lists are made of them, and what rang is written down."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.support.boards import write
from tests.support.market import CALENDAR, NANOS, at, image, take, traded
from tradeul.clock import ManualClock
from tradeul.definitions import AlertDefinition
from tradeul.domain.alerts import Alert
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.scans import Scan
from tradeul.domain.session import moment_at
from tradeul.engine.alert_book import AlertBook
from tradeul.engine.alerts import SETTLING_NS, Alerts
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.scanner import Scanner
from tradeul.engine.visits import Visits

TEN = at("10:00")
SETTLED_S = SETTLING_NS / NANOS
SCANS = (
    Scan("winners", "Winners", "change_percent >= 5", "change_percent desc", size=3),
    Scan("losers", "Losers", "change_percent <= -5", "change_percent asc"),
)


class Drawer:
    """A user's store that keeps what it is given, or refuses."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, object]] = {}
        self.refuses = False

    def load(self) -> Mapping[str, Mapping[str, object]]:
        return self.kept

    def keep(self, section: str, name: str, content: object) -> None:
        if self.refuses:
            raise OSError(28, "No space left on device")
        entries = self.kept.setdefault(section, {})
        entries.pop(name, None)
        if content is not None:
            entries[name] = content


class Desk:
    """A market that has stood for longer than alerts settle, with the rules given."""

    def __init__(self, rules: Mapping[str, Mapping[str, Any]], own: Mapping[str, object] | None = None) -> None:
        self.clock = ManualClock(TEN)
        self.board = Board(capacity=16)
        self.channels = Channels("e1", SCANS, self.clock)
        self.enrichment = Enrichment(self.board, CALENDAR)
        self.scanner = Scanner(self.board, SCANS, [], self.channels)
        self.visits = Visits(self.channels, self.scanner, self.board, CALENDAR)
        self.drawer = Drawer()
        configured = {name: AlertDefinition.model_validate(rule) for name, rule in rules.items()}
        self.book = AlertBook(configured, own or {}, self.drawer, self.channels)
        self.alerts = Alerts(self.book, self.channels, self.board, CALENDAR, self.clock)
        self.visits.heard = self.alerts.heard
        self.rang: list[Alert] = []
        self.alerts.rang = self.rang.append

    def show(self, second: float, /, **prices: float) -> None:
        """Show an image, so many seconds after ten; every symbol closed at ten yesterday."""
        when = Nanos(TEN + round(second * NANOS))
        rows = [traded(symbol, price, 1_000 + second, when) for symbol, price in prices.items()]
        take(self.enrichment, image(*rows, feed_time=when), when)
        self.look(second)

    def put(self, second: float, name: str, /, **values: float) -> None:
        """Have a column of the board say something of symbols, and look at that."""
        for symbol, value in values.items():
            write(self.board, name, self.board.rows_of([Symbol(symbol)]), [value])
        self.look(second)

    def look(self, second: float) -> None:
        when = Nanos(TEN + round(second * NANOS))
        with np.errstate(all="ignore"):
            ranked = self.scanner.rank(when, moment_at(CALENDAR, when).session)
        self.scanner.publish(ranked, when)
        self.visits.look(when)
        self.alerts.look(when)

    def told(self) -> list[tuple[str, str | None, float]]:
        """What rang: rule, symbol, seconds after ten."""
        return [(alert.rule, alert.symbol, (alert.at - TEN) / NANOS) for alert in self.rang]

    def silent(self) -> list[tuple[str, str | None, str]]:
        """What did not: rule, symbol, why."""
        return [(alert.rule, alert.symbol, alert.why) for alert in self.alerts.decisions if alert.why]
