"""Bodies as records, most of which equal those of the body before: one body as a payload, and back.

    u32 number of this body in the file, u32 number of the body referred to (0: none), u32 length of the body,
    u32 its CRC-32, u32 runs, u16 length of the source, u16 length of the separator; source, separator, then for
    the runs u32 first record copied, u32 records copied, u32 records taken from the literals that follow them:
    the columns one after the other; then the literals, joined by the separator

A body is its records joined by the separator: a comma and the way its first record in an array opens, so nothing
but that is known of JSON here. One without such an opening is one record. Referred to is the last body of the same
source; the last bodies of SOURCES_KEPT sources can be. `recorder` makes payloads, `reader` restores bodies.
"""

import re
import struct
from array import array
from collections import OrderedDict
from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
from isal import isal_zlib

from tradeul.domain.events import Ints
from tradeul.recording.format import AS_IT_IS, ITEM_BYTES, RecordingDamaged

STEP_BYTES: Final = 192 * 1024
"""Joined, cut and compared at a time: holds the loop half a millisecond."""
SOURCES_KEPT: Final = 4
RECORDS_ALLOWED: Final = 200_000
"""Fifteen markets of today. A body that seems to have more is kept as one record."""

_HEAD_BYTES: Final = 4096
# No comma in the key: so a separator never overlaps itself, and literals are cut again where they were joined.
_OPENING: Final = re.compile(rb'\[(\s{0,16}\{\s{0,16}"[^"\\,]{1,64}"\s{0,4}:)')
_PLACES_PER_STEP: Final = 3_000
_LITERALS_PER_PART: Final = 400
_HEAD: Final = struct.Struct("<IIIIIHH")
_RUN_BYTES: Final = 12


class Base(NamedTuple):
    """A body in the file that others can refer to."""

    number: int
    separator: bytes
    records: Sequence[bytes]


class Chain:
    """The last body of each source, of the sources that came last."""

    def __init__(self) -> None:
        self._bases: OrderedDict[str, Base] = OrderedDict()

    def base(self, source: str) -> Base | None:
        return self._bases.get(source)

    def keep(self, source: str, base: Base) -> None:
        self._bases[source] = base
        self._bases.move_to_end(source)
        if len(self._bases) > SOURCES_KEPT:
            self._bases.popitem(last=False)

    def clear(self) -> None:
        self._bases.clear()


class PackedBody(NamedTuple):
    """A body on its way into the file, and what later ones can refer to once it is there."""

    parts: Iterator[bytes]
    base: Base


class RestoredBody(NamedTuple):
    """A body as it was, and what later ones may refer to."""

    source: str
    content: bytes
    base: Base


class _Comparison:
    """Records as runs of an earlier body's and literals, found while they are cut."""

    def __init__(self, base: Sequence[bytes]) -> None:
        self.literals: list[bytes] = []
        self.starts, self.copied, self.fresh = array("I", [0]), array("I", [0]), array("I", [0])
        self.lost = False
        """A record stood where another was expected."""
        self._base = base
        self._at = 0
        self._places: dict[bytes, int] = {}

    def take(self, records: Sequence[bytes]) -> None:
        """Add the next records. Records mostly stand where they stood, changed or not."""
        base, at = self._base, self._at
        if not base:
            self.literals += records
            self.fresh[-1] += len(records)
            return
        for record in records:
            if at >= len(base) or base[at] != record:
                place = self._place_of(record, at)
                if place is None or base[place] != record:
                    self.literals.append(record)
                    self.fresh[-1] += 1
                    at = at if place is None else place + 1
                    continue
                at = place
            if self.fresh[-1] or at != self.starts[-1] + self.copied[-1]:
                self._begin(at)
            self.copied[-1] += 1
            at += 1
        self._at = at

    def find_places(self) -> Generator[None, None, None]:
        """Learn where each record stands, so that one that moved is found; worth it only once some have."""
        if self._places:
            return
        places = ((_key_of(record), place) for place, record in enumerate(self._base))
        while some := list(islice(places, _PLACES_PER_STEP)):
            self._places.update(some)
            yield

    def _place_of(self, record: bytes, at: int) -> int | None:
        """Where the same thing's record stands in the base: None if nowhere."""
        key = _key_of(record)
        if at < len(self._base) and _key_of(self._base[at]) == key:
            return at
        self.lost = True
        return self._places.get(key) if self._places or at >= len(self._base) else at

    def _begin(self, at: int) -> None:
        self.starts.append(at)
        self.copied.append(0)
        self.fresh.append(0)


def _key_of(record: bytes) -> bytes:
    """What tells a record from others: all before its first comma."""
    return record.partition(b",")[0]


def body_packed(
    source: str, pieces: Sequence[bytes], number: int, base: Base | None
) -> Generator[None, None, PackedBody]:
    """Make the payload of a body, a step for each value taken."""
    whole, check = yield from _joined(pieces)
    separator = _separator_of(whole)
    if base is not None and base.separator != separator:
        base = None
    found = yield from _compared(whole, separator, base)
    if found is None:
        separator, base = b"", None
        found = _Comparison(()), [bytes(whole)]
        found[0].take(found[1])
    comparison, records = found
    names = (source.encode("utf-8", AS_IT_IS), separator)
    sizes = (len(whole), check, len(comparison.starts), *map(len, names))
    # One that takes nothing from another does not depend on it.
    base_number = base.number if base and any(comparison.copied) else 0
    head = _HEAD.pack(number, base_number, *sizes) + b"".join(names)
    return PackedBody(_parts(head, comparison, separator), Base(number, separator, records))


def _joined(pieces: Sequence[bytes]) -> Generator[None, None, tuple[bytearray, int]]:
    whole, check = bytearray(), 0
    stepped = 0
    for piece in pieces:
        for start in range(0, len(piece), STEP_BYTES):
            part = piece[start : start + STEP_BYTES]
            whole += part
            check = isal_zlib.crc32(part, check)
            if len(whole) - stepped >= STEP_BYTES:
                stepped = len(whole)
                yield
    return whole, check


def _separator_of(whole: bytearray) -> bytes:
    found = _OPENING.search(whole, 0, _HEAD_BYTES)
    return b"," + found[1] if found else b""


def _compared(
    whole: bytearray, separator: bytes, base: Base | None
) -> Generator[None, None, tuple[_Comparison, list[bytes]] | None]:
    """Cut and compare; nothing if there are too many records."""
    comparison = _Comparison(base.records if base else ())
    records: list[bytes] = []
    for some in _cut(whole, separator):
        if comparison.lost:
            yield from comparison.find_places()
        comparison.take(some)
        records += some
        if len(records) > RECORDS_ALLOWED:
            return None
        yield
    return comparison, records


def _cut(whole: bytearray, separator: bytes) -> Iterator[list[bytes]]:
    """The records, some at a time."""
    start = 0
    while start <= len(whole):
        end = _cut_after(whole, separator, start)
        piece = bytes(whole[start:end])
        yield piece.split(separator) if separator else [piece]
        start = end + max(len(separator), 1)


def _cut_after(whole: bytearray, separator: bytes, start: int) -> int:
    """Where a separator stands about a step further on, or the end."""
    limit = start + STEP_BYTES
    if not separator or limit >= len(whole):
        return len(whole)
    end = whole.rfind(separator, start, limit)
    if end < 0:
        end = whole.find(separator, limit)
    return end if end >= 0 else len(whole)


def _parts(head: bytes, comparison: _Comparison, separator: bytes) -> Iterator[bytes]:
    yield head
    for column in (comparison.starts, comparison.copied, comparison.fresh):
        yield np.asarray(column).astype("<u4").tobytes()
    literals = comparison.literals
    for start in range(0, len(literals), _LITERALS_PER_PART):
        yield (separator if start else b"") + separator.join(literals[start : start + _LITERALS_PER_PART])


def body_restored(payload: bytes, chain: Chain) -> RestoredBody:
    """Put a body together from its payload and those before it."""
    if len(payload) < _HEAD.size:
        raise RecordingDamaged("a body has no head")
    number, base_number, size, check, runs, source_length, separator_length = _HEAD.unpack_from(payload)
    names = _HEAD.size + source_length
    columns = names + separator_length
    begin = columns + runs * _RUN_BYTES
    if begin > len(payload) or size > ITEM_BYTES or runs > RECORDS_ALLOWED + 1:
        raise RecordingDamaged("a body's head says more than there is")
    source, separator = _text(payload[_HEAD.size : names]), payload[names:columns]
    base = chain.base(source) if base_number else Base(0, separator, ())
    if base is None or base.number != base_number or base.separator != separator:
        raise RecordingDamaged("a body refers to one that is missing")
    table = np.frombuffer(payload, "<u4", 3 * runs, columns).reshape(3, runs).astype(np.int64)
    records = _records(table, base.records, payload[begin:], separator)
    if sum(map(len, records)) + len(separator) * (len(records) - 1) != size:
        raise RecordingDamaged("a body is not as long as it was")
    content = separator.join(records)
    if isal_zlib.crc32(content) != check:
        raise RecordingDamaged("a body is not what it was")
    return RestoredBody(source, content, Base(number, separator, records))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", AS_IT_IS)
    except UnicodeDecodeError as error:
        raise RecordingDamaged("a body's source is no text") from error


def _records(table: Ints, base: Sequence[bytes], literals: bytes, separator: bytes) -> list[bytes]:
    _, copied, fresh = table.sum(axis=1).tolist()
    there = (literals.count(separator) if separator else 0) + 1 if fresh else 0
    if not 0 < copied + fresh <= RECORDS_ALLOWED or fresh != there:
        raise RecordingDamaged("a body's records do not add up")
    taken = iter(literals.split(separator) if separator else [literals])
    records: list[bytes] = []
    for start, copies, news in table.T.tolist():
        records += base[start : start + copies]
        records += islice(taken, news)
    return records
