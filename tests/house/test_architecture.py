"""The architecture holds: every rule of the house, on the whole tree and on planted violations.

A case is what breaks a rule and what just does not, so that each rule is known to bite and known to let go.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import pytest

from tests.house import rules
from tests.house.source import Module, modules

Rule = Callable[[Module], Iterator[str]]


@dataclass(frozen=True)
class Case:
    rule: Rule
    at: str
    broken: tuple[str, ...]
    fine: tuple[str, ...]
    elsewhere: str = ""
    """A place where what is broken at `at` is allowed."""
    folders: tuple[str, ...] = ("tradeul",)


CASES = [
    Case(
        rules.imports_go_down,
        at="tradeul/web/hub.py",
        broken=("import tradeul.polygon.wire", "from tradeul.app import App", "from tradeul import supervisor"),
        fine=("from tradeul.engine.ports import LiveFeed", "from tradeul.web.viewer import Viewer", "import asyncio"),
        elsewhere="tradeul/app.py",
    ),
    Case(
        rules.imports_go_down,
        at="tradeul/domain/rvol.py",
        broken=("from tradeul.clock import Clock", "from tradeul.engine.ports import LiveFeed"),
        fine=("from tradeul.domain.events import Nanos", "from tradeul.errors import UsageError"),
    ),
    Case(rules.imports_go_down, at="tradeul/novelty.py", broken=("",), fine=(), elsewhere="tradeul/engine/novelty.py"),
    Case(
        rules.domain_is_pure,
        at="tradeul/domain/rvol.py",
        broken=(
            "import asyncio",
            "from random import random",
            "import structlog",
            "async def f(): ...",
            "np.random.default_rng()",
            "open('x')",
        ),
        fine=("import numpy as np", "from zoneinfo import ZoneInfo", "from tradeul.domain.events import Nanos"),
        elsewhere="tradeul/engine/warmup.py",
    ),
    Case(
        rules.time_has_one_owner,
        at="tradeul/engine/hot_loop.py",
        broken=(
            "import time",
            "from time import monotonic",
            "from asyncio import sleep",
            "asyncio.sleep(1)",
            "asyncio.sleep(delay)",
            "datetime.now()",
            "dt.datetime.now(tz=UTC)",
            "dt.date.today()",
            "asyncio.get_running_loop().time()",
            "loop.call_later(1, f)",
            "self._loop.call_at(1, f)",
        ),
        fine=("asyncio.sleep(0)", "clock.now()", "self._clock.sleep(1)", "import datetime as dt"),
        elsewhere="tradeul/clock.py",
    ),
    Case(
        rules.tasks_have_one_owner,
        at="tradeul/web/hub.py",
        broken=(
            "asyncio.create_task(f())",
            "loop.create_task(f())",
            "asyncio.ensure_future(f())",
            "start = asyncio.create_task",
            "from asyncio import create_task",
            "async def f():\n    async with asyncio.TaskGroup(): ...",
        ),
        fine=("supervisor.start('hub', run, stage=stage)", "asyncio.timeout(1)", "'create_task'"),
        elsewhere="tradeul/supervisor.py",
    ),
    Case(
        rules.vendor_words_stay_at_the_vendor,
        at="tradeul/engine/intake.py",
        broken=(
            "row['lastTrade']",
            "row.prevDay",
            "class Row:\n    apiKey: str",
            "event.get('ev')",
            "url = f'{root}/v2/snapshot/locale'",
        ),
        fine=(
            "row.symbol",
            "x = '/api/v1/reference'",
            "x = 'event'",
            '"""The vendor calls it sym."""',
            "x = 'lastTraded'",
        ),
        elsewhere="tradeul/simulation/exchange/rest.py",
    ),
    Case(
        rules.sql_stays_in_history,
        at="tradeul/engine/warmup.py",
        broken=("import asyncpg", "from asyncpg import Pool", "x = 'SELECT 1'", "x = '''\n  INSERT INTO ticks'''"),
        fine=("x = 'Select a list'", '"""SELECT is not said here."""'),
        elsewhere="tradeul/history/store.py",
    ),
    Case(
        rules.sql_takes_parameters,
        at="tradeul/history/store.py",
        broken=(
            "x = f'SELECT 1 FROM ticks WHERE symbol = {symbol}'",
            "x = 'SELECT 1 FROM ticks WHERE symbol = ' + symbol",
            "x = 'DELETE FROM ticks WHERE symbol = %s' % symbol",
            "x = 'INSERT INTO {} VALUES (1)'.format(table)",
            "x = ' WHERE '.join(parts)",
            "connection.execute(f'{start} {end}')",
            "connection.fetch(QUERY + condition)",
            "connection.fetchval(QUERY.format(table))",
            "connection.fetch(query_of(symbol))",
        ),
        fine=(
            "connection.fetch(QUERY, f'{symbol}')",
            "connection.execute('SELECT 1 FROM ticks WHERE symbol = $1', symbol)",
            "x = f'the history of {symbol} from {day}'",
            "x = ', '.join(names)",
            "total = first + second",
        ),
        elsewhere="tradeul/engine/warmup.py",
    ),
    Case(
        rules.only_the_web_serves,
        at="tradeul/app.py",
        broken=(
            "from aiohttp import web",
            "import aiohttp.web",
            "from aiohttp.web import Application",
            "aiohttp.web.get",
        ),
        fine=(
            "import aiohttp",
            "from aiohttp import ClientSession",
            "aiohttp.ClientSession",
            "from tradeul import web",
        ),
        elsewhere="tradeul/web/server.py",
    ),
    Case(
        rules.names_say_something,
        at="tradeul/engine/utils.py",
        broken=("",),
        fine=(),
        elsewhere="tradeul/engine/utility_stocks.py",
        folders=("tradeul", "tests"),
    ),
    Case(
        rules.names_say_something,
        at="tradeul/common/rvol.py",
        broken=("",),
        fine=(),
        elsewhere="tradeul/domain/rvol.py",
    ),
    Case(
        rules.errors_grow_on_one_tree,
        at="tradeul/web/protocol.py",
        broken=("class Odd(Exception): ...", "class Odd(ValueError): ...", "class Odd(errors.VendorError): ..."),
        fine=("class SnapshotRefused(VendorError): ...", "class ErrorCode(StrEnum): ..."),
    ),
    Case(
        rules.nothing_is_swallowed,
        at="tradeul/engine/scanner.py",
        broken=(
            "try: f()\nexcept Exception: pass",
            "try: f()\nexcept: pass",
            "try: f()\nexcept (ValueError, BaseException) as e: log(e)",
            "try: f()\nexcept Exception as e: raise UsageError from e",
            "contextlib.suppress(Exception)",
        ),
        fine=("try: f()\nexcept ValueError: pass", "try: f()\nexcept BaseException:\n    close()\n    raise"),
        elsewhere="tradeul/supervisor.py",
    ),
    Case(
        rules.files_are_short,
        at="tradeul/engine/scanner.py",
        broken=("x = 1\n" * (rules.LONGEST_FILE + 1),),
        fine=("x = 1\n" * rules.LONGEST_FILE,),
        folders=("tradeul", "tests"),
    ),
    Case(
        rules.tests_say_what_they_promise,
        at="tests/test_x.py",
        broken=("def test_x(): ...", "async def test_x(): ...", "class TestX:\n    def test_x(self): ..."),
        fine=("def test_x():\n    '''It holds.'''", "def x(): ..."),
        folders=("tests",),
    ),
]
IDS = [f"{case.rule.__name__}-{case.at}" for case in CASES]


@pytest.mark.parametrize("rule", dict.fromkeys(case.rule for case in CASES), ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    """Nothing in the repository breaks it."""
    folders = next(case.folders for case in CASES if case.rule is rule)

    broken = [f"{module.path}: {what}" for folder in folders for module in modules(folder) for what in rule(module)]

    assert not broken, "\n".join([rule.__doc__ or "", *broken])


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_rule_bites(case: Case) -> None:
    """Each planted violation is seen where it stands, and is none in the one place that owns it."""
    for text in case.broken:
        assert list(case.rule(Module(PurePosixPath(case.at), text))), text
        if case.elsewhere:
            assert not list(case.rule(Module(PurePosixPath(case.elsewhere), text))), text


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_rule_lets_go(case: Case) -> None:
    """What only looks like a violation is none."""
    for text in case.fine:
        assert not list(case.rule(Module(PurePosixPath(case.at), text))), text


def test_functions_are_short() -> None:
    """Nine of ten functions take fewer than 30 lines; ruff bounds the longest."""
    lengths = sorted(
        (function.end_lineno or 0) - function.lineno + 1
        for module in modules("tradeul")
        for function in module.functions()
    )

    assert lengths[len(lengths) * 9 // 10] < 30


def test_every_rule_has_a_case() -> None:
    """A rule that no planted violation has shown to bite is no rule."""
    written = {value for name, value in vars(rules).items() if not name.startswith("_") and callable(value)}
    written = {value for value in written if getattr(value, "__module__", "") == rules.__name__}

    assert written == {case.rule for case in CASES}
