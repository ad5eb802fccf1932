"""Whom the server runs as, for root and for an ordinary user, and what either may and may not own."""

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from tests.history.worlds import answer, cluster_in, mode_of, owner_of, postgres, program
from tradeul.clock import SystemClock
from tradeul.errors import EmbeddedFailed
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.ownership import SERVANTS, Account, closed_to, make_folder

NOBODY = pwd.getpwnam("nobody").pw_uid
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")


@pytest.fixture
def nobodys_world(own_world: Path) -> Path:
    """A world that belongs to an ordinary user, all of it."""
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", own_world], check=True)
    return own_world


@only_root
async def test_root_hands_over_the_cluster_and_no_more(own_world: Path) -> None:
    """The server and its cluster are an ordinary user's; the folder around it stays root's, and closed to readers."""
    async with postgres(own_world) as server:
        pid = server.state.pid
        assert pid is not None
        name = pwd.getpwuid(owner_of(pid)).pw_name

    assert name in SERVANTS
    assert owner_is(own_world, pwd.getpwnam(name).pw_uid)
    assert uid_of(own_world) == 0
    assert mode_of(own_world) == 0o711


@only_root
async def test_a_closed_folder_above_is_named(own_world: Path) -> None:
    """Root's home is closed to others: the error says which folder, to whom, and what to set."""
    allow(own_world.parent, 0o700)

    with pytest.raises(EmbeddedFailed, match=f"{own_world.parent} is closed to .*data_dir"):
        await EmbeddedPostgres(own_world, SystemClock()).start()

    allow(own_world.parent, 0o711)


@only_root
async def test_a_closed_folder_of_roots_own_is_opened_a_crack(own_world: Path) -> None:
    """The world's folder itself may be passed after the start, and still not be read."""
    allow(own_world, 0o700)

    async with postgres(own_world) as server:
        one = await answer(server, "SELECT 1")

    assert one == 1
    assert mode_of(own_world) == 0o701


@only_root
async def test_a_cluster_keeps_its_owner(nobodys_world: Path) -> None:
    """An ordinary user's world, once started by root, is still his."""
    async with postgres(nobodys_world) as server:
        pid = server.state.pid
        assert pid is not None

        assert owner_of(pid) == NOBODY
    assert owner_is(nobodys_world, NOBODY)


@pytest.fixture
def roots_world(own_world: Path) -> Path:
    """A world that root copied back from a backup."""
    subprocess.run(["chown", "-R", "root:root", own_world], check=True)
    return own_world


@only_root
async def test_a_cluster_that_became_roots_is_handed_over_again(roots_world: Path) -> None:
    """All of it, before the server starts."""
    async with postgres(roots_world) as server:
        one = await answer(server, "SELECT 1")

    assert one == 1
    assert uid_of(cluster_in(roots_world) / "base") != 0


@only_root
async def test_an_ordinary_user_runs_it_as_himself(nobodys_world: Path) -> None:
    """The other half of the users: no change of user, no root anywhere."""
    async with program(nobodys_world, NOBODY) as other:
        owner = owner_of(other.server)

    assert owner == NOBODY


@only_root
async def test_an_ordinary_user_starts_from_nothing(world: Path) -> None:
    """A new world, made by a user without any rights."""
    make_folder(world)
    os.chown(world, NOBODY, NOBODY)
    async with program(world, NOBODY) as other:
        owner = owner_of(other.server)

    assert owner == NOBODY


@only_root
async def test_an_ordinary_user_is_told_whose_a_cluster_is(own_world: Path) -> None:
    """It cannot be read by others; the error says whose it is."""
    os.chown(own_world, NOBODY, NOBODY)
    os.chown(cluster_in(own_world), 12345, 12345)
    async with program(own_world, NOBODY) as other:
        pass

    assert other.said == (
        f"failed {cluster_in(own_world)} belongs to 12345: run as 12345, or choose another [history] data_dir"
    )


@only_root
async def test_the_server_has_no_group_of_ours(own_world: Path) -> None:
    """What root's groups may read, such as disks and logs, the server may not."""
    async with postgres(own_world) as server:
        groups = groups_of(server.state.pid)

    assert groups == []


@only_root
def test_a_way_is_as_open_as_its_narrowest_folder(world: Path) -> None:
    """Owner, group and others are told apart; the closed folder is the one that is named."""
    closed, inner = world, world / "inner"
    inner.mkdir(parents=True)
    inner.chmod(0o777)
    status = closed.stat()
    accounts = [
        Account("other", 12345, 12345),
        Account("group", 12345, status.st_gid),
        Account("owner", status.st_uid, 1),
    ]

    found = []
    for mode in (0o700, 0o010, 0o001, 0o111):
        closed.chmod(mode)
        found.append([closed_to(account, inner) for account in accounts])
    closed.chmod(0o700)

    assert found == [[closed, closed, None], [closed, None, closed], [None, closed, closed], [None] * 3]


def test_a_new_folder_is_closed_to_readers(tmp_path: Path) -> None:
    """Whatever the umask; root's can be passed through, for the server's user."""
    make_folder(tmp_path / "tradeul" / "sim-1")

    expected = 0o711 if os.geteuid() == 0 else 0o700
    assert [mode_of(tmp_path / "tradeul"), mode_of(tmp_path / "tradeul" / "sim-1")] == [expected, expected]


def uid_of(path: Path) -> int:
    return path.stat().st_uid


def allow(path: Path, mode: int) -> None:
    path.chmod(mode)


def groups_of(pid: int | None) -> list[str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line for line in lines if line.startswith("Groups:")).split()[1:]


def owner_is(world: Path, user: int) -> bool:
    data = cluster_in(world)
    return all(path.stat().st_uid == user for path in (data, data / "PG_VERSION", data / "base"))
