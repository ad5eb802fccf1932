"""What the user made, in a file that is there whole or not at all."""

import multiprocessing
from pathlib import Path

import orjson
import pytest

from tests.support.eventually import PATIENT_S
from tradeul.errors import ConfigurationError
from tradeul.history.user_file import UserFile


def test_what_is_kept_is_there_for_the_next_program(tmp_path: Path) -> None:
    """By section and name; nothing else is touched by a change."""
    UserFile(tmp_path).keep("scans", "mine", {"where": "rvol > 5"})
    UserFile(tmp_path).keep("pins", "BRK.B", 1)
    UserFile(tmp_path).keep("scans", "yours", {"where": "rvol > 6"})
    UserFile(tmp_path).keep("scans", "mine", None)

    assert UserFile(tmp_path).load() == {"scans": {"yours": {"where": "rvol > 6"}}, "pins": {"BRK.B": 1}}


def test_nothing_kept_is_nothing_there(tmp_path: Path) -> None:
    """A first start has no file, and makes none."""
    assert UserFile(tmp_path / "new").load() == {}
    assert not (tmp_path / "new").exists()


def test_it_says_its_version_and_counts_its_changes(tmp_path: Path) -> None:
    """In JSON that a person can read, for that person only."""
    for number in range(3):
        UserFile(tmp_path).keep("pins", f"A{number}", number)

    path = tmp_path / "user.json"
    content = orjson.loads(path.read_bytes())
    assert (content["version"], content["revision"]) == (1, 3)
    assert path.read_text().count("\n") > 5
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is no JSON"),
        (b"[]", "has no version"),
        (b'{"version":"1"}', "has no version"),
        (b'{"version":2,"scans":{}}', "is of version 2, and this program reads 1"),
    ],
)
def test_a_file_that_cannot_be_understood_is_left_alone(tmp_path: Path, content: bytes, said: str) -> None:
    """It is refused in one line that names it, neither read past nor written over."""
    path = tmp_path / "user.json"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        UserFile(tmp_path).load()
    with pytest.raises(OSError, match=said):
        UserFile(tmp_path).keep("pins", "A", 1)

    assert str(caught.value).startswith(f"{path}: {said}")
    assert path.read_bytes() == content


def test_a_disk_that_refuses_changes_nothing(tmp_path: Path) -> None:
    """What was kept before is still there, whole."""
    UserFile(tmp_path).keep("pins", "A", 1)
    (tmp_path / "user.json.new").mkdir()

    with pytest.raises(OSError, match="directory"):
        UserFile(tmp_path).keep("pins", "B", 2)

    assert UserFile(tmp_path).load() == {"pins": {"A": 1}}


def keep_many(folder: Path, letter: str) -> None:
    for number in range(25):
        UserFile(folder).keep("pins", f"{letter}{number}", number)


def test_two_programs_do_not_undo_one_another(tmp_path: Path) -> None:
    """The real market's and the simulated one's share a user: every change of both is there."""
    spawn = multiprocessing.get_context("spawn")
    programs = [spawn.Process(target=keep_many, args=(tmp_path, letter)) for letter in "AB"]
    for program in programs:
        program.start()
    for program in programs:
        program.join(PATIENT_S)

    assert [program.exitcode for program in programs] == [0, 0]
    assert len(UserFile(tmp_path).load()["pins"]) == 50
