"""Under which names we are asked for, and whose pages may act: ours, those the settings name, and programs.

A name that is not ours leads here only by somebody's trick: a page that had its own name point to this machine.
And a browser names the page that a request comes from in every one that may change something, so a stranger's page
that a user has open cannot act through the user's browser. The gate asks at every request.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

OUR_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
MOST_SPELLINGS: Final = 64
"""Of `Host`, with the port or without, that are remembered as ours."""
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:\[\]@/]+)(?::\d{1,5})?")


class Origins:
    """`host` is what we listen on; with `tls` a proxy speaks for us, and our pages are https."""

    def __init__(self, host: str, allowed: Iterable[str], *, tls: bool) -> None:
        self._allowed = frozenset(allowed)
        self._names = {
            *OUR_NAMES,
            _bracketed(host.lower()),
            *(_name_of(urlsplit(each).netloc) for each in self._allowed),
        }
        self._spellings: set[str] = set()
        self._tls = tls

    def knows(self, host: str | None) -> bool:
        """Whether a `Host` was found to be ours before, which nearly all were."""
        return host in self._spellings

    def is_ours(self, host: str | None, reached: str | None) -> bool:
        """Whether a `Host` is ours: a name that we know, or the very address at which the connection arrived."""
        name = _name_of((host or "").lower())
        if host is None or not (name in self._names or (reached is not None and name == _bracketed(reached))):
            return False
        if len(self._spellings) < MOST_SPELLINGS:
            self._spellings.add(host)
        return True

    def is_foreign(self, origin: str | None, host: str) -> bool:
        """Whether a page of another site asks; without an origin it is a program."""
        if origin is None or origin in self._allowed:
            return False
        host = host.lower()
        # What we are called on this machine itself is reached without the proxy.
        scheme = "https" if self._tls and _name_of(host) not in OUR_NAMES else "http"
        return origin != f"{scheme}://{host}"


def _name_of(host: str) -> str:
    """Take the port off; nothing for what is no host."""
    match = _HOST.fullmatch(host)
    return match[1] if match else ""


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
