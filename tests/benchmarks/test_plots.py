"""Pictures are made of what the history has, say where and when, and are well-formed."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from tests.benchmarks.plots import FOLDER, PICTURES, Bars, Curves, draw

COMMON = {"date": "2026-11-29T01:00:00+00:00", "machine": "A <machine>", "python": "3.11.7", "unit": "ms"}


def entries() -> dict[str, dict[str, Any]]:
    """Something for every figure that is drawn."""
    found = dict[str, dict[str, Any]]()
    for picture in PICTURES.values():
        for _, name in picture.entries:
            names = [name] if isinstance(picture, Bars) else [name.format(f"{size:,}") for size in picture.sizes]
            found |= {each: COMMON | {"median": 0.5 * number + 0.1} for number, each in enumerate(names)}
    return found


def texts(path: Path) -> list[str]:
    return [element.text or "" for element in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314  # our own


def test_every_picture_is_drawn_with_place_and_time(tmp_path: Path) -> None:
    """What a machine is called cannot break it."""
    paths = draw(entries(), tmp_path)

    assert [path.stem.removeprefix("speed-") for path in paths] == list(PICTURES)
    for path in paths:
        assert "A <machine>, Python 3.11.7, 2026-11-29; logarithmic" in texts(path)


def test_all_bars_and_points_are_there(tmp_path: Path) -> None:
    """One for each figure."""
    for path, picture in zip(draw(entries(), tmp_path), PICTURES.values(), strict=True):
        svg = path.read_text()
        if isinstance(picture, Curves):
            assert svg.count("<circle") == len(picture.entries) * len(picture.sizes)
        else:
            assert svg.count("<rect") == len(picture.entries)


def test_what_was_not_measured_is_left_out(tmp_path: Path) -> None:
    """A peer that could not be installed has no bar, and without ours there is no picture."""
    known = entries()
    del known["the same, DuckDB"], known["last byte to the last of 1,000 viewers"]

    names = [path.stem for path in draw(known, tmp_path)]
    assert "speed-end-to-end" not in names
    assert "DuckDB" not in texts(tmp_path / "speed-deltas.svg")
    assert "Perspective" in texts(tmp_path / "speed-deltas.svg")


def test_the_readme_shows_what_is_there() -> None:
    """Each picture of speed that it names was drawn, and is one that is drawn anew."""
    shown = re.findall(r"\(\.readme/speed-([\w-]+)\.svg\)", (FOLDER.parent / "README.md").read_text())

    assert shown
    assert [name for name in shown if name not in PICTURES or not (FOLDER / f"speed-{name}.svg").exists()] == []
