"""The vendor's REST API as a `MarketSource`: the whole market on request, decoded while its bytes arrive.

Promises: every failure is a `VendorError`; no request outlives 20 s or 5 s without a byte; the key travels in one
header to the configured host and nowhere else, as redirects are not followed; the loop is never held for long.
`app` builds one and closes it.
"""

import asyncio
import datetime as dt
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from tradeul.clock import Clock
from tradeul.domain.events import DailyBars, MarketImage, MarketStatus
from tradeul.errors import SnapshotRefused, VendorRefused, VendorUnavailable
from tradeul.polygon.backoff import Uniform
from tradeul.polygon.inflating import Inflater
from tradeul.polygon.rows import RowDecoder
from tradeul.polygon.wire import DailyDecoder, SnapshotDecoder, complaint_in, decode_market_status

log = structlog.get_logger(__name__)

SNAPSHOT_PATH = "/v2/snapshot/locale/us/markets/stocks/tickers"
DAILY_PATH = "/v2/aggs/grouped/locale/us/market/stocks/"
STATUS_PATH = "/v1/marketstatus/now"
SIMULATION_HEADER = "X-Simulated-Market"

DEADLINE_S = 20.0
SILENCE_S = 5.0
ATTEMPTS = 3
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 20.0
"""A vendor who names a longer wait is not asked again by itself: the caller's next round is."""
COMPLAINT_BYTES = 16 * 1024

Answer = TypeVar("Answer")


class PolygonRest:
    """One keep-alive session with one vendor host."""

    def __init__(self, base_url: str, api_key: str, clock: Clock, *, uniform: Uniform = random.uniform) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._clock = clock
        self._uniform = uniform
        self._session: aiohttp.ClientSession | None = None
        self._previous: MarketImage | None = None

    async def snapshot(self) -> MarketImage:
        """Fetch one image of the market now. Does not retry: the next round is due in seconds anyway."""
        decoder = SnapshotDecoder(self._previous)
        async with self._answer(SNAPSHOT_PATH) as answer:
            await _decode(answer, decoder)
            simulated = SIMULATION_HEADER in answer.headers
        image = decoder.finish(self._clock.now(), simulated=simulated)
        self._previous = image
        return image

    async def daily_bars(self, day: dt.date) -> DailyBars:
        """Fetch every symbol's finished bar of `day`, adjusted for splits."""

        async def fetch() -> DailyBars:
            decoder = DailyDecoder(day)
            async with self._answer(DAILY_PATH + day.isoformat(), {"adjusted": "true"}) as answer:
                await _decode(answer, decoder)
            bars = decoder.finish()
            if decoder.dropped:
                log.warning("daily_rows_dropped", day=day.isoformat(), **decoder.dropped)
            return bars

        return await self._patiently(fetch)

    async def market_status(self) -> MarketStatus:
        """Fetch what the vendor says the market is doing."""

        async def fetch() -> MarketStatus:
            async with self._answer(STATUS_PATH) as answer:
                inflater = Inflater(answer.headers.get("Content-Encoding"), COMPLAINT_BYTES)
                body = [piece async for data in answer.content.iter_any() for piece in inflater.pieces(data)]
                inflater.end()
            return decode_market_status(b"".join(body))

        return await self._patiently(fetch)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def _answer(self, path: str, query: dict[str, str] | None = None) -> AsyncIterator[aiohttp.ClientResponse]:
        """A success whose body is to be read; everything else is raised, and so is what goes wrong while reading."""
        try:
            asking = self._open_session().get(self._base_url + path, params=query, allow_redirects=False)
            async with asyncio.timeout(SILENCE_S):
                answer = await asking
            async with answer:
                if answer.status != HTTPStatus.OK:
                    raise await self._failure(answer)
                yield answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise VendorUnavailable(self._masked(f"the vendor cannot be reached: {_words_of(error)}")) from error

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {self._api_key}", "Accept-Encoding": "gzip"},
                # Not aiohttp's own `sock_read`: it goes on counting on an idle connection, and breaks the next request
                # where requests come at that very interval. What is silent is timed below.
                timeout=aiohttp.ClientTimeout(total=DEADLINE_S, sock_connect=SILENCE_S),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _failure(self, answer: aiohttp.ClientResponse) -> VendorUnavailable | VendorRefused:
        said = complaint_in(await _beginning(answer)) or answer.reason or ""
        message = self._masked(f"the vendor answered {answer.status}: {said}")
        passing = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
        if answer.status in passing or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return VendorUnavailable(message, _retry_after_s(answer))
        return VendorRefused(message)

    def _masked(self, message: str) -> str:
        return message.replace(self._api_key, "***") if self._api_key else message

    async def _patiently(self, fetch: Callable[[], Awaitable[Answer]]) -> Answer:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=self._wait,
            sleep=self._clock.pause,
            retry=retry_if_exception(_worth_retrying),
            reraise=True,
        )
        return await retrying(fetch)

    def _wait(self, state: RetryCallState) -> float:
        jitter = self._uniform(0.0, FIRST_RETRY_S * 2.0 ** (state.attempt_number - 1))
        error = state.outcome.exception() if state.outcome else None
        named = error.retry_after_s if isinstance(error, VendorUnavailable) else None
        return jitter + (named or 0.0)


async def _decode(answer: aiohttp.ClientResponse, decoder: RowDecoder[Any]) -> None:
    """Feed the decoder with the body as it arrives, letting others run between its steps."""
    inflater = Inflater(answer.headers.get("Content-Encoding"))
    while data := await _next_bytes(answer):
        for piece in inflater.pieces(data):
            decoder.feed(piece)
            await _catch_up(decoder)
    inflater.end()
    decoder.end()
    await _catch_up(decoder)


async def _next_bytes(answer: aiohttp.ClientResponse) -> bytes:
    """What has arrived of the body; nothing at its end."""
    async with asyncio.timeout(SILENCE_S):
        return await answer.content.readany()


async def _catch_up(decoder: RowDecoder[Any]) -> None:
    while decoder.step():  # noqa: ASYNC110  # nothing is polled: the step itself is the work
        await asyncio.sleep(0)


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    """Enough of an unsuccessful answer to find the vendor's words in it; nothing if even that fails."""
    try:
        packed = await answer.content.read(COMPLAINT_BYTES)
        return b"".join(Inflater(answer.headers.get("Content-Encoding"), COMPLAINT_BYTES).pieces(packed))
    except (aiohttp.ClientError, TimeoutError, OSError, SnapshotRefused, VendorUnavailable):
        return b""


def _retry_after_s(answer: aiohttp.ClientResponse) -> float | None:
    """The wait the vendor names, in seconds or as a date, which is counted from the vendor's own."""
    named = answer.headers.get("Retry-After", "").strip()
    try:
        if named.replace(".", "", 1).isdigit():
            return float(named)
        wait = parsedate_to_datetime(named) - parsedate_to_datetime(answer.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())


def _worth_retrying(error: BaseException) -> bool:
    if isinstance(error, VendorUnavailable):
        return (error.retry_after_s or 0.0) <= LONGEST_RETRY_S
    return isinstance(error, SnapshotRefused)


def _words_of(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timeout, nothing came in time"
    return str(error) or type(error).__name__
