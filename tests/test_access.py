"""Which addresses reach this machine from itself alone, and what the program needs before it listens on others."""

import re
from itertools import product
from pathlib import Path

import pytest

from tradeul.access import is_loopback
from tradeul.configuration import load_settings
from tradeul.errors import ConfigurationError
from tradeul.settings import Settings

LOOPBACK = ("127.0.0.1", "127.0.0.2", "::1", "localhost", "::ffff:127.0.0.1")
ELSEWHERE = ("0.0.0.0", "::", "192.168.1.5", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "example.com")  # noqa: S104
UNCLEAR = ("127.1", "2130706433", "0x7f.0.0.1", "localhost.", "LOCALHOST", "127.0.0.1.example.com", "", " 127.0.0.1")


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine_alone(host: str) -> None:
    """Every address of the loopback is known as one."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", [*ELSEWHERE, *UNCLEAR])
def test_everything_else_may_be_reached(host: str) -> None:
    """What other machines reach is none, nor is what one would have to interpret."""
    assert not is_loopback(host)


def start(host: str, tokens: bool, proxy: bool, unprotected: bool) -> str:
    """What is said against these settings; nothing if the program may start with them."""
    environ = {
        "TRADEUL_SERVER__HOST": host,
        "TRADEUL_SERVER__TOKENS_FILE": "tokens.json" if tokens else "",
        "TRADEUL_SERVER__BEHIND_PROXY": str(proxy),
        "TRADEUL_SERVER__UNPROTECTED": str(unprotected),
    }
    try:
        load_settings(environ=environ)
    except ConfigurationError as refusal:
        return str(refusal)
    return ""


@pytest.mark.parametrize(("tokens", "proxy", "unprotected"), [*product((False, True), repeat=3)])
@pytest.mark.parametrize("host", [*LOOPBACK, *ELSEWHERE, *UNCLEAR[:-2]])
def test_the_start_matrix(host: str, tokens: bool, proxy: bool, unprotected: bool) -> None:
    """Loopback starts with anything; elsewhere tokens and TLS in front are needed, or the override in so many words."""
    said = start(host, tokens, proxy, unprotected)

    assert (said == "") == (host in LOOPBACK or (tokens and proxy) or unprotected)
    if said:
        assert "\n" not in said
        assert ("server.tokens_file" in said) == (not tokens)
        assert ("server.behind_proxy" in said) == (not proxy)
        assert "server.unprotected" in said


def test_by_default_the_vendors_data_stays_on_this_machine() -> None:
    """Nobody else reaches us unless told otherwise, and the README says what showing it to others takes."""
    readme = (Path(__file__).parents[1] / "README.md").read_text()

    assert is_loopback(Settings().server.host)
    assert re.search(r"vendor's data to others needs the vendor's licence", readme)
