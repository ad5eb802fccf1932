"""Ten minutes over the open of the whole simulated market at ten times its pace."""

from pathlib import Path

import pytest

from tests.support.equal import check_every_sequence

SYMBOLS = 12_000
MINUTES = 10


@pytest.mark.slow(60)
async def test_a_viewer_equals_the_server_at_every_sequence_for_ten_minutes(tmp_path: Path) -> None:
    """From 09:29 to 09:39: rows built from deltas are the server's, at each sequence shown."""
    await check_every_sequence(tmp_path, SYMBOLS, MINUTES)
