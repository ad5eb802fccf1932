"""The oracle finds every mistake that is known, so that finding none means something."""

from pathlib import Path

import pytest

from tests.oracle.mutants import PAGE, PYTHON, mutated_page
from tests.oracle.peers import browser
from tests.oracle.playing import Broken, drawn, play_all

pytestmark = pytest.mark.slow(5)

MOST_HISTORIES = 400


@pytest.mark.parametrize("name", PYTHON)
def test_a_mistake_in_python_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some history out of few shows it, in the server or in the client for programs."""
    PYTHON[name](monkeypatch)
    with browser() as process, pytest.raises(Broken):
        play_all(process, map(drawn, range(MOST_HISTORIES)))


@pytest.mark.parametrize("name", PAGE)
def test_a_mistake_in_the_page_is_found(name: str, tmp_path: Path) -> None:
    """Likewise in the page's modules."""
    with browser(mutated_page(name, tmp_path)) as process, pytest.raises(Broken):
        play_all(process, map(drawn, range(MOST_HISTORIES)))
