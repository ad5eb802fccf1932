"""Settings: where they come from, what is refused, and that no secret is ever shown."""

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from tradeul.configuration import config_document, load_settings
from tradeul.errors import ConfigurationError
from tradeul.settings import Settings

CANARY = "canary-7f3a"


@pytest.fixture(autouse=True)
def _away_from_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(config: Path | None, environ: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(config, environ)
    return str(caught.value)


def written(text: str) -> Path:
    file = Path("mine.toml")
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults_need_neither_file_nor_environment() -> None:
    """With nothing set up, the product runs a simulated market on loopback."""
    settings = load_settings(environ={})

    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8000)
    assert settings.market.source == "auto"
    assert settings.polygon.api_key is None
    assert settings.clock.start is None
    assert settings.filters.price_range.enabled
    assert not settings.filters.market_cap.enabled


def test_the_file_in_the_working_folder_is_found() -> None:
    """`./config.toml` counts without being named."""
    Path("config.toml").write_text("[server]\nport = 8123\n", encoding="utf-8")

    assert load_settings(environ={}).server.port == 8123


def test_a_named_file_replaces_the_one_in_the_working_folder() -> None:
    """`--config` is the only file read."""
    Path("config.toml").write_text("[server]\nport = 8123\n", encoding="utf-8")

    settings = load_settings(written("[hot]\ninterval_ms = 200\n"), {})

    assert (settings.server.port, settings.hot.interval_ms) == (8000, 200)


def test_the_environment_overrides_the_file_key_by_key() -> None:
    """A variable changes its own key and leaves its neighbours to the file and the defaults."""
    file = written("[filters.price_range]\nmin = 2\nmax = 90\n")

    settings = load_settings(file, {"TRADEUL_FILTERS__PRICE_RANGE__MIN": "3"})

    assert (settings.filters.price_range.min, settings.filters.price_range.max) == (3, 90)
    assert settings.filters.price_range.enabled


def test_values_of_every_kind_can_come_from_the_environment() -> None:
    """Text becomes numbers, truth, lists split at commas, and moments with their offset."""
    environ = {
        "TRADEUL_SERVER__PORT": "9000",
        "TRADEUL_FILTERS__VOLUME_MIN__ENABLED": "true",
        "TRADEUL_FILTERS__EXCHANGES": "NYSE, NASDAQ",
        "TRADEUL_CLOCK__START": "2026-11-20T09:29:00-05:00",
    }

    settings = load_settings(environ=environ)

    assert settings.server.port == 9000
    assert settings.filters.volume_min.enabled
    assert settings.filters.exchanges == ("NYSE", "NASDAQ")
    assert settings.clock.start is not None
    assert settings.clock.start.isoformat() == "2026-11-20T09:29:00-05:00"


def test_variables_of_other_programs_are_ignored() -> None:
    """Only names that start with ours are looked at."""
    assert load_settings(environ={"PORT": "1", "SERVER__PORT": "2"}).server.port == 8000


@pytest.mark.parametrize(
    ("environ", "key"),
    [
        ({"POLYGON_API_KEY": "a"}, "a"),
        ({"MASSIVE_API_KEY": "b"}, "b"),
        ({"MASSIVE_API_KEY": "b", "POLYGON_API_KEY": "a"}, "a"),
        ({"POLYGON_API_KEY": "a", "TRADEUL_POLYGON__API_KEY": "c"}, "c"),
        ({"POLYGON_API_KEY": " a\n"}, "a"),
        ({"POLYGON_API_KEY": ""}, None),
        ({"POLYGON_API_KEY": "", "MASSIVE_API_KEY": "b"}, "b"),
        ({"POLYGON_API_KEY": "a", "TRADEUL_POLYGON__API_KEY": ""}, None),
    ],
)
def test_the_key_is_found_under_its_usual_names(environ: dict[str, str], key: str | None) -> None:
    """The vendor's own variables fill the key; ours wins, and ours left empty means no key."""
    found = load_settings(environ=environ).polygon.api_key

    assert (found.get_secret_value() if found else None) == key


@pytest.mark.parametrize(
    ("environ", "key"),
    [
        ({"FMP_API_KEY": "f", "POLYGON_API_KEY": "p"}, "f"),
        ({"FMP_API_KEY": "f", "TRADEUL_FMP__API_KEY": ""}, None),
        ({"POLYGON_API_KEY": "p"}, None),
    ],
)
def test_each_vendor_has_a_key_of_its_own(environ: dict[str, str], key: str | None) -> None:
    """The second vendor's variable fills the second vendor's key, and no other."""
    found = load_settings(environ=environ).fmp.api_key

    assert (found.get_secret_value() if found else None) == key


def test_a_named_file_that_is_missing_is_refused() -> None:
    """A wrong `--config` is not silently the defaults."""
    assert refusal(Path("nowhere.toml"), {}) == "nowhere.toml: there is no such file"


def test_broken_toml_is_refused_in_one_line_with_its_place() -> None:
    """File, line and column are named."""
    message = refusal(written('[server]\nhost "x"\n'), {})

    assert message.startswith("mine.toml: ")
    assert "line 2, column 6" in message
    assert "\n" not in message


def test_a_file_that_is_not_text_is_refused() -> None:
    """Bytes that are no UTF-8 are the user's mistake, not a traceback."""
    Path("mine.toml").write_bytes(b"\xff\xfe")

    assert refusal(Path("mine.toml"), {}) == "mine.toml: is not UTF-8 text"


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    """What cannot be read is said in one line."""
    assert "cannot be read" in refusal(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nprot = 1", "server.prot: no such setting; did you mean server.port? (from mine.toml)"),
        ("[zzzzz]\nx = 1", "zzzzz: no such setting (from mine.toml)"),
        ("server = 1", "server: must be a section, [server] (from mine.toml)"),
        ("[server]\nport = 70000", "server.port: input should be less than or equal to 65535 (from mine.toml)"),
        ("[clock]\nstart = '2026-11-20T09:29:00'", "clock.start: input should have timezone info (from mine.toml)"),
        ("[clock]\nspeed = 0", "clock.speed: input should be greater than 0 (from mine.toml)"),
        ("[filters.float]\nmin = 2\nmax = 1", "filters.float: min must not be above max (from mine.toml)"),
        ("[filters.change]\nmin = nan", "filters.change.min: input should be a finite number (from mine.toml)"),
        ("[market]\nsource = 'polygon'", 'market.source is "polygon", so a key is needed: set POLYGON_API_KEY'),
    ],
)
def test_a_wrong_file_is_refused_with_the_path_of_the_setting(text: str, message: str) -> None:
    """The line names the setting, what is wrong and the file."""
    assert refusal(written(text), {}) == message


def test_all_mistakes_are_said_at_once() -> None:
    """Two wrong settings are one line that names both."""
    message = refusal(written("[server]\nport = -1\n[hot]\ninterval_ms = 1\n"), {})

    assert "server.port" in message
    assert "hot.interval_ms" in message


def test_an_unknown_variable_is_refused_with_the_nearest_name() -> None:
    """A misspelt variable is not silently ignored."""
    message = refusal(None, {"TRADEUL_SERVR__PORT": "1"})

    assert message == "TRADEUL_SERVR__PORT: no such setting; did you mean TRADEUL_SERVER__PORT?"


def test_a_wrong_variable_is_named_as_the_source() -> None:
    """Who reads the line knows where to change it."""
    assert refusal(None, {"TRADEUL_SERVER__PORT": "many"}).endswith("(from TRADEUL_SERVER__PORT)")


@pytest.mark.parametrize(
    "name", ["TRADEUL_SERVER__PORT", "TRADEUL_POLYGON__REST_URL", "TRADEUL_CLOCK__START", "TRADEUL_MARKET__SOURCE"]
)
def test_a_refusal_never_shows_the_value(name: str) -> None:
    """A secret put under the wrong name does not reach a terminal or a log."""
    assert CANARY not in refusal(None, {name: CANARY})


def test_the_key_is_in_no_picture_of_the_settings() -> None:
    """Printing or dumping the settings shows stars."""
    settings = load_settings(environ={"POLYGON_API_KEY": CANARY})

    assert CANARY not in repr(settings) + str(settings) + settings.model_dump_json()


def test_the_generated_file_says_exactly_the_defaults() -> None:
    """Reading config.toml back changes nothing."""
    assert load_settings(written(config_document()), {}) == Settings()


def test_every_setting_is_documented_and_in_the_file() -> None:
    """Each key stands under a comment, and each section has one too."""
    lines = config_document().splitlines()
    keys = [index for index, line in enumerate(lines) if line and not line.startswith("#")]

    assert all(lines[index - 1].startswith("# ") and lines[index - 1] != "# None" for index in keys)
    assert set(tomllib.loads(config_document())) == set(Settings.model_fields)


def test_settings_cannot_be_changed_after_they_were_loaded() -> None:
    """What a part was given stays what it was, in every section."""
    sections = [value for _, value in Settings() if isinstance(value, BaseModel)]

    assert sections
    assert all(section.model_config.get("frozen") for section in [Settings(), *sections])


def test_lists_of_the_users_own_come_from_file_and_environment() -> None:
    """A section of any name; the environment changes it key by key, and may make one alone."""
    file = written("[scans.movers]\nwhere = 'rvol > 5'\nsize = 20\ncolumns = ['price', 'rvol']\n")
    environ = {
        "TRADEUL_SCANS__MOVERS__SIZE": "30",
        "TRADEUL_SCANS__LOW_FLOAT__WHERE": "float_shares < 20M",
        "TRADEUL_SCANS__LOW_FLOAT__COLUMNS": "price, float_shares",
        "TRADEUL_SCANS__LOW_FLOAT__GLOBAL_FILTERS": "false",
    }

    scans = load_settings(file, environ).scans

    assert (scans["movers"].where, scans["movers"].size, scans["movers"].columns) == ("rvol > 5", 30, ("price", "rvol"))
    assert (scans["low_float"].where, scans["low_float"].global_filters) == ("float_shares < 20M", False)
    assert scans["low_float"].columns == ("price", "float_shares")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[scans.movers]\nwhere = 'rvl > 5'\n", "scans.movers.where: column 1: there is no field 'rvl'"),
        ("[scans.movers]\nsize = 5\n", "scans.movers.where: a list needs a condition"),
        ("[scans.movers]\nwhere = 'rvol > 5'\nordr = 'rvol'\n", "scans.movers.ordr: no such setting"),
        ("[scans.Movers]\nwhere = 'rvol > 5'\n", "scans.Movers.[key]: string should match"),
        ("[scans]\nmovers = 'rvol > 5'\n", "scans.movers: must be a section, [scans.movers]"),
        ("[scans.movers]\nwhere = 'rvol > 5'\nsize = 500\n", "scans.movers.size: input should be less than"),
    ],
)
def test_a_list_that_cannot_be_made_is_refused(text: str, said: str) -> None:
    """Before anything starts, naming the list, the part and the place in it."""
    message = refusal(written(text), {})

    assert message.startswith(said)
    assert message.endswith("(from mine.toml)")
    assert "\n" not in message


def test_an_unknown_key_of_an_own_list_is_refused_in_the_environment() -> None:
    """As any other unknown variable is."""
    assert "no such setting" in refusal(None, {"TRADEUL_SCANS__MOVERS__ORDR": "rvol"})


def test_rules_that_ring_come_from_file_and_environment() -> None:
    """As lists do; what a webhook is signed with is never shown."""
    file = written("[alerts.runners]\nwhere = 'rvol > 10'\nwebhook = 'https://example.org/hook'\n")

    rules = load_settings(file, {"TRADEUL_ALERTS__RUNNERS__WEBHOOK_SECRET": f"{CANARY}-of-enough-length"}).alerts

    assert (rules["runners"].where, rules["runners"].webhook) == ("rvol > 10", "https://example.org/hook")
    assert rules["runners"].webhook_secret is not None
    assert CANARY not in repr(rules)


def test_a_rule_that_cannot_be_read_is_refused() -> None:
    """Before anything starts, at its place."""
    message = refusal(written("[alerts.runners]\nwhere = 'rvl > 10'\n"), {})

    assert message == "alerts.runners.where: column 1: there is no field 'rvl'; did you mean 'rvol'? (from mine.toml)"


def test_more_names_than_a_condition_can_hold_are_refused() -> None:
    """Before anything starts, in words that name the setting."""
    names = ", ".join(f"'SECTOR {number}'" for number in range(300))

    assert refusal(written(f"[filters]\nsectors = [{names}]\n"), {}).startswith("filters: a list of names is too long")


@pytest.mark.parametrize(
    ("text", "whole", "of_symbols"),
    [
        ("", {"LULD"}, ("A",)),
        ('mode = "all"', {"A", "LULD"}, ("A",)),
        ('channels = ["Q", "T", "A", "T"]', set(), ("A", "T", "Q")),
        ('mode = "all"\nchannels = ["AM"]', {"A"}, ("A", "AM")),
    ],
)
def test_channels_are_of_symbols_or_of_the_whole_market(
    text: str, whole: set[str], of_symbols: tuple[str, ...]
) -> None:
    """Halts are of all, the others of who is followed; `all` has the seconds of every symbol in any case."""
    hot = load_settings(written(f"[hot]\n{text}\n"), {}).hot

    assert (set(hot.of_whole_market()), hot.of_symbols()) == (whole, of_symbols)


@pytest.mark.parametrize("channels", ["A,AMM", "a", "A.*", ""])
def test_a_channel_that_there_is_not_is_refused(channels: str) -> None:
    """In one line that names those that there are."""
    message = refusal(None, {"TRADEUL_HOT__CHANNELS": channels})

    assert message == "hot.channels: must name one or more of A, AM, T, Q, LULD (from TRADEUL_HOT__CHANNELS)"


def test_links_are_titles_and_addresses() -> None:
    """As many as there are, in order; a title may have spaces."""
    links = ["My notes https://notes.example/{symbol}", "Plain http://plain.example:81?t={symbol}"]

    assert load_settings(written(f"[page]\nlinks = {links}\n"), {}).page.titled_links() == [
        ("My notes", "https://notes.example/{symbol}"),
        ("Plain", "http://plain.example:81?t={symbol}"),
    ]


@pytest.mark.parametrize(
    "link",
    [
        "Bad javascript:alert('{symbol}')",
        "Bad data:text/html,{symbol}",
        "Bad https://{symbol}.example/",
        "Bad https://user@bad.example/{symbol}",
        "Bad https://bad.example/nothing",
        "https://untitled.example/{symbol}",
        "Bad https://bad.example/{symbol}{symbols}",
    ],
)
def test_a_link_that_could_lead_anywhere_is_refused(link: str) -> None:
    """Its host is written out, it is of the web, and the symbol stands behind the host."""
    assert refusal(None, {"TRADEUL_PAGE__LINKS": link}).startswith("page.links: ")
