"""Lists made, changed and deleted while the market runs; each change is kept before it shows.

The HTTP routes call it. One change at a time; what cannot be read or kept changes nothing.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from tradeul.definitions import ScanDefinition
from tradeul.engine.channels import Channels
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import UserStore
from tradeul.engine.refusals import NotYours
from tradeul.engine.scan_book import Entry, Origin, ScanBook

log = structlog.get_logger(__name__)

SECTION: Final = "scans"


class OwnScans:
    """Owns the book from the start on."""

    def __init__(self, book: ScanBook, pipeline: Pipeline, channels: Channels, store: UserStore) -> None:
        self.book = book
        self._channels = channels
        self._pipeline = pipeline
        self._store = store
        self._one_at_a_time = asyncio.Lock()
        self._failures: dict[str, str] = {}
        self._some_failed = asyncio.Event()

    async def put(self, name: str, definition: ScanDefinition) -> Entry:
        """Make or change a list. Raises `UsageError` where it cannot be made, `OSError` where it cannot be kept."""
        async with self._one_at_a_time:
            self.book.check(name, definition)
            content = definition.model_dump(mode="json", exclude_none=True)
            await asyncio.to_thread(self._store.keep, SECTION, name, content)
            entry = self.book.put(name, definition)
            # Whatever failed until now was made by the old definition.
            self._failures.pop(name, None)
            await self._show(entry)
            log.info("list_defined", list=name, where=definition.where, enabled=definition.enabled)
            return entry

    async def delete(self, name: str) -> None:
        """Forget what the user made of a list; one of ours or of the settings is as it was there again.

        Raises `KeyError` where there is none, `NotYours` where nothing of it is the user's, `OSError` like `put`.
        """
        async with self._one_at_a_time:
            origin = self.book.entry(name).origin
            if origin is not Origin.USER:
                where = "built in: " if origin is Origin.BUILT_IN else "defined in the settings: remove it there, or "
                raise NotYours(f"{name} is {where}switch it off with enabled = false")
            await asyncio.to_thread(self._store.keep, SECTION, name, None)
            left = self.book.remove(name)
            log.info("list_deleted", list=name)
            await (self._end(name) if left is None else self._show(left))

    def failed(self, failures: Mapping[str, str]) -> None:
        """Hear, after a scan, which lists could not be made and why; `run` does without them from then on."""
        if failures:
            self._failures |= failures
            self._some_failed.set()

    async def run(self) -> None:
        """Switch off what cannot be made, with the reason, until somebody defines it anew; others never notice."""
        while True:
            await self._some_failed.wait()
            self._some_failed.clear()
            async with self._one_at_a_time:
                failures, self._failures = self._failures, {}
                for name, reason in failures.items():
                    self.book.fail(name, reason)
                    log.warning("list_disabled", list=name, reason=reason)
                    await self._show(self.book.entry(name))

    async def _show(self, entry: Entry) -> None:
        if entry.scan is not None:
            await self._pipeline.take_list(entry.scan)
        else:
            await self._end(entry.name)

    async def _end(self, name: str) -> None:
        # One that is switched off, or failed before, is gone already.
        if name in self._channels.by_name:
            await self._pipeline.drop_list(name)
