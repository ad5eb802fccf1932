"""What is wrong with a configuration is one clear line; what it is here is shown without its secrets."""

import io
import tomllib
from pathlib import Path

import pytest

from tradeul.config_commands import check, show
from tradeul.configuration import load_settings
from tradeul.errors import UsageError

WRONG = {
    "no TOML": ("[server\nport = 1", "config.toml: "),
    "not UTF-8": (b"\xff\xfe", "config.toml: is not UTF-8 text"),
    "twice": ("[log]\nlevel = 'info'\n[log]\n", "config.toml: "),
    "unknown section": ("[sever]\nport = 1", "sever: no such setting"),
    "unknown key": ("[server]\nprot = 1", "server.prot: no such setting; did you mean server.port?"),
    "section that is none": ("server = 1", "server: must be a section, [server]"),
    "text for a number": ("[server]\nport = 'eight'", "server.port: input should be a valid integer"),
    "too large": ("[server]\nport = 70000", "server.port: input should be less than or equal to 65535"),
    "negative": ("[server]\nport = -1", "server.port: input should be greater than or equal to 0"),
    "empty host": ("[server]\nhost = ''", "server.host: string should have at least 1 character"),
    "open to all": ("[server]\nhost = '0.0.0.0'", "set server.tokens_file and server.behind_proxy"),
    "no such tokens": ("[server]\ntokens_file = 'nowhere.json'", "server.tokens_file: nowhere.json: there is no"),
    "no network": ("[server]\ntrusted_proxies = '10.0.0.300'", "server.trusted_proxies: '10.0.0.300' is neither"),
    "no origin": ("[server]\nallowed_origins = 'scanner'", "server.allowed_origins: 'scanner' is no origin"),
    "nobody served": ("[server]\nmax_clients = 0", "server.max_clients: input should be greater than or equal to 1"),
    "unknown market": ("[market]\nsource = 'nasdaq'", "market.source: input should be 'auto', 'polygon' or"),
    "no key": ("[market]\nsource = 'polygon'", "so a key is needed: set POLYGON_API_KEY"),
    "no address": ("[polygon]\nrest_url = 'api.polygon.io'", "polygon.rest_url: string should match pattern"),
    "no stream": ("[polygon]\nws_url = 'https://x'", "polygon.ws_url: string should match pattern"),
    "too often": ("[polygon]\nsnapshot_interval_s = 0.1", "polygon.snapshot_interval_s: input should be greater"),
    "no feed": ("[polygon]\nfeed = 'fast'", "polygon.feed: input should be 'auto', 'realtime' or 'delayed'"),
    "no moment": ("[clock]\nstart = 'yesterday'", "clock.start: "),
    "no offset": ("[clock]\nstart = '2026-11-18T09:29:00'", "clock.start: input should have timezone info"),
    "standing clock": ("[clock]\nspeed = 0", "clock.speed: input should be greater than 0"),
    "not finite": ("[filters.rvol_high]\nmin = nan", "filters.rvol_high.min: input should be"),
    "crossed bounds": ("[filters.price_range]\nmin = 5\nmax = 1", "filters.price_range: min must not be above max"),
    "bad name": ("[scans.Mine]\nwhere = 'rvol > 5'", "scans.Mine"),
    "bad condition": ("[scans.mine]\nwhere = 'rvoll > 5'", "scans.mine."),
    "bad rule": ("[alerts.mine]\nwhere = 'price >'", "alerts.mine.where: "),
    "unreachable": ("[rvol]\nlookback_sessions = 3\nmin_sessions = 4", "rvol: min_sessions must not be above"),
    "no channel": ("[hot]\nchannels = 'A,X'", "hot.channels: must name one or more of A, AM, T, Q, LULD"),
    "no pause": ("[hot]\ninterval_ms = 1", "hot.interval_ms: input should be greater than or equal to 20"),
    "no database": ("[history]\ndsn = 'mysql://x'", 'history.dsn: must be "embedded", "off" or begin with postgresql'),
    "kept for no day": ("[history]\nretention_ticks = 0", "history.retention_ticks: input should be greater"),
    "key for all to read": (
        "[polygon]\napi_key = 'x'",
        "polygon.api_key: stands in a file that others may open: chmod",
    ),
    "no level": ("[log]\nlevel = 'loud'", "log.level: input should be 'debug', 'info', 'warning' or 'error'"),
}


def kept(folder: Path, text: str | bytes, mode: int = 0o644) -> Path:
    file = folder / "config.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(mode)
    return file


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    """It names the setting and what is the matter with it. The command line makes it exit code 2."""
    with pytest.raises(UsageError) as refusal:
        check(kept(tmp_path, text), io.StringIO())

    assert said in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


def test_there_are_thirty_of_them() -> None:
    """So many were promised."""
    assert len(WRONG) >= 30


def test_what_holds_is_shown_and_its_secrets_are_not(tmp_path: Path) -> None:
    """Keys, the database's address and a webhook's secret are stars; all else comes back as it was."""
    file = kept(
        tmp_path,
        '[polygon]\napi_key = "canary-1"\n[history]\ndsn = "postgresql://me:canary-2@host/x"\n'
        '[clock]\nstart = 2026-11-18T09:29:00-05:00\n[scans.mine]\nwhere = "rvol > 5"\nsize = 7\n'
        '[alerts.loud]\nwhere = "rvol > 9"\nwebhook = "http://127.0.0.1/x"\nwebhook_secret = "whsec_Y2FuYXJ5LTM="\n',
        mode=0o600,
    )
    shown = io.StringIO()

    show(file, shown, defaults=False)

    text = shown.getvalue()
    assert not [word for word in ("canary", "Y2FuYXJ5") if word in text]
    again = tomllib.loads(text)
    assert (again["polygon"]["api_key"], again["history"]["dsn"]) == ("********", "postgresql://********")
    assert again["scans"] == {"mine": {"size": 7, "where": "rvol > 5"}}
    assert again["alerts"]["loud"]["where"] == "rvol > 9"
    assert again["clock"]["start"] == "2026-11-18T09:29:00-05:00"


SECRETS = {
    "polygon.api_key": "[polygon]\napi_key = 'canary'",
    "fmp.api_key": "[fmp]\napi_key = 'canary'",
    "history.dsn": "[history]\ndsn = 'postgresql://me:canary@host/x'",
    "alerts.loud.webhook_secret": "[alerts.loud]\nwhere = 'rvol > 9'\nwebhook = 'http://127.0.0.1/x'\n"
    "webhook_secret = 'canary-of-enough-length'",
}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_others_may_read_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    """In one line that names it, does not show it, and says what to do; whatever the environment says instead."""
    file = kept(tmp_path, SECRETS[name], mode)

    with pytest.raises(UsageError) as refusal:
        load_settings(file, {"TRADEUL_POLYGON__API_KEY": "another"})

    assert str(refusal.value) == f"{name}: stands in a file that others may open: chmod 600 {file}"


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        *((text, 0o600) for text in SECRETS.values()),
        (SECRETS["polygon.api_key"], 0o400),
        ("[polygon]\napi_key = ''\n[history]\ndsn = 'off'", 0o644),
        ("[history]\ndsn = 'postgresql:///mine?host=/run/postgresql'", 0o644),
        ("[history]\ndsn = 'postgresql://me@host:5432/mine'", 0o644),
    ],
)
def test_a_file_of_ones_own_may_hold_secrets_and_any_file_may_hold_none(tmp_path: Path, text: str, mode: int) -> None:
    """An empty key, and an address without a password, are none."""
    check(kept(tmp_path, text, mode), io.StringIO())


def test_systemd_may_hand_over_the_secrets(tmp_path: Path) -> None:
    """In files of its own folder; what the environment says comes first, and a dash is nothing."""
    for name, text in {"polygon_api_key": "from-systemd\n", "fmp_api_key": "-", "history_dsn": "off"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    folder = {"CREDENTIALS_DIRECTORY": str(tmp_path)}

    found = load_settings(environ=folder)
    overridden = load_settings(environ=folder | {"TRADEUL_POLYGON__API_KEY": "from-the-environment"})

    keys = [each.polygon.api_key.get_secret_value() for each in (found, overridden) if each.polygon.api_key]
    assert keys == ["from-systemd", "from-the-environment"]
    assert found.fmp.api_key is None
    assert found.history.dsn.get_secret_value() == "off"


def test_a_credential_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    """It is named, and not shown."""
    (tmp_path / "polygon_api_key").write_bytes(b"\xff")

    with pytest.raises(UsageError, match="polygon_api_key: the credential cannot be read"):
        load_settings(environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})
