"""Where the socket lies: beside the cluster, or in a private folder when that path is too long."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.history.worlds import answer, found, mode_of, place, postgres
from tradeul.errors import EmbeddedFailed
from tradeul.history.sockets import NAME, address_of, is_usable, socket_folder


@pytest.fixture
def long_world() -> Iterator[Path]:
    """The folder of a world whose path is longer than a socket's may be."""
    with place() as folder:
        world = folder / ("long" * 30)
        world.mkdir(mode=0o711)
        yield world


@pytest.fixture
def long_used_world(long_world: Path, template: Path) -> Path:
    """One that has a cluster."""
    subprocess.run(["cp", "-a", template, long_world], check=True)
    return long_world


async def test_a_world_at_a_long_path_is_served(long_used_world: Path) -> None:
    """Its clients go through a short folder that only they and the server may enter."""
    async with postgres(long_used_world) as server:
        one = await answer(server, "SELECT 1")
    used = target_of(long_used_world)

    assert one == 1
    assert len(bytes(used / NAME)) <= 107
    assert mode_of(used) == 0o700


def test_the_longest_path_is_the_kernels() -> None:
    """A path that is called usable can be listened on; one byte more cannot."""
    with place() as folder:
        spare = 107 - len(bytes(folder / "x" / NAME)) + 1
        longest, longer = folder / ("x" * spare), folder / ("x" * (spare + 1))

        assert is_usable(longest)
        assert not is_usable(longer)
        _listen(longest)
        with pytest.raises(OSError, match="too long"):
            _listen(longer)


@pytest.mark.parametrize("name", ["a,b", "it's", 'say "so"', "back\\slash"])
def test_a_path_that_a_setting_cannot_hold_is_not_used(name: str) -> None:
    """Commas part the folders in the server's setting and the hosts in an address."""
    assert not is_usable(Path("/run") / name)
    assert is_usable(Path("/run") / "a b-c_d.e")


def test_the_folder_elsewhere_is_found_again(long_world: Path) -> None:
    """The same one at the next start, so that nothing piles up."""
    first = socket_folder(long_world, None)

    assert socket_folder(long_world, None) == first


def test_a_folder_that_is_gone_is_made_anew(long_world: Path) -> None:
    """Somebody tidied up among the temporary files."""
    socket_folder(long_world, None).rmdir()

    assert mode_of(socket_folder(long_world, None)) == 0o700


@pytest.mark.parametrize("how", ["open", "link"])
def test_a_folder_that_is_not_private_is_not_used(long_world: Path, how: str) -> None:
    """Whoever put it there could sit between us and the server."""
    first = socket_folder(long_world, None)
    first.rmdir()
    if how == "open":
        first.mkdir()
        first.chmod(0o755)
    else:
        first.symlink_to(long_world)

    second = socket_folder(long_world, None)

    assert second != first
    assert mode_of(second) == 0o700
    first.unlink() if first.is_symlink() else first.rmdir()


def test_no_short_place_is_said(long_world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the temporary files lie deep as well there is nothing to be done but to say so."""
    monkeypatch.setattr("tempfile.tempdir", str(long_world))

    with pytest.raises(EmbeddedFailed, match="too long"):
        socket_folder(long_world, None)

    assert found(long_world, "*") == []


def test_what_a_killed_server_left_is_removed(tmp_path: Path) -> None:
    """The socket and its lock, nothing else."""
    own = tmp_path / "socket"
    own.mkdir()
    for name in (NAME, f"{NAME}.lock", "other"):
        (own / name).touch()
    if not is_usable(own):
        pytest.fail(f"{own} is too long for this test")

    assert socket_folder(tmp_path, None) == own
    assert [path.name for path in own.iterdir()] == ["other"]
    assert mode_of(own) == 0o700


def test_an_address_survives_blanks() -> None:
    """A folder's name is quoted as addresses are."""
    assert address_of(Path("/a b/c&d")) == "postgresql://tradeul@/postgres?host=/a%20b/c%26d&port=5432"


def target_of(world: Path) -> Path:
    return (world / "socket-elsewhere").readlink()


def _listen(folder: Path) -> None:
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / NAME))
