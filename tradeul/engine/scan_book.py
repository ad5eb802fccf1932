"""Which lists there are: those built in, as the settings and then the user change them, and the user's own.

The book only keeps definitions and compiles them; it waits for nothing and does not scan. `engine/own_scans` owns it,
and a configuration is checked by the same words.
"""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tradeul.definitions import MOST_DEFINITIONS, ScanDefinition
from tradeul.domain.board_scope import CLOCK_NUMBERS
from tradeul.domain.expression import ExpressionError, parse_condition, parse_order
from tradeul.domain.fields import BY_NAME as FIELDS
from tradeul.domain.fields import DEFAULT_COLUMNS
from tradeul.domain.scans import BY_NAME, DEFAULT_SIZE, Scan
from tradeul.engine.refusals import Refused
from tradeul.errors import UsageError

DEFAULT_ORDER: Final = "score desc"
NAMING_EACH_ROW: Final = ("rank", "symbol")
"""Stand in every row anyhow."""


class Origin(StrEnum):
    """Where a definition is from."""

    BUILT_IN = "built_in"
    CONFIG = "config"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Entry:
    """A list as it is defined now. Without a `scan` it is not made, and `reason` says why not."""

    name: str
    origin: Origin
    definition: ScanDefinition
    scan: Scan | None
    reason: str = ""


def scan_of(name: str, definition: ScanDefinition) -> Scan:
    """Compile a definition; what it leaves open is as built in, else as usual. Raises `Refused`."""
    given, base = definition, BY_NAME.get(name)
    where = given.where or (base.where if base else "")
    if not where:
        raise Refused("where", "a list needs a condition, such as `rvol >= 5`")
    _check_columns(given.columns or ())
    parts = {
        "where": where,
        "keep": (base.keep if base else "") if given.keep is None else given.keep,
        "order": given.order or (base.order if base else DEFAULT_ORDER),
    }
    _check_conditions(parts)
    return Scan(
        name,
        given.title or (base.title if base else name),
        **parts,
        size=given.size or (base.size if base else DEFAULT_SIZE),
        columns=given.columns or (base.columns if base else DEFAULT_COLUMNS),
        sessions=given.sessions or (),
        global_filters=given.global_filters is not False,
    )


def _check_conditions(parts: Mapping[str, str]) -> None:
    """Find which of several texts cannot be read, where one cannot."""
    for key, text in parts.items():
        try:
            if key == "order":
                parse_order(text, CLOCK_NUMBERS)
            elif text:
                parse_condition(text, CLOCK_NUMBERS)
        except ExpressionError as error:
            raise Refused(key, str(error), error.column) from None


def _check_columns(columns: Collection[str]) -> None:
    for column in columns:
        if column in NAMING_EACH_ROW:
            raise Refused("columns", f"{column!r} is in every row anyhow")
        if column not in FIELDS:
            near = difflib.get_close_matches(column, FIELDS, n=1)
            raise Refused("columns", f"there is no field {column!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    if len(set(columns)) < len(columns):
        raise Refused("columns", "a field is named twice")


class ScanBook:
    """All definitions by name; of several of one name the last counts: built in, the settings', the user's own."""

    def __init__(
        self,
        configured: Mapping[str, ScanDefinition] | None = None,
        own: Mapping[str, ScanDefinition] | None = None,
    ) -> None:
        self._configured = dict(configured or {})
        self._own = dict(own or {})
        self._failed: dict[str, str] = {}
        """Why a list that can be read cannot be made."""

    def __contains__(self, name: str) -> bool:
        return name in BY_NAME or name in self._configured or name in self._own

    def names(self) -> list[str]:
        """All names: those built in first, then in the order in which they were made."""
        return list(dict.fromkeys([*BY_NAME, *self._configured, *self._own]))

    def entries(self) -> list[Entry]:
        """All lists, those that are not made too."""
        return [self.entry(name) for name in self.names()]

    def scans(self) -> list[Scan]:
        """The lists that are made."""
        return [entry.scan for entry in self.entries() if entry.scan is not None]

    def entry(self, name: str) -> Entry:
        """One list; raises `KeyError` where there is none."""
        origin, definition = self._defined(name)
        if not definition.enabled:
            return Entry(name, origin, definition, None, "switched off")
        if name in self._failed:
            return Entry(name, origin, definition, None, self._failed[name])
        try:
            return Entry(name, origin, definition, scan_of(name, definition))
        except Refused as error:
            # It was kept by another version of the program: it is shown, and not lost.
            return Entry(name, origin, definition, None, str(error))

    def check(self, name: str, definition: ScanDefinition) -> Scan:
        """Tell what a definition would make of a list; raises `UsageError`."""
        if name not in self._own and len(self._own) >= MOST_DEFINITIONS:
            raise UsageError(f"{MOST_DEFINITIONS} lists of your own are the most: delete one first")
        return scan_of(name, definition)

    def put(self, name: str, definition: ScanDefinition) -> Entry:
        """Define one of the user's own, or change it."""
        self._own[name] = definition
        self._failed.pop(name, None)
        return self.entry(name)

    def remove(self, name: str) -> Entry | None:
        """Forget what the user made of a list; gives what is left of it: what the settings or we make of it."""
        del self._own[name]
        self._failed.pop(name, None)
        return self.entry(name) if name in self else None

    def fail(self, name: str, reason: str) -> None:
        """Note that a list cannot be made, until somebody changes it."""
        self._failed[name] = reason

    def _defined(self, name: str) -> tuple[Origin, ScanDefinition]:
        if name in self._own:
            return Origin.USER, self._own[name]
        if name in self._configured:
            return Origin.CONFIG, self._configured[name]
        if name in BY_NAME:
            return Origin.BUILT_IN, ScanDefinition()
        raise KeyError(name)
