"""A recording of two minutes over the open, made once for all tests of a folder."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.support.market import at
from tests.support.recorded import recorded, recording_in, snapshots


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file."""
    folder = tmp_path_factory.mktemp("recorded")

    async def record() -> None:
        async with recorded(folder, at("09:29:30")) as app:
            await snapshots(app, 16)

    with capture_logs():
        asyncio.run(record())
    return recording_in(folder)
