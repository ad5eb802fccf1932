"""Who shows a token, and whether it opens: known by name and role, wrong, or one try too many.

What is kept is read again when it changes, so that a new token opens and a revoked one does not within a second.
Trying is bounded: five different wrong tokens a minute from one address. The same wrong one again, as a browser's old
cookie is, tells nobody anything and is no further try; who was let in before is not shut out by others at its address.
"""

import asyncio
from typing import Final

import structlog

from tradeul.access import Holder, Holders, digest_of, holder_of
from tradeul.clock import Clock
from tradeul.errors import ConfigurationError

log = structlog.get_logger(__name__)

MOST_TRIES: Final = 5
FAILURE_S: Final = 1.0
"""How long a wrong token is thought about, by whoever asked for it."""
TRIES_WINDOW_S: Final = 60.0
MOST_ADDRESSES: Final = 4_096
MOST_KNOWN: Final = 16
"""Tokens that opened, remembered by address."""


class _Record:
    """What an address has shown of late."""

    __slots__ = ("opened", "wrong")

    def __init__(self) -> None:
        self.opened: dict[bytes, None] = {}
        self.wrong: dict[bytes, float] = {}


class Credentials:
    def __init__(self, kept: Holders, clock: Clock) -> None:
        self._kept = kept
        self._clock = clock
        self._records: dict[str, _Record] = {}
        self._stamp = kept.stamp()
        self._holders = kept.read()

    def opens(self, token: str, address: str) -> Holder | float | None:
        """Find who holds a token; None: nobody; a number: too many were tried, for so many seconds more."""
        digest, now = digest_of(token), self._clock.monotonic()
        record = self._record_of(address)
        holder = holder_of(digest, self._holders)
        if digest not in record.opened:
            self._forget_old(record, now)
            if len(record.wrong) >= MOST_TRIES and digest not in record.wrong:
                return min(record.wrong.values()) + TRIES_WINDOW_S - now
        if holder is None:
            record.opened.pop(digest, None)
            record.wrong[digest] = now
            return None
        if len(record.opened) < MOST_KNOWN:
            record.opened[digest] = None
        return holder

    async def refresh(self) -> bool:
        """Read again what has changed; whether it has. What cannot be read changes nothing, but where it is gone."""
        stamp = await asyncio.to_thread(self._kept.stamp)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self._holders = () if stamp is None else await asyncio.to_thread(self._kept.read)
        except ConfigurationError as error:
            log.warning("tokens_unreadable", reason=str(error))
            return False
        log.info("tokens_read", count=len(self._holders))
        return True

    def still_holds(self, holder: Holder) -> bool:
        return holder in self._holders

    def _record_of(self, address: str) -> _Record:
        record = self._records.pop(address, None) or _Record()
        self._records[address] = record
        if len(self._records) > MOST_ADDRESSES:
            del self._records[next(iter(self._records))]
        return record

    @staticmethod
    def _forget_old(record: _Record, now: float) -> None:
        for digest in [each for each, at in record.wrong.items() if now - at >= TRIES_WINDOW_S]:
            del record.wrong[digest]
