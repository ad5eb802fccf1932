"""Whoever asks from the terminal shows a token from the environment or a file, never from the command's words."""

from pathlib import Path

import pytest

from tests.support.entering import OPERATOR, VIEWER, BriskClock, KeptTokens
from tests.support.web import row, served
from tradeul.client import ApiClient, ScannerClient, ServerLost
from tradeul.clock import SystemClock
from tradeul.configuration import load_settings
from tradeul.errors import ConfigurationError, UsageError
from tradeul.own_token import own_token
from tradeul.web.gate import Rules

ENVIRON = {"TRADEUL_TOKEN": f" {VIEWER}\n"}


def test_it_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """A file that is named goes before the environment; neither is no token. The variable is no setting."""
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text(f"{OPERATOR}\n")

    assert own_token(None, {}) == ""
    assert own_token(None, ENVIRON) == VIEWER
    assert own_token(file, ENVIRON) == OPERATOR
    assert load_settings(environ=ENVIRON).server.tokens_file == ""


def test_a_file_that_others_may_open_is_refused(tmp_path: Path) -> None:
    """As is one that is not there, and what no token can be; the token itself is never repeated."""
    file = tmp_path / "token"
    file.write_text(VIEWER)
    file.chmod(0o644)
    for path, environ, said in (
        (file, {}, "chmod 600"),
        (tmp_path / "none", {}, "cannot be read"),
        (None, {"TRADEUL_TOKEN": f"{VIEWER}\nX: y"}, "TRADEUL_TOKEN: holds no token"),
        (None, {"TRADEUL_TOKEN": f"{VIEWER}é"}, "TRADEUL_TOKEN: holds no token"),
    ):
        with pytest.raises(ConfigurationError, match=said) as caught:
            own_token(path, environ)
        assert VIEWER not in str(caught.value)


async def test_the_client_shows_it() -> None:
    """Over HTTP and on the live protocol; without one the program says what it wants."""
    async with served(rules=Rules(tokens=KeptTokens()), clock=BriskClock()) as world:
        async with ScannerClient(world.url, SystemClock(), VIEWER) as client:
            await client.subscribe("alpha")
            world.publish([row("A")])
            async for _ in client:
                if client.lists["alpha"].live:
                    break
        async with ApiClient(world.url) as stranger:
            with pytest.raises(UsageError, match="a token is needed"):
                await stranger.run(1)
        async with ApiClient(world.url, OPERATOR) as operator:
            with pytest.raises(UsageError, match="Not Found"):
                await operator.run(1)  # there are no jobs here, and the gate let it pass
        with pytest.raises(ServerLost, match="401"):
            await ScannerClient(world.url, SystemClock(), "wrong").__aenter__()
