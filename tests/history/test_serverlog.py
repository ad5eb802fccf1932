"""What the server printed: bounded, and its last error found."""

import os
from pathlib import Path

import pytest

from tests.history.worlds import found
from tradeul.history.serverlog import LARGEST_BYTES, ServerLog


def printed(log: ServerLog, *texts: str) -> None:
    """Open the log and print to it as a server does."""
    file = log.opened()
    for text in texts:
        os.write(file, text.encode())
    os.close(file)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", ""),
        ("LOG:  starting\nLOG:  ready\n", "LOG:  ready"),
        ("x [1] FATAL:  no disk\nx [1] LOG:  database system is shut down\n", "no disk"),
        ("FATAL:  first\nPANIC:  second\nHINT:  think\n", "second"),
        ("initdb: error: no folder\ninitdb: removing it\n", "no folder"),
        (
            "FATAL:  \x00\udcff caf\u00e9".encode("utf-8", "surrogateescape").decode("latin-1"),
            "\x00\u00ff caf\u00c3\u00a9",
        ),
    ],
)
def test_the_last_error_is_the_reason(tmp_path: Path, text: str, error: str) -> None:
    """Not what is said after it; without an error, the last line."""
    log = ServerLog(tmp_path)

    printed(log, text)

    assert log.last_error() == error


def test_errors_of_an_earlier_start_are_no_reason(tmp_path: Path) -> None:
    """Only what was printed since the last one counts."""
    log = ServerLog(tmp_path)
    printed(log, "FATAL:  long ago\n")

    printed(log, "LOG:  ready\n")

    assert log.last_error() == "LOG:  ready"


def test_without_a_file_there_is_no_reason(tmp_path: Path) -> None:
    """Asking is never an error."""
    assert ServerLog(tmp_path).last_error() == ""


def test_a_large_log_is_put_aside_under_the_server(tmp_path: Path) -> None:
    """The server goes on printing to the same file, which begins again; one older file is kept."""
    log = ServerLog(tmp_path)
    file = log.opened()
    for turn in range(4):
        os.write(file, b"%d" % turn * LARGEST_BYTES)
        log.bound()
    os.write(file, b"FATAL:  at last\n")
    os.close(file)

    assert [path.name for path in found(tmp_path, "*")] == ["postgres.log", "postgres.log.1"]
    assert (tmp_path / "postgres.log").read_bytes() == b"FATAL:  at last\n"
    assert (tmp_path / "postgres.log.1").read_bytes() == b"3" * LARGEST_BYTES
    assert log.last_error() == "at last"


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    """Its lines stay where an operator looks for them."""
    log = ServerLog(tmp_path)
    printed(log, "LOG:  ready\n")

    log.bound()

    assert (tmp_path / "postgres.log").read_text() == "LOG:  ready\n"


def test_a_log_that_cannot_be_kept_is_dropped(tmp_path: Path) -> None:
    """On a full disk room matters more than old lines."""
    (tmp_path / "postgres.log.1").symlink_to("/dev/full")
    log = ServerLog(tmp_path)
    printed(log, "x" * LARGEST_BYTES)

    log.bound()

    assert (tmp_path / "postgres.log").read_bytes() == b""
    assert not (tmp_path / "postgres.log.1").is_symlink()


def test_the_log_is_private(tmp_path: Path) -> None:
    """A failed statement in it may hold data."""
    printed(ServerLog(tmp_path), "LOG:  ready\n")

    assert (tmp_path / "postgres.log").stat().st_mode & 0o777 == 0o600
