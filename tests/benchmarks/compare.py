"""`make bench-compare A B`: the same benchmarks of two commits, in turn, so that both see the same machine.

Each commit is checked out into a folder of its own under `.cache/compare`, and both run with the packages of this one.
What is told is how the second takes of the first, figure by figure, in the middle of the rounds and at its extremes.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = ("checkpoint", "decode", "deltas", "fields", "hot_reranks", "lists")
"""Those that are quick."""
ROUNDS = 3
# Of an old commit too, whose own way of running may be another.
PROGRAM = """
import asyncio, importlib, json, sys, uvloop
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    figures = runner.run(importlib.import_module("tests.benchmarks." + sys.argv[1]).run())
print(json.dumps([[figure.name, figure.unit, sorted(figure.values)[len(figure.values) // 2]] for figure in figures]))
"""

Measured = dict[tuple[str, str], float]
"""The middle of each figure, by its name and unit."""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Compare; gives the exit code."""
    parser = argparse.ArgumentParser(prog="make bench-compare", description=__doc__)
    parser.add_argument("commits", nargs=2, metavar="COMMIT")
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    wishes = parser.parse_args(arguments)
    folders = [_checked_out(root, commit, side) for commit, side in zip(wishes.commits, "ab", strict=True)]
    try:
        for name in wishes.names:
            print(f"{name}: {wishes.commits[1]} against {wishes.commits[0]}", flush=True)
            rounds = [[_measured(folder, name) for folder in folders] for _ in range(wishes.rounds)]
            for line in compared(rounds):
                print(f"  {line}", flush=True)
    finally:
        for folder in folders:
            _git(root, "worktree", "remove", "--force", str(folder))
    return 0


def compared(rounds: Sequence[Sequence[Measured]]) -> list[str]:
    """Tell of each figure that both have how the second's is to the first's."""
    ratios, middles = defaultdict[tuple[str, str], list[float]](list), dict[tuple[str, str], Sequence[float]]()
    for first, second in rounds:
        for key in first:
            if key in second and first[key]:
                ratios[key].append(second[key] / first[key])
    for key in ratios:
        middles[key] = [statistics.median(each[side][key] for each in rounds if key in each[side]) for side in (0, 1)]
    return [
        f"{name:58} {middles[name, unit][0]:9.3f} -> {middles[name, unit][1]:9.3f} {unit}"
        f"  {statistics.median(found):.2f}x ({min(found):.2f} to {max(found):.2f})"
        for (name, unit), found in ratios.items()
    ]


def _checked_out(root: Path, commit: str, side: str) -> Path:
    folder = root / ".cache" / "compare" / side
    if folder.exists():  # a run that was cut short left it
        shutil.rmtree(folder)
        _git(root, "worktree", "prune")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _git(root, "worktree", "add", "--quiet", "--detach", str(folder), commit)
    return folder


def _git(root: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=root, check=True)


def _measured(folder: Path, name: str) -> Measured:
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-c", PROGRAM, name]
    said = subprocess.run(command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True, check=True).stdout
    return {(figure, unit): value for figure, unit, value in json.loads(said.splitlines()[-1])}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
