"""What is not well, by part, and since when. `view` asks each part; whoever asks for health sees the same.

Looked at once a second, so that `since` is right and each trouble that comes or goes is one line of the log.
"""

from collections.abc import Mapping
from typing import NamedTuple

import structlog

from tradeul.domain.events import Nanos

log = structlog.get_logger(__name__)


class Trouble(NamedTuple):
    """One part's; the words may change while it lasts, as where they count something."""

    part: str
    reason: str
    since: Nanos


class Troubles:
    def __init__(self) -> None:
        self._standing: dict[str, Trouble] = {}

    def look(self, found: Mapping[str, str], now: Nanos) -> tuple[Trouble, ...]:
        """Take what is wrong now, in words by part."""
        before, self._standing = self._standing, {}
        for part, reason in found.items():
            known = before.get(part)
            self._standing[part] = Trouble(part, reason, now if known is None else known.since)
            if known is None:
                log.warning("trouble_began", part=part, reason=reason)
        for part in before.keys() - found.keys():
            log.info("trouble_ended", part=part, reason=before[part].reason)
        return tuple(self._standing.values())
