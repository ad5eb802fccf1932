"""A vendor's words as they may stand in a log line or an error: one line, printable, not long."""

from typing import Final

LONGEST: Final = 200


def one_line(words: str) -> str:
    """The words without line ends and control characters, cut where they go on and on."""
    printable = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(printable.split())[:LONGEST]
