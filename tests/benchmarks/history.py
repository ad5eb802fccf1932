"""What was measured, when, where and of which commit: one line of `history.jsonl` for each figure."""

import datetime as dt
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.benchmarks.figure import Figure

FILE = Path(__file__).with_name("history.jsonl")

Entry = dict[str, Any]


def machine() -> str:
    """The machine in a few words, and how much of it we may use."""
    return f"{platform.system()} {platform.machine()}, {len(os.sched_getaffinity(0))} cores"


def commit(folder: Path = FILE.parent) -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout.strip()


def note(figures: Iterable[Figure], file: Path = FILE) -> None:
    """Append figures."""
    of_all = {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "python": platform.python_version(),
    }
    with file.open("a") as lines:
        lines.writelines(json.dumps(of_all | figure.entry()) + "\n" for figure in figures)


def newest(file: Path = FILE) -> dict[str, Entry]:
    """The last entry of each figure."""
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    return {entry["name"]: entry for entry in entries}
