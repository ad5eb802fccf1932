"""The cluster on disk: its name, its major version, and what its server is told."""

from pathlib import Path

import pytest

from tests.history.worlds import fill, found
from tradeul.clock import SystemClock
from tradeul.errors import EmbeddedFailed
from tradeul.history.binaries import Version
from tradeul.history.cluster import cluster_folder, server_command
from tradeul.history.embedded import EmbeddedPostgres

V18 = Version("18.6", 18)


def cluster(folder: Path, name: str, major: str) -> Path:
    data = folder / name
    data.mkdir(parents=True)
    fill(data / "PG_VERSION", f"{major}\n")
    return data


def test_a_cluster_is_named_after_its_major_version(tmp_path: Path) -> None:
    """New or there already."""
    assert cluster_folder(tmp_path, V18) == tmp_path / "pg18"
    cluster(tmp_path, "pg18", "18")

    assert cluster_folder(tmp_path, V18) == tmp_path / "pg18"


@pytest.mark.parametrize(("name", "major"), [("pg17", "17"), ("pg19", "19"), ("pg9", "9"), ("pg18", "15")])
def test_a_cluster_of_another_version_is_not_passed_over(tmp_path: Path, name: str, major: str) -> None:
    """Beginning anew beside it would look like a lost history; the error says what to do."""
    data = cluster(tmp_path, name, major)

    with pytest.raises(EmbeddedFailed) as caught:
        cluster_folder(tmp_path, V18)

    assert str(caught.value) == (
        f"{data} was made by Postgres {major} and this is 18.6:"
        f" set [history] pg_bin to Postgres {major}, or move the folder away to begin anew"
    )


def test_an_older_cluster_beside_ours_is_the_operators_business(tmp_path: Path) -> None:
    """After an upgrade both are there."""
    cluster(tmp_path, "pg17", "17")
    cluster(tmp_path, "pg18", "18")

    assert cluster_folder(tmp_path, V18) == tmp_path / "pg18"


async def test_a_start_leaves_another_version_alone(world: Path) -> None:
    """Nothing is added to the folder but the lock, nothing in the cluster is touched."""
    data = cluster(world, "pg9", "9")

    with pytest.raises(EmbeddedFailed, match="made by Postgres 9"):
        await EmbeddedPostgres(world, SystemClock()).start()

    assert found(world, "*") == [world / "owner.lock", data]
    assert found(data, "*") == [data / "PG_VERSION"]


async def test_what_is_no_cluster_is_not_overwritten(world: Path) -> None:
    """A folder of that name with something else in it stays as it is."""
    data = world / "pg18"
    fill_folder(data)

    with pytest.raises(EmbeddedFailed, match="pg18 is no Postgres cluster"):
        await EmbeddedPostgres(world, SystemClock()).start()

    assert found(data, "*") == [data / "precious"]


def test_only_a_version_that_knows_a_setting_is_told(tmp_path: Path) -> None:
    """An unknown one would end the server at its start."""
    told = [server_command(tmp_path, tmp_path, tmp_path, version) for version in (Version("15.14", 15), V18)]

    assert ["io_method=sync" in command for command in told] == [False, True]
    assert all("listen_addresses=" in command for command in told)


def fill_folder(folder: Path) -> None:
    folder.mkdir(parents=True)
    fill(folder / "precious", "data")
