"""The command `doctor`: tries one thing after the other that the program needs, and says what is wrong with each.

What the running program knows is asked of it, as the vendor allows one connection and the embedded database one
owner; the rest is tried from here. Nothing is changed.
"""

import asyncio
import contextlib
import math
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

from tradeul import logs
from tradeul.client import ApiClient, ServerLost
from tradeul.clock import Clock, SystemClock
from tradeul.configuration import CONFIG_PLACES, load_settings
from tradeul.domain.events import MarketImage, Symbol
from tradeul.domain.session import NANOS
from tradeul.entrance import rules_of
from tradeul.errors import HistoryUnavailable, TradeulError, UsageError, VendorError
from tradeul.history.database import Database, Waits, see_off
from tradeul.past import EMBEDDED, OFF
from tradeul.polygon.hosts import delayed_url_of
from tradeul.polygon.rest import PolygonRest
from tradeul.polygon.stream import PolygonStream
from tradeul.settings import Settings
from tradeul.world import is_simulated, state_folder, world_of

LEAST_FREE_BYTES: Final = 2 * 2**30
CLOCK_MAY_DIFFER_S: Final = 2.0
FEED_S: Final = 10.0
BESIDE: Final = (
    ("price", "trade_price"), ("bid", "bid"), ("ask", "ask"), ("volume_today", "minute_volume_today"),
    ("open", "day_open"), ("high", "day_high"), ("low", "day_low"), ("vwap", "day_vwap"),
    ("prev_close", "prev_close"), ("prev_high", "prev_high"), ("prev_low", "prev_low"), ("prev_volume", "prev_volume"),
)  # fmt: skip
"""Our fields, and which columns of a snapshot they come from first."""


class Finding(NamedTuple):
    """How one thing is; `well` is None where there was nothing to try."""

    what: str
    well: bool | None
    words: str

    def __str__(self) -> str:
        mark = {True: "ok  ", False: "BAD ", None: "-   "}[self.well]
        return f"{mark}{self.what:<14}{self.words}"


class Wish(NamedTuple):
    """What is to be looked at."""

    config: Path | None
    url: str
    token: str
    symbol: str | None
    feed: bool


async def examine(wish: Wish, out: TextIO) -> bool:
    """Look at everything, and say it line by line as it is found; whether all is well."""
    well = True
    async with contextlib.aclosing(_findings(wish)) as findings:
        async for finding in findings:
            out.write(f"{finding}\n")
            out.flush()
            well = well and finding.well is not False
    return well


async def _findings(wish: Wish) -> AsyncGenerator[Finding, None]:
    try:
        settings = load_settings(wish.config)
        rules_of(settings.server)
    except TradeulError as error:
        yield Finding("configuration", well=False, words=str(error))
        return
    file = wish.config or next((place for place in CONFIG_PLACES if place.is_file()), None)
    yield Finding("configuration", well=True, words=str(file or "all defaults"))
    clock = SystemClock()
    yield _key(settings)
    yield _folder(settings)
    async with ApiClient(wish.url, wish.token) as client:
        health = await _health(client)
        yield _program(health, wish.url)
        yield await _database(settings, health)
        async with PolygonRest(settings.polygon.rest_url, _key_of(settings), clock) as rest:
            for finding in await _vendor(settings, rest, clock):
                yield finding
            if wish.feed:
                yield await _feed(settings, health, clock)
            if wish.symbol is not None:
                for finding in await _beside(settings, client, rest, wish.symbol):
                    yield finding


def _key_of(settings: Settings) -> str:
    key = settings.polygon.api_key
    text = key.get_secret_value() if key else ""
    logs.mask(text)
    return text


def _key(settings: Settings) -> Finding:
    if is_simulated(settings):
        return Finding("key", well=None, words="the market is simulated, and needs none")
    if not _key_of(settings):
        return Finding("key", well=False, words="there is none: set POLYGON_API_KEY")
    return Finding("key", well=True, words="set, and not shown")


def _folder(settings: Settings) -> Finding:
    folder = state_folder(settings)
    above = next(each for each in (folder, *folder.parents) if each.is_dir())
    try:
        if above == folder:
            with tempfile.TemporaryFile(dir=folder):
                pass
        elif not os.access(above, os.W_OK):
            return Finding("folder", well=False, words=f"{folder} cannot be made: {above} is closed to us")
    except OSError as error:
        return Finding("folder", well=False, words=f"{folder}: {error.strerror}")
    free = shutil.disk_usage(above).free
    words = f"{folder}, {free / 2**30:.1f} GB free"
    return Finding("folder", free >= LEAST_FREE_BYTES, words if free >= LEAST_FREE_BYTES else f"{words}: too little")


async def _health(client: ApiClient) -> dict[str, Any]:
    try:
        return await client.health()
    except (ServerLost, TradeulError):
        return {}


def _program(health: dict[str, Any], url: str) -> Finding:
    if not health:
        return Finding("program", well=None, words=f"none runs at {url}")
    reasons = health.get("reasons", ())
    return Finding("program", not reasons, f"{url}: {health['status']}" + "".join(f"; {each}" for each in reasons))


async def _database(settings: Settings, health: dict[str, Any]) -> Finding:
    dsn = settings.history.dsn.get_secret_value()
    if dsn == OFF:
        return Finding("database", well=None, words="history.dsn is off")
    said = health.get("database")
    if said:
        trouble = said.get("trouble", "")
        return Finding("database", not trouble, trouble or f"{said['written']:,} written, {said['waiting']:,} wait")
    if dsn == EMBEDDED:
        return Finding("database", well=None, words="embedded: it comes and goes with the program")
    logs.mask(dsn)
    try:
        await see_off(await Database(lambda: dsn, world_of(settings), Waits()).connected())
    except HistoryUnavailable as error:
        return Finding("database", well=False, words=str(error))
    return Finding("database", well=True, words="takes us")


async def _vendor(settings: Settings, rest: PolygonRest, clock: Clock) -> list[Finding]:
    if is_simulated(settings):
        return [Finding("vendor", well=None, words="the market is simulated inside the program")]
    try:
        status = await rest.market_status()
    except VendorError as error:
        return [Finding("vendor", well=False, words=str(error))]
    reached = Finding("vendor", well=True, words=f"{settings.polygon.rest_url}: the market is {status.phase}")
    if settings.clock.start is not None:
        return [reached, Finding("clock", well=None, words="clock.start has the market at another time")]
    ahead_s = (clock.wall() - status.server_time) / NANOS
    agree = abs(ahead_s) <= CLOCK_MAY_DIFFER_S
    words = "agrees with the vendor's" if agree else f"is {ahead_s:+.0f} s from the vendor's: set it by NTP"
    return [reached, Finding("clock", agree, words)]


async def _feed(settings: Settings, health: dict[str, Any], clock: Clock) -> Finding:
    """The live feed: as the running program has it, else by a connection of ours."""
    said = health.get("stream")
    if said:
        words = f"the program is {'' if said['authenticated'] else 'not '}connected"
        return Finding("feed", bool(said["authenticated"]), f"{words} {said.get('trouble', '')}".strip())
    if is_simulated(settings):
        return Finding("feed", well=None, words="the market is simulated inside the program")
    live = False

    def on_live() -> None:
        nonlocal live
        live = True
        limit.reschedule(0.0)

    url, late = settings.polygon.ws_url, delayed_url_of(settings.polygon.ws_url)
    stream = PolygonStream(
        late if settings.polygon.feed == "delayed" and late else url,
        _key_of(settings),
        clock,
        lambda _events: None,
        delayed_url=late if settings.polygon.feed == "auto" else None,
        on_live=on_live,
    )
    # Running out of time is how it ends, either way.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FEED_S) as limit:
            await stream.run()
    why = stream.state.trouble or f"no answer within {FEED_S:.0f} s"
    return Finding("feed", live, f"{url}: lets us in" if live else f"{url}: {why}")


async def _beside(settings: Settings, client: ApiClient, rest: PolygonRest, symbol: str) -> list[Finding]:
    """The vendor's row of a symbol beside ours."""
    try:
        ours = await client.ticker(symbol)
    except ServerLost as error:
        return [Finding(symbol, well=False, words=f"{error}, so there is no row of ours")]
    except UsageError as error:
        return [Finding(symbol, well=False, words=str(error))]
    theirs: dict[str, float] | None = None
    if not is_simulated(settings):
        try:
            theirs = _row_of(await rest.snapshot(), symbol)
        except VendorError as error:
            return [Finding(symbol, well=False, words=str(error))]
    head = Finding(symbol, well=None, words=f"{'vendor':>16}{'ours':>16}")
    rows = [
        Finding(
            f"  {name}",
            well=None,
            words=f"{_shown(theirs[column]) if theirs else '-':>16}{_shown(ours.get(name)):>16}",
        )
        for name, column in BESIDE
    ]
    if theirs is None and not is_simulated(settings):
        rows.append(Finding(symbol, well=False, words="the vendor's snapshot does not hold it"))
    return [head, *rows]


def _row_of(image: MarketImage, symbol: str) -> dict[str, float] | None:
    if Symbol(symbol) not in image.symbols:
        return None
    place = image.symbols.index(Symbol(symbol))
    return {column: float(getattr(image, column)[place]) for _, column in BESIDE}


def _shown(value: object) -> str:
    if not isinstance(value, int | float) or math.isnan(value):
        return "-"
    return f"{value:,.4f}".rstrip("0").rstrip(".")
