"""Who is let in: what the file keeps, who may open it, and what happens to two programs that change it at once."""

import threading
from pathlib import Path

import pytest

from tradeul.access import PREFIX, Role, digest_of, holder_of
from tradeul.errors import ConfigurationError, UsageError
from tradeul.history.token_file import MOST_TOKENS, TokenFile

MADE = "2026-11-28T00:00:00+00:00"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def test_a_token_opens_to_whom_it_was_made_for(path: Path) -> None:
    """Who holds a token is known by it, with name and role; who holds another is not."""
    file = TokenFile(path)
    _, viewer = file.make(Role.VIEWER, None, MADE)
    _, operator = file.make(Role.OPERATOR, "ann", MADE)

    holders = file.read()
    known = [holder_of(digest_of(token), holders) for token in (viewer, operator, operator[:-1], "")]

    assert [holder and (holder.name, holder.role) for holder in known] == [
        ("viewer-1", "viewer"),
        ("ann", "operator"),
        None,
        None,
    ]


def test_no_token_is_kept(path: Path) -> None:
    """The file has a hash of 256 bits and not a piece of the token, which holds at least 128 bits of chance."""
    _, token = TokenFile(path).make(Role.VIEWER, None, MADE)
    secret = token.removeprefix(PREFIX)
    content = path.read_text()

    assert len(secret) * 6 >= 128
    assert [secret[at : at + 8] for at in range(len(secret) - 7) if secret[at : at + 8] in content] == []
    assert digest_of(token).hex() in content


def test_only_the_owner_may_open_it(path: Path) -> None:
    """It is made for its owner alone, and refused as soon as anybody else may read or write it."""
    file = TokenFile(path)
    file.make(Role.VIEWER, None, MADE)

    assert path.stat().st_mode & 0o777 == 0o600
    for mode in (0o640, 0o620, 0o604, 0o666):
        path.chmod(mode)
        with pytest.raises(ConfigurationError, match=r"others may open it: chmod 600"):
            file.read()
        with pytest.raises(ConfigurationError, match=r"others may open it"):
            file.make(Role.VIEWER, None, MADE)
    path.chmod(0o400)
    assert len(file.read()) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "Invalid JSON"),
        ("[]", "the file"),
        ('{"version": 2, "tokens": {}}', "version"),
        ('{"version": 1, "tokens": {"a": {"role": "king", "sha256": "' + "0" * 64 + '"}}}', "tokens.a.role"),
        ('{"version": 1, "tokens": {"a": {"role": "viewer", "sha256": "abc"}}}', "tokens.a.sha256"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named(path: Path, content: str, said: str) -> None:
    """One line says which file and what about it."""
    path.touch(mode=0o600)
    path.write_text(content)

    with pytest.raises(ConfigurationError) as caught:
        TokenFile(path).read()

    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_how_to_make_one(path: Path) -> None:
    """The line holds the command."""
    with pytest.raises(ConfigurationError, match="token new"):
        TokenFile(path).read()


def test_what_cannot_be_made_or_revoked_changes_nothing(path: Path) -> None:
    """A name that is taken, no name, an unknown one, one token too many: the file stays as it was."""
    file = TokenFile(path)
    file.make(Role.VIEWER, "ann", MADE)
    before = path.read_bytes()
    for name, said in (("ann", "already"), ("Ann Lee", "small letters"), ("", "small letters")):
        with pytest.raises(UsageError, match=said):
            file.make(Role.OPERATOR, name, MADE)
    with pytest.raises(UsageError, match="no token bob"):
        file.revoke("bob")
    assert path.read_bytes() == before

    for _ in range(MOST_TOKENS - 1):
        file.make(Role.VIEWER, None, MADE)
    with pytest.raises(UsageError, match="revoke some"):
        file.make(Role.VIEWER, None, MADE)


def test_a_change_is_seen_by_the_stamp(path: Path) -> None:
    """Each change gives the file another stamp, also where its size stays the same."""
    file = TokenFile(path)
    stamps = [file.stamp()]
    for change in (
        lambda: file.make(Role.VIEWER, "a", MADE),
        lambda: file.make(Role.VIEWER, "b", MADE),
        lambda: file.revoke("a"),
        lambda: file.make(Role.VIEWER, "a", MADE),
        path.unlink,
    ):
        change()
        stamps.append(file.stamp())

    assert len(set(stamps)) == len(stamps) - 1
    assert stamps[0] is stamps[-1] is None


def test_two_programs_do_not_undo_one_another(path: Path) -> None:
    """Tokens that are made at the same moment are all there afterwards."""
    threads = [threading.Thread(target=TokenFile(path).make, args=(Role.VIEWER, None, MADE)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [holder.name for holder in TokenFile(path).read()] == [f"viewer-{number}" for number in range(1, 9)]
