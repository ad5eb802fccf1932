"""Blocks of bytes that prove to be whole: how day files and checkpoints stand on the disk.

A block is MARK, the packed and the unpacked length, a CRC over all of it but itself, then the content, deflated. Its
content is a length, JSON that says what it is, and columns of numbers. Whatever was cut or damaged is no block.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from isal import isal_zlib

MARK: Final = b"\xf5TDY"
LARGEST: Final = 64 * 1024 * 1024
"""The most bytes that a content may have, unpacked: a hundred thousand symbols take half of it."""

LEVEL: Final = 1
RAW_DEFLATE: Final = -15

_BLOCK: Final = struct.Struct("<4sII")
_CRC: Final = struct.Struct("<I")
_LENGTH: Final = struct.Struct("<I")
_CONTENT_AT: Final = _BLOCK.size + _CRC.size

About = TypeVar("About", bound=msgspec.Struct)


def sealed(about: msgspec.Struct, columns: Sequence[npt.NDArray[Any]]) -> bytes:
    """Make a block of what is said of columns and of the columns."""
    said = msgspec.json.encode(about)
    deflater = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, RAW_DEFLATE)
    parts = [_LENGTH.pack(len(said)), said, *(np.ascontiguousarray(column).tobytes() for column in columns)]
    packed = b"".join([*map(deflater.compress, parts), deflater.flush()])
    header = _BLOCK.pack(MARK, len(packed), sum(map(len, parts)))
    return header + _CRC.pack(isal_zlib.crc32(packed, isal_zlib.crc32(header))) + packed


def blocks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Find the whole blocks in order: the content of each, and where it ends. What lies between them is skipped."""
    at = data.find(MARK)
    while at >= 0:
        found = _unsealed(data, at)
        if found is not None:
            yield found
        at = data.find(MARK, at + 1 if found is None else found[1])


def said_in(content: bytes, kind: type[About]) -> tuple[About, bytes] | None:
    """Read what a content says of itself, and the bytes of its columns; None if it is not of this kind."""
    if len(content) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(content)
    said_until = _LENGTH.size + length
    try:
        return msgspec.json.decode(content[_LENGTH.size : said_until], type=kind), content[said_until:]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def split(data: bytes, kinds: Sequence[tuple[str, int]]) -> list[npt.NDArray[Any]] | None:
    """Cut bytes into columns of these types and lengths; None if they are not exactly so many."""
    sizes = [np.dtype(kind).itemsize * length for kind, length in kinds]
    if sum(sizes) != len(data):
        return None
    columns, at = [], 0
    for (kind, length), size in zip(kinds, sizes, strict=True):
        columns.append(np.frombuffer(data, kind, length, at))
        at += size
    return columns


def _unsealed(data: bytes, at: int) -> tuple[bytes, int] | None:
    if len(data) < at + _CONTENT_AT:
        return None
    _, packed_length, length = _BLOCK.unpack_from(data, at)
    end = at + _CONTENT_AT + packed_length
    if end > len(data) or length > LARGEST:
        return None
    packed = data[at + _CONTENT_AT : end]
    (check,) = _CRC.unpack_from(data, at + _BLOCK.size)
    if isal_zlib.crc32(packed, isal_zlib.crc32(data[at : at + _BLOCK.size])) != check:
        return None
    inflater = isal_zlib.decompressobj(RAW_DEFLATE)
    try:
        content = inflater.decompress(packed, length)
    except isal_zlib.error:  # type: ignore[misc]  # its stub names an instance, not a class
        return None
    return (content, end) if len(content) == length else None
