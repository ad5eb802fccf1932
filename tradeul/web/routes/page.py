"""The page: files read once at start. What is not among them does not exist, however its path is spelled."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiohttp import web

from tradeul.web.answers import refused
from tradeul.web.api import HTML, operation
from tradeul.web.failures import NOT_FOUND
from tradeul.web.files import PageFile, file_answer, page_file
from tradeul.web.parameters import part

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


NAME: Final = part("name", "A file of the page.", "style.css")


Manifest = Mapping[str, PageFile]
"""The files of the page by their path below the folder."""


def read_page(folder: Path) -> Manifest:
    files = {
        path.relative_to(folder).as_posix(): page_file(path.read_bytes(), CONTENT_TYPES[path.suffix])
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in CONTENT_TYPES
    }
    return MappingProxyType(files)


class Page:
    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.index), web.get("/static/{name:.*}", self.file)]

    @operation("Page", media=(HTML,), failures=(NOT_FOUND,))
    async def index(self, request: web.Request) -> web.Response:
        """The page that shows the lists."""
        return self.served(INDEX, request)

    @operation(
        "Page",
        parameters=(NAME,),
        media=tuple(content_type.partition(";")[0] for content_type in CONTENT_TYPES.values()),
        failures=(NOT_FOUND,),
    )
    async def file(self, request: web.Request) -> web.Response:
        """A file that the page is made of."""
        return self.served(request.match_info["name"], request)

    def served(self, name: str, request: web.Request) -> web.Response:
        file = self._manifest.get(name)
        return refused(NOT_FOUND) if file is None else file_answer(file, request)
