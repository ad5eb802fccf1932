"""Who is let in, in one readable file: names, roles and hashes of tokens, never a token. Replaced whole, never half.

Only its owner may read it: a file that others can open is refused. The command `token` changes it, the running
program looks at its `stamp` and reads it again.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from tradeul.access import Holder, Role, digest_of, new_token
from tradeul.errors import ConfigurationError, UsageError
from tradeul.history.replacing import alone_with, replace_file

VERSION: Final = 1
MOST_TOKENS: Final = 256
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
READABLE: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Kept(BaseModel):
    """What is kept of one token."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    role: Role
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    made: str = ""


class Contents(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    version: Annotated[int, Field(ge=1, le=VERSION)]
    tokens: Annotated[dict[str, Kept], Field(max_length=MOST_TOKENS)]


class TokenFile:
    """`Holders` in a file. Every method waits for the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def stamp(self) -> object:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size

    def read(self) -> tuple[Holder, ...]:
        kept = self.kept()
        return tuple(Holder(name, each.role, bytes.fromhex(each.sha256)) for name, each in kept.items())

    def kept(self) -> dict[str, Kept]:
        """Read everything; raises `ConfigurationError` where the file is missing, not our own, or not to be read."""
        try:
            with self._path.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
                    raise ConfigurationError(f"{self._path}: others may open it: chmod 600 {self._path}")
                return dict(Contents.model_validate_json(file.read()).tokens)
        except FileNotFoundError:
            raise ConfigurationError(
                f"{self._path}: there is no such file: python -m tradeul token new --role operator makes it"
            ) from None
        except OSError as error:
            raise ConfigurationError(f"{self._path}: cannot be read: {error.strerror}") from None
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise ConfigurationError(f"{self._path}: {where}: {first['msg']}: mend it, or move it away") from None

    def make(self, role: Role, name: str | None, made: str) -> tuple[str, str]:
        """Let somebody in; gives the name and the token, which is known nowhere afterwards."""
        with self._mine():
            kept = self.kept() if self._path.exists() else {}
            name = _free_name(role, kept) if name is None else name
            if not NAME.fullmatch(name):
                raise UsageError("--name: small letters, digits, _ and -, 32 at most")
            if name in kept:
                raise UsageError(f"there is a token {name} already: revoke it first, or choose another name")
            if len(kept) >= MOST_TOKENS:
                raise UsageError(f"there are {MOST_TOKENS} tokens already: revoke some")
            token = new_token()
            self._keep({**kept, name: Kept(role=role, sha256=digest_of(token).hex(), made=made)})
        return name, token

    def revoke(self, name: str) -> None:
        with self._mine():
            kept = self.kept()
            if kept.pop(name, None) is None:
                raise UsageError(f"there is no token {name}: python -m tradeul token list shows those there are")
            self._keep(kept)

    @contextmanager
    def _mine(self) -> Iterator[None]:
        try:
            with alone_with(self._path):
                yield
        except OSError as error:
            raise ConfigurationError(f"{self._path}: cannot be written: {error.strerror}") from None

    def _keep(self, kept: dict[str, Kept]) -> None:
        contents = Contents(version=VERSION, tokens=kept)
        replace_file(self._path, [orjson.dumps(contents.model_dump(mode="json"), option=READABLE)])


def _free_name(role: Role, kept: Mapping[str, Kept]) -> str:
    return next(name for number in range(1, MOST_TOKENS + 2) if (name := f"{role}-{number}") not in kept)
