"""What the user made (lists, pins, alert rules) in one readable file, `user.json`: replaced whole, never half.

Each change reads the file, changes one entry and replaces it, under a lock: two programs of one user do not undo one
another's changes. `keep` waits for the disk, so the engine calls it in a thread.
"""

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from tradeul.errors import ConfigurationError
from tradeul.history.replacing import alone_with, replace_file

VERSION: Final = 1
FILE_NAME: Final = "user.json"
READABLE: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


class UserFile:
    """A `UserStore` in a folder, which is made when there is something to keep."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def load(self) -> Mapping[str, Mapping[str, object]]:
        """Read everything; raises `ConfigurationError` where it cannot be understood."""
        return {name: section for name, section in self._read().items() if isinstance(section, dict)}

    def stamp(self) -> object:
        """Tell one state of the file from another; None where there is none."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def keep(self, section: str, name: str, content: object) -> None:
        """Keep one thing in place of what has its name, None: nothing. Raises `OSError`, and then nothing changed."""
        with alone_with(self._path):
            everything = self._understood()
            entries = everything.setdefault(section, {})
            entries.pop(name, None)
            if content is not None:
                entries[name] = content
            everything["revision"] = everything.get("revision", 0) + 1
            replace_file(self._path, [orjson.dumps(everything, option=READABLE)])

    def _understood(self) -> dict[str, Any]:
        try:
            return self._read()
        except ConfigurationError as error:
            raise OSError(errno.EINVAL, str(error)) from error

    def _read(self) -> dict[str, Any]:
        try:
            content = orjson.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {"version": VERSION, "revision": 0}
        except OSError as error:
            raise ConfigurationError(f"{self._path}: cannot be read: {error.strerror}") from None
        except orjson.JSONDecodeError as error:
            raise ConfigurationError(f"{self._path}: is no JSON ({error}): mend it, or move it away") from None
        if not isinstance(content, dict) or not isinstance(content.get("version"), int):
            raise ConfigurationError(f"{self._path}: has no version: mend it, or move it away")
        if content["version"] > VERSION:
            raise ConfigurationError(
                f"{self._path}: is of version {content['version']}, and this program reads {VERSION}: "
                "use the newer program, or move the file away"
            )
        return content
