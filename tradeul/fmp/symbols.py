"""The vendor's spelling of symbols against the market's: `BRK-B` is `BRK.B`, `GNL-PE` is `GNLpE`.

Pure. What has no certain counterpart has none: a wrong company's float is worse than no float.
"""

import re
from typing import Final

from tradeul.domain.events import Symbol

_ROOT: Final = "[A-Z][A-Z0-9]{0,9}"
_THEIRS: Final = re.compile(rf"({_ROOT})(?:-([A-Z]{{1,3}}))?")
_OURS: Final = re.compile(rf"({_ROOT})([a-z.][A-Za-z.]{{0,4}})?")

_ENDINGS: Final = {"WT": ".WS", "UN": ".U", "RI": "r", "WI": "w", "P": "p"}
"""Warrants, units, rights, when issued, and a preferred stock without a series."""
_WARRANT: Final = "WT"
_THEIR_ENDINGS: Final = {ours: theirs for theirs, ours in _ENDINGS.items()}


def market_symbol(theirs: str) -> Symbol | None:
    """The market's symbol for one of the vendor's; None for those of other countries and for what is no stock."""
    found = _THEIRS.fullmatch(theirs)
    if found is None:
        return None
    root, ending = found[1], found[2]
    if ending is None:
        return Symbol(root)
    mapped = _ENDINGS.get(ending) or _lettered(ending)
    # Their plain U is a unit too: there are no classes of that letter.
    return None if mapped is None else Symbol(root + mapped)


def vendor_symbol(ours: Symbol) -> str | None:
    """The vendor's symbol for one of the market's; None if it has none for this kind."""
    found = _OURS.fullmatch(ours)
    if found is None:
        return None
    root, ending = found[1], found[2]
    if ending is None:
        return root
    theirs = _THEIR_ENDINGS.get(ending) or _letters(ending)
    return None if theirs is None else f"{root}-{theirs}"


def _lettered(ending: str) -> str | None:
    """Endings that name a class or a series by its letter."""
    if len(ending) == 1:
        return f".{ending}"
    if ending.startswith(_WARRANT):
        return f".WS.{ending[-1]}"
    return f"p{ending[1]}" if re.fullmatch("P[A-Z]", ending) else None


def _letters(ending: str) -> str | None:
    if re.fullmatch(r"\.[A-Z]", ending) and ending != ".P":
        return ending[1]
    if re.fullmatch(r"\.WS\.[A-Z]", ending):
        return _WARRANT + ending[-1]
    return f"P{ending[1]}" if re.fullmatch("p[A-Z]", ending) else None
