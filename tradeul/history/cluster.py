"""The cluster on disk: made whole or not at all, of one major version, and what its server is told at each start.

A cluster that another major version made is never touched. Settings go by the command line, so they hold whatever
the files in the cluster say.
"""

import os
import tempfile
from pathlib import Path
from typing import Final

from tradeul.clock import Clock
from tradeul.errors import EmbeddedFailed
from tradeul.history.binaries import Version
from tradeul.history.children import output_of
from tradeul.history.ownership import ROOT, Account, hand_over
from tradeul.history.pidfile import end_servers
from tradeul.history.sockets import PORT, USER

MAKING: Final = "making-"
VERSION_FILE: Final = "PG_VERSION"
INITDB_OPTIONS: Final = (
    "-A",
    "trust",
    "-U",
    USER,
    "--no-locale",
    "-E",
    "UTF8",
    "--data-checksums",
    "--no-instructions",
)

SETTINGS: Final = {
    # Nobody reaches it but through a folder that is closed to others, so `trust` trusts ourselves.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    # Off, kill -9 of the server lost the last thousand rows; our writes are few and large, so it costs little.
    "synchronous_commit": "on",
    # The programs in use are one writer, a few jobs and a doctor; every connection would cost memory.
    "max_connections": "20",
    # Day partitions are written once and read in order: the system's own cache serves them.
    "shared_buffers": "96MB",
    # The scanner has the other core: no query spreads over both, nor is one compiled that runs for milliseconds.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "autovacuum_max_workers": "1",
    "jit": "off",
    # The default lets the log of changes grow to 1 GB; ours is an hour of the market.
    "min_wal_size": "64MB",
    "max_wal_size": "256MB",
    # Nobody copies this server, so the log need not tell enough to do it.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
}
NEWER_SETTINGS: Final = {18: {"io_method": "sync"}}
"""By the first major version that knows them. Postgres 18 would keep three processes to read ahead."""


def cluster_folder(folder: Path, version: Version) -> Path:
    """Where the cluster of a world lies; refused if only another major version could read what is there."""
    data = folder / f"pg{version.major}"
    others = [path for path in folder.glob("pg*") if path.name[2:].isdecimal() and path != data]
    made_by = _major_of(data) if data.exists() else others[0].name[2:] if others else None
    if made_by is not None and made_by != str(version.major):
        there = data if data.exists() else others[0]
        raise EmbeddedFailed(
            f"{there} was made by Postgres {made_by} and this is {version.full}:"
            f" set [history] pg_bin to Postgres {made_by}, or move the folder away to begin anew"
        )
    return data


async def make_cluster(data: Path, binaries: Path, account: Account | None, clock: Clock) -> None:
    """See that there is a whole cluster in `data` and that it is the account's; what was never finished goes."""
    folder = data.parent
    for left in _unfinished_in(folder):
        # A killed initdb may have a child that still writes there.
        await end_servers(left, clock, 0)
        await output_of(["rm", "-rf", "--", str(left)], None, clock)
    if _is_whole(data):
        if account is not None and _is_roots(data):
            # Such as a backup that root put back.
            await output_of(["chown", "-R", f"{account.uid}:{account.gid}", "--", str(data)], None, clock)
        return
    if _is_taken(data):
        raise EmbeddedFailed(f"{data} is no Postgres cluster: move it away, or choose another [history] data_dir")
    making = Path(tempfile.mkdtemp(prefix=MAKING, dir=folder))
    hand_over(making, account)
    await output_of([str(binaries / "initdb"), "-D", str(making), *INITDB_OPTIONS], account, clock)
    _name(making, data)


def server_command(data: Path, binaries: Path, socket: Path, version: Version) -> list[str]:
    """How the server is called."""
    settings = {**SETTINGS, "unix_socket_directories": str(socket)}
    for major, newer in NEWER_SETTINGS.items():
        settings |= newer if version.major >= major else {}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [str(binaries / "postgres"), "-D", str(data), *options]


def _major_of(data: Path) -> str | None:
    try:
        return (data / VERSION_FILE).read_text(errors="replace").strip()
    except (FileNotFoundError, PermissionError):
        # Somebody else's, whose name is the better thing to say.
        return None


def _unfinished_in(folder: Path) -> list[Path]:
    return list(folder.glob(f"{MAKING}*"))


def _is_whole(data: Path) -> bool:
    return (data / VERSION_FILE).exists()


def _is_taken(data: Path) -> bool:
    return data.exists() and next(data.iterdir(), None) is not None


def _is_roots(data: Path) -> bool:
    return data.stat().st_uid == ROOT


def _name(making: Path, data: Path) -> None:
    """Give what is finished its name, and make the name last through a loss of power."""
    making.rename(data)
    file = os.open(data.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
