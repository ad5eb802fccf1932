"""Mirrors the user's own lists from user.json into `user_scans`, where SQL finds them beside what they held.

The file is the truth, so nothing waits in a spool: whenever it has changed, and once after the start, `step`, which
the writer calls between its batches, writes all of them anew.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

import orjson
import structlog

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.errors import ConfigurationError
from tradeul.history.batches import storable
from tradeul.history.database import Connection, whole_or_nothing
from tradeul.history.link import Link
from tradeul.history.partitions import moment_of
from tradeul.history.user_file import UserFile

log = structlog.get_logger(__name__)

SECTION: Final = "scans"

_OTHERS_DROPPED: Final = "DELETE FROM user_scans WHERE name <> ALL($1::text[])"
_KEPT: Final = """
INSERT INTO user_scans (name, definition, updated_at)
SELECT name, definition::jsonb, $3 FROM unnest($1::text[], $2::text[]) AS came (name, definition)
ON CONFLICT (name) DO UPDATE SET definition = EXCLUDED.definition, updated_at = EXCLUDED.updated_at
WHERE user_scans.definition <> EXCLUDED.definition"""


class UserScans:
    """Knows which state of the file the database has."""

    def __init__(self, file: UserFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._mirrored: object = ()

    @property
    def mirrored(self) -> bool:
        """Whether the database has the file as it is."""
        return self._mirrored == self._file.stamp()

    async def step(self, link: Link) -> bool:
        """Bring the database up to the file, if it is behind; there is never more to do at once."""
        if self.mirrored:
            return False
        stamp = self._file.stamp()
        try:
            scans = self._file.load().get(SECTION, {})
        except ConfigurationError as error:
            log.warning("lists_not_mirrored", reason=str(error))
            self._mirrored = stamp
            return False
        if await link.does(partial(_keep, scans=scans, now=self._clock.now())):
            self._mirrored = stamp
        return False


async def _keep(connection: Connection, *, scans: Mapping[str, object], now: Nanos) -> None:
    names = [storable(name) for name in scans]
    definitions = [storable(orjson.dumps(definition).decode()) for definition in scans.values()]
    async with whole_or_nothing(connection):
        await connection.execute(_OTHERS_DROPPED, names)
        await connection.execute(_KEPT, names, definitions, moment_of(now))
