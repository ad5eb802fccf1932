"""The rules of the house for Python files: each takes a module and says, line by line, what breaks it."""

import ast
import builtins
import re
from collections.abc import Iterator
from typing import Final

from tests.house.source import Module, dotted
from tradeul import errors

FLOORS: Final = {
    "domain": 0, "errors": 0,
    "access": 1, "definitions": 1, "configuration": 1, "settings": 1, "clock": 1, "engine": 1, "fetching": 1,
    "polygon": 2, "fmp": 2, "history": 2, "simulation": 2, "recording": 2, "web": 2, "webhooks": 2,
    "client": 2,
    "app": 3, "entrance": 3, "own": 3, "alarms": 3, "past": 3, "world": 3, "jobs": 3, "supervisor": 3, "logs": 3,
    "cli": 3, "scan_recall": 3, "load": 3, "try_scan": 3, "watch": 3, "token_commands": 3, "own_token": 3, "garbage": 3,
    "operations": 3, "readings": 3, "loop_watch": 3, "notify": 3, "unit": 3,
    "config_commands": 3, "progress": 3, "recordings": 3, "vendor": 3, "replay": 3, "doctor": 3, "log_folding": 3,
    "backtests": 3, "backtest_worker": 3, "backtest_result": 3, "backtest_command": 3, "backtest_report": 3,
    "worker": 3, "terminal": 3, "usage": 3, "record_command": 3, "rvol_audit_command": 3,
    "__main__": 3,
}  # fmt: skip
EDGES: Final = 2

PURE: Final = {
    "abc", "array", "bisect", "collections", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions",
    "functools", "heapq", "itertools", "math", "numbers", "numpy", "operator", "re", "statistics", "string", "struct",
    "types", "typing", "unicodedata", "zlib", "zoneinfo",
}  # fmt: skip
CLOCK_READERS: Final = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
LOOP_TIMERS: Final = {"call_later", "call_at"}
TASK_STARTERS: Final = {"create_task", "ensure_future", "TaskGroup", "run_coroutine_threadsafe"}

VENDOR_PLACES: Final = ("tradeul/polygon", "tradeul/fmp", "tradeul/simulation/exchange")
VENDOR_WORDS: Final = {
    "apiKey", "ev", "fmv", "lastQuote", "lastTrade", "next_url", "prevDay", "sym", "todaysChange", "todaysChangePerc",
}  # fmt: skip
VENDOR_PATH: Final = re.compile(r"(?<!/api)/v\d/(aggs|marketstatus|reference|snapshot|stocks)\b")
SQL: Final = re.compile(r"\s*(SELECT\s|INSERT INTO|UPDATE \w+ SET|DELETE FROM|(CREATE|ALTER|DROP) (TABLE|INDEX|VIEW))")
SQL_WORDS: Final = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|FROM|WHERE|VALUES|ORDER BY|LIMIT|COPY|(CREATE|ALTER|DROP) [A-Z]+)\s"
)
SQL_TAKERS: Final = {
    "execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "cursor", "prepare", "copy_from_query",
}  # fmt: skip
TEXT_MAKERS: Final = {"format", "format_map", "join", "replace", "substitute"}
DATABASE_DRIVERS: Final = {"asyncpg", "psycopg", "psycopg2", "sqlite3"}
BOUNDARIES: Final = ("tradeul/supervisor.py", "tradeul/web/viewer.py")
VAGUE_NAMES: Final = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager"}

LONGEST_FILE: Final = 420


def imports_go_down(module: Module) -> Iterator[str]:
    """A module imports from its own floor or below; the edges never import each other."""
    part = _part(module.path.with_suffix("").parts)
    if part == "__init__":
        return
    if part not in FLOORS:
        yield f"{part} has no floor: add it to FLOORS and to the README"
        return
    for name in module.imports:
        other = _part(name.split("."))
        if not name.startswith("tradeul.") or other == part:
            continue
        if FLOORS.get(other, EDGES) > FLOORS[part] or FLOORS.get(other) == FLOORS[part] == EDGES:
            yield f"{part} imports {name}"


def _part(names: tuple[str, ...] | list[str]) -> str:
    return names[1] if len(names) > 1 else names[0]


def domain_is_pure(module: Module) -> Iterator[str]:
    """The domain computes values from values: no waiting, no clock, no I/O, no chance."""
    if not module.within("tradeul/domain"):
        return
    for name in module.imports:
        if name.split(".")[0] not in PURE and not name.startswith(("tradeul.domain.", "tradeul.errors.")):
            yield f"imports {name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield f"line {node.lineno} waits"
        elif re.search(r"^(np|numpy)\.random\b", dotted(node)):
            yield f"{dotted(node)} is chance"
        elif isinstance(node, ast.Call) and dotted(node.func) in {"open", "print", "input"}:
            yield f"line {node.lineno} calls {dotted(node.func)}"


def time_has_one_owner(module: Module) -> Iterator[str]:
    """Only clock.py reads time or sleeps. `asyncio.sleep(0)`, which yields, is no sleep."""
    if module.within("tradeul/clock.py"):
        return
    for name in module.imports:
        if name.split(".")[0] in {"time", "sched"} or name == "asyncio.sleep":
            yield f"imports {name}"
    for node in ast.walk(module.tree):
        name = dotted(node.func) if isinstance(node, ast.Call) else ""
        if name.split(".")[-1] in LOOP_TIMERS or name.endswith("loop.time"):
            yield f"line {_line(node)} asks the loop for time: {name}"
        elif ".".join(name.split(".")[-2:]) in CLOCK_READERS:
            yield f"line {_line(node)} reads the time: {name}"
        elif name == "asyncio.sleep" and not _yields_only(node):
            yield f"line {_line(node)} sleeps"


def _yields_only(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and [ast.dump(argument) for argument in node.args] == [ast.dump(ast.Constant(0))]


def tasks_have_one_owner(module: Module) -> Iterator[str]:
    """Tasks start in supervisor.py, which names them, restarts them and stops them."""
    if module.within("tradeul/supervisor.py"):
        return
    for node in ast.walk(module.tree):
        word = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if word in TASK_STARTERS:
            yield f"line {_line(node)} starts a task: {word}"
    yield from (f"imports {name}" for name in module.imports if name.split(".")[-1] in TASK_STARTERS)


def vendor_words_stay_at_the_vendor(module: Module) -> Iterator[str]:
    """Market words everywhere; the vendor's words and paths only where its dialect is spoken."""
    if module.within(*VENDOR_PLACES):
        return
    for line, text in module.strings():
        if text in VENDOR_WORDS or VENDOR_PATH.search(text):
            yield f"line {line} says {text!r}"
    for node in ast.walk(module.tree):
        word = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if word in VENDOR_WORDS:
            yield f"line {_line(node)} says {word}"


def sql_stays_in_history(module: Module) -> Iterator[str]:
    """Only the history speaks to a database."""
    if module.within("tradeul/history"):
        return
    yield from (f"imports {name}" for name in module.imports if name.split(".")[0] in DATABASE_DRIVERS)
    yield from (f"line {line} is SQL" for line, text in module.strings() if SQL.match(text))


def sql_takes_parameters(module: Module) -> Iterator[str]:
    """What is asked of a database is written out: no value gets into its words, only beside them."""
    if not module.within("tradeul/history"):
        return
    for node in ast.walk(module.tree):
        if _is_put_together(node) and any(SQL_WORDS.search(text) for text in _texts(node)):
            yield f"line {_line(node)} puts SQL together"
        elif isinstance(node, ast.Call) and _asks_what_is_made(node):
            yield f"line {node.lineno} asks what is put together"


def _asks_what_is_made(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in SQL_TAKERS or not call.args:
        return False
    return _is_put_together(call.args[0]) or isinstance(call.args[0], ast.Call)


def _is_put_together(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod | ast.Add)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in TEXT_MAKERS


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts of what is put together, but for what is inside of arguments."""
    inner = node.func if isinstance(node, ast.Call) else node
    return (each.value for each in ast.walk(inner) if isinstance(each, ast.Constant) and isinstance(each.value, str))


def only_the_web_serves(module: Module) -> Iterator[str]:
    """HTTP is served by `web`, and by the simulated vendor."""
    if module.within("tradeul/web", "tradeul/simulation/exchange"):
        return
    yield from (f"imports {name}" for name in module.imports if f"{name}.".startswith("aiohttp.web."))
    for node in ast.walk(module.tree):
        if dotted(node) == "aiohttp.web":
            yield f"line {_line(node)} uses aiohttp.web"


def names_say_something(module: Module) -> Iterator[str]:
    """A module is named after what it is for."""
    for part in module.path.with_suffix("").parts:
        if part in VAGUE_NAMES:
            yield f"{part} says nothing"


def errors_grow_on_one_tree(module: Module) -> Iterator[str]:
    """Every error derives from TradeulError and is drawn in the docstring of errors.py."""
    drawn = set(re.findall(r"\w+", errors.__doc__ or ""))
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ClassDef):
            continue
        bases = {dotted(base).split(".")[-1] for base in node.bases}
        if any(_is_builtin_error(base) for base in bases) and node.name != "TradeulError":
            yield f"{node.name} does not derive from TradeulError"
        elif bases & drawn and node.name not in drawn:
            yield f"{node.name} is not drawn in errors.py"


def _is_builtin_error(name: str) -> bool:
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)


def nothing_is_swallowed(module: Module) -> Iterator[str]:
    """`except Exception` stands at the boundary of a task or of a viewer, or raises again."""
    if module.within(*BOUNDARIES):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and not _raises_again(node):
            yield f"line {node.lineno} catches everything"
        elif isinstance(node, ast.Call) and dotted(node.func).endswith("suppress") and any(map(_is_broad, node.args)):
            yield f"line {node.lineno} suppresses everything"


def _is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(map(_is_broad, caught.elts))
    return caught is None or dotted(caught).split(".")[-1] in {"Exception", "BaseException"}


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def files_are_short(module: Module) -> Iterator[str]:
    """A file that needs scrolling for ever holds two things."""
    lines = module.text.count("\n")
    if lines > LONGEST_FILE:
        yield f"{lines} lines"


def tests_say_what_they_promise(module: Module) -> Iterator[str]:
    """The docstring of a test is the sentence that holds if it passes."""
    for function in module.functions():
        if function.name.startswith("test_") and not ast.get_docstring(function):
            yield f"{function.name} has no docstring"


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))
