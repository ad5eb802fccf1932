"""A hash of all that was published: every state of every list, with its rows as they are encoded, in order.

The same for a market that is seen live and for its recording that is played again. Sequences are counted here, from
the first state that is looked at, as those of the channels go on where a replay goes back. `journal` and `rerun` look
after each publication; rows that stayed the same object are encoded once.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import orjson

from tradeul.domain.deltas import ListState, Row
from tradeul.engine.channels import Channels

BYTES: Final = 16
BLANK: Final = bytes(BYTES)
"""Before anything was published."""
_OF_A_STATE: Final = 8


class Round(NamedTuple):
    """What one step has published: a hash of each list's new state, and of all states so far."""

    lists: Mapping[str, bytes]
    running: bytes


class Fingerprint:
    """Looks at one set of channels."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._rows: dict[str, dict[int, tuple[Row, bytes]]] = {}
        """The rows of each list's last state as they are encoded, by identity, which they hold on to."""
        self.running = BLANK
        self.counts: dict[str, int] = {}
        """How many states each list has had."""

    def look(self, names: Sequence[str]) -> Round:
        """Take the new states of some lists into account. Called up to 10x/s: a millisecond where 500 rows change."""
        lists = {name: self._hash_of(name, self._channels.by_name[name].state) for name in sorted(names)}
        self.running = hashlib.blake2b(self.running + b"".join(lists.values()), digest_size=BYTES).digest()
        return Round(lists, self.running)

    def restore(self, running: bytes, counts: Mapping[str, int]) -> None:
        """Go on from where another stood; the states that stand now are its."""
        self.running, self.counts = running, dict(counts)

    def _hash_of(self, name: str, state: ListState) -> bytes:
        self.counts[name] = sequence = self.counts.get(name, 0) + 1
        known = self._rows.get(name, {})
        rows = {id(row): known.get(id(row)) or (row, orjson.dumps((row.symbol, row.values))) for row in state.rows}
        self._rows[name] = rows
        head = orjson.dumps((name, sequence, state.timestamp, state.columns))
        content = b"\n".join([head, *(encoded for _, encoded in rows.values())])
        return hashlib.blake2b(content, digest_size=_OF_A_STATE).digest()
