"""What pages of other sites may read (CORS): nothing, unless the settings name their origins.

Those read what anybody may who shows a token, which they have to send themselves: no answer is shared with a page that
has the browser send its cookie along, so whoever is signed in here lends nothing to a page there. The gate decides,
`answers` puts the headers on every answer, errors included.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

Headers = tuple[tuple[str, str], ...]
SHARED: Final = web.RequestKey("shared", Headers)
"""What the answer to a request says of with whom it may be shared; not there where nothing is ever shared."""

ASKED_S: Final = 600
"""How long a browser may remember what it asked before acting."""
PREFLIGHT: Final = {
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, HEAD, POST, PUT, DELETE",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type, If-None-Match",
    hdrs.ACCESS_CONTROL_MAX_AGE: str(ASKED_S),
}
READABLE: Final = "Content-Disposition, ETag, Retry-After"
"""What scripts see of our headers beside those that they always do."""
DEPENDS: Final = (hdrs.VARY, hdrs.ORIGIN)
"""A cache must not hand what was said to one page to another, nor what was said to none."""


class Sharing:
    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(allowed)

    def headers_for(self, request: web.BaseRequest) -> Headers:
        origin = request.headers.get(hdrs.ORIGIN)
        if origin not in self._allowed:
            return (DEPENDS,)
        return (
            DEPENDS,
            (hdrs.ACCESS_CONTROL_ALLOW_ORIGIN, origin),
            (hdrs.ACCESS_CONTROL_EXPOSE_HEADERS, READABLE),
        )

    def preflight(self, request: web.BaseRequest) -> web.Response | None:
        """Answer a browser that asks before it lets an allowed page act, which it does without any token."""
        if request.method != hdrs.METH_OPTIONS or hdrs.ACCESS_CONTROL_REQUEST_METHOD not in request.headers:
            return None
        if request.headers.get(hdrs.ORIGIN) not in self._allowed:
            return None
        return web.Response(status=HTTPStatus.NO_CONTENT, headers=PREFLIGHT)
