"""HTML put together safely: what is plain text is escaped, always; only what was made here counts as markup."""

import html
import re
from typing import Final

CODE: Final = re.compile(r"`([^`]+)`")
VOID: Final = ("link", "meta", "hr")


class Markup(str):
    """HTML that is made already."""

    __slots__ = ()


def tag(name: str, *inside: str, **attributes: str) -> Markup:
    """Make an element; an attribute's name may end in `_`, and has `-` where Python needs `_`."""
    named = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{named}>" if name in VOID else f"<{name}{named}>{joined(*inside)}</{name}>")


def joined(*parts: str) -> Markup:
    return Markup("".join(part if isinstance(part, Markup) else html.escape(part) for part in parts))


def prose(text: str) -> Markup:
    """Show one paragraph of ours, with `code` where it has backticks."""
    pieces = CODE.split(" ".join(text.split()))
    return joined(*(tag("code", piece) if place % 2 else piece for place, piece in enumerate(pieces)))


def paragraphs(text: str) -> Markup:
    return joined(*(tag("p", prose(part)) for part in text.split("\n\n") if part.strip()))


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Markup:
    """Make a table that can be scrolled by itself where the screen is narrow."""
    titles = tag("thead", tag("tr", *(tag("th", title, scope="col") for title in head)))
    body = tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows))
    return tag("div", tag("table", titles, body), class_="wide", tabindex="0")
