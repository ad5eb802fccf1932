"""The commands that say who is let in, as a person types them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tradeul.access import PREFIX, Role, digest_of, holder_of
from tradeul.history.token_file import TokenFile

ROOT = Path(__file__).parent.parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def token(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TRADEUL_SERVER__TOKENS_FILE": str(path)}
    command = [sys.executable, "-m", "tradeul", "token", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_a_token_is_shown_once_and_alone(path: Path) -> None:
    """Standard output is the token and nothing else, which opens; the listing has names, roles and no token."""
    made = token(path, "new", "--role", "operator", "--name", "ann")
    shown = made.stdout.strip()
    listed = token(path, "list")
    holder = holder_of(digest_of(shown), TokenFile(path).read())

    assert made.returncode == listed.returncode == 0
    assert (holder and holder.name, holder and holder.role) == ("ann", Role.OPERATOR)
    assert made.stdout == f"{shown}\n"
    assert shown.startswith(PREFIX)
    assert shown not in made.stderr + listed.stdout + listed.stderr
    assert listed.stdout.split()[:2] == ["ann", "operator"]


def test_revoked_is_revoked(path: Path) -> None:
    """A name that was let in is let in no more; again, there is none, which is bad usage."""
    token(path, "new", "--role", "viewer")

    assert token(path, "revoke", "viewer-1").returncode == 0
    assert TokenFile(path).read() == ()
    again = token(path, "revoke", "viewer-1")
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
