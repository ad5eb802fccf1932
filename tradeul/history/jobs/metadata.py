"""The job `metadata`: floats, market values, shares, sectors and industries of what trades, symbol by symbol.

Floats come first, as they are few questions. Then one question a symbol, several in flight, those in play first; what
was answered is kept at once, so a run after a kill asks for the rest only. A second source, where there is one, fills
in what the first lacks; it is slower, and so asked for some of the market a day. A symbol that fails is passed over
and counted; a vendor that fails for one after the other ends the run.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain import sic
from tradeul.domain.events import FloatShares, Nanos, Profile, Symbol
from tradeul.domain.session import NANOS
from tradeul.engine.ports import CompanySource, ReferenceSource
from tradeul.errors import VendorError, VendorRefused
from tradeul.history import reference_store as store
from tradeul.history.jobs.crew import Together, in_flight
from tradeul.history.jobs.job import Progress
from tradeul.history.lending import Lender
from tradeul.history.reference_store import Told

log = structlog.get_logger(__name__)

AT_ONCE: Final = 8
"""A tenth of a second's worth of questions: an answer may take that long before the pace suffers."""
COMPANIES_AT_ONCE: Final = 2
FRESH_S: Final = 20 * 3600
"""What was asked for less long ago is not asked for again: tonight's run finds last night's answers old."""
COMPANY_FRESH_S: Final = (6 * 24 + 20) * 3600
COMPANIES_A_RUN: Final = 2_000
"""Of the second source, at 5 a second, in some 7 minutes; the market is through in a week."""
KEPT_AT_ONCE: Final = 100
KEPT_EVERY_S: Final = 2.0
FLOATS_AT_ONCE: Final = 1_000
CAPS_AT_ONCE: Final = 500
LOOK_AGAIN_AFTER: Final = 100
"""So many symbols later whoever has come into play since is asked for first."""
MOST_FAILURES: Final = 10
"""One after the other, without a success between them."""

Hot = Callable[[], Sequence[Symbol]]
Ask = Callable[[Symbol], Awaitable[Profile | None]]


@dataclass(frozen=True, slots=True)
class Sources:
    """Who is asked; the second one may be missing."""

    market: ReferenceSource
    companies: CompanySource | None = None


class Metadata:
    """A `Job`. `hot` names the symbols that are in play."""

    name = "metadata"
    due: dt.time | None = dt.time(2, 0)

    def __init__(self, sources: Sources, lender: Lender, clock: Clock, together: Together, hot: Hot) -> None:
        self._sources = sources
        self._lender = lender
        self._clock = clock
        self._together = together
        self._hot = hot

    async def run(self, progress: Progress, days: int | None) -> None:  # noqa: ARG002  it is of today only
        """Fetch what is not known yet, or not of today."""
        await self._floats(progress)
        async with self._lender.lent() as connection:
            wanted = await store.profiles_wanted(connection, *self._around(FRESH_S))
            total = await store.active(connection)
        progress.done, progress.total, progress.note = total - len(wanted), total, "profiles"
        keep = _Keeping(self._lender, self._clock, progress, store.put_profiles)
        await self._ask(wanted, self._sources.market.profile, keep, AT_ONCE)
        if self._sources.companies is not None:
            await self._second_source(self._sources.companies, progress)

    async def _floats(self, progress: Progress) -> None:
        """The first source's, and the second's where it has none. One that has no such list is passed over."""
        progress.note = "floats"
        for source in (self._sources.market, self._sources.companies):
            if source is None:
                continue
            try:
                floats = await source.floats()
            except VendorRefused as refusal:
                progress.errors += 1
                log.warning("floats_refused", reason=str(refusal))
                continue
            if source is self._sources.companies:
                async with self._lender.lent() as connection:
                    missing = await store.without_float(connection)
                floats = tuple(each for each in floats if each.symbol in missing)
            await self._keep_floats(floats, progress)

    async def _keep_floats(self, floats: Sequence[FloatShares], progress: Progress) -> None:
        for start in range(0, len(floats), FLOATS_AT_ONCE):
            async with self._lender.lent() as connection:
                piece = floats[start : start + FLOATS_AT_ONCE]
                progress.rows += await store.put_floats(connection, piece, self._clock.now())

    async def _second_source(self, companies: CompanySource, progress: Progress) -> None:
        async with self._lender.lent() as connection:
            capless = await store.without_market_cap(connection)
            wanted = await store.companies_wanted(connection, *self._around(COMPANY_FRESH_S))
        progress.note = "market values"
        for start in range(0, len(capless), CAPS_AT_ONCE):
            caps = await companies.market_caps(capless[start : start + CAPS_AT_ONCE])
            async with self._lender.lent() as connection:
                progress.rows += await store.put_market_caps(connection, caps, self._clock.now())
        wanted = list(islice(self._in_turn(wanted), COMPANIES_A_RUN))
        progress.done, progress.total, progress.note = 0, len(wanted), "companies"
        keep = _Keeping(self._lender, self._clock, progress, store.put_companies)
        await self._ask(wanted, companies.profile, keep, COMPANIES_AT_ONCE)

    async def _ask(self, wanted: Sequence[Symbol], ask: Ask, keep: "_Keeping", at_once: int) -> None:
        async def one(symbol: Symbol) -> None:
            try:
                profile = await ask(symbol)
            except VendorError as error:
                keep.failed(error)
            else:
                await keep.got(symbol, profile)

        await in_flight(self._together, at_once, self._in_turn(wanted), one)
        await keep.flush()

    def _in_turn(self, wanted: Sequence[Symbol]) -> Iterator[Symbol]:
        """Those in play first, also those who come to be while the others are asked for."""
        left = dict.fromkeys(wanted)
        while left:
            for symbol in (*self._hot(), *islice(left, LOOK_AGAIN_AFTER)):
                if symbol in left:
                    del left[symbol]
                    yield symbol

    def _around(self, seconds: int) -> tuple[Nanos, Nanos]:
        now = self._clock.now()
        return Nanos(now - seconds * NANOS), Nanos(now + seconds * NANOS)


class _Keeping:
    """Keeps answers some at a time, and sees when a vendor fails for good."""

    def __init__(
        self,
        lender: Lender,
        clock: Clock,
        progress: Progress,
        put: Callable[[object, Sequence[Told], Nanos], Awaitable[int]],
    ) -> None:
        self._lender = lender
        self._clock = clock
        self._progress = progress
        self._put = put
        self._told: list[Told] = []
        self._kept_at = clock.monotonic()
        self._one_at_a_time = asyncio.Lock()
        self._failures = 0

    def failed(self, error: VendorError) -> None:
        self._progress.errors += 1
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            raise error

    async def got(self, symbol: Symbol, profile: Profile | None) -> None:
        self._failures = 0
        self._progress.done += 1
        self._told.append((symbol, None if profile is None else with_division(profile)))
        if len(self._told) >= KEPT_AT_ONCE or self._clock.monotonic() - self._kept_at >= KEPT_EVERY_S:
            await self.flush()

    async def flush(self) -> None:
        """Write what is held. One at a time, so that the numbers of changes are seen in their order."""
        async with self._one_at_a_time:
            told, self._told = self._told, []
            if told:
                self._kept_at = self._clock.monotonic()
                async with self._lender.lent() as connection:
                    self._progress.rows += await self._put(connection, told, self._clock.now())


def with_division(profile: Profile) -> Profile:
    """The profile with its division for a sector, and its line of business for an industry, where it has neither."""
    if profile.sector or not (sector := sic.division(profile.sic_code)):
        return profile
    return replace(profile, sector=sector, industry=profile.industry or profile.sic_description.capitalize())
