"""A connection that answers a repeated request at once: what aiohttp does for each takes ten times as long.

Only where the gate has nothing to ask: on a connection from this machine, with no tokens. Only a request that is all
that came, on a connection between two requests, whose very bytes have passed the gate and a route before; anything else
goes the usual way, which also finds out whether the connection stays open. The server makes each connection one of
these.
"""

from typing import Any, Final

from aiohttp import HttpVersion11, hdrs, web

from tradeul.web.counted import Counted
from tradeul.web.crowd import Crowd
from tradeul.web.repeats import STANDS, Repeats

END_OF_HEAD: Final = b"\r\n\r\n"


class Quick(Counted):
    """`repeats` is None where everybody has to pass the gate each time."""

    __slots__ = ("_asked", "_repeats", "_whole")

    def __init__(self, repeats: Repeats | None, crowd: Crowd, *arguments: Any, **options: Any) -> None:
        super().__init__(crowd, *arguments, **options)
        self._repeats = repeats
        self._whole = True
        """Whether each piece of data so far was one whole request, so that the parser waits for the next."""
        self._asked = b""
        """The request that is being answered, if it came by itself."""

    def data_received(self, data: bytes) -> None:
        repeats = self._repeats
        if repeats is None or not self._whole or not self.local:
            super().data_received(data)
            return
        # aiohttp waits for a request: there is none under way, no body is still to come, and nothing was upgraded.
        waiting = self._waiter is not None and not self._waiter.done()
        if waiting and self._keepalive and not self._close:
            kept = repeats.answer_to(data)
            if kept is not None and self._sent(kept.answer):
                self.crowd.answered[kept.status] += 1
                # As after each answer of aiohttp's own: who asks is not idle. Its loop counts as our clock does.
                self._next_keepalive_close_time = repeats.now() + self._keepalive_timeout
                return
        before = self._request_count
        super().data_received(data)
        self._whole = self._request_count == before + 1 and data.find(END_OF_HEAD) == len(data) - len(END_OF_HEAD)
        self._asked = data if waiting and self._whole else b""

    def _sent(self, answer: bytes) -> bool:
        """Send an answer; not to who has not taken the one before, as the usual way waits for that."""
        transport = self.transport
        if transport is None or transport.is_closing() or transport.get_write_buffer_size():
            return False
        transport.write(answer)
        return True

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        asked, self._asked = self._asked, b""
        finished = await super().finish_response(request, resp, start_time)
        standing = resp.get(STANDS)
        if standing is not None and asked and self._repeats is not None and _is_usual(request, resp):
            self._repeats.keep(asked, _sent_as(resp), resp.status, standing)
        return finished


def _is_usual(request: web.BaseRequest, response: web.StreamResponse) -> bool:
    return request.method == hdrs.METH_GET and request.version == HttpVersion11 and response.keep_alive is True


def _sent_as(response: web.StreamResponse) -> bytes:
    """Write an answer as it went out."""
    headers = [f"{name}: {value}" for name, value in response.headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {response.status} {response.reason}", *headers])
    body = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b""
    return head.encode() + END_OF_HEAD + body
