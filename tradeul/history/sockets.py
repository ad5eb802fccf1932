"""Where the server's socket lies: in a folder that only its user may enter, at a path the kernel can hold.

A socket's path has at most 107 bytes. A world whose own path is too long gets a private folder among the temporary
ones, and a link that finds it again; one that is gone or that somebody else made in its place is not used.
"""

import os
import stat
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tradeul.errors import EmbeddedFailed
from tradeul.history.ownership import PRIVATE, Account, closed_to, hand_over

PORT: Final = 5432
"""Part of the socket's name; nothing listens on the network."""
NAME: Final = f".s.PGSQL.{PORT}"
LONGEST_PATH: Final = 107
UNSPEAKABLE: Final = frozenset(",'\"\\")
"""Characters that part lists of folders, in the server's settings or in addresses."""
USER: Final = "tradeul"
DATABASE: Final = "postgres"


def socket_folder(folder: Path, account: Account | None) -> Path:
    """The folder for the socket of the world in `folder`, made if need be, without what a killed server left in it."""
    own = folder / "socket"
    if is_usable(own):
        own.mkdir(exist_ok=True)
        own.chmod(PRIVATE)
        hand_over(own, account)
    else:
        own = _elsewhere(folder / "socket-elsewhere", account)
    for left in own.glob(f"{NAME}*"):
        left.unlink()
    return own


def is_usable(folder: Path) -> bool:
    """Whether a socket in `folder` can be named."""
    return len(bytes(folder / NAME)) <= LONGEST_PATH and not UNSPEAKABLE & set(str(folder))


def address_of(socket: Path) -> str:
    """What a client connects to, as an address."""
    return f"postgresql://{USER}@/{DATABASE}?host={quote(str(socket))}&port={PORT}"


def _elsewhere(link: Path, account: Account | None) -> Path:
    if link.is_symlink():
        known = link.readlink()
        if is_usable(known) and _is_private(known, account):
            return known
        link.unlink()
    made = Path(tempfile.mkdtemp(prefix="tradeul-"))
    hand_over(made, account)
    if not is_usable(made) or (account is not None and closed_to(account, made)):
        made.rmdir()
        raise EmbeddedFailed(f"no place for a socket: {link.parent} is too long, and so is {made}, or it is closed")
    link.symlink_to(made)
    return made


def _is_private(folder: Path, account: Account | None) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    ours = account.uid if account else os.geteuid()
    return stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == PRIVATE and status.st_uid == ours
