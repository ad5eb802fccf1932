"""Who asks, by address: the machine at the other end, or whom a proxy of ours says that it speaks for.

A header can say anything, so it is believed only from the proxies that the settings trust, and only as far back as
they vouch for one another. The gate counts by what it is told here.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

LONGEST_CHAIN: Final = 16
"""Addresses of a forwarded header that are looked at, from the end."""
SITE_BITS: Final = 64
"""What one subscriber has of IPv6, and may change the rest of as often as it likes."""


class Callers:
    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        self._trusted = [ipaddress.ip_network(each) for each in trusted_proxies]

    def is_proxy(self, address: str) -> bool:
        found = _parsed(address)
        return found is not None and any(found in network for network in self._trusted)

    def caller(self, peer: str, forwarded: Iterable[str]) -> str:
        """Find the caller behind a peer; `forwarded` are its `X-Forwarded-For` headers."""
        caller = peer
        for said in reversed(",".join(forwarded).split(",")[-LONGEST_CHAIN:]):
            if not self.is_proxy(caller) or _parsed(said.strip()) is None:
                break
            caller = said.strip()
        return site_of(caller)


def site_of(address: str) -> str:
    """What is counted as one caller: an address of IPv4, a subscriber's network of IPv6."""
    found = _parsed(address)
    if not isinstance(found, ipaddress.IPv6Address):
        return address if found is None else str(found)
    return str(ipaddress.ip_network((int(found) >> SITE_BITS << SITE_BITS, SITE_BITS)))


@lru_cache(maxsize=1_024)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found
