"""Figures, what is asked of them, and how they are kept."""

import datetime as dt
import json
from pathlib import Path

import pytest

from tests.benchmarks import history
from tests.benchmarks.figure import Figure, knee, ratio


@pytest.mark.parametrize(
    ("figure", "missed"),
    [
        (Figure("x", "ms", [1, 5, 9], at_most=5.0), ""),
        (Figure("x", "ms", [1, 6, 9], at_most=5.0), "at most 5 ms"),
        (Figure("x", "ms", [1], 60.0, at_least=50.0), ""),
        (Figure("x", "ms", [1], 40.0, at_least=50.0), "at least 50x"),
        (Figure("x", "ms", [1], at_least=50.0), "at least 50x"),
        (Figure("x", "ms", [1]), ""),
    ],
)
def test_what_is_asked_is_held_against_the_middle(figure: Figure, missed: str) -> None:
    """A median that is too large, or a ratio too small, is named."""
    assert figure.missed == missed
    assert (missed in str(figure)) is True


def test_a_ratio_is_how_many_times_as_much_the_peer_takes() -> None:
    """In the middle of both."""
    assert ratio([1, 2, 90], [8, 10, 70]) == 5.0


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ({1: 9.0, 10: 2.0, 100: 2.9}, "no knee up to 100"),
        ({1: 9.0, 10: 2.0, 100: 4.0, 1_000: 9.0}, "a knee at 100, where each costs 2.0 times that of 10"),
    ],
)
def test_a_knee_is_where_one_more_becomes_dear(costs: dict[int, float], said: str) -> None:
    """What is dear because there are so few is none."""
    assert knee(costs) == said


def test_the_history_says_what_when_and_where(tmp_path: Path) -> None:
    """One line for each figure; the last one of a name counts."""
    file = tmp_path / "history.jsonl"
    for value in (1.0, 3.0):
        history.note([Figure("x", "ms", [value, 0.0, 9.0], 2.5), Figure("y", "us", [1.0])], file)

    entry = history.newest(file)["x"]
    assert (entry["median"], entry["min"], entry["max"], entry["ratio"]) == (3.0, 0.0, 9.0, 2.5)
    assert {"date", "commit", "machine", "python", "name"} <= set(entry)
    assert dt.datetime.fromisoformat(entry["date"]).tzinfo is not None
    assert len(file.read_text().splitlines()) == 4


def test_every_line_of_the_kept_history_can_be_read() -> None:
    """And says the same things."""
    for line in history.FILE.read_text().splitlines():
        assert {"date", "commit", "machine", "python", "name", "median", "min", "max", "ratio"} <= set(json.loads(line))
