"""One keep-alive session with one vendor host, over which a client asks its questions.

Promises: every failure is a `VendorError`; no request outlives 20 s or 5 s without a byte; the secret goes to the
configured host and nowhere else, as redirects are not followed, and stands in no message; refusals for asking too
often hold everyone back who shares the session. Bodies are read into decoders that never hold the loop for long.
"""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import quote, quote_plus

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from tradeul.clock import Clock
from tradeul.errors import SnapshotRefused, VendorError, VendorRefused, VendorUnavailable
from tradeul.fetching.allowance import Allowance, Uniform
from tradeul.fetching.inflating import Inflater
from tradeul.fetching.rows import RowDecoder

DEADLINE_S = 20.0
SILENCE_S = 5.0
ATTEMPTS: Final = 3
FIRST_RETRY_S: Final = 0.5
LONGEST_RETRY_S: Final = 20.0
"""A vendor who names a longer wait is not asked again by itself: the caller's next round is."""
NEAR_END_BYTES: Final = 64 * 1024
"""When so little is still to come, packed or not, it is decoded in smaller slices."""
COMPLAINT_BYTES: Final = 16 * 1024
PASSING: Final = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}

Query = Sequence[tuple[str, str]]
Fetched = TypeVar("Fetched")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Door:
    """Where a vendor is, what opens it, and how its complaints are read."""

    base_url: str
    secret: str
    words_in: Callable[[bytes], str]
    """What the body of an answer that is no success says for itself, in one line; empty if nothing readable."""
    headers: Mapping[str, str]
    query: Query = ()
    """Sent with every question, for a vendor who wants its key there."""


class Answer:
    """A vendor's answer whose body is still on its way."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    async def into(self, decoder: RowDecoder[Any], keep: Callable[[bytes], None] | None = None) -> None:
        """Feed the decoder with the body as it arrives, letting others run between its steps."""
        inflater = Inflater(self.headers.get("Content-Encoding"))
        length = self._length()
        while data := await self._next_bytes():
            length -= len(data)
            if length <= NEAR_END_BYTES:
                decoder.hurry()
            for piece in inflater.pieces(data):
                if keep is not None:
                    keep(piece)
                decoder.feed(piece)
                await _catch_up(decoder)
        inflater.end()
        decoder.end()
        await _catch_up(decoder)

    async def whole(self, allowed: int) -> bytes:
        """The body, if it is no larger than that."""
        inflater = Inflater(self.headers.get("Content-Encoding"), allowed)
        pieces: list[bytes] = []
        while data := await self._next_bytes():
            pieces += inflater.pieces(data)
        inflater.end()
        return b"".join(pieces)

    def _length(self) -> float:
        """How many bytes are to come, if the vendor said so."""
        said = self.headers.get("Content-Length", "")
        return int(said) if said.isdecimal() else math.inf

    async def _next_bytes(self) -> bytes:
        """What has arrived of the body; nothing at its end."""
        async with asyncio.timeout(SILENCE_S):
            return await self._response.content.readany()


class Fetcher:
    """Asks one vendor. The caller closes it."""

    def __init__(
        self,
        door: Door,
        clock: Clock,
        *,
        requests_per_minute: int | None = None,
        requests_per_second: float | None = None,
        uniform: Uniform = random.uniform,
    ) -> None:
        self._door = door
        self._base_url = door.base_url.rstrip("/")
        self._clock = clock
        self._uniform = uniform
        self._allowance = Allowance(clock, requests_per_minute, uniform, requests_per_second)
        self._session: aiohttp.ClientSession | None = None

    @property
    def base_url(self) -> str:
        """Where every question goes."""
        return self._base_url

    @asynccontextmanager
    async def answer(
        self, path: str, query: Query = (), *, patient: bool = True, also: Collection[int] = ()
    ) -> AsyncIterator[Answer]:
        """A success, or a status in `also`, to be read inside; everything that goes wrong there is raised.

        Who is not patient is told at once that the vendor wants us to wait, instead of waiting.
        """
        if patient:
            await self._allowance.turn()
        else:
            self._allowance.turn_now()
        asked_at = self._clock.monotonic()
        try:
            asking = self._open_session().get(
                self._base_url + path, params=[*query, *self._door.query], allow_redirects=False
            )
            async with asyncio.timeout(SILENCE_S):
                response = await asking
            async with response:
                if response.status != HTTPStatus.OK and response.status not in also:
                    raise await self._failure(response, asked_at)
                self._allowance.granted()
                yield Answer(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            words = _words_of(error)
            # Whoever prints an error prints its cause too: one that knows the secret goes no further.
            cause = error if self._masked(words) == words else None
            raise VendorUnavailable(self._masked(f"the vendor cannot be reached: {words}")) from cause

    async def patiently(self, fetch: Callable[[], Awaitable[Fetched]]) -> Fetched:
        """What `fetch` brings, tried again where that may help."""
        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=self._retry_wait_s,
            sleep=self._clock.pause,
            retry=retry_if_exception(_worth_retrying),
            reraise=True,
        )
        with self.masking():
            return await retrying(fetch)

    @contextmanager
    def masking(self) -> Iterator[None]:
        """Keep the secret out of every error that a body's own words got into."""
        try:
            yield
        except VendorError as error:
            words = str(error)
            if self._masked(words) == words:
                raise
            error.args = (self._masked(words),)
            raise error from None

    async def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={**self._door.headers, "Accept-Encoding": "gzip"},
                # Not aiohttp's own `sock_read`: it goes on counting on an idle connection, and breaks the next request
                # where requests come at that very interval. What is silent is timed here.
                timeout=aiohttp.ClientTimeout(total=DEADLINE_S, sock_connect=SILENCE_S),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _failure(self, response: aiohttp.ClientResponse, asked_at: float) -> VendorUnavailable | VendorRefused:
        said = self._door.words_in(await _beginning(response)) or response.reason or ""
        message = self._masked(f"the vendor answered {response.status}: {said}")
        if response.status not in PASSING and response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return VendorRefused(message)
        wait_s = _retry_after_s(response)
        if wait_s is not None or response.status == HTTPStatus.TOO_MANY_REQUESTS:
            wait_s = self._allowance.refused(asked_at, wait_s)
        return VendorUnavailable(message, wait_s)

    def _masked(self, message: str) -> str:
        secret = self._door.secret
        for form in {secret, quote(secret, safe=""), quote_plus(secret)} if secret else ():
            message = message.replace(form, "***")
        return message

    def _retry_wait_s(self, state: RetryCallState) -> float:
        jitter_s = self._uniform(0.0, FIRST_RETRY_S * 2.0 ** (state.attempt_number - 1))
        error = state.outcome.exception() if state.outcome else None
        named_s = error.retry_after_s if isinstance(error, VendorUnavailable) else None
        return jitter_s + (named_s or 0.0)


async def made_in_steps(steps: Iterator[Made]) -> Made:
    """What the last of the steps gives, with a turn of the loop for everybody else between them."""
    made = next(steps)
    for step in steps:
        made = step
        await asyncio.sleep(0)
    return made


async def feed_whole(decoder: RowDecoder[Any], body: bytes) -> None:
    """Feed a decoder with a body that is all there."""
    decoder.feed(body)
    await _catch_up(decoder)
    decoder.end()
    await _catch_up(decoder)


async def _catch_up(decoder: RowDecoder[Any]) -> None:
    while decoder.step():  # noqa: ASYNC110  # nothing is polled: the step itself is the work
        await asyncio.sleep(0)


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Enough of an unsuccessful answer to find the vendor's words in it; nothing if even that fails."""
    try:
        async with asyncio.timeout(SILENCE_S):
            packed = await response.content.read(COMPLAINT_BYTES)
        return b"".join(Inflater(response.headers.get("Content-Encoding"), COMPLAINT_BYTES).pieces(packed))
    except (aiohttp.ClientError, TimeoutError, OSError, SnapshotRefused, VendorUnavailable):
        return b""


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    """The wait the vendor names, in seconds or as a date, which is counted from the vendor's own."""
    named = response.headers.get("Retry-After", "").strip()
    try:
        if named.replace(".", "", 1).isdecimal():
            return float(named)
        wait = parsedate_to_datetime(named) - parsedate_to_datetime(response.headers.get("Date", ""))
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
