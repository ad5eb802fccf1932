"""Which of the vendor's hosts is which. `app` asks it where the delayed stream of a real-time one is, `stream` whether
its own is one.
"""

from typing import Final

from yarl import URL

_DELAYED: Final = {"socket": "delayed", "business": "delayed-business"}


def delayed_url_of(url: str) -> str | None:
    """The same stream 15 minutes late, for plans without real time; None for an address that has none by its name."""
    address = URL(url)
    stem, dot, domain = (address.host or "").partition(".")
    if not dot or stem not in _DELAYED:
        return None
    return str(address.with_host(f"{_DELAYED[stem]}.{domain}"))


def is_delayed(url: str) -> bool:
    """Whether the address is, by its name, of a stream 15 minutes late."""
    return (URL(url).host or "").partition(".")[0] in _DELAYED.values()
