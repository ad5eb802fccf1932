"""Answers that are ready before anybody asks: files of the page, documents, whatever changes only with a restart.

Each has an ETag, so that a browser that holds it is sent no bytes, and is packed once where that pays.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web

from tradeul.web.packing import accepts_gzip, packed_small

WORTH_PACKING: Final = 1_024


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it is sent. `packed` is its gzip form, empty where that would not be shorter."""

    body: bytes
    content_type: str
    etag: str
    packed: bytes = b""


def page_file(body: bytes, content_type: str) -> PageFile:
    packed = packed_small(body) if len(body) >= WORTH_PACKING else b""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return PageFile(body, content_type, etag, packed if len(packed) < len(body) else b"")


def file_answer(file: PageFile, request: web.Request) -> web.Response:
    """Send a file, or say that the one at hand is the newest.

    A browser asks each time, so that a new version never meets old modules.
    """
    packed = bool(file.packed) and accepts_gzip(request)
    etag = f'{file.etag[:-1]}-gzip"' if packed else file.etag
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if file.packed:
        headers["Vary"] = hdrs.ACCEPT_ENCODING
    if is_held(request, etag):
        return web.Response(status=304, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    return web.Response(
        body=file.packed if packed else file.body, headers={**headers, "Content-Type": file.content_type}
    )


def is_held(request: web.Request, etag: str) -> bool:
    """Tell whether the asker holds the version of this ETag already."""
    held = [each.strip().removeprefix("W/") for each in request.headers.get(hdrs.IF_NONE_MATCH, "").split(",")]
    return etag.removeprefix("W/") in held or held == ["*"]
