"""Who may change something: our own page, and programs, which name no origin. Other people's pages may not.

A browser names the page that a request comes from in every one that may change something, so a stranger's page that
a user has open cannot act through the user's browser.
"""

from urllib.parse import urlsplit

from aiohttp import web

from tradeul.web.answers import refused
from tradeul.web.failures import FOREIGN_ORIGIN


def foreign(request: web.Request) -> web.Response | None:
    """The refusal of a request that comes from somebody else's page; None if it does not."""
    origin = request.headers.get("Origin")
    if origin is None or _ours(origin, request.host):
        return None
    return refused(FOREIGN_ORIGIN)


def _ours(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and origin == f"{parts.scheme}://{host.lower()}"
