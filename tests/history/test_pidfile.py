"""What is read from a pid file, and who counts as a server of a cluster."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.history.worlds import cluster_in, postgres
from tradeul.history.pidfile import NAME, PidFile, is_server, pid_file_of, servers_in, tell

WHOLE = "4711\n/data\n1700000000\n5432\n/socket\n\n  1234  5\n{status}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WHOLE.format(status="ready   "), PidFile(4711, ready=True)),
        (WHOLE.format(status="starting"), PidFile(4711, ready=False)),
        (WHOLE.format(status="stopping"), PidFile(4711, ready=False)),
        ("4711\n", PidFile(4711, ready=False)),
        ("", None),
        ("-4711\n", None),
        ("0\n", None),
        ("x\n", None),
    ],
)
def test_what_a_pid_file_says(tmp_path: Path, text: str, expected: PidFile | None) -> None:
    """The pid, and whether the server takes connections; what names no process is none."""
    (tmp_path / NAME).write_text(text)

    assert pid_file_of(tmp_path) == expected


@given(content=st.binary(max_size=200) | st.integers().map(lambda n: b"%d\n" % n))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_confuse_it(tmp_path: Path, content: bytes) -> None:
    """Whatever is in the file, the answer is a process id or none, and asking about it and telling it do no harm."""
    (tmp_path / NAME).write_bytes(content)

    said = pid_file_of(tmp_path)

    assert said is None or said.pid > 0
    if said is not None:
        assert not is_server(said.pid, tmp_path)
        tell(said.pid, tmp_path, signal.SIGKILL)


def test_no_file_is_no_server(tmp_path: Path) -> None:
    """Nor is a folder of that name."""
    assert pid_file_of(tmp_path) is None
    (tmp_path / NAME).mkdir()

    assert pid_file_of(tmp_path) is None


def test_a_stranger_is_never_signalled(tmp_path: Path) -> None:
    """Not even one that works in the cluster's folder: its program is not Postgres."""
    with subprocess.Popen(["cat"], cwd=tmp_path, stdin=subprocess.PIPE) as stranger:
        tell(stranger.pid, tmp_path, signal.SIGKILL)
        found = servers_in(tmp_path)
        stranger.communicate()

    assert stranger.returncode == 0
    assert found == []


def test_a_zombie_is_no_server(tmp_path: Path, zombie: int) -> None:
    """It can still be signalled in name, and is not."""
    os.kill(zombie, 0)

    assert not is_server(zombie, tmp_path)
    tell(zombie, tmp_path, signal.SIGKILL)


@pytest.fixture
def zombie(tmp_path: Path) -> Iterator[int]:
    """A process that has ended and that nobody has seen off."""
    process = subprocess.Popen(["true"], cwd=tmp_path)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield process.pid
    process.wait()


async def test_the_servers_of_a_cluster_are_its_own(used_world: Path) -> None:
    """Parent and children of this one, and of no other folder; through a link too."""
    data = cluster_in(used_world)
    (used_world / "link").symlink_to(data)
    async with postgres(used_world) as server:
        pid, found = server.state.pid, servers_in(data)
        through_a_link = servers_in(used_world / "link")
        # A server that has just started goes on to start its helpers.
        later, elsewhere = servers_in(data), servers_in(used_world)

    assert pid in found
    assert len(found) > 1
    assert set(found) <= set(through_a_link) <= set(later)
    assert elsewhere == []
