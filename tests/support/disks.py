"""A small disk of a program's own: a file system in memory that nobody else sees and that goes with the program."""

import os
import subprocess
from pathlib import Path

import pytest

MOUNT = 'mount -t tmpfs -o size="$1"m,mode=0711 tmpfs "$2" && shift 2 && exec "$@"'
TO_TYPE = "sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000"


def on_a_small_disk(folder: Path, megabytes: int) -> list[str]:
    """What comes before a command that is to have so small a disk at `folder`. Without one the test fails."""
    apart = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps", "--mount"]
    before = ["unshare", *apart, "sh", "-c", MOUNT, "sh", str(megabytes), str(folder)]
    tried = subprocess.run([*before, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.fail(f"no small disk can be had ({tried.stderr.strip()}); as root type: {TO_TYPE}")
    return before


class Disk:
    """The disk of a running process, seen from outside."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.root = Path(f"/proc/{pid}/root{folder}")
        self._filler = self.root / "filler"

    def fill(self) -> None:
        """Write until nothing more fits, to the last byte."""
        piece = bytes(1 << 20)
        with self._filler.open("wb", buffering=0) as file:
            while piece:
                try:
                    file.write(piece)
                except OSError:
                    piece = piece[: len(piece) // 2]

    def free(self) -> None:
        """Give it all back."""
        self._filler.unlink()
