"""The token of whoever asks a running program from the terminal: from the environment or a file, never typed in a
command, where others of the machine could read it. The command line asks.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tradeul.configuration import TOKEN_VARIABLE
from tradeul.errors import ConfigurationError

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def own_token(file: Path | None, environ: Mapping[str, str]) -> str:
    """Read it from the file if one is named, else from the environment; empty where there is none."""
    if file is None:
        return _usable(environ.get(TOKEN_VARIABLE, "").strip(), TOKEN_VARIABLE)
    try:
        with file.open("rb") as opened:
            if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & _OTHERS:
                raise ConfigurationError(f"--token-file: {file}: others may open it: chmod 600 {file}")
            content = opened.read().decode(errors="replace").strip()
    except OSError as error:
        raise ConfigurationError(f"--token-file: {file}: cannot be read: {error.strerror}") from None
    return _usable(content, f"--token-file: {file}")


def _usable(token: str, origin: str) -> str:
    if not token.isascii() or not token.isprintable():
        raise ConfigurationError(f"{origin}: holds no token: one line of letters, digits, - and _")
    return token
