"""A plugin of `make faults`: what each test tells of itself is kept, and all faults are listed at the end."""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from tests.faults.matrix import FAULTS, SOAK, Fault

FIGURE = "figure"


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    """Whoever shows a figure has it kept, too."""
    made = yield
    if fixturedef.argname != "show" or fixturedef.cached_result is None:
        return made
    show: Callable[[str], None] = made

    def kept(text: str) -> None:
        request.node.user_properties.append((FIGURE, text.strip()))
        show(text)

    fixturedef.cached_result = (kept, *fixturedef.cached_result[1:])
    return kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each fault, and below it what was measured."""
    ran = [each for stats in terminalreporter.stats.values() for each in stats if getattr(each, "when", "") == "call"]
    terminalreporter.section("faults")
    for fault in FAULTS:
        own = [report for report in ran if any(named(report.nodeid, test) for test in fault.shown_by)]
        terminalreporter.write_line(f"{fault.number:2d} {fault.what}: {fault.figure} -- {verdict(fault, own)}")
        for report in own:
            for name, text in report.user_properties:
                if name == FIGURE:
                    terminalreporter.write_line(f"     {text}")


def named(nodeid: str, test: str) -> bool:
    return nodeid.partition("[")[0] == f"tests/{test}"


def verdict(fault: Fault, reports: list[pytest.TestReport]) -> str:
    if not reports:
        return "make soak" if fault.shown_by == (SOAK,) else "not run"
    failed = sum(report.failed for report in reports)
    return f"{failed} of {len(reports)} FAILED" if failed else f"{len(reports)} passed"
