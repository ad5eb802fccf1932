"""Tokens in the running program: how a changed file is noticed, and what is remembered of those who tried."""

from pathlib import Path

from tests.support.entering import OPERATOR, VIEWER, BriskClock, KeptTokens
from tradeul.access import Holder, Role, digest_of
from tradeul.history.token_file import TokenFile
from tradeul.web.credentials import MOST_ADDRESSES, Credentials

ADDRESS = "203.0.113.7"


def name_of(found: Holder | float | None) -> str | None:
    return found.name if isinstance(found, Holder) else None


async def test_a_new_token_opens_and_a_revoked_one_does_not(tmp_path: Path) -> None:
    """As soon as the file has changed and was looked at."""
    file = TokenFile(tmp_path / "tokens.json")
    _, first = file.make(Role.VIEWER, "first", "")
    credentials = Credentials(file, BriskClock())
    assert not await credentials.refresh()

    _, second = file.make(Role.OPERATOR, "second", "")
    assert await credentials.refresh()
    assert [name_of(credentials.opens(token, ADDRESS)) for token in (first, second)] == ["first", "second"]

    file.revoke("first")
    assert await credentials.refresh()
    assert [name_of(credentials.opens(token, ADDRESS)) for token in (first, second)] == [None, "second"]
    assert not credentials.still_holds(Holder("first", Role.VIEWER, digest_of(first)))


async def test_a_file_that_is_gone_lets_nobody_in(tmp_path: Path) -> None:
    """Taking the file away revokes everything in it."""
    file = TokenFile(tmp_path / "tokens.json")
    _, token = file.make(Role.VIEWER, None, "")
    credentials = Credentials(file, BriskClock())
    (tmp_path / "tokens.json").unlink()
    await credentials.refresh()

    assert credentials.opens(token, ADDRESS) is None


async def test_a_file_that_cannot_be_read_changes_nothing() -> None:
    """Who was let in is let in, until it can be read again; that is logged and goes on."""
    kept = KeptTokens()
    credentials = Credentials(kept, BriskClock())
    kept.readable = False
    kept.change(new=("new", Role.VIEWER))
    assert not await credentials.refresh()
    assert name_of(credentials.opens(OPERATOR, ADDRESS)) == "otto"

    kept.readable = True
    kept.change(new=("new", Role.VIEWER))
    assert await credentials.refresh()
    assert (credentials.opens(OPERATOR, ADDRESS), name_of(credentials.opens("new", ADDRESS))) == (None, "new")


def test_a_revoked_token_is_a_try_like_any_other() -> None:
    """Having opened once is forgotten as soon as it opens no more."""
    kept = KeptTokens()
    credentials = Credentials(kept, BriskClock())
    for number in range(5):
        credentials.opens(f"wrong-{number}", ADDRESS)

    assert isinstance(credentials.opens(VIEWER, ADDRESS), float)
    assert name_of(credentials.opens(VIEWER, "203.0.113.8")) == "vera"


def test_what_is_remembered_is_bounded() -> None:
    """Guesses from any number of addresses take bounded memory."""
    credentials = Credentials(KeptTokens(), BriskClock())
    for number in range(2 * MOST_ADDRESSES):
        for guess in range(7):
            credentials.opens(f"wrong-{guess}", str(number))
    records = credentials._records  # noqa: SLF001

    assert len(records) == MOST_ADDRESSES
    assert max(len(record.wrong) for record in records.values()) == 5
