"""The table of faults is whole, and what it names is there."""

import ast
from functools import cache
from pathlib import Path

from tests.faults.matrix import FAULTS, SOAK

TESTS = Path(__file__).parents[1]


@cache
def functions_in(path: Path) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, functions)}


def test_all_thirty_faults_are_shown() -> None:
    """Each by one test at least, or by the soak."""
    assert [fault.number for fault in FAULTS] == list(range(1, 31))
    assert all(fault.shown_by for fault in FAULTS)


def test_every_test_that_is_named_exists() -> None:
    """Nobody is sent to a test that was renamed."""
    named = {test for fault in FAULTS for test in fault.shown_by if test != SOAK}
    missing = [
        test for test in sorted(named) if test.partition("::")[2] not in functions_in(TESTS / test.partition("::")[0])
    ]

    assert missing == []
