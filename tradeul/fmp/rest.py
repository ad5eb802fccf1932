"""The second vendor's REST API as a company source: floats, market values, profiles.

Promises what `fetching.transport` does, and: a list comes whole or not at all, in the symbols of the market. The key
has to stand in the address; it is in no message for all that. `app` builds one where there is a key, and closes it.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec
import structlog

from tradeul.clock import Clock
from tradeul.domain.events import FloatShares, Profile, Symbol
from tradeul.errors import VendorUnavailable
from tradeul.fetching.allowance import Uniform
from tradeul.fetching.transport import Door, Fetcher, Query, made_in_steps
from tradeul.fmp.symbols import vendor_symbol
from tradeul.fmp.wire import ArrayDecoder, CapRow, FloatRow, ProfileRow, caps_of, complaint_in, floats_of, profile_of

log = structlog.get_logger(__name__)

FLOATS_PATH: Final = "/stable/shares-float-all"
CAPS_PATH: Final = "/stable/market-capitalization-batch"
PROFILE_PATH: Final = "/stable/profile"

FLOATS_A_PAGE: Final = 5000
CAPS_AT_ONCE: Final = 100
MOST_PAGES: Final = 100
"""All countries together have about 12."""

Row = TypeVar("Row", bound=msgspec.Struct)


class FmpRest:
    """One client of the second vendor's host."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        clock: Clock,
        *,
        requests_per_minute: int | None = None,
        requests_per_second: float | None = None,
        uniform: Uniform = random.uniform,
    ) -> None:
        door = Door(base_url, api_key, complaint_in, {}, [("apikey", api_key)])
        self._fetcher = Fetcher(
            door,
            clock,
            requests_per_minute=requests_per_minute,
            requests_per_second=requests_per_second,
            uniform=uniform,
        )

    async def floats(self) -> tuple[FloatShares, ...]:
        """Fetch the free float of every symbol that has one."""
        rows: list[FloatRow] = []
        dropped: Counter[str] = Counter()
        seen = set[int]()
        for number in range(MOST_PAGES):
            page = await self._array(FLOATS_PATH, [("page", str(number)), ("limit", str(FLOATS_A_PAGE))], FloatRow)
            if page.rows and page.checksum in seen:
                raise VendorUnavailable("the second vendor's pages repeat themselves")
            seen.add(page.checksum)
            rows += page.rows
            dropped += page.dropped
            if len(page.rows) + page.dropped.total() < FLOATS_A_PAGE:
                break
        else:
            raise VendorUnavailable(f"the second vendor's list does not end after {MOST_PAGES} pages")
        floats = await made_in_steps(floats_of(rows, dropped))
        if dropped.total():
            log.warning("second_vendor_floats_dropped", **+dropped)
        return floats

    async def market_caps(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, float]:
        """Fetch the market value of these symbols, as far as the vendor knows it."""
        theirs = [name for symbol in symbols if (name := vendor_symbol(symbol)) is not None]
        caps: dict[Symbol, float] = {}
        for start in range(0, len(theirs), CAPS_AT_ONCE):
            asked = ",".join(theirs[start : start + CAPS_AT_ONCE])
            caps |= caps_of((await self._array(CAPS_PATH, [("symbols", asked)], CapRow)).rows)
        return caps

    async def profile(self, symbol: Symbol) -> Profile | None:
        """Fetch what is known of one symbol; None if the vendor does not know it."""
        theirs = vendor_symbol(symbol)
        if theirs is None:
            return None
        page = await self._array(PROFILE_PATH, [("symbol", theirs)], ProfileRow)
        row = next((row for row in page.rows if row.symbol == theirs), None)
        if row is None and page.dropped:
            raise VendorUnavailable(f"what the second vendor knows of {symbol} cannot be read")
        return None if row is None else profile_of(symbol, row)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._fetcher.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _array(self, path: str, query: Query, row_type: type[Row]) -> ArrayDecoder[Row]:
        return await self._fetcher.patiently(partial(self._ask, path, query, row_type))

    async def _ask(self, path: str, query: Query, row_type: type[Row]) -> ArrayDecoder[Row]:
        decoder = ArrayDecoder(row_type)
        async with self._fetcher.answer(path, query) as answer:
            await answer.into(decoder)
        decoder.finish()
        return decoder
