"""Every metric that is declared is read, and none that is not."""

import ast
import inspect

from tradeul import readings
from tradeul.domain.instruments import BY_NAME, INSTRUMENTS, Instrument

READERS = {"Reading", "_by_label", "_lag"}


def read_by_name() -> set[str]:
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(readings))) if isinstance(node, ast.Call)]
    named = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id in READERS]
    return {name.value for name in named if isinstance(name, ast.Constant) and isinstance(name.value, str)}


def test_what_is_declared_is_read() -> None:
    """The list that the documentation goes by is the truth."""
    assert read_by_name() == {each.name for each in INSTRUMENTS}


def test_names_and_meanings_say_something() -> None:
    """In small letters, each once, with its unit where it has one; a meaning is a sentence."""
    assert len(BY_NAME) == len(INSTRUMENTS)
    assert [each.name for each in INSTRUMENTS if not _is_well_said(each)] == []


def _is_well_said(each: Instrument) -> bool:
    return (
        each.name.isascii()
        and each.name.islower()
        and each.meaning[0].isupper() | each.meaning[0].isdigit()
        and (each.meaning.endswith("."))
    )
