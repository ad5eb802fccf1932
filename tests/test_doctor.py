"""What the doctor finds: each thing that can be wrong is a line of its own."""

import io
from pathlib import Path

import pytest

from tests.support.eventually import PATIENT_S
from tests.support.market import at
from tests.support.simulated import listening
from tests.support.web import served
from tradeul import doctor
from tradeul.clock import SystemClock
from tradeul.doctor import Wish, examine
from tradeul.simulation.exchange.server import Exchange

KEY = "canary-4411"
NOBODY = "http://127.0.0.1:9"


async def found(wish: Wish) -> tuple[bool, dict[str, str]]:
    """Whether all is well, and what is said of each thing."""
    out = io.StringIO()
    well = await examine(wish, out)
    assert KEY not in out.getvalue()
    return well, {line[4:18].strip(): line[:4].strip() + " " + line[18:] for line in out.getvalue().splitlines()}


def configured(folder: Path, exchange: Exchange | None = None, key: str = KEY, dsn: str = "off") -> Path:
    """A file of settings: of an exchange as the real market, or of the simulated one."""
    text = f'[history]\ndata_dir = "{folder}"\ndsn = "{dsn}"\n'
    if exchange is not None:
        text += f'[polygon]\napi_key = "{key}"\nrest_url = "{exchange.rest_url}"\nws_url = "{exchange.ws_url}"\n'
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return file


def wish(config: Path, url: str = NOBODY, symbol: str | None = None, *, feed: bool = False) -> Wish:
    return Wish(config, url, "", symbol, feed)


async def test_a_simulated_market_needs_nothing(tmp_path: Path) -> None:
    """No key, no vendor, no database: all is well, and none of it is called right."""
    well, lines = await found(wish(configured(tmp_path), feed=True))

    assert well
    assert {name: line[0] for name, line in lines.items()} == {
        "configuration": "o", "key": "-", "folder": "o", "program": "-", "database": "-", "vendor": "-", "feed": "-",
    }  # fmt: skip


async def test_a_wrong_setting_is_all_there_is_to_say(tmp_path: Path) -> None:
    """The rest cannot be tried."""
    file = tmp_path / "config.toml"
    file.write_text("[server]\nprot = 1", encoding="utf-8")

    well, lines = await found(wish(file))

    assert not well
    assert list(lines) == ["configuration"]
    assert lines["configuration"].startswith("BAD server.prot: no such setting")


async def test_a_vendor_that_lets_us_in_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its market, its feed, and that its clock is ours."""
    for limit in ("CLOCK_MAY_DIFFER_S", "FEED_S"):
        monkeypatch.setattr(doctor, limit, PATIENT_S)  # what this machine does meanwhile is not the vendor's
    async with listening(SystemClock(), key=KEY) as exchange:
        rest_url, ws_url = exchange.rest_url, exchange.ws_url
        well, lines = await found(wish(configured(tmp_path, exchange), feed=True))

    assert lines["vendor"].startswith(f"ok {rest_url}: the market is ")
    assert lines["feed"] == f"ok {ws_url}: lets us in"
    assert lines["clock"] == "ok agrees with the vendor's"
    assert well


async def test_a_wrong_key_and_a_wrong_clock_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each on its line, with what to do."""
    monkeypatch.setattr(doctor, "FEED_S", 1.0)
    async with listening(at("10:00"), key=KEY) as exchange:
        refused, lines = await found(wish(configured(tmp_path, exchange, key="wrong"), feed=True))
        late, of_clock = await found(wish(configured(tmp_path, exchange)))

    assert not refused
    assert lines["vendor"].startswith("BAD ")
    assert lines["feed"].startswith("BAD ")
    assert not late
    assert of_clock["clock"].startswith("BAD is ")
    assert of_clock["clock"].endswith("set it by NTP")


async def test_a_market_clock_that_was_set_is_not_held_against_the_vendors(tmp_path: Path) -> None:
    """It is wrong on purpose."""
    async with listening(at("10:00"), key=KEY) as exchange:
        file = configured(tmp_path, exchange)
        file.write_text(f"{file.read_text()}[clock]\nstart = 2026-11-18T10:00:00-05:00\n", encoding="utf-8")
        well, lines = await found(wish(file))

    assert well
    assert lines["clock"] == "- clock.start has the market at another time"


async def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    """In one line without its password."""
    file = configured(tmp_path, dsn=f"postgresql://me:{KEY}@127.0.0.1:9/x")

    well, lines = await found(wish(file))

    assert not well
    assert lines["database"].startswith("BAD ")


async def test_what_runs_is_asked(tmp_path: Path) -> None:
    """Its reasons are the doctor's."""
    async with served() as world:
        world.view.report = {"status": "degraded", "reasons": ["feed is stale: no snapshot arrives"]}
        well, lines = await found(wish(configured(tmp_path), world.url))

    assert not well
    assert lines["program"] == f"BAD {world.url}: degraded; feed is stale: no snapshot arrives"


@pytest.mark.parametrize("symbol", ["AAPL", "NOWHERE"])
async def test_without_a_program_there_is_no_row_of_ours(tmp_path: Path, symbol: str) -> None:
    """It says that none runs."""
    well, lines = await found(wish(configured(tmp_path), symbol=symbol))

    assert not well
    assert "no tradeul answers" in lines[symbol]
