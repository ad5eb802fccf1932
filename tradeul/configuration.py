"""From a file and the environment to `Settings`, and from the settings to the text of config.toml.

A value comes from the environment (`TRADEUL_SECTION__KEY`), else from one TOML file, else from the defaults. What is
unknown, missing or out of range is a `ConfigurationError` of one line that names the setting and where it was found,
and never shows its value. The command line calls it once.
"""

import datetime as dt
import difflib
import json
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource, SettingsError

from tradeul.definitions import Definition
from tradeul.domain.expression import parse_condition
from tradeul.engine.filters import global_filters
from tradeul.engine.scan_book import scan_of
from tradeul.errors import ConfigurationError, UsageError
from tradeul.settings import ENV_PREFIX, Section, Settings

CONFIG_PLACES: Final = (Path("config.toml"), Path("/etc/tradeul/config.toml"))
API_KEYS: Final = {
    f"{ENV_PREFIX}POLYGON__API_KEY": ("POLYGON_API_KEY", "MASSIVE_API_KEY"),
    f"{ENV_PREFIX}FMP__API_KEY": ("FMP_API_KEY",),
}
"""Our names of the vendors' keys, and the vendors' own."""
CREDENTIALS: Final = {
    "polygon_api_key": f"{ENV_PREFIX}POLYGON__API_KEY",
    "fmp_api_key": f"{ENV_PREFIX}FMP__API_KEY",
    "history_dsn": f"{ENV_PREFIX}HISTORY__DSN",
}
"""What systemd may hand over in files, and which setting each is."""
NO_CREDENTIAL: Final = ("", "-")
TOKEN_VARIABLE: Final = f"{ENV_PREFIX}TOKEN"
"""No setting: what commands show to a running program that wants a token."""
STARS: Final = "********"
OPEN_WORDS: Final = ("embedded", "off")
"""What may stand where a secret can, and is none."""
PASSWORD: Final = re.compile(r"://[^/@]*:[^/@]+@|[?&]password=")
"""In the address of a database; one without may be read by anybody."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
ANY_NAME: Final = "NAME"
"""In the path of a setting: whatever the user calls it. Ours are in small letters."""


def load_settings(config: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `environ` over the file `config`, else the first of `CONFIG_PLACES`, else the defaults."""
    file = config or next((place for place in CONFIG_PLACES if place.is_file()), None)
    environ = {**_credentials(environ), **environ}
    from_file = _read_toml(file) if file else {}
    try:
        settings = Settings(**_merged(from_file, _read_environment(environ)))
    except ValidationError as error:
        lines = [_line(details, environ, file) for details in error.errors(include_url=False, include_input=False)]
        raise ConfigurationError("; ".join(lines)) from None
    try:
        _check_conditions(settings)
    except UsageError as error:
        raise ConfigurationError(str(error) + (f" (from {file})" if file else "")) from None
    return settings


def _check_conditions(settings: Settings) -> None:
    """Read what only the language can tell right from wrong, before anything starts."""
    try:
        global_filters(settings.filters)
    except UsageError as error:
        raise UsageError(f"filters: a list of names is too long ({error})") from None
    for name, definition in settings.scans.items():
        try:
            scan_of(name, definition)
        except UsageError as error:
            raise UsageError(f"scans.{name}.{error}") from None
    for name, rule in settings.alerts.items():
        try:
            parse_condition(rule.where or "price > 0")
        except UsageError as error:
            raise UsageError(f"alerts.{name}.where: {error}") from None


def config_document(settings: type[Settings] = Settings) -> str:
    """The text of config.toml: every setting with its default, under a comment of one line."""
    opening = (
        "# Settings of tradeul, with their defaults. A line may be removed; an unknown one is refused.\n"
        "# The environment overrides it: TRADEUL_SERVER__PORT=9000, TRADEUL_FILTERS__PRICE_RANGE__MIN=2.\n"
    )
    return opening + "".join(_section_lines(settings, ()))


def effective_document(settings: Settings) -> str:
    """The same with the values that hold, wherever they come from; of what is secret only that it is set."""
    opening = "# Settings of tradeul as they hold here, from the file, the environment and the defaults.\n"
    return opening + "".join(_section_lines(Settings, (), settings))


def _section_lines(model: type[BaseModel], path: tuple[str, ...], values: BaseModel | None = None) -> Iterator[str]:
    sections: list[tuple[str, FieldInfo]] = []
    for name, field in model.model_fields.items():
        if _is_section(field.annotation) or _named_section(field.annotation) is not None:
            sections.append((name, field))
        else:
            shown = _toml(field.default) if values is None else _toml(_masked(getattr(values, name)))
            yield f"# {field.description}\n{name} = {shown}\n"
    for name, field in sections:
        here = (*path, name)
        yield f"\n# {field.description}\n[{'.'.join(here)}]\n"
        named = _named_section(field.annotation)
        if named is None:
            inner = None if values is None else getattr(values, name)
            yield from _section_lines(field.annotation, here, inner)  # type: ignore[arg-type]  # _is_section said so
        else:
            if values is not None:
                yield from _own_lines(here, getattr(values, name))
            yield from (f"#   {key}: {each.description}\n" for key, each in named.model_fields.items())


def _own_lines(path: tuple[str, ...], definitions: Mapping[str, BaseModel]) -> Iterator[str]:
    """The sections of a user's own naming, with what was said in them."""
    for name, definition in definitions.items():
        yield f"[{'.'.join((*path, name))}]\n"
        yield from (
            f"{key} = {_toml(_masked(getattr(definition, key)))}\n" for key in sorted(definition.model_fields_set)
        )


def _masked(value: object) -> object:
    """Of a secret, that there is one; an address of a database stays one."""
    if not isinstance(value, SecretStr):
        return value
    secret = value.get_secret_value()
    if not secret or secret in OPEN_WORDS:
        return secret
    scheme, found, _ = secret.partition("://")
    return f"{scheme}://{STARS}" if found else STARS


def _is_section(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def _named_section(annotation: object) -> type[Definition] | None:
    """Give what each section of a user's own naming holds; None where sections are ours."""
    held = get_args(annotation)
    return held[1] if get_origin(annotation) is dict and issubclass(held[1], Definition) else None


def _toml(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, dt.datetime):
        value = value.isoformat()
    # JSON's strings, numbers, booleans and arrays are TOML too; TOML has no null, so empty text stands for it.
    return json.dumps("" if value is None else value, ensure_ascii=False)


def _setting_paths(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        here = (*path, name)
        named = _named_section(field.annotation)
        if named is not None:
            yield from ((*here, ANY_NAME, key) for key in named.model_fields)
        elif _is_section(field.annotation):
            yield from _setting_paths(field.annotation, here)  # type: ignore[arg-type]  # _is_section said so
        else:
            yield here


def _environment_name(path: tuple[str, ...]) -> str:
    return ENV_PREFIX + "__".join(path).upper()


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            others = stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & _OTHERS
            content = tomllib.loads(opened.read().decode())
    except FileNotFoundError:
        raise ConfigurationError(f"{file}: there is no such file") from None
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: {error}") from None
    for name in _secrets_in(Settings, content) if others else ():
        raise ConfigurationError(f"{name}: stands in a file that others may open: chmod 600 {file}")
    return content


def _secrets_in(model: type[BaseModel], content: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Name the settings of a file that hold what others must not read."""
    for key, field in model.model_fields.items():
        value, name = content.get(key), above + key
        named = _named_section(field.annotation)
        if named is not None and isinstance(value, Mapping):
            inner = {each: section for each, section in value.items() if isinstance(section, Mapping)}
            for each, section in inner.items():
                yield from _secrets_in(named, section, f"{name}.{each}.")
        elif _is_section(field.annotation) and isinstance(value, Mapping):
            yield from _secrets_in(field.annotation, value, f"{name}.")  # type: ignore[arg-type]  # _is_section said so
        elif isinstance(value, str) and _may_hide(field.annotation) and _hides(value):
            yield name


def _may_hide(annotation: object) -> bool:
    return annotation is SecretStr or any(_may_hide(part) for part in get_args(annotation))


def _hides(value: str) -> bool:
    if "://" in value:
        return PASSWORD.search(value) is not None
    return value.strip() not in ("", *OPEN_WORDS)


def _credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """What lies in systemd's folder for this service, as if the environment held it."""
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    found = {}
    for name, variable in CREDENTIALS.items() if folder else ():
        file = Path(folder) / name
        try:
            text = file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{file}: the credential cannot be read: {error}") from None
        if text not in NO_CREDENTIAL:
            found[variable] = text
    return found


def _read_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    paths = list(_setting_paths(Settings))
    known = {_environment_name(path) for path in paths if ANY_NAME not in path}
    named: dict[str, Any] = {}
    for name in environ:
        if name.startswith(ENV_PREFIX) and name not in known and name != TOKEN_VARIABLE:
            path = _named_path(name, paths)
            named = _merged(named, {path[0]: {path[1]: {path[2]: environ[name]}}})
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): environ[name] for name in known if name in environ}
    for ours, theirs in API_KEYS.items():
        variable = _key_name(environ, ours, theirs)
        if variable is not None:
            source.env_vars |= {ours.lower(): environ[variable]}
    try:
        return _merged(source(), named)
    except SettingsError as error:
        raise ConfigurationError(f"{ENV_PREFIX}*: {error}") from None


def _named_path(variable: str, paths: Iterable[tuple[str, ...]]) -> tuple[str, str, str]:
    """Find which key of which of the user's own sections a variable sets."""
    for section, *inner in paths:
        if inner[:1] == [ANY_NAME]:
            first, last = _environment_name((section, "")), "__" + inner[1].upper()
            if variable.startswith(first) and variable.endswith(last) and len(variable) > len(first + last):
                return section, variable[len(first) : -len(last)].lower(), inner[1]
    raise ConfigurationError(f"{variable}: no such setting{_nearest(variable, list(map(_environment_name, paths)))}")


def _key_name(environ: Mapping[str, str], ours: str, theirs: Iterable[str]) -> str | None:
    """The variable that holds a key. Ours counts even when empty: that is how to run without a key."""
    if ours in environ:
        return ours
    return next((name for name in theirs if environ.get(name)), None)


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
