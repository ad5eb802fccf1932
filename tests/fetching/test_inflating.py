"""What the vendor packed arrives unpacked, in small pieces, and never larger than a market."""

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.snapshots import market_body
from tradeul.errors import SnapshotRefused, VendorUnavailable
from tradeul.fetching.inflating import PIECE_BYTES, Inflater

BODY = market_body(300)
PACKED = gzip.compress(BODY)


def unpacked(inflater: Inflater, packed: bytes, size: int) -> bytes:
    """What comes out when it arrives in chunks of `size`."""
    pieces = [piece for at in range(0, len(packed), size) for piece in inflater.pieces(packed[at : at + size])]
    inflater.end()
    assert max(map(len, pieces)) <= PIECE_BYTES
    return b"".join(pieces)


@given(st.integers(1, 5000))
def test_chunks_make_no_difference(size: int) -> None:
    """However the packed body is cut on its way, the same comes out of it."""
    assert unpacked(Inflater("gzip"), PACKED, size) == BODY


@pytest.mark.parametrize("encoding", [None, "identity", "Identity "])
def test_a_plain_body_is_left_alone(encoding: str | None) -> None:
    """What was not packed passes through, in small pieces too."""
    assert unpacked(Inflater(encoding), BODY, len(BODY)) == BODY


def test_parts_follow_one_another() -> None:
    """A gzip body may consist of several parts."""
    assert unpacked(Inflater("gzip"), PACKED + gzip.compress(b"more"), 1000) == BODY + b"more"


@pytest.mark.parametrize("length", [0, 1, 100, len(PACKED) - 1])
def test_a_cut_body_is_refused(length: int) -> None:
    """A packed body that ends early is no body, even if its length was announced so."""
    with pytest.raises(SnapshotRefused) as refused:
        unpacked(Inflater("gzip"), PACKED[:length] or b"", 64) if length else Inflater("gzip").end()

    assert refused.value.reason == "truncated"


@pytest.mark.parametrize("packed", [b"<html>this is no gzip</html>", PACKED + b"garbage behind it"])
def test_what_does_not_unpack_is_refused(packed: bytes) -> None:
    """Damage is found out here, not later."""
    with pytest.raises(SnapshotRefused) as refused:
        unpacked(Inflater("gzip"), packed, 1000)

    assert refused.value.reason == "corrupt"


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    """A small body that unpacks to more than any market is given up at the limit, piece by piece until then."""
    bomb = gzip.compress(bytes(10_000_000))
    inflater = Inflater("gzip", allowed=1_000_000)
    taken = 0

    with pytest.raises(SnapshotRefused) as refused:
        for piece in inflater.pieces(bomb):
            taken += len(piece)

    assert refused.value.reason == "too_big"
    assert taken <= 1_000_000


def test_another_packing_is_not_guessed_at() -> None:
    """Only gzip was asked for."""
    with pytest.raises(VendorUnavailable, match="'br'"):
        Inflater("br")


@given(st.integers(0, 2**32), st.integers(1, 300))
def test_noise_raises_nothing_else(seed: int, size: int) -> None:
    """Whatever bytes call themselves gzip, the answer is a refusal or bytes."""
    noise = PACKED[:20] + random.Random(seed).randbytes(size)  # noqa: S311  # repeatable noise

    try:
        unpacked(Inflater("gzip"), noise, 50)
    except SnapshotRefused as refused:
        assert refused.reason in {"corrupt", "truncated"}  # noqa: PT017  # both outcomes are allowed
