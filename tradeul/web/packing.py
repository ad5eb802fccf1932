"""Long answers, packed for whoever takes them so. Packing goes in pieces, so that others have their turns in between.

`answers` asks it for every answer on its way out; what is ready before anybody asks (`files`) is packed there, once.
"""

import asyncio
import zlib
from typing import Final

from aiohttp import hdrs, web
from isal import isal_zlib

GZIP: Final = 31
"""zlib's number for its largest window with a gzip header."""
LONG: Final = 16 * 1024
"""Shorter answers travel as fast as they are."""
PIECE: Final = 128 * 1024
"""Packed in about a millisecond."""
KINDS: Final = ("application/json", "text/csv")


def packed_small(body: bytes) -> bytes:
    """Pack as small as can be, for what is sent often and made once."""
    packer = zlib.compressobj(level=9, wbits=GZIP)
    return packer.compress(body) + packer.flush()


async def pack(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Pack an answer if it is long and asked for so."""
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes) or len(response.body) < LONG:
        return
    if response.content_type not in KINDS or hdrs.CONTENT_ENCODING in response.headers:
        return
    response.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    if accepts_gzip(request):
        response.body = await _in_turns(response.body)
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"


async def _in_turns(body: bytes) -> bytes:
    packer, pieces, whole = isal_zlib.compressobj(level=1, wbits=GZIP), [], memoryview(body)
    for start in range(0, len(body), PIECE):
        pieces.append(packer.compress(whole[start : start + PIECE]))
        await asyncio.sleep(0)
    return b"".join([*pieces, packer.flush()])


def accepts_gzip(request: web.BaseRequest) -> bool:
    """Tell whether an answer may come packed: it is named, and not with a weight of 0."""
    for each in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(","):
        coding, _, weight = each.partition(";")
        if coding.strip().lower() in ("gzip", "*"):
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
