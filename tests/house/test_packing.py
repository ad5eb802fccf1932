"""The order of a run: what takes long begins early, and what chance ordered stays so."""

from pathlib import Path

import pytest

from tests.support.packing import longest_first


class Named(pytest.Item):
    """A test of a file, which nobody runs."""

    def runtest(self) -> None:
        raise NotImplementedError


@pytest.fixture
def tests(request: pytest.FixtureRequest) -> list[pytest.Item]:
    """Of five files, in the order of chance; one file says twice how long it is."""
    marks = {
        "quick.py": [],
        "slow.py": [pytest.mark.slow],
        "long.py": [pytest.mark.slow(20)],
        "longest.py": [pytest.mark.slow(60), pytest.mark.slow],
        "other.py": [],
    }
    found: list[pytest.Item] = []
    for file, words in marks.items():
        for name in ("second", "first"):
            item: pytest.Item = Named.from_parent(request.session, name=f"{file} {name}")
            item.path = Path(file)
            for word in words if name == "first" else []:
                item.add_marker(word)
            found.append(item)
    return found


def test_the_longest_files_come_first(tests: list[pytest.Item]) -> None:
    """By what any of their tests says; those that say nothing come last, in the order of chance, each file in one."""
    names = [item.name for item in longest_first(tests)]

    order = ("longest.py", "long.py", "slow.py", "quick.py", "other.py")
    assert names == [f"{file} {name}" for file in order for name in ("second", "first")]
