"""The Standard Industrial Classification: the division that a company's code lies in, for want of a better sector."""

from typing import Final

LABEL: Final = " (SIC)"
"""What a division ends in where it stands in a sector's place, so that nobody takes the one for the other."""

_DIVISIONS: Final = (
    (1, 9, "Agriculture, Forestry and Fishing"),
    (10, 14, "Mining"),
    (15, 17, "Construction"),
    (20, 39, "Manufacturing"),
    (40, 49, "Transportation and Utilities"),
    (50, 51, "Wholesale Trade"),
    (52, 59, "Retail Trade"),
    (60, 67, "Finance, Insurance and Real Estate"),
    (70, 89, "Services"),
    (91, 99, "Public Administration"),
)
_DIGITS: Final = 4


def division(code: str) -> str:
    """The division of a code, labelled; empty for what is no code."""
    if not (code.isascii() and code.isdigit() and 1 <= len(code) <= _DIGITS):
        return ""
    # A leading zero is easily lost on the way: 100 is 0100.
    group = int(code.zfill(_DIGITS)[:2])
    return next((name + LABEL for first, last, name in _DIVISIONS if first <= group <= last), "")
