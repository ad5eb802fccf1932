"""Files that the program keeps for itself, with bytes changed: what is whole in them is read, or they are refused.

`make fuzz` reads 100,000, everyday runs some hundreds of each.
"""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from tests.fuzz.mutations import mutated
from tests.history import test_checkpoint as checkpoints
from tests.history import test_dayfile as dayfiles
from tests.history.test_spool import drained, filled, only_file
from tradeul.access import Role
from tradeul.errors import ConfigurationError
from tradeul.history.checkpoint import FILES
from tradeul.history.sealed import MARK, blocks
from tradeul.history.spool import Spool
from tradeul.history.token_file import TokenFile
from tradeul.history.user_file import UserFile
from tradeul.webhooks.outbox_file import Letter, Line, OutboxFile

Read = Callable[[], Any]
EVERYDAY: Final = 300
MUTATIONS_SQUARED: Final = 600_000
"""A file costs what many mutations do: 100,000 of those are as many files in all, and few of them few."""
MODE: Final = 0o600


def a_checkpoint(folder: Path) -> tuple[Path, Read]:
    """Is a state, or none."""
    checkpoints.saved(folder, checkpoints.state(1))

    def read() -> None:
        checkpoints.loaded(folder)
        for path in folder.iterdir():
            if path.name not in FILES:
                path.unlink()  # put aside, as of another world or the future

    return folder / FILES[0], read


def a_days_slots(folder: Path) -> tuple[Path, Read]:
    """Is records, or none."""
    path = dayfiles.kept(folder, *dayfiles.RECORDS)

    def read() -> None:
        dayfiles.read(folder)
        for other in folder.iterdir():
            if other != path:
                other.unlink()

    return path, read


def a_spool(folder: Path) -> tuple[Path, Read]:
    """Is any number of batches; each can be taken out."""
    filled(folder, 4)
    return only_file(folder), lambda: drained(Spool(folder))


def an_outbox(folder: Path) -> tuple[Path, Read]:
    """Is letters, and a number of lines that could not be read."""
    file = OutboxFile(folder)
    file.append([Line("kept", letter=Letter(number, "rule", "{}", number)) for number in range(6)])
    file.append([Line("done", 2)])

    def read() -> None:
        letters, damaged = file.load()
        assert damaged >= 0
        assert all(isinstance(letter, Letter) for letter in letters.values())

    return next(folder.iterdir()), read


def the_tokens(folder: Path) -> tuple[Path, Read]:
    """Are holders with a role, or are refused in one line."""
    file = TokenFile(folder / "tokens.json")
    for role in Role:
        file.make(role, None, "2026-11-28T00:00:00+00:00")

    def read() -> None:
        for holder in file.read():
            assert holder.role in Role
            assert len(holder.digest) == 32

    return folder / "tokens.json", read


def what_the_user_made(folder: Path) -> tuple[Path, Read]:
    """Is sections of named things, or is refused in one line."""
    file = UserFile(folder)
    file.keep("scans", "mine", {"where": "rvol > 5"})
    file.keep("pins", "BRK.B", 1)

    def read() -> None:
        assert all(isinstance(section, dict) for section in file.load().values())

    return folder / "user.json", read


KINDS: Final = (a_checkpoint, a_days_slots, a_spool, an_outbox, the_tokens, what_the_user_made)
SEALED: Final = (a_checkpoint, a_days_slots)
RAW_DEFLATE: Final = -15


def under_a_right_seal(whole: bytes, seed: int) -> bytes:
    """A block that proves to be whole, of a content that was changed."""
    contents = [content for content, _ in blocks(whole)]
    content = mutated(contents[0], contents, seed)
    deflater = zlib.compressobj(1, zlib.DEFLATED, RAW_DEFLATE)
    packed = deflater.compress(content) + deflater.flush()
    header = MARK + struct.pack("<II", len(packed), len(content))
    return header + struct.pack("<I", zlib.crc32(packed, zlib.crc32(header))) + packed


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_file_breaks_its_reader(kind: Callable[[Path], tuple[Path, Read]], tmp_path: Path, mutations: int) -> None:
    """Bytes turned, cut, moved and repeated, and strange contents under a right seal: no error but the named one."""
    path, read = kind(tmp_path)
    whole, said = path.read_bytes(), set[str]()
    for seed in range(max(EVERYDAY, mutations**2 // MUTATIONS_SQUARED)):
        as_sealed = kind in SEALED and seed % 2
        path.write_bytes(under_a_right_seal(whole, seed) if as_sealed else mutated(whole, [whole], seed))
        path.chmod(MODE)
        try:
            with capture_logs():
                read()
        except ConfigurationError as refused:
            said.add(str(refused))

    assert [line for line in said if not line.isprintable()] == []
