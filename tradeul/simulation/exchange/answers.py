"""How the simulated vendor answers over REST: its JSON, its refusals, and long lists in slices with turns between.

Every answer goes out through `Answers`, so that one fault of the bytes can befall any of them.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Final

import orjson
from aiohttp import web
from isal import isal_zlib

from tradeul.clock import Clock
from tradeul.simulation.faults import Options

JSON_TYPE: Final = "application/json"
ROWS_PER_SLICE: Final = 150
BODY_FAULT: Final = web.RequestKey("body_fault", tuple[str, Options])

_GZIP_WINDOW: Final = 31
_GZIP_LEVEL: Final = 1
_PIECE_BYTES: Final = 64 * 1024
_BLANKS: Final = b" " * (1 << 20)


class Answers:
    """Writes what the routes answer. `name` stands in every request's id."""

    def __init__(self, name: str, clock: Clock, *, compress: bool) -> None:
        self._name = name
        self._clock = clock
        self._compress = compress
        self._numbers = itertools.count(1)

    def request_id(self) -> str:
        return f"{self._name}-{next(self._numbers)}"

    def refusal(self, status: int, error: str) -> web.Response:
        """The usual error body."""
        return self.refused(status, {"status": "ERROR", "error": error})

    def refused(self, status: int, content: dict[str, Any], **headers: str) -> web.Response:
        """An error body as given, with the request's id."""
        body = orjson.dumps({"status": content["status"], "request_id": self.request_id(), **content})
        return web.Response(body=body, status=status, content_type=JSON_TYPE, headers=headers)

    async def json(self, request: web.Request, content: Any) -> web.StreamResponse:
        """One short answer."""
        return await self.stream(request, [orjson.dumps(content)])

    async def listing(
        self,
        request: web.Request,
        head: dict[str, Any],
        name: str,
        rows: Iterable[bytes],
        at_once: int = ROWS_PER_SLICE,
    ) -> web.StreamResponse:
        """An object that ends in a list of encoded rows; an empty list is left out, as the vendor does.

        What is encoded many rows at a time is sent one at once.
        """
        return await self.stream(request, _list_in(orjson.dumps(head), name, iter(rows), at_once))

    async def array(self, request: web.Request, rows: Iterable[bytes]) -> web.StreamResponse:
        """A bare list of encoded rows."""
        return await self.stream(request, _sliced(iter(rows)))

    async def stream(self, request: web.Request, pieces: Iterable[bytes]) -> web.StreamResponse:
        """Send a body piece by piece, letting others run between."""
        fault = request.get(BODY_FAULT)
        packed = "gzip" in request.headers.get("Accept-Encoding", "") and (self._compress or _needs_packing(fault))
        response = web.StreamResponse(headers={"Content-Type": JSON_TYPE})
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        # Whoever hung up has no use for the rest.
        with contextlib.suppress(ConnectionResetError):
            if fault is None:
                await response.prepare(request)
                for piece in _packed(pieces) if packed else pieces:
                    await response.write(piece)
                    await asyncio.sleep(0)
                await response.write_eof()
            else:
                await self._spoilt(request, response, pieces, packed=packed)
        return response

    async def _spoilt(
        self, request: web.Request, response: web.StreamResponse, pieces: Iterable[bytes], *, packed: bool
    ) -> None:
        name, options = request[BODY_FAULT]
        if name == "bomb":
            pieces = itertools.chain(itertools.repeat(_BLANKS, int(options["megabytes"])), pieces)
        if name == "bomb" or not packed:
            body: Iterable[bytes] = _packed(pieces) if packed else pieces
        else:
            body = [b"".join(_packed(pieces))]
        await response.prepare(request)
        async for piece in self._as_it_goes_wrong(name, options, body):
            await response.write(piece)
            await asyncio.sleep(0)
        if name == "stalled":
            await asyncio.Event().wait()
        elif name == "broken_off" and request.transport is not None:
            request.transport.abort()
        else:
            await response.write_eof()

    async def _as_it_goes_wrong(self, name: str, options: Options, pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
        if name == "bomb":
            for piece in pieces:
                yield piece
            return
        body = b"".join(pieces)
        if name == "bad_gzip":
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :]
        elif name != "trickle":
            body = body[: int(len(body) * float(options["share"]))]
        size = int(options.get("bytes", _PIECE_BYTES))
        for start in range(0, len(body), size):
            if name == "trickle":
                await self._clock.pause(float(options["gap_s"]))
            yield body[start : start + size]


def _needs_packing(fault: tuple[str, Options] | None) -> bool:
    return fault is not None and fault[0] in {"bad_gzip", "bomb"}


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    gzip = isal_zlib.compressobj(_GZIP_LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)
    for piece in pieces:
        yield gzip.compress(piece)
    yield gzip.flush()


def _sliced(rows: Iterator[bytes]) -> Iterator[bytes]:
    """A list, a few rows at a time."""
    opening = b"["
    while part := list(itertools.islice(rows, ROWS_PER_SLICE)):
        yield opening + b",".join(part)
        opening = b","
    yield b"[]" if opening == b"[" else b"]"


def _list_in(head: bytes, name: str, rows: Iterator[bytes], at_once: int) -> Iterator[bytes]:
    """Append a list to an encoded object, a few rows at a time."""
    opening = head[:-1] + b',"%s":[' % name.encode()
    empty = True
    while part := list(itertools.islice(rows, at_once)):
        yield (opening if empty else b",") + b",".join(part)
        empty = False
    yield head if empty else b"]}"
