"""Worlds to start servers in: empty ones, and ones with a cluster that was made once for all tests."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.history.worlds import cluster_in, place, postgres, see_off


@pytest.fixture
def world() -> Iterator[Path]:
    """The folder of a world that never was."""
    with place() as folder:
        yield folder / "sim-1"


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A cluster that was cleanly stopped."""

    async def made(world: Path) -> None:
        async with postgres(world):
            pass

    with place() as folder:
        asyncio.run(made(folder / "sim-1"))
        yield cluster_in(folder / "sim-1")


@pytest.fixture
def used_world(template: Path) -> Iterator[Path]:
    """A world that tests have used before, as machines do: what one leaves behind must not hurt the next."""
    yield template.parent
    see_off(template)
    (template / "postgresql.auto.conf").write_text("")


@pytest.fixture
def own_world(world: Path, template: Path) -> Path:
    """A world with a cluster that no other test uses."""
    world.mkdir(mode=0o711)
    subprocess.run(["cp", "-a", template, world], check=True)
    return world
