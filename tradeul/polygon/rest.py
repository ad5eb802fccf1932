"""The vendor's REST API as a market, bar and reference source, decoded while its bytes arrive.

Promises what `fetching.transport` does, and: a list comes whole or not at all; the key travels in one header. The
snapshot is asked for once and never waits, as its next round is due in seconds; everything else is patient. `app`
builds one and closes it.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar
from urllib.parse import quote

import msgspec
import structlog

from tradeul.clock import Clock
from tradeul.domain.events import (
    Closure,
    DailyBars,
    FloatShares,
    Listing,
    MarketImage,
    MarketStatus,
    Nanos,
    Profile,
    Split,
    Symbol,
    SymbolBars,
)
from tradeul.engine.ports import Recorder
from tradeul.errors import SnapshotRefused, VendorRefused
from tradeul.fetching.allowance import Uniform
from tradeul.fetching.transport import Answer, Door, Fetcher, Query, made_in_steps
from tradeul.polygon.bars import BarPage, symbol_bars
from tradeul.polygon.paging import PageDecoder, Question, every_page
from tradeul.polygon.reference import (
    FloatRow,
    ListingRow,
    SplitRow,
    closures_of,
    floats_of,
    listings_of,
    profile_of,
    splits_of,
)
from tradeul.polygon.wire import NANOS_PER_MILLI, DailyDecoder, SnapshotDecoder, complaint_in, decode_market_status

log = structlog.get_logger(__name__)

SNAPSHOT_PATH: Final = "/v2/snapshot/locale/us/markets/stocks/tickers"
DAILY_PATH: Final = "/v2/aggs/grouped/locale/us/market/stocks/"
BARS_PATH: Final = "/v2/aggs/ticker/"
LISTINGS_PATH: Final = "/v3/reference/tickers"
FLOATS_PATH: Final = "/stocks/vX/float"
SPLITS_PATH: Final = "/v3/reference/splits"
STATUS_PATH: Final = "/v1/marketstatus/now"
CLOSURES_PATH: Final = "/v1/marketstatus/upcoming"
SIMULATION_HEADER: Final = "X-Simulated-Market"

LISTINGS_A_PAGE: Final = "1000"
FLOATS_A_PAGE: Final = "5000"
SPLITS_A_PAGE: Final = "1000"
BARS_A_PAGE: Final = "50000"
SMALL_BODY_BYTES: Final = 1024 * 1024
KEPT_BYTES: Final = 24 * 1024 * 1024
"""A larger snapshot is no market, and is not kept for the recorder."""

Fetched = TypeVar("Fetched")
Row = TypeVar("Row", bound=msgspec.Struct)


class PolygonRest:
    """One client of one vendor host."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        clock: Clock,
        *,
        requests_per_minute: int | None = None,
        requests_per_second: float | None = None,
        recorder: Recorder | None = None,
        uniform: Uniform = random.uniform,
    ) -> None:
        door = Door(base_url, api_key, complaint_in, {"Authorization": f"Bearer {api_key}"})
        self._fetcher = Fetcher(
            door,
            clock,
            requests_per_minute=requests_per_minute,
            requests_per_second=requests_per_second,
            uniform=uniform,
        )
        self._clock = clock
        self._recorder = recorder
        self._previous: MarketImage | None = None

    async def snapshot(self) -> MarketImage:
        """Fetch one image of the market now. Does not wait or retry: the next round is due in seconds anyway."""
        decoder = SnapshotDecoder(self._previous)
        with self._fetcher.masking():
            async with self._fetcher.answer(SNAPSHOT_PATH, patient=False) as answer:
                arrived = await self._read_snapshot(answer, decoder)
                simulated = SIMULATION_HEADER in answer.headers
            image = decoder.finish(arrived, simulated=simulated)
        self._previous = image
        return image

    async def _read_snapshot(self, answer: Answer, decoder: SnapshotDecoder) -> Nanos:
        """Read the body; gives when all of it was there, which is what the recorder is told too."""
        if self._recorder is None or not self._recorder.on:
            await answer.into(decoder)
            return self._clock.now()
        kept = _Kept()
        try:
            await answer.into(decoder, kept.add)
        except SnapshotRefused:
            kept.hand_to(self._recorder, self._clock.now())
            raise
        arrived = self._clock.now()
        kept.hand_to(self._recorder, arrived)
        return arrived

    async def daily_bars(self, day: dt.date, *, adjusted: bool = True) -> DailyBars:
        """Fetch every symbol's finished bar of `day`, adjusted for splits since or as it was traded."""

        async def fetch() -> DailyBars:
            decoder = DailyDecoder(day)
            async with self._fetcher.answer(DAILY_PATH + day.isoformat(), [("adjusted", _word(adjusted))]) as answer:
                await answer.into(decoder)
            bars = decoder.finish()
            _tell_dropped("daily_rows_dropped", decoder.dropped, day=day.isoformat())
            return bars

        return await self._fetcher.patiently(fetch)

    async def bars(
        self,
        symbol: Symbol,
        span: int | Literal["day"],
        first: Nanos | dt.date,
        last: Nanos | dt.date,
        *,
        adjusted: bool = False,
    ) -> SymbolBars:
        """Fetch one symbol's bars of so many minutes, or of a day, from `first` to `last`, both included."""
        family = f"{BARS_PATH}{_segment(symbol)}/range/"
        of = "1/day" if span == "day" else f"{span}/minute"
        query = [("adjusted", _word(adjusted)), ("sort", "asc"), ("limit", BARS_A_PAGE)]
        question = Question(f"{family}{of}/{_edge(first)}/{_edge(last)}", query, family)
        pages = await every_page(self._fetcher, question, BarPage)
        _tell_dropped("bars_dropped", _sum(pages), symbol=symbol)
        return symbol_bars(symbol, pages, adjusted=adjusted)

    async def listings(self, *, active: bool = True) -> tuple[Listing, ...]:
        """Fetch the list of securities: those that trade, or those that do no more."""
        query = [("market", "stocks"), ("active", _word(active)), ("limit", LISTINGS_A_PAGE), ("sort", "ticker")]
        pages = await self._list(LISTINGS_PATH, query, ListingRow)
        dropped = _sum(pages)
        steps = listings_of((row for page in pages for row in page.rows), dropped, active=active)
        found = await made_in_steps(steps)
        _tell_dropped("listings_dropped", dropped)
        return found

    async def profile(self, symbol: Symbol) -> Profile | None:
        """Fetch what is known of one symbol; None if the vendor does not know it."""

        async def fetch() -> Profile | None:
            path = f"{LISTINGS_PATH}/{_segment(symbol)}"
            async with self._fetcher.answer(path, also=[HTTPStatus.NOT_FOUND]) as answer:
                body = await answer.whole(SMALL_BODY_BYTES)
            if answer.status == HTTPStatus.NOT_FOUND:
                # A path that does not exist is answered in plain text, and says nothing of the symbol.
                if not body.lstrip().startswith(b"{"):
                    raise VendorRefused("the vendor answered 404: it knows no profiles")
                return None
            return profile_of(symbol, body)

        return await self._fetcher.patiently(fetch)

    async def floats(self) -> tuple[FloatShares, ...]:
        """Fetch the free float of every symbol that has one."""
        pages = await self._list(FLOATS_PATH, [("limit", FLOATS_A_PAGE)], FloatRow)
        dropped = _sum(pages)
        found = await made_in_steps(floats_of((row for page in pages for row in page.rows), dropped))
        _tell_dropped("floats_dropped", dropped)
        return found

    async def splits(self, since: dt.date) -> tuple[Split, ...]:
        """Fetch the splits from `since` on, announced ones too."""
        query = [("execution_date.gte", since.isoformat()), ("limit", SPLITS_A_PAGE)]
        pages = await self._list(SPLITS_PATH, query, SplitRow)
        dropped = _sum(pages)
        found = splits_of((row for page in pages for row in page.rows), dropped)
        _tell_dropped("splits_dropped", dropped)
        return found

    async def market_status(self) -> MarketStatus:
        """Fetch what the vendor says the market is doing."""
        return await self._small(STATUS_PATH, decode_market_status)

    async def upcoming_closures(self) -> tuple[Closure, ...]:
        """Fetch the coming days on which the exchange is closed or closes early."""
        dropped: Counter[str] = Counter()
        closures = await self._small(CLOSURES_PATH, partial(closures_of, dropped=dropped))
        _tell_dropped("closures_dropped", dropped)
        return closures

    async def close(self) -> None:
        """Let go of the connection."""
        await self._fetcher.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _list(self, path: str, query: Query, row_type: type[Row]) -> list[PageDecoder[Row]]:
        return await every_page(self._fetcher, Question(path, query, path), partial(PageDecoder, row_type))

    async def _small(self, path: str, read: Callable[[bytes], Fetched]) -> Fetched:
        async def fetch() -> Fetched:
            async with self._fetcher.answer(path) as answer:
                body = await answer.whole(SMALL_BODY_BYTES)
            return read(body)

        return await self._fetcher.patiently(fetch)


class _Kept:
    """A snapshot's bytes as they came, until they are handed to the recorder."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._left = KEPT_BYTES

    def add(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left >= 0:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def hand_to(self, recorder: Recorder, arrived: Nanos) -> None:
        if self._pieces:
            recorder.body(SNAPSHOT_PATH, self._pieces, arrived)


def _sum(pages: Iterable[PageDecoder[Any]]) -> Counter[str]:
    return sum((page.dropped for page in pages), Counter())


def _tell_dropped(event: str, dropped: Counter[str], **of: str) -> None:
    """Say once what could not be used of a list."""
    if dropped.total():
        log.warning(event, **of, **+dropped)


def _word(flag: bool) -> str:  # noqa: FBT001  # it is what is put into words
    return "true" if flag else "false"


def _segment(symbol: Symbol) -> str:
    """The symbol as one segment of a path."""
    if not symbol.strip("."):
        raise VendorRefused(f"{symbol!r} is no symbol")
    return quote(symbol, safe="")


def _edge(moment: Nanos | dt.date) -> str:
    return moment.isoformat() if isinstance(moment, dt.date) else str(moment // NANOS_PER_MILLI)
