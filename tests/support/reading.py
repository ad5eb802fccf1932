"""Reads the page at /docs as a newcomer does: its examples, its links, its anchors."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(frozen=True, slots=True)
class Example:
    """A piece of code that the page says can be run."""

    language: str
    live: bool
    """It goes on until it is ended."""
    code: str


@dataclass
class Reading(HTMLParser):
    """What was found on a page."""

    examples: list[Example] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    _running: dict[str, str | None] | None = None
    _code: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a":
            self.links.append(found["href"] or "")
        if "id" in found:
            self.anchors.append(found["id"] or "")
        if tag == "code" and "data-run" in found:
            self._running, self._code = found, []

    def handle_data(self, data: str) -> None:
        if self._running is not None:
            self._code.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "code" and self._running is not None:
            language = self._running["data-run"] or ""
            self.examples.append(Example(language, "data-live" in self._running, "".join(self._code)))
            self._running = None


def read(page: str) -> Reading:
    """Read a whole page."""
    reading = Reading()
    reading.feed(page)
    reading.close()
    return reading
