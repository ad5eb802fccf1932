"""Files that are replaced whole: after a crash or a loss of power the old content is there, or the new, never half."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_MODE: Final = 0o600


def replace_file(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Put new content in a file's place; it is safe on the disk when this returns. The folder is there."""
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
