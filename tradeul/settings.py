"""Every setting: one field here is one documented line of config.toml.

Where values come from, `configuration` knows; the composition root hands the parts around. By themselves they hold
what they are given and the defaults.
"""

import ipaddress
import re
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    SecretStr,
)
from pydantic import model_validator as check
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from tradeul.access import is_loopback
from tradeul.definitions import MOST_DEFINITIONS, AlertDefinition, Name, ScanDefinition, split

ENV_PREFIX: Final = "TRADEUL_"


def _none_if_empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _stripped(value: object) -> object:
    return _none_if_empty(value.strip() if isinstance(value, str) else value)


Instant = Annotated[AwareDatetime | None, BeforeValidator(_none_if_empty)]
Bound = Annotated[FiniteFloat | None, BeforeValidator(_none_if_empty)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)]
Key = Annotated[SecretStr | None, BeforeValidator(_stripped)]


def _database(value: object) -> object:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and text not in {"embedded", "off"} and not text.startswith(_DATABASE_SCHEMES):
        raise ValueError('must be "embedded", "off" or begin with postgresql://')
    return text


_DATABASE_SCHEMES = ("postgresql://", "postgres://")
DatabaseAddress = Annotated[SecretStr, BeforeValidator(_database)]


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            ipaddress.ip_network(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither an address nor a network such as 10.0.0.0/8") from None
    return values


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not _ORIGIN.fullmatch(value):
            raise ValueError(f"{value!r} is no origin as browsers spell it, such as https://scanner.example.com")
    return values


_ORIGIN: Final = re.compile(r"https?://([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:\d{1,5})?")


def _links(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not _LINK.fullmatch(value):
            raise ValueError(f"{value!r} is no title and https:// address with {{symbol}} in its path or query")
    return values


# The host is the template's own: a symbol never chooses where a link leads.
_LINK: Final = re.compile(r"\S[^{}]* https?://[\w.-]+(:\d{1,5})?[/?][^\s{}]*\{symbol\}[^\s{}]*", re.ASCII)
Links = Annotated[Names, AfterValidator(_links)]
Networks = Annotated[Names, AfterValidator(_networks)]
Origins = Annotated[Names, AfterValidator(_origins)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Server(Section):
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    tokens_file: str = Field(
        "", description='File of those who are let in, as "tradeul token new" makes it; empty: everybody on loopback.'
    )
    behind_proxy: bool = Field(
        default=False, description="Whether a proxy that speaks TLS stands in front, and nobody gets past it."
    )
    trusted_proxies: Networks = Field(
        (), description="Addresses or networks of proxies whose X-Forwarded-For is believed."
    )
    allowed_origins: Origins = Field(
        (), description="Pages beside our own that may read and change things, such as https://scanner.example.com."
    )
    unprotected: bool = Field(
        default=False,
        description="DANGER: listens beyond loopback without tokens and TLS; whoever comes may read and change all.",
    )
    max_clients: int = Field(5000, ge=1, le=100_000, description="Viewers served at the same time; more are refused.")


class Page(Section):
    links: Links = Field(
        (
            "TradingView https://www.tradingview.com/chart/?symbol={symbol}",
            "Finviz https://finviz.com/quote.ashx?t={symbol}",
            "Yahoo https://finance.yahoo.com/quote/{symbol}",
            "Filings https://www.sec.gov/edgar/search/#/q={symbol}",
        ),
        description="Pages elsewhere about a symbol: a title, a space, and an address with {symbol} in it.",
    )

    def titled_links(self) -> list[tuple[str, str]]:
        """Title and address of each."""
        return [(title, address) for title, _, address in (link.rpartition(" ") for link in self.links)]


class Market(Section):
    source: Literal["auto", "polygon", "simulation"] = Field(
        "auto",
        description='Which market: "polygon", "simulation", or "auto": polygon if there is a key, else simulation.',
    )


class Polygon(Section):
    api_key: Key = Field(
        None, description="The vendor's key: POLYGON_API_KEY in the environment, or here in a file of mode 0600."
    )
    rest_url: str = Field("https://api.polygon.io", pattern=r"^https?://\S+$", description="Where snapshots come from.")
    ws_url: str = Field(
        "wss://socket.polygon.io/stocks", pattern=r"^wss?://\S+$", description="Where live bars come from."
    )
    feed: Literal["auto", "realtime", "delayed"] = Field(
        "auto",
        description='"realtime", "delayed" (15 minutes), or "auto": real time, delayed where the plan has only that.',
    )
    snapshot_interval_s: float = Field(
        5.0, ge=1, le=3600, description="Seconds from one snapshot of the whole market to the next."
    )


class Fmp(Section):
    api_key: Key = Field(None, description="Its key, kept likewise, or FMP_API_KEY; empty: do without.")
    base_url: str = Field(
        "https://financialmodelingprep.com", pattern=r"^https?://\S+$", description="Where it is asked."
    )


class ClockSettings(Section):
    start: Instant = Field(
        None, description="Run the market clock from this moment, ISO 8601 with offset; empty: the system clock."
    )
    speed: float = Field(1.0, gt=0, le=10_000, description="Market seconds per second of the wall.")
    anchor: Instant = Field(
        None, description="The moment at which the market clock showed its start; empty: when the program started."
    )


class Simulation(Section):
    seed: int = Field(1, ge=0, description="The same seed and clock give the same market.")
    symbols: int = Field(12_000, ge=1, le=200_000, description="Size of the simulated market.")


class RvolHigh(Section):
    enabled: bool = Field(default=True, description="Whether it is applied; an unknown relative volume passes.")
    min: float = Field(1.5, ge=0, allow_inf_nan=False, description="Smallest relative volume.")


class VolumeMin(Section):
    enabled: bool = Field(default=False, description="Whether it is applied.")
    min: float = Field(100_000.0, ge=0, allow_inf_nan=False, description="Smallest volume of today, in shares.")


class Range(Section):
    enabled: bool = Field(default=False, description="Whether it is applied.")
    min: Bound = Field(None, description="Smallest value that passes; empty: no bound.")
    max: Bound = Field(None, description="Largest value that passes; empty: no bound.")

    @check(mode="after")
    def _ordered(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min must not be above max")
        return self


class PriceRange(Range):
    enabled: bool = Field(default=True, description="Whether it is applied.")
    min: Bound = Field(1.0, description="Smallest price that passes, in dollars; empty: no bound.")
    max: Bound = Field(500.0, description="Largest price that passes, in dollars; empty: no bound.")


class Filters(Section):
    exchanges: Names = Field((), description="Exchanges that pass; empty: all.")
    sectors: Names = Field((), description="Sectors that pass; empty: all.")
    types: Names = Field((), description="Security types that pass; empty: all.")
    require_reference: bool = Field(default=False, description="Whether symbols without reference data are dropped.")
    rvol_high: RvolHigh = Field(RvolHigh(), description="Relative volume.")
    price_range: PriceRange = Field(PriceRange(), description="Price, in dollars.")
    volume_min: VolumeMin = Field(VolumeMin(), description="Volume of today.")
    market_cap: Range = Field(Range(), description="Market capitalisation, in dollars.")
    float: Range = Field(Range(), description="Float: the shares that can be traded.")
    change: Range = Field(Range(), description="Change since the previous close, in percent.")


CHANNELS: Final = ("A", "AM", "T", "Q", "LULD")
OF_THE_WHOLE_MARKET: Final = frozenset({"LULD"})
"""Few enough to be followed of every symbol."""


def _channels(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or not set(names) <= set(CHANNELS):
        raise ValueError(f"must name one or more of {', '.join(CHANNELS)}")
    return tuple(dict.fromkeys(names))


class Hot(Section):
    mode: Literal["lists", "all"] = Field(
        "lists",
        description='What is followed: "lists": what is in lists, pinned or watched; "all": seconds of every symbol.',
    )
    channels: Annotated[Names, AfterValidator(_channels)] = Field(
        ("A", "LULD"),
        description="What is followed of it: A seconds, AM minutes, T trades, Q quotes; LULD halts, of every symbol.",
    )
    interval_ms: int = Field(
        100, ge=20, le=10_000, description="Milliseconds from one re-rank of live symbols to the next."
    )
    cooldown_s: float = Field(
        60.0, ge=0, le=86_400, description="Seconds a symbol is still followed live after it left every list."
    )
    reconcile_s: float = Field(
        30.0, ge=1, le=3600, description="Seconds from one check of what is followed live against what should be."
    )

    def of_whole_market(self) -> frozenset[str]:
        """The channels that are followed of every symbol."""
        return OF_THE_WHOLE_MARKET.intersection(self.channels) | ({"A"} if self.mode == "all" else set())

    def of_symbols(self) -> tuple[str, ...]:
        """Those that must come of a symbol that is followed, be it with those of every other."""
        wanted = {*self.channels, *self.of_whole_market()} - OF_THE_WHOLE_MARKET
        return tuple(name for name in CHANNELS if name in wanted)


class History(Section):
    dsn: DatabaseAddress = Field(
        SecretStr("embedded"),
        description='"embedded": a Postgres that comes and goes with the program; "postgresql://..." or "off".',
    )
    data_dir: str = Field(
        "", description="Folder for what is kept; empty: systemd's state directory, else tradeul in the user's own."
    )
    pg_bin: str = Field("", description="Folder with the programs of the embedded Postgres; empty: those it came with.")
    retention_ticks: int = Field(5, ge=1, le=36_500, description="Days that trades are kept.")
    retention_list_states: int = Field(
        10, ge=1, le=36_500, description="Days that the lists of every snapshot are kept."
    )
    retention_scan_results: int = Field(
        30, ge=1, le=36_500, description="Days that the lists of every minute are kept."
    )
    retention_aggregates_1min: int = Field(30, ge=1, le=36_500, description="Days that bars of a minute are kept.")
    retention_list_events: int = Field(400, ge=1, le=36_500, description="Days that entries and exits are kept.")
    retention_volume_slots: int = Field(400, ge=1, le=36_500, description="Days that volumes by slot are kept.")
    retention_slot_prices: int = Field(
        60, ge=1, le=36_500, description="Days that the whole market's prices by slot are kept, for backtests."
    )


class Rvol(Section):
    lookback_sessions: int = Field(5, ge=1, le=30, description="Full sessions that make a usual day.")
    min_sessions: int = Field(
        3, ge=1, le=30, description="With fewer of them, the general curve of a day stands in, marked ~."
    )
    audit_alarm_percent: float = Field(
        5.0,
        ge=0,
        allow_inf_nan=False,
        description="By how much a night's audit may find the median of a day's values off before health says so; "
        "0: it never does.",
    )

    @check(mode="after")
    def _reachable(self) -> Self:
        if self.min_sessions > self.lookback_sessions:
            raise ValueError("min_sessions must not be above lookback_sessions")
        return self


class Record(Section):
    enabled: bool = Field(
        default=False,
        description="Whether everything that comes from the vendor is kept from the start, up to 6 GB a trading day. "
        "`record on` and `record off` change it while the program runs.",
    )


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")
    format: Literal["auto", "console", "json"] = Field(
        "auto", description='"console", "json", or "auto": console on a terminal, else JSON.'
    )


class Settings(BaseSettings):
    """The whole configuration. Made by `load_settings`."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
    )

    server: Server = Field(Server(), description="The page, the API and the viewers' WebSocket.")
    page: Page = Field(Page(), description="What the page shows beside the market.")
    market: Market = Field(Market(), description="Where the market comes from.")
    polygon: Polygon = Field(Polygon(), description="The real market: Polygon.io, renamed Massive.com.")
    fmp: Fmp = Field(Fmp(), description="A second source, of companies: sectors, betas, floats that the first lacks.")
    clock: ClockSettings = Field(ClockSettings(), description="Runs the market at another moment or pace.")
    simulation: Simulation = Field(Simulation(), description="The market in a box.")
    filters: Filters = Field(Filters(), description="What a symbol must pass to be in any list. Bounds are inclusive.")
    scans: Annotated[dict[Name, ScanDefinition], Field(max_length=MOST_DEFINITIONS)] = Field(
        {},
        description="Lists of your own, and built-in ones changed: each a section, [scans.NAME], with the keys below.",
    )
    alerts: Annotated[dict[Name, AlertDefinition], Field(max_length=MOST_DEFINITIONS)] = Field(
        {}, description="Rules that ring: each a section, [alerts.NAME], with the keys below."
    )
    rvol: Rvol = Field(Rvol(), description="Relative volume: today's volume against what is usual by now.")
    hot: Hot = Field(Hot(), description="Symbols that are followed live.")
    history: History = Field(History(), description="Where things are kept.")
    record: Record = Field(Record(), description="The vendor's answers and frames as they came, in recordings/.")
    log: Log = Field(Log(), description="Log lines, on standard error.")

    @check(mode="after")
    def _protected(self) -> Self:
        server = self.server
        missing = [] if server.tokens_file else ["server.tokens_file"]
        missing += [] if server.behind_proxy else ["server.behind_proxy (TLS in front)"]
        if missing and not server.unprotected and not is_loopback(server.host):
            raise ValueError(
                f"server.host is {server.host}, which other machines reach: set {' and '.join(missing)}, "
                "or server.unprotected if nobody can reach it who should not"
            )
        return self

    @check(mode="after")
    def _has_key(self) -> Self:
        if self.market.source == "polygon" and self.polygon.api_key is None:
            raise ValueError('market.source is "polygon", so a key is needed: set POLYGON_API_KEY')
        return self

    @classmethod
    def settings_customise_sources(  # the signature is the library's
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing ambient: only `configuration` reads files and the environment."""
        return (init_settings,)
