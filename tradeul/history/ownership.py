"""Whom the server runs as and what that user can reach: Postgres refuses to run as root.

An ordinary user runs it as himself. Root runs it as `postgres` or `nobody` and hands over the cluster's folder alone;
what lies beside it stays root's. A cluster that is there keeps its owner.
"""

import os
import pwd
import stat
from pathlib import Path
from typing import Final, NamedTuple

from tradeul.errors import EmbeddedFailed

ROOT: Final = 0
SERVANTS: Final = ("postgres", "nobody")
PRIVATE: Final = 0o700
PASSABLE: Final = 0o711


class Account(NamedTuple):
    """A user other than ourselves."""

    name: str
    uid: int
    gid: int


def account_for(data: Path) -> Account | None:
    """Whom the server of the cluster in `data` runs as; None: as ourselves."""
    owner = data.stat() if data.exists() else None
    if os.geteuid() == ROOT:
        return _servant() if owner is None or owner.st_uid == ROOT else _account_of(owner)
    if owner is not None and owner.st_uid != os.geteuid():
        name = _account_of(owner).name
        raise EmbeddedFailed(f"{data} belongs to {name}: run as {name}, or choose another [history] data_dir")
    return None


def hand_over(path: Path, account: Account | None) -> None:
    """Give a file or an empty folder to the server's user, who needs it for himself."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def make_folder(folder: Path) -> None:
    """Make the folder of a world. Only we read and write it; root's may be passed through."""
    for path in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        path.mkdir(exist_ok=True)
        path.chmod(PASSABLE if os.geteuid() == ROOT else PRIVATE)


def let_pass(folder: Path, account: Account | None) -> None:
    """See that the account can pass through the folder of a world, which stays root's."""
    if account is None:
        return
    status = folder.stat()
    if status.st_uid == ROOT:
        folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)
    closed = closed_to(account, folder)
    if closed is not None:
        raise EmbeddedFailed(
            f"{closed} is closed to {account.name}, whom root runs Postgres as:"
            " set [history] data_dir to a folder that is not below it, such as /var/lib/tradeul"
        )


def closed_to(account: Account, folder: Path) -> Path | None:
    """The first folder on the way to and into `folder` that the account may not pass."""
    whole = folder.resolve()
    return next((path for path in (*reversed(whole.parents), whole) if not may_execute(account, path)), None)


def may_execute(account: Account, path: Path) -> bool:
    """Whether the account may run the file or pass the folder."""
    status = path.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    return bool(status.st_mode & (stat.S_IXGRP if status.st_gid == account.gid else stat.S_IXOTH))


def _servant() -> Account:
    for name in SERVANTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, found.pw_uid, found.pw_gid)
    raise EmbeddedFailed(f"root cannot run Postgres, and there is no user {' or '.join(SERVANTS)}: run as another user")


def _account_of(owner: os.stat_result) -> Account:
    try:
        name = pwd.getpwuid(owner.st_uid).pw_name
    except KeyError:
        name = str(owner.st_uid)
    return Account(name, owner.st_uid, owner.st_gid)
