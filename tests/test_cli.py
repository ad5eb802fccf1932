"""The commands as a person types them: processes of their own, exit codes, one clear line for every mistake."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from tests.support.eventually import eventually
from tests.support.program import free_port
from tests.support.web import row, served
from tradeul.configuration import config_document

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command keeps, it keeps in the test's own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


async def tradeul(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """Start a command in an environment that holds nothing of this machine's settings."""
    kept = {"TRADEUL_HISTORY__DSN": "off", "XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **kept, **environment}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradeul", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environ,
    )  # fmt: skip


async def outcome(*arguments: str, **environment: str) -> tuple[int | None, str, str]:
    """Exit code, what it printed and what it complained about."""
    process = await tradeul(*arguments, **environment)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("check-config", "--config", "nowhere.toml"), {}, "nowhere.toml: there is no such file"),
        (("check-config",), {"TRADEUL_SERVER__PROT": "1"}, "did you mean TRADEUL_SERVER__PORT?"),
        (("check-config",), {"TRADEUL_SERVER__PORT": "99999999"}, "server.port:"),
        (("run",), {"TRADEUL_MARKET__SOURCE": "polygon"}, "POLYGON_API_KEY"),
        (("run",), {"TRADEUL_SERVER__HOST": "0.0.0.0"}, "set server.tokens_file and server.behind_proxy"),  # noqa: S104
        (("run",), {"TRADEUL_SERVER__TOKENS_FILE": "nowhere.json"}, "server.tokens_file: nowhere.json: there is no"),
        (("token", "list"), {}, "server.tokens_file is not set"),
        (("exchange", "--speed", "-1"), {}, "clock.speed:"),
        (("exchange", "--start", "yesterday"), {}, "clock.start:"),
    ],
)
async def test_a_mistake_ends_in_one_line_and_code_2(
    arguments: tuple[str, ...], environment: Mapping[str, str], said: str
) -> None:
    """The line names what is wrong; there is no traceback."""
    code, _, err = await outcome(*arguments, **environment)

    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1


async def test_an_unknown_command_is_bad_usage() -> None:
    """What there is instead is said."""
    code, _, err = await outcome("runn")

    assert code == 2
    assert "invalid choice: 'runn'" in err
    assert "Traceback" not in err


async def test_the_configuration_is_printed_and_checked(tmp_path: Path) -> None:
    """`print-config` gives a file that `check-config` finds right; with `--defaults` the documented one."""
    defaults = await outcome("print-config", "--defaults")
    printed = await outcome("print-config", TRADEUL_SERVER__PORT="9000")
    (tmp_path / "config.toml").write_text(printed[1], encoding="utf-8")
    checked = await outcome("check-config", "--config", str(tmp_path / "config.toml"))

    assert defaults == (0, config_document(), "")
    assert "port = 9000\n" in printed[1]
    assert checked == (0, "the configuration is right\n", "")


@pytest.mark.parametrize("command", ["check-config", "run"])
async def test_a_key_that_others_may_read_is_one_line_and_code_2(tmp_path: Path, command: str) -> None:
    """Nothing starts, and the key is not shown."""
    file = tmp_path / "config.toml"
    file.write_text("[polygon]\napi_key = 'canary-5d1b'\n", encoding="utf-8")
    file.chmod(0o644)

    code, out, err = await outcome(command, "--config", str(file))

    assert (code, out) == (2, "")
    assert err == f"tradeul: polygon.api_key: stands in a file that others may open: chmod 600 {file}\n"


async def test_every_command_helps() -> None:
    """`--help` of each names what it takes, and ends well."""
    _, overview, _ = await outcome("--help")
    commands = re.findall(r"^    ([a-z-]+)  ", overview, re.MULTILINE)
    said = await asyncio.gather(*(outcome(command, "--help") for command in commands))

    assert {"run", "doctor", "unit", "check-config", "print-config", "load", "watch", "token"} <= set(commands)
    assert {code for code, _, _ in said} == {0}
    assert [command for command, (_, text, _) in zip(commands, said, strict=True) if "usage: tradeul" not in text] == []


async def test_a_taken_port_is_one_line_and_code_1() -> None:
    """The second program on a port says which port, and which setting helps."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = await outcome(
            "run", TRADEUL_SERVER__PORT=str(port), TRADEUL_SIMULATION__SYMBOLS="200", TRADEUL_LOG__LEVEL="error"
        )

    assert code == 1
    assert err == f"tradeul: port {port} is in use by another program: set server.port to a free one\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_run_is_served_until_it_is_stopped(number: signal.Signals) -> None:
    """The page answers, and the signal ends the process with code 0, nothing said in anger."""
    port = free_port()
    process = await tradeul(
        "run", "--simulate", TRADEUL_SERVER__PORT=str(port), TRADEUL_SIMULATION__SYMBOLS="300", POLYGON_API_KEY="unused"
    )
    async with aiohttp.ClientSession() as session:
        health = await _answer(session, f"http://127.0.0.1:{port}/health")

    process.send_signal(number)
    _, err = await process.communicate()

    assert health["market"] == "simulated"
    assert process.returncode == 0
    errors = [line for line in err.decode().splitlines() if '"level":"error"' in line]
    # A busy machine may hold the program itself, or what it waits for as it ends.
    assert [line for line in errors if not re.search('"event":"(loop_stalled|tasks_overdue)"', line)] == []
    assert "unused" not in err.decode()


async def test_the_exchange_serves_alone() -> None:
    """`exchange` answers like the vendor, to the key it was given only."""
    port = free_port()
    process = await tradeul("exchange", "--port", str(port), "--symbols", "200", "--key", "k3y-for-tests")
    address = f"http://127.0.0.1:{port}/v1/marketstatus/now"
    async with aiohttp.ClientSession() as session:
        right = await _answer(session, f"{address}?apiKey=k3y-for-tests")
        wrong = await _answer(session, f"{address}?apiKey=other")

    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()

    assert right["market"] in ("open", "closed", "extended-hours")
    assert wrong["error"] == "Unknown API Key"
    assert process.returncode == 0
    assert "k3y-for-tests" not in err.decode()


async def _answer(session: aiohttp.ClientSession, address: str) -> dict[str, object]:
    """What an address answers, as soon as somebody listens there."""
    found: dict[str, object] = {}

    async def ask() -> bool:
        try:
            async with session.get(address) as response:
                found.update(await response.json())
        except aiohttp.ClientConnectionError:
            return False
        return True

    await eventually(ask)
    return found


async def test_who_has_seen_enough_of_a_list_may_close_the_pipe() -> None:
    """As `head` does: the command ends without a word."""
    async with served() as world:
        world.publish([row("A", 1.0)])
        process = await tradeul("watch", "alpha", "--url", world.url)
        assert process.stdout is not None
        assert process.stderr is not None
        first = await process.stdout.readline()
        process.stdout._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001  # a reader cannot hang up
        world.publish([row("A", 2.0)])
        code, said = await process.wait(), await process.stderr.read()

    assert first.endswith(b"in   1  A  price 1.00  volume_today 100  name A name\n")
    assert (code, said) == (0, b"")


async def test_watching_a_list_ends_cleanly_when_it_is_interrupted() -> None:
    """Ctrl-C is how one leaves it."""
    async with served() as world:
        world.publish([row("A", 1.0)])
        process = await tradeul("watch", "alpha", "--url", world.url)
        assert process.stdout is not None
        await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
        await eventually(lambda: len(world.hub) == 0)

    assert (process.returncode, said) == (0, b"")
