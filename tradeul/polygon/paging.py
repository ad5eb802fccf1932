"""Lists that come in pages: all of them, or an error.

Where the next page is, the vendor says with a whole address. Only its path and query are believed: the host is always
ours, a key in it is left out, and it must lie where the first page did. `rest` asks its lists through `every_page`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from tradeul.errors import VendorRefused, VendorUnavailable
from tradeul.fetching.rows import RowDecoder
from tradeul.fetching.transport import Fetcher, Query
from tradeul.polygon.wire import accepted

MOST_PAGES: Final = 200
"""The longest list has about 12."""

Row = TypeVar("Row", bound=msgspec.Struct)


class PageDecoder(RowDecoder[Row], Generic[Row]):
    """One page of rows under `results`."""

    few_bad_rows = 5

    def __init__(self, row_type: type[Row]) -> None:
        super().__init__("results", row_type)
        self.rows: list[Row] = []
        self.next_url = ""

    def finish(self) -> None:
        """Judge the page, once its last byte was fed."""
        self.next_url = accepted(self._complete()).next_url or ""

    def _take(self, rows: list[Row]) -> None:
        self.rows += rows


Page = TypeVar("Page", bound=PageDecoder[Any])


@dataclass(frozen=True, slots=True)
class Question:
    """A list to be asked for."""

    path: str
    query: Query
    family: str
    """What the path of every page begins with."""


async def every_page(fetcher: Fetcher, question: Question, blank: Callable[[], Page]) -> list[Page]:
    """The list's pages in their order, each read into a new `blank` one."""
    path, query = question.path, tuple(question.query)
    asked = set[tuple[str, Query]]()
    pages: list[Page] = []
    while len(pages) < MOST_PAGES:
        asked.add((path, query))
        page = await fetcher.patiently(partial(_page, fetcher, path, query, blank))
        pages.append(page)
        if not page.next_url:
            return pages
        path, query = _where_it_goes_on(page.next_url, question.family, fetcher.base_url)
        if (path, query) in asked:
            raise VendorUnavailable("the vendor's pages go round in a circle")
    raise VendorUnavailable(f"the vendor's list does not end after {MOST_PAGES} pages")


async def _page(fetcher: Fetcher, path: str, query: Query, blank: Callable[[], Page]) -> Page:
    page = blank()
    async with fetcher.answer(path, query) as answer:
        await answer.into(page)
    page.finish()
    return page


def _where_it_goes_on(next_url: str, family: str, base_url: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Path and query of the next page, of the address that the vendor names."""
    try:
        parts = urlsplit(next_url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError as error:
        raise VendorUnavailable("the vendor's next page cannot be found: its address is none") from error
    path = parts.path.removeprefix(urlsplit(base_url).path)
    if not path.startswith(family) or ".." in unquote(path).split("/"):
        raise VendorRefused("the vendor's next page lies elsewhere, where we do not follow")
    return path, tuple((name, value) for name, value in pairs if name.lower() != "apikey")
