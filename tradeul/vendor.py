"""The vendor's doors: where the market comes from by the settings, and the simulated one's, which are opened here.

`app` asks, and `exchange` serves the simulated market alone.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from tradeul import logs
from tradeul.clock import Clock
from tradeul.domain.session import TradingCalendar, local_time
from tradeul.engine.ports import Deliver, Recorder
from tradeul.polygon.hosts import delayed_url_of
from tradeul.polygon.stream import PolygonStream
from tradeul.settings import Settings
from tradeul.simulation.exchange.server import Exchange
from tradeul.simulation.market import Market
from tradeul.supervisor import Stage, Supervisor
from tradeul.world import calendar_of, market_clock

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Vendor:
    """Where the market is, and what opens its door."""

    rest_url: str
    ws_url: str
    api_key: str
    companies_url: str
    companies_key: str | None
    """The second source's."""


def vendor_of(settings: Settings) -> Vendor:
    """Find the real one's doors."""
    polygon, fmp = settings.polygon, settings.fmp
    key = polygon.api_key.get_secret_value() if polygon.api_key else ""
    logs.mask(key)
    fmp_key = fmp.api_key.get_secret_value() if fmp.api_key else None
    logs.mask(fmp_key or "")
    return Vendor(polygon.rest_url, polygon.ws_url, key, fmp.base_url, fmp_key)


async def open_market(
    settings: Settings, clock: Clock, plan: TradingCalendar, supervisor: Supervisor
) -> tuple[Exchange, Vendor]:
    """Open the simulated market's doors. What it announces does not come back to it as its own calendar."""
    key = secrets.token_hex(16)
    logs.mask(key)
    exchange = Exchange(Market(settings.simulation.seed, settings.simulation.symbols, plan), clock, key=key)
    await exchange.start()
    supervisor.add_stop(Stage.SIMULATION, "exchange", exchange.close)
    supervisor.start("exchange", exchange.run, stage=Stage.SIMULATION)
    # The simulated market has a second vendor too, behind the same door.
    return exchange, Vendor(exchange.rest_url, exchange.ws_url, key, exchange.rest_url, key)


def stream_of(
    vendor: Vendor,
    settings: Settings,
    clock: Clock,
    deliver: Deliver,
    recorder: Recorder | None,
    on_live: Callable[[], None],
) -> PolygonStream:
    """The live feed as the settings want it."""
    feed, late_url = settings.polygon.feed, delayed_url_of(vendor.ws_url)
    return PolygonStream(
        late_url if feed == "delayed" and late_url else vendor.ws_url,
        vendor.api_key,
        clock,
        deliver,
        topics=settings.hot.of_symbols(),
        wildcards=frozenset(f"{topic}.*" for topic in settings.hot.of_whole_market()),
        delayed_url=late_url if feed == "auto" else None,
        recorder=recorder,
        on_live=on_live,
    )


async def run_exchange(settings: Settings, host: str, port: int, key: str | None, plan: str) -> None:
    """Serve the simulated market alone until stopped."""
    clock = market_clock(settings.clock, simulated=True)
    market = Market(settings.simulation.seed, settings.simulation.symbols, calendar_of(clock))
    exchange = Exchange(market, clock, host=host, port=port, key=key, plan=plan, compress=True)
    supervisor = Supervisor(clock)
    await exchange.start()
    supervisor.add_stop(Stage.SIMULATION, "exchange", exchange.close)
    supervisor.start("exchange", exchange.run, stage=Stage.SIMULATION)
    log.info("exchange_served", rest=exchange.rest_url, websocket=exchange.ws_url, begins=str(local_time(clock.now())))
    await supervisor.run_until_stopped()
