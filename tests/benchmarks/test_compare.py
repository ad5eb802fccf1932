"""Two commits are measured in turn, each as it was, and the tree that is worked on stays as it is."""

import subprocess
from pathlib import Path

import pytest

from tests.benchmarks import compare

TINY = """
from types import SimpleNamespace

async def run():
    with open({log!r}, "a") as log:
        log.write("{value}")
    return [
        SimpleNamespace(name="work", unit="ms", values=[{value}, 100, 0]),
        SimpleNamespace(name="only {value}", unit="ms", values=[1]),
    ]
"""


def git(folder: Path, *words: str) -> str:
    named = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *named, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits of a tiny benchmark, tagged `slow` and `fast`; what is measured is appended to a file."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text(".cache/\nlog\n")
    module = tmp_path / "tests" / "benchmarks" / "tiny.py"
    module.parent.mkdir(parents=True)
    for name, value in (("slow", 8), ("fast", 2)):
        module.write_text(TINY.format(value=value, log=str(tmp_path / "log")))
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "--quiet", "-m", name)
        git(tmp_path, "tag", name)
    return tmp_path


def test_both_commits_are_measured_in_turn(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ratio is told with its spread; a figure that only one of them has is not."""
    assert compare.main(["slow", "fast", "--names", "tiny", "--rounds", "2"], repository) == 0

    said = capsys.readouterr().out
    assert said.splitlines()[0] == "tiny: fast against slow"
    assert said.splitlines()[1].split() == [*["work", "8.000", "->", "2.000", "ms", "0.25x", "(0.25", "to", "0.25)"]]
    assert "only" not in said
    assert (repository / "log").read_text() == "8282"


def test_nothing_is_left_behind(repository: Path) -> None:
    """Neither folders nor changes; one that an earlier run left is no hindrance."""
    (repository / ".cache" / "compare" / "a").mkdir(parents=True)

    compare.main(["slow", "fast", "--names", "tiny", "--rounds", "1"], repository)

    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "worktree", "list").count("\n") == 1
    assert not list((repository / ".cache" / "compare").iterdir())


def test_the_spread_is_that_of_the_rounds() -> None:
    """Each round is compared with itself, as the machine may have changed between two."""
    rounds = [[{("x", "ms"): 1.0}, {("x", "ms"): 2.0}], [{("x", "ms"): 10.0}, {("x", "ms"): 30.0}]]

    assert compare.compared(rounds)[0].endswith("2.50x (2.00 to 3.00)")
