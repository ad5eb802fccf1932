"""Every setting: one field here is one documented line of config.toml.

A value comes from the environment (`TRADEUL_SECTION__KEY`), else from one TOML file, else from here. What is
unknown, missing or out of range is a `ConfigurationError` of one line that names the setting and where it was
found, and never shows its value. The command line loads it once; the composition root hands the parts around.
"""

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    SecretStr,
    ValidationError,
)
from pydantic import model_validator as check
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from tradeul.errors import ConfigurationError

CONFIG_PLACES: Final = (Path("config.toml"), Path("/etc/tradeul/config.toml"))
ENV_PREFIX: Final = "TRADEUL_"
API_KEY_NAME: Final = f"{ENV_PREFIX}POLYGON__API_KEY"
API_KEY_NAMES: Final = (API_KEY_NAME, "POLYGON_API_KEY", "MASSIVE_API_KEY")


def _none_if_empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _stripped(value: object) -> object:
    return _none_if_empty(value.strip() if isinstance(value, str) else value)


Instant = Annotated[AwareDatetime | None, BeforeValidator(_none_if_empty)]
Bound = Annotated[FiniteFloat | None, BeforeValidator(_none_if_empty)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Key = Annotated[SecretStr | None, BeforeValidator(_stripped)]


def _database(value: object) -> object:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and text not in {"embedded", "off"} and not text.startswith(_DATABASE_SCHEMES):
        raise ValueError('must be "embedded", "off" or begin with postgresql://')
    return text


_DATABASE_SCHEMES = ("postgresql://", "postgres://")
DatabaseAddress = Annotated[SecretStr, BeforeValidator(_database)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Server(Section):
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    max_clients: int = Field(5000, ge=1, le=100_000, description="Viewers served at the same time; more are refused.")


class Market(Section):
    source: Literal["auto", "polygon", "simulation"] = Field(
        "auto",
        description='Which market: "polygon", "simulation", or "auto": polygon if there is a key, else simulation.',
    )


class Polygon(Section):
    api_key: Key = Field(None, description="The vendor's key. Better kept in the environment: POLYGON_API_KEY.")
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


class Hot(Section):
    interval_ms: int = Field(
        100, ge=20, le=10_000, description="Milliseconds from one re-rank of live symbols to the next."
    )
    cooldown_s: float = Field(
        60.0, ge=0, le=86_400, description="Seconds a symbol is still followed live after it left every list."
    )


class History(Section):
    dsn: DatabaseAddress = Field(
        SecretStr("embedded"),
        description='"embedded": a Postgres that comes and goes with the program; "postgresql://..." or "off".',
    )
    data_dir: str = Field(
        "", description="Folder for what is kept; empty: systemd's state directory, else tradeul in the user's own."
    )
    pg_bin: str = Field("", description="Folder with the programs of the embedded Postgres; empty: those it came with.")
    retention_list_states: int = Field(
        10, ge=1, le=36_500, description="Days that the lists of every snapshot are kept."
    )
    retention_scan_results: int = Field(
        30, ge=1, le=36_500, description="Days that the lists of every minute are kept."
    )
    retention_aggregates_1min: int = Field(
        30, ge=1, le=36_500, description="Days that the minutes of symbols are kept."
    )
    retention_list_events: int = Field(400, ge=1, le=36_500, description="Days that entries and exits are kept.")


class Record(Section):
    enabled: bool = Field(
        default=False, description="Whether everything that comes from the vendor is kept, up to 6 GB a trading day."
    )


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")
    format: Literal["auto", "console", "json"] = Field(
        "auto", description='"console", "json", or "auto": console on a terminal, else JSON.'
    )


class Settings(BaseSettings):
    """The whole configuration. Made by `load_settings`; by itself it holds what it is given and the defaults."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
    )

    server: Server = Field(Server(), description="The page, the API and the viewers' WebSocket.")
    market: Market = Field(Market(), description="Where the market comes from.")
    polygon: Polygon = Field(Polygon(), description="The real market: Polygon.io, renamed Massive.com.")
    clock: ClockSettings = Field(ClockSettings(), description="Runs the market at another moment or pace.")
    simulation: Simulation = Field(Simulation(), description="The market in a box.")
    filters: Filters = Field(Filters(), description="What a symbol must pass to be in any list. Bounds are inclusive.")
    hot: Hot = Field(Hot(), description="Symbols that are followed live.")
    history: History = Field(History(), description="Where things are kept.")
    record: Record = Field(Record(), description="The vendor's answers and frames as they came, in recordings/.")
    log: Log = Field(Log(), description="Log lines, on standard error.")

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
        """Nothing ambient: only `load_settings` reads files and the environment."""
        return (init_settings,)


def load_settings(config: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `environ` over the file `config`, else the first of `CONFIG_PLACES`, else the defaults."""
    file = config or next((place for place in CONFIG_PLACES if place.is_file()), None)
    from_file = _read_toml(file) if file else {}
    try:
        return Settings(**_merged(from_file, _read_environment(environ)))
    except ValidationError as error:
        lines = [_line(details, environ, file) for details in error.errors(include_url=False, include_input=False)]
        raise ConfigurationError("; ".join(lines)) from None


def config_document(settings: type[Settings] = Settings) -> str:
    """The text of config.toml: every setting with its default, under a comment of one line."""
    opening = (
        "# Settings of tradeul, with their defaults. A line may be removed; an unknown one is refused.\n"
        "# The environment overrides it: TRADEUL_SERVER__PORT=9000, TRADEUL_FILTERS__PRICE_RANGE__MIN=2.\n"
    )
    return opening + "".join(_section_lines(settings, ()))


def _section_lines(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[str]:
    subsections = {name: field for name, field in model.model_fields.items() if _is_section(field.annotation)}
    for name, field in model.model_fields.items():
        if name not in subsections:
            yield f"# {field.description}\n{name} = {_toml(field.default)}\n"
    for name, field in subsections.items():
        here = (*path, name)
        yield f"\n# {field.description}\n[{'.'.join(here)}]\n"
        yield from _section_lines(field.annotation, here)  # type: ignore[arg-type]  # _is_section said so


def _is_section(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def _toml(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    # JSON's strings, numbers, booleans and arrays are TOML too; TOML has no null, so empty text stands for it.
    return json.dumps("" if value is None else value, ensure_ascii=False)


def _setting_paths(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        here = (*path, name)
        if _is_section(field.annotation):
            yield from _setting_paths(field.annotation, here)  # type: ignore[arg-type]  # _is_section said so
        else:
            yield here


def _environment_name(path: tuple[str, ...]) -> str:
    return ENV_PREFIX + "__".join(path).upper()


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{file}: there is no such file") from None
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: {error}") from None


def _read_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    known = [_environment_name(path) for path in _setting_paths(Settings)]
    for name in environ:
        if name.startswith(ENV_PREFIX) and name not in known:
            raise ConfigurationError(f"{name}: no such setting{_nearest(name, known)}")
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): environ[name] for name in known if name in environ}
    key = _api_key_name(environ)
    if key is not None:
        source.env_vars |= {API_KEY_NAME.lower(): environ[key]}
    try:
        return source()
    except SettingsError as error:
        raise ConfigurationError(f"{ENV_PREFIX}*: {error}") from None


def _api_key_name(environ: Mapping[str, str]) -> str | None:
    """The variable that holds the key. Ours counts even when empty: that is how to run without a key."""
    if API_KEY_NAME in environ:
        return API_KEY_NAME
    return next((name for name in API_KEY_NAMES if environ.get(name)), None)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        lower = merged.get(name)
        merged[name] = _merged(lower, value) if isinstance(lower, dict) and isinstance(value, dict) else value
    return merged


def _line(details: ErrorDetails, environ: Mapping[str, str], file: Path | None) -> str:
    path = tuple(str(part) for part in details["loc"])
    name = ".".join(path)
    message = details["msg"].removeprefix("Value error, ")
    if details["type"] == "extra_forbidden":
        message = "no such setting" + _nearest(name, [".".join(known) for known in _setting_paths(Settings)])
    elif details["type"] == "model_type":
        message = f"must be a section, [{name}]"
    if not name:
        return message
    variable = _environment_name(path)
    origin = variable if variable in environ else file
    return f"{name}: {message[0].lower()}{message[1:]}" + (f" (from {origin})" if origin else "")


def _nearest(name: str, known: list[str]) -> str:
    match = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {match[0]}?" if match else ""
