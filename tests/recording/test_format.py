"""The format: what is written is read, and what breaks a limit is refused before anything is made of it."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recording.making import OPEN
from tests.support.market import DAY
from tradeul.domain.events import Nanos
from tradeul.recording import format as format_
from tradeul.recording.bodies import Chain, body_restored
from tradeul.recording.format import (
    BLOCK_BYTES,
    FILE_HEADER_BYTES,
    MARK,
    PAYLOAD_BYTES,
    Draft,
    FileHeader,
    Kind,
    RecordingDamaged,
    file_header_size,
    index_parts,
    packed_block,
    packed_file_header,
    packed_footer,
    parsed_block,
    parsed_file_header,
    parsed_footer,
    parsed_index,
    payload_of,
)
from tradeul.recording.frames import FRAMES_PER_BLOCK, parsed_frames

HEADER = FileHeader("simulated", DAY, OPEN)
DRAFT = Draft(Kind.FRAMES, Nanos(5), Nanos(9), 2, 3, [b"some", b" bytes"])


def test_the_layout_is_the_one_described() -> None:
    """A reader written from the text alone, with zlib and struct, reads the file header, a block and the footer."""
    head, block, footer = packed_file_header(HEADER), packed_block(DRAFT, 7), packed_footer(1234)
    magic, version, length, check = struct.unpack_from("<8sHHI", head)
    fields = struct.unpack_from("<4sB3xIIIIqqII", block)
    own = zlib.crc32(block[:44], 7)

    assert (magic, version, length) == (b"\x89TREC\r\n\x1a", 2, len(head) - 16)
    assert check == zlib.crc32(head[16:])
    assert head[16:] == b'{"market":"simulated","date":"2026-11-18","started":%d}' % OPEN
    assert fields == (MARK, 3, len(block) - 48, 10, 2, 3, 5, 9, zlib.crc32(block[48:]), own)
    assert zlib.decompress(block[48:], -15) == b"some bytes"
    assert footer == struct.pack("<QI4s", 1234, zlib.crc32(struct.pack("<Q", 1234)), b"\xf5TRE")


@given(st.integers(0, 2**40), st.lists(st.binary(max_size=50), max_size=5))
def test_a_block_is_one_only_where_it_was_written(offset: int, parts: list[bytes]) -> None:
    """It is read at its own offset, and at none that differs in the low 32 bits."""
    data = packed_block(DRAFT._replace(parts=parts), offset)

    block = parsed_block(data, offset)

    assert block is not None
    assert block.end == offset + len(data)
    assert payload_of(block, data[BLOCK_BYTES:]) == b"".join(parts)
    assert parsed_block(data, offset + 1) is None


@given(st.lists(st.tuples(st.integers(0, 2**60), st.integers(-(2**60), 2**60)), max_size=9))
def test_an_index_comes_back(entries: list[tuple[int, Nanos]]) -> None:
    """Offsets and times as they were."""
    assert parsed_index(b"".join(index_parts(entries))) == entries


def test_an_index_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many entries some are left out, evenly."""
    monkeypatch.setattr(format_, "INDEX_ENTRIES", 10)

    payload = b"".join(index_parts([(number, Nanos(number)) for number in range(35)]))

    assert parsed_index(payload) == [(number, number) for number in range(0, 35, 4)]


def headed(length: int, kind: int, packed: bytes = b"") -> bytes:
    """A block whose checks are right, whatever it says."""
    head = struct.pack("<4sB3xIIIIqqI", MARK, kind, len(packed), length, 0, 0, 0, 0, zlib.crc32(packed))
    return head + struct.pack("<I", zlib.crc32(head)) + packed


def test_a_length_is_not_believed() -> None:
    """A block that would be too large or of no kind is none; one that unpacks to less or more is damaged."""
    empty = zlib.compress(b"", wbits=-15)
    bomb = headed(10, Kind.BODY, zlib.compress(bytes(10_000_000), wbits=-15))
    short, garbage = headed(10, Kind.BODY, empty), headed(10, Kind.BODY, b"\xff" * 20)

    assert parsed_block(headed(PAYLOAD_BYTES + 1, Kind.BODY), 0) is None
    assert parsed_block(headed(1, 0), 0) is None
    assert parsed_block(headed(1, 8), 0) is None
    for data in (short, garbage):
        block = parsed_block(data, 0)
        assert block is not None
        with pytest.raises(RecordingDamaged):
            payload_of(block, data[BLOCK_BYTES:])
    block = parsed_block(bomb, 0)
    assert block is not None
    assert payload_of(block, bomb[BLOCK_BYTES:]) == bytes(10)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"market":1,"date":2,"started":3}', b'{"market":"a","date":"x","started":1}']
)
def test_a_file_header_must_make_sense(content: bytes) -> None:
    """One that is whole, but says nothing that can be understood, is refused."""
    head = struct.pack("<8sHHI", b"\x89TREC\r\n\x1a", 1, len(content), zlib.crc32(content))

    assert file_header_size(head) == FILE_HEADER_BYTES + len(content)
    with pytest.raises(RecordingDamaged, match="cannot be understood"):
        parsed_file_header(head + content)
    with pytest.raises(RecordingDamaged, match="damaged"):
        parsed_file_header(packed_file_header(HEADER)[:-1])
    with pytest.raises(RecordingDamaged, match="damaged"):
        parsed_file_header(packed_file_header(HEADER).replace(b"simulated", b"stimulate"))


def test_a_footer_is_whole_or_none() -> None:
    """Its offset is given if it is a footer, and otherwise nothing."""
    footer = packed_footer(99)

    assert parsed_footer(footer) == 99
    assert parsed_footer(footer[:-1]) is None
    assert parsed_footer(b"\x01" + footer[1:]) is None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        struct.pack("<I", 1),
        struct.pack("<I", FRAMES_PER_BLOCK + 1) + bytes((FRAMES_PER_BLOCK + 1) * 13),
        struct.pack("<IqIB", 1, 0, 5, 0) + b"four",
        struct.pack("<IqIB", 1, 0, 1, 0) + b"\xff",
    ],
)
def test_frames_must_add_up(payload: bytes) -> None:
    """Missing counts, columns and contents, too many frames, and text that is none are refused."""
    with pytest.raises(RecordingDamaged):
        parsed_frames(payload)


def body_head(size: int, runs: list[tuple[int, int, int]], literals: bytes) -> bytes:
    """A body without a source, cut at commas, whose head says what it is told to."""
    columns = np.array(runs, "<u4").T.tobytes()
    return struct.pack("<IIIIIHH", 1, 0, size, zlib.crc32(literals), len(runs), 0, 1) + b"," + columns + literals


@pytest.mark.parametrize(
    "payload",
    [
        body_head(2**32 - 1, [(0, 0, 1)], b"a"),
        body_head(1, [], b"a"),
        body_head(1, [(0, 0, 2)], b"a"),
        body_head(1, [(0, 2**32 - 1, 1)] * 9, b"a"),
        body_head(200_001, [(0, 0, 200_002)], b"," * 200_001),
        body_head(1, [(0, 0, 1)] + [(0, 0, 0)] * 200_001, b"a"),
        body_head(2, [(0, 0, 1)], b"a"),
        body_head(0, [(0, 0, 0)], b""),
    ],
)
def test_a_body_must_add_up(payload: bytes) -> None:
    """Sizes, runs and records that are not there or are too many are refused before they are made."""
    with pytest.raises(RecordingDamaged):
        body_restored(payload, Chain())
    assert body_restored(body_head(3, [(0, 0, 2)], b"a,b"), Chain()).content == b"a,b"
