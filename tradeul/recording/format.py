"""The file format of a recording, version 2: bytes in, values out. This text is its specification.

All numbers are little-endian; times are nanoseconds since the Unix epoch and are taken not to fall within a file.
A file is `<market>-<date>.trec`, of one trading date, which turns at 03:30 New York time on a trading day.

    file      file header, blocks, and if it was closed in good order: an index block and a footer
    header    8 bytes MAGIC, u16 version, u16 length, u32 CRC-32 of the `length` bytes that follow, those bytes:
              a JSON object with "market", "date" (YYYY-MM-DD) and "started" (the time the file was begun)
    block     4 bytes mark, u8 kind, 3 zero bytes, u32 packed, u32 length, u32 bodies, u32 frames, i64 first,
              i64 last, u32 CRC-32 of the packed bytes, u32 CRC-32 of this header so far; then `packed` bytes:
              the payload as raw deflate, `length` bytes once inflated, at most PAYLOAD_BYTES
    footer    u64 offset of the index block, u32 CRC-32 of those 8 bytes, 4 bytes mark

A block's own CRC-32 starts from the block's offset (its low 32 bits), so a block is one only where it was written,
never where bytes like it stand in another's payload. `bodies` and `frames` count what the block holds or, in a gap,
what is known to be missing; `first` and `last` are the times of its first and last item. Kinds:

    1 KEY          a whole body; no later block needs one before it. At least every 5 minutes or 60 bodies
    2 BODY         a body that may refer to an earlier one of the same source
    3 FRAMES       frames and steps, in the order they came
    4 DROPPED      no payload: the recorder could not keep up, or the disk could not take it
    5 INTERRUPTED  no payload: the recorder ended without closing the file, and was started again
    6 INDEX        u64 offsets of all KEY and STATE blocks, then their i64 times
    7 STATE        like FRAMES, one step: from here the engine's whole state follows, in steps, with frames between
                   them; no later block needs one before it

A step says what was done with what came (`engine/steps`); frames and steps of a FRAMES block are counted together.
Version 1 is without steps and states.
The payloads of bodies and of frames are told in `bodies` and `frames`. Whoever reads takes no length on trust: a
block that is cut, fails a CRC or breaks a limit is skipped, and so is every body that refers to what was skipped.
"""

import datetime as dt
import struct
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final, Literal, NamedTuple

import numpy as np
import orjson
from isal import isal_zlib

from tradeul.domain.events import Nanos
from tradeul.errors import TradeulError

MAGIC: Final = b"\x89TREC\r\n\x1a"
VERSION: Final = 2
OLDEST: Final = 1
SUFFIX: Final = ".trec"

MARK: Final = b"\xf5TRB"
FOOTER_MARK: Final = b"\xf5TRE"

ITEM_BYTES: Final = 64 * 1024 * 1024
"""The largest body or frame that is kept: as much as the clients of the vendor take."""
PAYLOAD_BYTES: Final = ITEM_BYTES + 16 * 1024 * 1024
"""An item, what a block says about it, and frames that came before it."""

LEVEL: Final = 1
"""Of isal's deflate: at the open 4 ms a snapshot; level 3 saves 4 % of the bytes for half as much time again."""

RAW_DEFLATE: Final = -15
AS_IT_IS: Final = "surrogatepass"
"""How texts become UTF-8: halves of surrogate pairs, which no text should hold, are kept."""
INDEX_ENTRIES: Final = 65_536
"""An index of more leaves some out."""

_FILE_HEADER: Final = struct.Struct("<8sHHI")
_BLOCK: Final = struct.Struct("<4sB3xIIIIqqI")
_CRC: Final = struct.Struct("<I")
_FOOTER: Final = struct.Struct("<QI4s")
_OFFSET: Final = struct.Struct("<Q")
_ENTRY_BYTES: Final = 16

FILE_HEADER_BYTES: Final = _FILE_HEADER.size
BLOCK_BYTES: Final = _BLOCK.size + _CRC.size
FOOTER_BYTES: Final = _FOOTER.size
_LOW_32_BITS: Final = 0xFFFF_FFFF


class RecordingDamaged(TradeulError):
    """A file is no recording, or holds what no recorder wrote."""


class Kind(IntEnum):
    """What a block holds."""

    KEY = 1
    BODY = 2
    FRAMES = 3
    DROPPED = 4
    INTERRUPTED = 5
    INDEX = 6
    STATE = 7


_KINDS: Final = frozenset(Kind)
BEGINNINGS: Final = frozenset({Kind.KEY, Kind.STATE})
"""No block from one of these on needs an earlier one."""


class Body(NamedTuple):
    """One whole answer; `source` says what was asked."""

    source: str
    content: bytes
    arrived: Nanos


class Frame(NamedTuple):
    """One frame of the live feed."""

    content: str | bytes
    arrived: Nanos


class Step(NamedTuple):
    """What was done to the engine, encoded. With one that `opens` a whole state begins."""

    content: bytes
    arrived: Nanos
    opens: bool = False


class Gap(NamedTuple):
    """Something is missing here. The counts are what is known to be: there may be more."""

    why: Literal["dropped", "interrupted", "damaged"]
    first: Nanos
    last: Nanos
    bodies: int = 0
    frames: int = 0


class FileHeader(NamedTuple):
    """What a recording says of itself."""

    market: str
    date: dt.date
    started: Nanos
    version: int = VERSION


class Draft(NamedTuple):
    """A block before it has a place: its payload in parts, not yet packed."""

    kind: Kind
    first: Nanos
    last: Nanos
    bodies: int = 0
    frames: int = 0
    parts: Iterable[bytes] = ()


class Block(NamedTuple):
    """The header of a block that stands at `offset`."""

    offset: int
    kind: Kind
    packed: int
    length: int
    bodies: int
    frames: int
    first: Nanos
    last: Nanos
    check: int

    @property
    def end(self) -> int:
        return self.offset + BLOCK_BYTES + self.packed


def packed_file_header(header: FileHeader) -> bytes:
    content = orjson.dumps({"market": header.market, "date": header.date, "started": header.started})
    return _FILE_HEADER.pack(MAGIC, header.version, len(content), isal_zlib.crc32(content)) + content


def file_header_size(beginning: bytes) -> int:
    """How many bytes the file header takes, from the first FILE_HEADER_BYTES of a file."""
    if len(beginning) < _FILE_HEADER.size or not beginning.startswith(MAGIC):
        raise RecordingDamaged("this is no recording")
    _, version, length, _ = _FILE_HEADER.unpack_from(beginning)
    if not OLDEST <= version <= VERSION:
        raise RecordingDamaged(f"this recording is of version {version}, and only {OLDEST} to {VERSION} are known")
    return _FILE_HEADER.size + int(length)


def parsed_file_header(data: bytes) -> FileHeader:
    """Read the file header, all of it."""
    content = data[_FILE_HEADER.size : file_header_size(data)]
    _, version, length, check = _FILE_HEADER.unpack_from(data)
    if len(content) != length or isal_zlib.crc32(content) != check:
        raise RecordingDamaged("the beginning of this recording is damaged")
    try:
        fields = orjson.loads(content)
        date, started = dt.date.fromisoformat(fields["date"]), Nanos(int(fields["started"]))
        return FileHeader(str(fields["market"]), date, started, int(version))
    except (ValueError, TypeError, KeyError) as error:
        raise RecordingDamaged("the beginning of this recording cannot be understood") from error


def packed_block(draft: Draft, offset: int) -> bytes:
    """Pack a block for its place in the file."""
    deflater = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, RAW_DEFLATE)
    packed, length = [], 0
    for part in draft.parts:
        length += len(part)
        packed.append(deflater.compress(part))
    content = b"".join([*packed, deflater.flush()]) if length else b""
    counts = (len(content), length, draft.bodies, draft.frames, draft.first, draft.last)
    header = _BLOCK.pack(MARK, draft.kind, *counts, isal_zlib.crc32(content))
    return header + _CRC.pack(isal_zlib.crc32(header, offset & _LOW_32_BITS)) + content


def parsed_block(data: bytes, offset: int) -> Block | None:
    """Read the header of the block at `offset`, or None if there is none."""
    if len(data) < BLOCK_BYTES or not data.startswith(MARK):
        return None
    (own,) = _CRC.unpack_from(data, _BLOCK.size)
    if isal_zlib.crc32(data[: _BLOCK.size], offset & _LOW_32_BITS) != own:
        return None
    _, kind, packed, length, bodies, frames, first, last, check = _BLOCK.unpack_from(data)
    if kind not in _KINDS or length > PAYLOAD_BYTES:
        return None
    return Block(offset, Kind(kind), packed, length, bodies, frames, Nanos(first), Nanos(last), check)


def payload_of(block: Block, packed: bytes) -> bytes:
    """Inflate what follows a block's header."""
    if isal_zlib.crc32(packed) != block.check:
        raise RecordingDamaged("a block's bytes are not those that were written")
    if not block.length:
        return b""
    inflater = isal_zlib.decompressobj(RAW_DEFLATE)
    try:
        payload = inflater.decompress(packed, block.length)
    except isal_zlib.error as error:  # type: ignore[misc]  # its stub names an instance, not a class
        raise RecordingDamaged(f"a block does not unpack: {error}") from error
    if len(payload) != block.length:
        raise RecordingDamaged("a block is shorter than it says")
    return payload


def index_parts(entries: Sequence[tuple[int, Nanos]]) -> tuple[bytes, bytes]:
    """The payload of an index: offsets and times of the blocks where one can begin."""
    entries = entries[:: len(entries) // INDEX_ENTRIES + 1]
    offsets, times = [offset for offset, _ in entries], [time for _, time in entries]
    return np.array(offsets, "<u8").tobytes(), np.array(times, "<i8").tobytes()


def parsed_index(payload: bytes) -> list[tuple[int, Nanos]]:
    if len(payload) % _ENTRY_BYTES or len(payload) > INDEX_ENTRIES * _ENTRY_BYTES:
        raise RecordingDamaged("an index is longer than any, or ends within an entry")
    half = len(payload) // 2
    offsets, times = np.frombuffer(payload[:half], "<u8"), np.frombuffer(payload[half:], "<i8")
    return [(offset, Nanos(time)) for offset, time in zip(offsets.tolist(), times.tolist(), strict=True)]


def packed_footer(index: int) -> bytes:
    offset = _OFFSET.pack(index)
    return _FOOTER.pack(index, isal_zlib.crc32(offset), FOOTER_MARK)


def parsed_footer(data: bytes) -> int | None:
    """Where the index stands, or None if these bytes are no footer."""
    if len(data) != _FOOTER.size:
        return None
    index, check, mark = _FOOTER.unpack(data)
    return int(index) if mark == FOOTER_MARK and isal_zlib.crc32(data[: _OFFSET.size]) == check else None
