"""The signs and words of an expression, read from its text, and the plain words for what is none of them.

`syntax` makes a tree of the tokens. Whatever the text: tokens, or an `ExpressionError` at the column that is wrong,
with what was probably meant. A string has no escapes but one: its own quote, doubled, stands for itself.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from tradeul.errors import UsageError

MAX_LENGTH: Final = 2_000
"""Characters of a text."""
UNITS: Final = {"k": 1e3, "M": 1e6, "B": 1e9}
KEYWORDS: Final = ("and", "or", "not", "in", "between", "asc", "desc")
_LONGEST_SHOWN: Final = 40


class ExpressionError(UsageError):
    """The text is no expression; `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


def quoted(word: str) -> str:
    """Write a word as a string of the language: a quote in it is doubled."""
    return "'" + word.replace("'", "''") + "'"


def nearest(name: str, known: Iterable[str], titles: Mapping[str, str] = MappingProxyType({})) -> str:
    """Say which of the known names was probably meant, or the one with a title like it; nothing if none is near."""
    meant = {title.casefold(): each for title, each in titles.items()} | {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), meant, n=1)
    return f"; did you mean {meant[near[0]]!r}?" if near else ""


def shown(text: str) -> str:
    """Quote a piece of a stranger's text for a message of one line."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "...")


_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_MISTAKEN: Final = {
    "===": "==", "!==": "!=", "=>": ">=", "=<": "<=", "<>": "!=", "&&": "and", "||": "or", "=": "==", "&": "and",
    "|": "or", "!": "not", "≥": ">=", "≤": "<=", "≠": "!=", "−": "-", "\N{EN DASH}": "-", "×": "*", "÷": "/",  # noqa: RUF001
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "`": "'", "[": "(", "]": ")", "{": "(", "}": ")",  # noqa: RUF001
}  # fmt: skip
_FOREIGN: Final = {
    "**": "there are no powers: multiply instead",
    "^": "there are no powers: multiply instead",
    "%": "percents are plain numbers: leave the sign out",
    "$": "amounts are plain numbers: leave the sign out",
    "'": "this string has no end",
    '"': "this string has no end",
}
_ADVICE: Final = {
    sign: f"{sign!r} is not part of the language; did you mean {meant!r}?" for sign, meant in _MISTAKEN.items()
}
_SPELLED: Final = "|".join(re.escape(sign) for sign in sorted({*_MISTAKEN, *_FOREIGN}, key=len, reverse=True))

_TOKEN: Final = re.compile(
    r"(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)(?P<unit>(?!(?:" + "|".join(KEYWORDS) + r")\b)[A-Za-z_]\w*)?"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<string>'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\")"
    rf"|(?P<sign><=(?!>)|>=|==(?!=)|!=(?!=)|<(?!>)|>|[()+/,-]|\*(?!\*))"
    rf"|(?P<foreign>{_SPELLED})",
    re.ASCII,
)


class Token(NamedTuple):
    kind: str
    text: str
    start: int
    value: float = 0.0

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def column(self) -> int:
        return self.start + 1


def tokens_of(text: str) -> list[Token]:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH + 1)
    if surrogate := _SURROGATE.search(text):
        raise ExpressionError("half of a character", surrogate.start() + 1)
    found: list[Token] = []
    at = _after_blanks(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"{text[at]!r} is not part of the language", at + 1)
        found.append(_token(match))
        at = _after_blanks(text, match.end())
    found.append(Token("end", "", len(text.rstrip())))
    return found


def _after_blanks(text: str, at: int) -> int:
    # Not the expression's own \s: text copied from a page has blanks that are not ASCII's.
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _token(match: re.Match[str]) -> Token:
    start, text = match.start(), match[0]
    if match["foreign"]:
        raise ExpressionError(_FOREIGN.get(text) or _ADVICE[text], start + 1)
    if match["number"]:
        return Token("number", text, start, _figure(match))
    if match["name"]:
        return Token("word" if _is_keyword(text, start) else "name", text, start)
    return Token(str(match.lastgroup), text, start)


def _figure(match: re.Match[str]) -> float:
    unit = match["unit"]
    if unit and unit not in UNITS:
        meant = next((known for known in UNITS if known.casefold() == unit[0].casefold()), "")
        hint = f"did you mean {meant!r}?" if meant else "there are k, M and B"
        raise ExpressionError(f"there is no unit {shown(unit)}; {hint}", match.start("unit") + 1)
    value = float(match["number"]) * UNITS.get(unit, 1.0)
    if value == float("inf"):
        raise ExpressionError("this number is too large", match.start() + 1)
    return value


def _is_keyword(text: str, start: int) -> bool:
    if text not in KEYWORDS and text.lower() in KEYWORDS:
        message = f"{text!r} is not part of the language; did you mean {text.lower()!r}?"
        raise ExpressionError(message, start + 1)
    return text in KEYWORDS
