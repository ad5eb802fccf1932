"""Bodies as records: whatever they are, they come back; what stayed the same takes next to nothing."""

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.recording.making import busy_market, market, pieces_of
from tradeul.recording import bodies
from tradeul.recording.bodies import SOURCES_KEPT, Base, Chain, body_packed, body_restored
from tradeul.recording.format import RecordingDamaged

ROWS = st.lists(st.tuples(st.sampled_from(["A", "BRK.B", "CCC", "D"]), st.integers(0, 3)), max_size=8)
MARKETS = st.builds(market, ROWS, st.sampled_from(["]}", "]", '],"status":"OK"}', ""]))
ODDITIES = st.lists(st.sampled_from([b'[{"t":', b',{"t":', b"[ {", b'"', b",", b"A", b"\n", b"\xff"]), max_size=12)
CONTENTS = st.one_of(MARKETS, MARKETS, ODDITIES.map(b"".join), st.binary(max_size=60))


def payload_of(content: bytes, number: int = 1, base: Base | None = None, size: int = 1000) -> tuple[bytes, Base]:
    """Pack a body in one go."""
    work = body_packed("source", pieces_of(content, size), number, base)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return b"".join(end.value.parts), end.value.base


def fresh_bytes(content: bytes, base: Base) -> int:
    """How much of a body is not taken from the one before."""
    return len(payload_of(content, 2, base)[0])


@example([b'[{"a":1},{"a":2}]', b'[{"b":1},{"b":2}]'], 4096, 50)
@example([b'[{":,{":' + b',{":,{":,{":' * 20] * 2, 16, 50)
@given(st.lists(CONTENTS, min_size=1, max_size=6), st.sampled_from([16, 64, 4096]), st.integers(1, 50))
def test_bodies_come_back(contents: list[bytes], step: int, piece: int) -> None:
    """Whatever bodies follow each other, each is restored byte for byte from its payload and the one before."""
    chain, base = Chain(), None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bodies, "STEP_BYTES", step)
        for number, content in enumerate(contents, 1):
            payload, base = payload_of(content, number, base, piece)
            restored = body_restored(payload, chain)
            chain.keep("source", restored.base)

            assert restored.content == content
            assert list(restored.base.records) == list(base.records)


def test_what_stayed_is_referred_to() -> None:
    """Of an unchanged market nothing is repeated, of a changed one only the records that changed."""
    first = busy_market(400, 0)
    _, base = payload_of(first)

    assert fresh_bytes(first, base) < 100
    assert len(first) / 4 < fresh_bytes(busy_market(400, 1), base) < len(first) / 2


@pytest.mark.parametrize("change", ["added", "removed", "shuffled", "reversed"])
def test_records_that_moved_are_found(change: str) -> None:
    """Records that came, went or changed places cost themselves, and the rest of the step they are first seen in."""
    rows: list[tuple[str, object]] = [(f"S{row:05d}", f"{row:0450d}") for row in range(3_000)]
    _, base = payload_of(market(rows))
    changes: dict[str, list[tuple[str, object]]] = {
        "added": [*rows[:100], *((f"N{row}", row) for row in range(50)), *rows[100:]],
        "removed": rows[:100] + rows[150:],
        "shuffled": random.Random(1).sample(rows, len(rows)),  # noqa: S311  # a repeatable order, no secret
        "reversed": rows[::-1],
    }

    assert fresh_bytes(market(changes[change]), base) < bodies.STEP_BYTES * 1.3


def test_a_body_of_countless_records_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """No body is cut into more records than a market can have."""
    monkeypatch.setattr(bodies, "RECORDS_ALLOWED", 10)
    content = market([("A", 1)] * 11)

    payload, base = payload_of(content)

    assert list(base.records) == [content]
    assert body_restored(payload, Chain()).content == content


def test_the_oldest_source_is_forgotten() -> None:
    """The last bodies of a few sources are kept, the one used last the longest."""
    chain = Chain()
    names = [f"source {number}" for number in range(SOURCES_KEPT)]
    for name in [*names, names[0], "one more"]:
        chain.keep(name, Base(1, b"", [b""]))

    assert [name for name in names if chain.base(name) is None] == [names[1]]


def test_a_body_whose_base_is_missing_is_not_made_up() -> None:
    """Without exactly the body that is referred to there is none, not one that looks like it."""
    _, base = payload_of(market([("A", 1), ("B", 1)]), 7)
    payload, _ = payload_of(market([("A", 1), ("B", 2)]), 8, base)
    chain = Chain()

    with pytest.raises(RecordingDamaged, match="refers to one that is missing"):
        body_restored(payload, chain)
    chain.keep("source", base._replace(number=6))
    with pytest.raises(RecordingDamaged, match="refers to one that is missing"):
        body_restored(payload, chain)
    chain.keep("source", base._replace(records=[b"", b""]))
    with pytest.raises(RecordingDamaged, match="not as long as it was"):
        body_restored(payload, chain)


@given(st.data())
def test_a_payload_that_was_tampered_with_is_refused(data: st.DataObject) -> None:
    """Any change to what a body is made of is noticed, even where the block's own check agrees."""
    content = market([("A", 1), ("BRK.B", 2), ("A", 1)])
    payload = bytearray(payload_of(content)[0])
    place = data.draw(st.integers(0, len(payload) - 1))
    payload[place] ^= data.draw(st.integers(1, 255))

    try:
        restored = body_restored(bytes(payload), Chain())
    except RecordingDamaged:
        return
    assert restored.content == content
