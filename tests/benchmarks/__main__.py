"""`make bench`: runs every benchmark, prints its figures and appends them to history.jsonl.

A benchmark is a module here with `async def run() -> list[Figure]`. Machines are noisy: compare figures of one run.
"""

import asyncio
import datetime as dt
import importlib
import json
import platform
import subprocess
import sys
from pathlib import Path

import uvloop

from tests.benchmarks.figure import Figure

HERE = Path(__file__).parent
NAMES = (
    "bars",
    "burst",
    "decode",
    "delivery",
    "fields",
    "frozen",
    "hot_path",
    "hot_reranks",
    "http",
    "lists",
    "loop_stall",
    "page",
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
    for name in names or NAMES:
        print(f"{name}:", flush=True)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures = runner.run(importlib.import_module(f"tests.benchmarks.{name}").run())
        for figure in figures:
            print(f"  {figure}", flush=True)
            note(figure)
    return 0


def note(figure: Figure) -> None:
    """Append a figure to the history."""
    entry = {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=HERE
        ).stdout.strip(),
        "machine": f"{platform.system()} {platform.machine()}, {len(__import__('os').sched_getaffinity(0))} cores",
        "python": platform.python_version(),
        **figure.entry(),
    }
    with (HERE / "history.jsonl").open("a") as history:
        history.write(json.dumps(entry) + "\n")


sys.exit(main(sys.argv[1:]))
