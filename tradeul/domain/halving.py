"""Notices when far fewer symbols pass the filters than a snapshot ago: what then is wrong is hardly the market.

`operations` shows it each snapshot. It is over once they are back, with another session, or after a while, as the
market may be so from then on.
"""

from typing import Final

from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS, Session

LEAST: Final = 20
"""Fewer come and go by chance."""
LASTS_S: Final = 300
LEARNED: Final = 1.1
"""Where the relative volume of so many times as many symbols is known as before, other ones pass by right."""


class Halving:
    def __init__(self) -> None:
        self._session: Session | None = None
        self._passed = self._known = 0
        self._from = 0
        """How many passed before it halved; 0 while all is well."""
        self._since = Nanos(0)

    def look(self, passed: int, known: int, session: Session, now: Nanos) -> None:
        """Take how many pass as of a new snapshot, and of how many the relative volume is known."""
        before, self._passed = self._passed, passed
        learned, self._known = known > LEARNED * self._known, known
        if session is not self._session or learned:
            self._session, self._from = session, 0
        elif self._from:
            if 2 * passed > self._from or now - self._since > LASTS_S * NANOS:
                self._from = 0
        elif before >= LEAST and 2 * passed <= before:
            self._from, self._since = before, now

    @property
    def trouble(self) -> str:
        """In words; empty while all is well."""
        if not self._from:
            return ""
        return f"{self._passed} symbols pass the filters, of {self._from} just before: /api/v1/scanner/dropped says why"
