"""Two minutes over the open of a small simulated market at ten times its pace, whole and real."""

from pathlib import Path

import pytest

from tests.support.equal import check_every_sequence

SYMBOLS = 1_500
MINUTES = 2
"""`make faults` looks at ten of the whole market."""


@pytest.mark.slow(15)
async def test_a_viewer_equals_the_server_at_every_sequence(tmp_path: Path) -> None:
    """From 09:29 to 09:31: rows built from deltas are the server's, at each sequence shown."""
    await check_every_sequence(tmp_path, SYMBOLS, MINUTES)
