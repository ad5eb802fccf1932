"""The commands `token new`, `token list` and `token revoke`: who is let into the program, kept in `server.tokens_file`.

A token is written to standard output once and is known nowhere afterwards; everything else about it goes elsewhere.
"""

import datetime as dt
from pathlib import Path
from typing import Final, TextIO

from tradeul.access import Role
from tradeul.clock import Clock
from tradeul.domain.session import NANOS
from tradeul.errors import ConfigurationError
from tradeul.history.token_file import TokenFile
from tradeul.settings import Server

NO_FILE: Final = (
    "server.tokens_file is not set, so there is nowhere to keep a token: set it in config.toml, or by "
    "TRADEUL_SERVER__TOKENS_FILE"
)


def token_file(server: Server) -> TokenFile:
    if not server.tokens_file:
        raise ConfigurationError(NO_FILE)
    return TokenFile(Path(server.tokens_file).expanduser())


def new(server: Server, role: Role, name: str | None, clock: Clock, out: TextIO, aside: TextIO) -> None:
    """Make a token and show it; what else there is to say goes aside, so that a script can take the token alone."""
    made = dt.datetime.fromtimestamp(clock.wall() // NANOS, dt.UTC)
    name, token = token_file(server).make(role, name, made.isoformat())
    aside.write(f"The token of {name} ({role}) is not shown again:\n")
    aside.flush()
    out.write(f"{token}\n")


def listed(server: Server, out: TextIO) -> None:
    kept = token_file(server).kept()
    width = max(map(len, kept), default=0)
    out.write("".join(f"{name:{width}}  {each.role:8}  {each.made}\n" for name, each in kept.items()))


def revoke(server: Server, name: str, out: TextIO) -> None:
    token_file(server).revoke(name)
    out.write(f"{name} is let in no more\n")
