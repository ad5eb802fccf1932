"""The outbox: bounded, and on the disk as it is in memory, wherever the program was killed."""

import asyncio
import errno
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house.source import ROOT
from tests.webhooks.receiving import TEN
from tradeul.clock import ManualClock
from tradeul.webhooks import outbox as outbox_module
from tradeul.webhooks.outbox import FULL, Outbox
from tradeul.webhooks.outbox_file import FILE, Letter, Line, OutboxFile


def letter(number: int, rule: str = "far", why: str = "") -> Letter:
    return Letter(number, rule, f'{{"id":{number}}}', TEN, why)


encoded = msgspec.json.encode
PUTTING = """
import asyncio, itertools, pathlib, sys
from tradeul.clock import SystemClock
from tradeul.webhooks.outbox import Outbox
from tradeul.webhooks.outbox_file import Letter, OutboxFile

async def put():
    box = Outbox(OutboxFile(pathlib.Path(sys.argv[1])), SystemClock())
    for number in itertools.count():
        box.put(Letter(number, "far", "{}", 0))
        if number % 3 == 2:
            box.done(Letter(number, "far", "{}", 0))
        await box.keep()
        print(number, flush=True)

asyncio.run(put())
"""
"""A program that puts letters into an outbox for ever, delivers every third, and says what is kept."""


class FullDisk(OutboxFile):
    """A file that cannot be written while it is said so."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.full = False

    def append(self, lines: Sequence[Line]) -> None:
        self._refuse()
        super().append(lines)

    def rewrite(self, letters: Iterable[Letter]) -> None:
        self._refuse()
        super().rewrite(letters)

    def _refuse(self) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")


async def restored(folder: Path) -> Outbox:
    box = Outbox(OutboxFile(folder), ManualClock(TEN))
    await box.restore()
    return box


def contents(box: Outbox) -> tuple[list[int], list[tuple[int, str]]]:
    waiting = sorted(number for of in box.waiting.values() for number in of)
    return waiting, [(dead.id, dead.why) for dead in box.dead.values()]


async def test_the_next_life_finds_what_this_one_had(tmp_path: Path) -> None:
    """What waits, and what was given up and why; not what was delivered."""
    box = await restored(tmp_path)
    for number in range(4):
        box.put(letter(number, "far" if number % 2 else "near"))
    await box.keep()
    box.done(letter(0, "near"))
    box.bury(letter(1), "answered 410")
    box.bury(letter(3), "answered 410")
    assert box.retry("near") == 0
    assert box.retry("far") == 2
    box.bury(letter(3), "no answer")
    await box.keep()

    again = await restored(tmp_path)

    assert contents(again) == contents(box) == ([1, 2], [(3, "no answer")])


async def test_what_is_tried_again_stands_in_its_place(tmp_path: Path) -> None:
    """Before those that rang after it."""
    box = await restored(tmp_path)
    for number in range(3):
        box.put(letter(number))
    box.bury(letter(0), "x")
    box.retry(None)

    assert list(box.waiting["far"]) == [0, 1, 2]


@given(st.data())
async def test_a_file_that_is_cut_anywhere_loses_only_its_end(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Every letter whose line is whole is found, and what is added then is found too."""
    folder = tmp_path_factory.mktemp("cut")
    file = OutboxFile(folder)
    file.append([Line("kept", letter=letter(number)) for number in range(5)])
    file.append([Line("done", 1), Line("done", 3)])
    whole = (folder / FILE).read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    (folder / FILE).write_bytes(whole[:cut])
    lines = whole[:cut].split(b"\n")
    kept = {
        number
        for number in range(5)
        if any(f'"id":{number},"rule"'.encode() in line and line.endswith(b"}}") for line in lines)
    }
    done = {number for number in (1, 3) if any(line == f'{{"did":"done","id":{number}}}'.encode() for line in lines)}

    file.append([Line("kept", letter=letter(9))])
    letters, _ = file.load()

    assert set(letters) == (kept - done) | {9}


async def test_kill_9_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    """Wherever it strikes; and what was delivered does not come back."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PUTTING, str(tmp_path), stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": str(ROOT)}
    )
    assert process.stdout is not None
    said = [int(await process.stdout.readline()) for _ in range(50)]
    process.kill()
    rest, _ = await process.communicate()
    last = [*said, *map(int, rest.split())][-1]

    waiting, _ = contents(await restored(tmp_path))

    kept = [number for number in waiting if number <= last]
    assert kept == [number for number in range(last + 1) if number % 3 != 2]


async def test_damage_costs_the_lines_it_hits(tmp_path: Path) -> None:
    """It is counted, and the file is written anew without it."""
    file = OutboxFile(tmp_path)
    file.append([Line("kept", letter=letter(number)) for number in range(3)])
    content = (tmp_path / FILE).read_bytes().splitlines()
    (tmp_path / FILE).write_bytes(b"\n".join([content[0], b"\xff\x00{", content[2]]))

    box = await restored(tmp_path)
    await box.keep()

    assert (contents(box)[0], box.damaged) == ([0, 2], 1)
    assert (await restored(tmp_path)).damaged == 0


async def test_a_full_disk_loses_nothing_while_the_program_lives(tmp_path: Path) -> None:
    """It is said; once there is room everything is on the disk again."""
    file = FullDisk(tmp_path)
    box = Outbox(file, ManualClock(TEN))
    await box.restore()
    box.put(letter(1))
    file.full = True
    await box.keep()
    said = box.trouble
    box.put(letter(2))
    file.full = False
    await box.keep()

    assert said == "webhooks that wait are not kept, and would not survive a restart: No space left on device"
    assert box.trouble == ""
    assert contents(await restored(tmp_path)) == ([1, 2], [])


async def test_the_outbox_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its room a letter is given up as it comes, and of those the oldest are forgotten and counted."""
    monkeypatch.setattr(outbox_module, "MOST_WAITING", 2)
    monkeypatch.setattr(outbox_module, "MOST_DEAD", 3)
    box = await restored(tmp_path)
    for number in range(7):
        box.put(letter(number))
    await box.keep()

    assert contents(box) == contents(await restored(tmp_path)) == ([0, 1], [(4, FULL), (5, FULL), (6, FULL)])
    assert box.forgotten == 2


async def test_the_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done goes when there is much of it."""
    monkeypatch.setattr(outbox_module, "SPARE_LINES", 20)
    box = await restored(tmp_path)
    for number in range(1_000):
        box.put(letter(number))
        box.done(letter(number))
        await box.keep()

    assert (tmp_path / FILE).read_bytes().count(b"did") <= 22


async def test_what_was_not_written_for_long_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory is spent on the way there."""
    monkeypatch.setattr(outbox_module, "MOST_UNWRITTEN", 5)
    box = await restored(tmp_path)
    for number in range(20):
        box.put(letter(number))
    await box.keep()

    assert contents(await restored(tmp_path))[0] == list(range(20))
