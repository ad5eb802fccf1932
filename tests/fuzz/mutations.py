"""Good bytes made bad: one seed, one mutation, so that whatever is found can be had again."""

import gzip
import random
from collections.abc import Sequence
from typing import Final

TOKENS: Final = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1", b"-0.0", b"null", b"true", b"[]", b"{}", b'""', b"[[[[[[",
    b"9223372036854775808", b"1e-400", b"0.1e", b"\x00", b"\xff\xfe", b"\\ud800", b'"\\u0000"', b",", b"]", b"}", b'"',
    b'{"ticker":', b'{"ticker":"A","day":', b"1" * 400, b"[" * 3000, b'{"a":' * 500, b" " * 2000,
)  # fmt: skip
MOST_CHANGES: Final = 4


def mutated(content: bytes, others: Sequence[bytes], seed: int) -> bytes:
    """The content with one to four changes: bytes turned, cut, moved, repeated, replaced, or spliced with another."""
    draw = random.Random(seed)  # noqa: S311  # repeatable on purpose
    data = bytearray(content)
    for _ in range(draw.randint(1, MOST_CHANGES)):
        change = draw.randrange(7)
        start = draw.randrange(len(data) + 1)
        end = min(len(data), start + draw.choice((1, 2, 8, 64, 512)))
        if change == 0 and data:
            data[min(start, len(data) - 1)] ^= 1 << draw.randrange(8)
        elif change == 1:
            del data[start:end]
        elif change == 2:
            data[start:start] = data[start:end]
        elif change == 3:
            data[start:end] = draw.choice(TOKENS)
        elif change == 4:
            del data[start:]
        elif change == 5:
            data[start:end] = bytes(draw.randbytes(end - start))
        else:
            other = draw.choice(others)
            data[start:] = other[draw.randrange(len(other) + 1) :]
    return bytes(data)


def in_pieces(data: bytes, seed: int) -> list[bytes]:
    """The same bytes as a network might hand them over."""
    draw = random.Random(seed)  # noqa: S311  # repeatable on purpose
    edges = sorted(draw.randrange(len(data) + 1) for _ in range(draw.randrange(5)))
    return [data[start:end] for start, end in zip([0, *edges], [*edges, len(data)], strict=True)]


def packed(data: bytes) -> bytes:
    """The same bytes as the vendor packs them."""
    return gzip.compress(data, 1, mtime=0)
