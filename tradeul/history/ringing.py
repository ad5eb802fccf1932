"""When which rule rang, in one small file that is replaced whole, so that a restart rings nothing again.

A file that is damaged or of another world is as if it were not there. Both methods wait for the disk:
`engine/alert_memory` calls them in a thread.
"""

from pathlib import Path
from typing import Final

import msgspec

from tradeul.domain.events import Nanos, Symbol
from tradeul.engine.ports import RingingState
from tradeul.history.replacing import replace_file

VERSION: Final = 1
FILE: Final = "alerts.json"


class _Kept(msgspec.Struct, frozen=True):
    version: int
    world: str
    last_id: int
    rung: list[tuple[str, str, int]]


class RingingFile:
    """A `RingingStore` in a folder, which is there."""

    def __init__(self, folder: Path, world: str) -> None:
        self._path = folder / FILE
        self._world = world

    def load(self) -> RingingState | None:
        """Read what was kept; None if there is nothing, or nothing that can be read."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if (kept.version, kept.world) != (VERSION, self._world):
            return None
        return RingingState(kept.last_id, [(rule, Symbol(symbol), Nanos(at)) for rule, symbol, at in kept.rung])

    def save(self, state: RingingState) -> None:
        """Keep this instead; it is on the disk when this returns."""
        # Half of a character, which a vendor's symbol may hold, is no JSON; that symbol may ring again.
        rung = [(rule, str(symbol), int(at)) for rule, symbol, at in state.rung if symbol.isprintable()]
        replace_file(self._path, [msgspec.json.encode(_Kept(VERSION, self._world, state.last_id, rung))])
