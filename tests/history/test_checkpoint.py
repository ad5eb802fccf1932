"""The checkpoint: one of its two files is whole at any moment."""

import datetime as dt
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import DAY, at
from tradeul.domain.events import Nanos, Symbol
from tradeul.engine.ports import DayState
from tradeul.history.checkpoint import ASIDE, FILES, Checkpoints
from tradeul.history.sealed import MARK, sealed

NOON = at("12:00")
EVENING = at("20:00")


def state(second: int = 0, symbols: tuple[str, ...] = ("A", "BACpL", "c"), **more: Any) -> DayState:
    """A small board's state; `second` tells one from another."""
    when = Nanos(NOON + second)
    length = len(symbols)
    columns: dict[str, Any] = {
        "high": np.arange(length) + 0.25 + second,
        "low": np.full(length, np.nan),
        "updated": np.full(length, when, np.int64),
        "price_source": np.full(length, -1, np.int8),
    }
    inside = {"new_highs": np.arange(length) % 2 == 0, "new_lows": np.zeros(max(0, length - 1), np.bool_)}
    values = {"columns": columns, "inside": inside} | more
    return DayState(DAY, when, Nanos(when - 5), 96, tuple(map(Symbol, symbols)), **values)


def plain(kept: DayState | None) -> Any:
    """A state as values that compare."""
    if kept is None:
        return None
    columns = {name: (values.dtype.str, values.tobytes()) for name, values in kept.columns.items()}
    inside = {name: mask.tolist() for name, mask in kept.inside.items()}
    return (kept.date, kept.as_of, kept.image_at, kept.slot, kept.symbols, columns, inside)


def saved(folder: Path, *states: DayState, world: str = "sim-1") -> None:
    store = Checkpoints(folder, world)
    for each in states:
        store.save(each)


def loaded(folder: Path, latest: Nanos = EVENING, world: str = "sim-1") -> Any:
    return plain(Checkpoints(folder, world).load(latest))


@contextmanager
def space() -> Iterator[Path]:
    """An empty folder; hypothesis does not renew a fixture's."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


names = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), unique=True, max_size=20)
floats = st.floats(width=64)


@given(names, st.data())
def test_what_was_saved_is_loaded(symbols: list[str], data: st.DataObject) -> None:
    """Any board, to the last bit: any symbols, numbers of every kind, masks shorter than the board."""
    length = len(symbols)
    high = data.draw(st.lists(floats, min_size=length, max_size=length))
    times = data.draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=length, max_size=length))
    mask = data.draw(st.lists(st.booleans(), max_size=length))
    given_state = state(
        symbols=tuple(symbols),
        columns={"high": np.array(high, np.float64), "updated": np.array(times, np.int64)},
        inside={"new_highs": np.array(mask, np.bool_)},
    )
    with space() as folder:
        saved(folder, given_state)

        assert loaded(folder) == plain(given_state)


def test_the_newer_of_two_files_counts(tmp_path: Path) -> None:
    """They are overwritten in turn, also by one process after another, and a smaller state after a larger one."""
    for second in range(5):
        saved(tmp_path, state(2 * second, symbols=tuple("ABCDEFGH"[: 8 - second])), state(2 * second + 1))

        assert loaded(tmp_path) == plain(state(2 * second + 1))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


def test_a_write_that_is_cut_anywhere_leaves_the_one_before(tmp_path: Path) -> None:
    """At every byte, with what was in the file before behind it: the newer whole one is loaded."""
    saved(tmp_path, state(1), state(2), state(3))
    newer = (tmp_path / FILES[0]).read_bytes()
    saved(tmp_path / "other", state(1))
    older = (tmp_path / "other" / FILES[0]).read_bytes()
    for cut in range(len(newer)):
        (tmp_path / FILES[0]).write_bytes(newer[:cut] + older[cut:])

        assert loaded(tmp_path) == plain(state(2))


def test_a_damaged_file_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    """A bit flipped anywhere: the other file counts, is not overwritten next, and two damaged ones are nothing."""
    saved(tmp_path, state(1), state(2))
    whole = (tmp_path / FILES[1]).read_bytes()
    for place in range(len(whole)):
        data = bytearray(whole)
        data[place] ^= 1 << place % 8
        (tmp_path / FILES[1]).write_bytes(data)

        assert loaded(tmp_path) == plain(state(1))
    kept = (tmp_path / FILES[0]).read_bytes()
    saved(tmp_path, state(3))
    assert (tmp_path / FILES[0]).read_bytes() == kept
    assert loaded(tmp_path) == plain(state(3))
    for name in FILES:
        (tmp_path / name).write_bytes(b"ruined")
    assert loaded(tmp_path) is None
    saved(tmp_path, state(4))
    assert loaded(tmp_path) == plain(state(4))


def test_any_bytes_are_a_state_that_was_saved_or_none(tmp_path: Path) -> None:
    """Noise, noise behind a mark, and mutated files: no error comes out."""
    saved(tmp_path, state(1))
    whole = (tmp_path / FILES[0]).read_bytes()
    chance = random.Random(11)  # noqa: S311
    for _ in range(600):
        data = bytearray(whole if chance.random() < 0.7 else MARK + chance.randbytes(200))
        for _ in range(chance.randint(1, 30)):
            place = chance.randrange(len(data))
            data[place : place + chance.choice([0, 1, 1, 4])] = chance.randbytes(chance.choice([0, 1, 4]))
        (tmp_path / FILES[0]).write_bytes(data)

        assert loaded(tmp_path) in (None, plain(state(1)))


class Said(msgspec.Struct):
    """What a strange checkpoint says of itself."""

    version: object = 1
    serial: object = 9
    world: object = "sim-1"
    date: object = "2026-11-18"
    as_of: object = NOON
    image_at: object = NOON
    slot: object = 96
    symbols: object = ("A", "B")
    columns: object = msgspec.field(default_factory=lambda: {"high": "<f8"})
    inside: object = msgspec.field(default_factory=lambda: {"new_highs": 2})


COLUMNS = (np.zeros(2), np.zeros(1, np.uint8))


@pytest.mark.parametrize(
    "said",
    [
        Said(symbols=["A"]),
        Said(symbols=["A", "A"]),
        Said(symbols="AB"),
        Said(columns={"high": "|O"}),
        Said(columns={"high": "<f8", "low": "<f8"}),
        Said(inside={"new_highs": 3}),
        Said(inside={"new_highs": -1}),
        Said(inside={"new_highs": 2**70}),
        Said(date="2026-02-30"),
        Said(as_of="noon"),
        Said(as_of=None),
        Said(serial=1.5),
    ],
)
def test_a_whole_block_that_makes_no_sense_is_no_state(tmp_path: Path, said: Said) -> None:
    """Even if its CRC is right nothing of it is believed."""
    (tmp_path / FILES[1]).write_bytes(sealed(said, COLUMNS))
    saved(tmp_path / "other", state(1))
    (tmp_path / "other" / FILES[0]).replace(tmp_path / FILES[0])

    assert loaded(tmp_path) == plain(state(1))


@pytest.mark.parametrize("said", [Said(version=2), Said(world="live"), Said(as_of=EVENING + 1)])
def test_another_world_or_the_future_is_put_aside(tmp_path: Path, said: Said) -> None:
    """It is renamed and counted, and what fits is loaded."""
    saved(tmp_path, state(1))
    (tmp_path / FILES[1]).write_bytes(sealed(said, COLUMNS))
    store = Checkpoints(tmp_path, "sim-1")

    assert plain(store.load(EVENING)) == plain(state(1))
    assert store.set_aside == 1
    assert (tmp_path / ASIDE).exists()
    assert not (tmp_path / FILES[1]).exists()
    store.save(state(2))
    assert loaded(tmp_path) == plain(state(2))


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    """Loading before anything was saved is no error."""
    assert loaded(tmp_path / "world") is None


def test_a_full_disk_costs_the_new_state_and_not_the_old(tmp_path: Path) -> None:
    """Where not one byte can be written the error is the disk's, and the state before is loaded."""
    saved(tmp_path, state(1))
    (tmp_path / FILES[1]).symlink_to("/dev/full")
    store = Checkpoints(tmp_path, "sim-1")
    store.load(EVENING)
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            store.save(state(2))
    (tmp_path / FILES[1]).unlink()
    before = loaded(tmp_path)
    store.save(state(3))

    assert before == plain(state(1))
    assert loaded(tmp_path) == plain(state(3))


def test_a_state_is_of_a_date(tmp_path: Path) -> None:
    """The date of trading comes back as it was, so that yesterday's is not taken for today's."""
    saved(tmp_path, state())

    kept = Checkpoints(tmp_path, "sim-1").load(EVENING)
    assert kept is not None
    assert kept.date == dt.date(2026, 11, 18)
