"""In which order files of tests run: the longest first, so that no processor waits in the end for another's last file.

tests/conftest.py has every run sorted by it; a file says how long it takes by the mark `slow`, as in `slow(60)`.
"""

from collections.abc import Sequence

import pytest

SLOW_S = 1.0
"""What `slow` alone says; who is not called slow takes no time."""


def seconds_of(item: pytest.Item) -> float:
    """How long the whole file of a test takes on two quiet cores, as far as this test says."""
    return max((float(mark.args[0]) if mark.args else SLOW_S for mark in item.iter_markers("slow")), default=0.0)


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests file by file, the longest file first; files that are as long, and the tests of one, as they came."""
    files: dict[object, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    by_length = sorted(files.values(), key=lambda tests: max(map(seconds_of, tests)), reverse=True)
    return [item for tests in by_length for item in tests]
