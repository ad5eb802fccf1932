"""The unit as systemd's own tools judge it."""

import re
import subprocess
from pathlib import Path

import pytest

from tradeul.unit import unit_text

MOST_EXPOSED = 1.5


@pytest.fixture
def unit(tmp_path: Path) -> str:
    file = tmp_path / "tradeul.service"
    # An interpreter that is there, as `verify` looks.
    file.write_text(unit_text("/usr/bin/env"), encoding="utf-8")
    return str(file)


def test_it_is_without_fault(unit: str) -> None:
    """`verify` prints nothing."""
    found = subprocess.run(["systemd-analyze", "verify", unit], check=True, capture_output=True)

    assert (found.stdout, found.stderr) == (b"", b"")


def test_it_may_do_little(unit: str) -> None:
    """The exposure that `security` reckons is at most 1.5."""
    found = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", unit], check=True, capture_output=True, text=True
    )
    level = re.search(r"exposure level for tradeul.service: ([\d.]+)", found.stdout)

    assert level is not None
    assert float(level[1]) <= MOST_EXPOSED
