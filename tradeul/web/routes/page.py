"""The page: files read once at start. What is not among them does not exist, however its path is spelled."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiohttp import web

from tradeul.web.answers import failure

INDEX: Final = "index.html"
CONTENT_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
"""What a page is made of; other files that lie about in the folder are not served."""


@dataclass(frozen=True, slots=True)
class PageFile:
    body: bytes
    content_type: str
    etag: str


Manifest = Mapping[str, PageFile]
"""The files of the page by their path below the folder."""


def read_page(folder: Path) -> Manifest:
    files = {
        path.relative_to(folder).as_posix(): _page_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in CONTENT_TYPES
    }
    return MappingProxyType(files)


def _page_file(path: Path) -> PageFile:
    body = path.read_bytes()
    return PageFile(body, CONTENT_TYPES[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')


class Page:
    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.index), web.get("/static/{name:.*}", self.file)]

    async def index(self, request: web.Request) -> web.Response:
        return self.served(INDEX, request)

    async def file(self, request: web.Request) -> web.Response:
        return self.served(request.match_info["name"], request)

    def served(self, name: str, request: web.Request) -> web.Response:
        file = self._manifest.get(name)
        if file is None:
            return failure(404, "not_found", "Not Found")
        # A browser asks each time whether its copy is the newest, so that a new version never meets old modules.
        headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == file.etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, headers={**headers, "Content-Type": file.content_type})
