"""`make bench`: runs every benchmark, prints its figures, appends them to history.jsonl and draws them anew.

A benchmark is a module here with `async def run() -> list[Figure]`. Machines are noisy: compare figures of one run.
What was asked for and not met is told once more at the end. With names, only those are run.
"""

import asyncio
import importlib
import sys
import time

import uvloop

from tests.benchmarks import history, plots
from tests.benchmarks.figure import Figure

NAMES = (
    "bars",
    "burst",
    "checkpoint",
    "decode",
    "deltas",
    "delivery",
    "end_to_end",
    "fields",
    "frozen",
    "growth",
    "hot_path",
    "hot_reranks",
    "http",
    "lists",
    "loop_stall",
    "page",
    "process",
    "recording",
    "replay",
    "slots",
    "whole_market",
)


def main(names: list[str]) -> int:
    """Run the benchmarks named, or all."""
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    missed = list[Figure]()
    for name in names or NAMES:
        print(f"{name}:", flush=True)
        began = time.monotonic()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures: list[Figure] = runner.run(importlib.import_module(f"tests.benchmarks.{name}").run())
        for figure in figures:
            print(f"  {figure}", flush=True)
        print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
        history.note(figures)
        missed += [figure for figure in figures if figure.missed]
    plots.draw(history.newest())
    if missed:
        print("not met:", *missed, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
