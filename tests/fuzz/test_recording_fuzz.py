"""Files that no recorder wrote: reading them ends, gives items or the one named error, and never anything else.

`make fuzz` reads 100,000 of them, everyday runs 2,500.
"""

import random
from pathlib import Path

import pytest

from tests.recording.making import OPEN, read, small_day, written
from tradeul.domain.events import Nanos
from tradeul.recording.format import (
    BLOCK_BYTES,
    MAGIC,
    Draft,
    Kind,
    RecordingDamaged,
    packed_block,
    packed_footer,
    parsed_block,
    payload_of,
)

ROUNDS = 5


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_no_file_breaks_the_reader(tmp_path: Path, mutations: int, seed: int) -> None:
    """Random bytes, mutated recordings, and blocks with right checks around wrong contents are all survived."""
    count = mutations // ROUNDS

    refused = fuzz(tmp_path, count, seed)

    assert count / 10 < refused < count / 2


def fuzz(folder: Path, count: int, seed: int) -> int:
    """Read `count` such files, and tell how many were refused as no recordings."""
    draw = random.Random(seed)  # noqa: S311  # repeatable on purpose
    valid = written(folder / "valid", small_day()).read_bytes()
    begin = valid.index(b"\xf5TRB")
    makers = (_random, _mutated, _mutated, _crafted, _crafted, _crafted)
    path = folder / "fuzzed"
    refused = 0
    for number in range(count):
        path.write_bytes(makers[number % len(makers)](draw, valid, begin))
        try:
            read(path, *draw.choice([(None, None), (OPEN, None), (Nanos(0), OPEN)]))
        except RecordingDamaged:
            refused += 1
    return refused


def _random(draw: random.Random, _valid: bytes, _begin: int) -> bytes:
    return draw.choice([b"", MAGIC, MAGIC + b"\1\0"]) + draw.randbytes(draw.randrange(300))


def _mutated(draw: random.Random, valid: bytes, begin: int) -> bytes:
    """Some bytes changed, cut out, doubled or put elsewhere; half of them leave the file header alone."""
    data = bytearray(valid)
    for _ in range(draw.randrange(1, 9)):
        place = draw.randrange(draw.choice([0, begin]), len(data))
        other, length = draw.randrange(len(data)), draw.randrange(1, 100)
        match draw.randrange(4):
            case 0:
                data[place] = draw.randrange(256)
            case 1:
                del data[place : place + length]
                data += b"\0" * 60
            case 2:
                data[place:place] = data[other : other + length]
            case _:
                data[place : place + length] = draw.randbytes(length)
    return bytes(data)


def _crafted(draw: random.Random, valid: bytes, begin: int) -> bytes:
    """Blocks in their places with right checks, of payloads that were changed."""
    data = valid[:begin]
    offset = begin
    while (block := parsed_block(valid[offset:], offset)) is not None:
        payload = bytearray(payload_of(block, valid[offset + BLOCK_BYTES : block.end]))
        for _ in range(draw.randrange(3)):
            place = draw.randrange(len(payload) + 1)
            change = draw.choice([b"\0", b"\xff", b"\xff\xff\xff\xff", b"\1\0\0\0", draw.randbytes(3), b""])
            payload[place : place + draw.choice([0, len(change)])] = change
        kind = block.kind if draw.random() < 0.9 else draw.choice(list(Kind))
        times = (block.first, block.last) if draw.random() < 0.9 else (Nanos(-(2**63)), Nanos(2**63 - 1))
        data += packed_block(Draft(kind, *times, block.bodies, block.frames, [bytes(payload)]), len(data))
        offset = block.end
    index = len(data)
    data += packed_block(Draft(Kind.INDEX, OPEN, OPEN, parts=[draw.randbytes(draw.choice([0, 16, 32, 33]))]), index)
    return data + packed_footer(draw.choice([index, 0, begin, 2**64 - 1]))
