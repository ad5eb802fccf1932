"""Who may ask: what a token is, what its role allows, and how little of it is kept. Knows neither files nor HTTP.

A token is 256 random bits, so the hash that is kept needs no salt and no slowness: there is nothing to guess.
`history/token_file` keeps tokens, `web/credentials` asks for them, `settings` asks which addresses are our own.
"""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, Protocol

PREFIX: Final = "tradeul-token-"
"""What every token begins with, so that one is known for what it is wherever it turns up."""
TOKEN_BYTES: Final = 32


class Role(StrEnum):
    """What a token is good for: reading, or reading and changing."""

    VIEWER = "viewer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a token, as far as the program knows."""

    name: str
    role: Role
    digest: bytes

    def may_change(self) -> bool:
        return self.role is Role.OPERATOR


class Holders(Protocol):
    """Where tokens are kept. `read` waits for the disk."""

    def stamp(self) -> object:
        """Tell one state of what is kept from another."""

    def read(self) -> tuple[Holder, ...]:
        """Everybody who holds a token; raises `ConfigurationError` where that cannot be known."""


def new_token() -> str:
    return PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def holder_of(digest: bytes, holders: Iterable[Holder]) -> Holder | None:
    """Find whose token it is, in a time that does not tell how near a wrong one comes."""
    found = None
    for holder in holders:
        if hmac.compare_digest(holder.digest, digest):
            found = holder
    return found


@lru_cache(maxsize=1_024)
def is_loopback(host: str) -> bool:
    """Whether it is this machine and no other that reaches an address; a name other than localhost never is."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
