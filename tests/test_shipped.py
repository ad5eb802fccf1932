"""What ships for Prometheus and Grafana speaks of metrics that there are, by labels that they have."""

import json
import re
from typing import Any

import pytest

from tests.web.test_metrics import read, shown
from tradeul.domain.instruments import INSTRUMENTS
from tradeul.unit import SHIPPED

NAME = re.compile(r"\b((?:tradeul|process)_[a-z_]+)(?:\{(\w+)\s*[=!])?")
LABELS = {each.shown: set(each.labels) for each in INSTRUMENTS}
OF_THE_PROCESS = {name for name, _ in read(shown()) if name.startswith("process_")}


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SHIPPED / "grafana.json").read_text(encoding="utf-8"))
    return found


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def rules() -> str:
    return (SHIPPED / "alerts.yml").read_text(encoding="utf-8")


def strangers(text: str) -> list[str]:
    """Names and labels of no metric of ours."""
    named = NAME.findall(text)
    unknown = [name for name, _ in named if name not in LABELS and name not in OF_THE_PROCESS]
    return unknown + [f"{name}.{label}" for name, label in named if label and label not in LABELS.get(name, ())]


def test_the_rules_speak_of_what_there_is() -> None:
    """Every expression names metrics; each rule is named once and says what is wrong in words."""
    expressions = re.findall(r"expr: (.+)", rules())
    names = re.findall(r"alert: (\w+)", rules())

    assert strangers("\n".join(expressions)) == []
    assert len(names) == len(set(names)) == len(expressions) == rules().count("summary: ")


def test_the_dashboard_speaks_of_what_there_is() -> None:
    """And shows every label that a legend names."""
    targets = [target for panel in panels() for target in panel["targets"]]

    assert strangers("\n".join(target["expr"] for target in targets)) == []
    for target in targets:
        legend = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        had = set().union(*(LABELS.get(name, set()) for name, _ in NAME.findall(target["expr"])))
        assert legend <= had, target


def test_panels_have_titles_and_places_of_their_own() -> None:
    """None lies over another."""
    cells = [
        (place["x"] + x, place["y"] + y)
        for place in (panel["gridPos"] for panel in dashboard()["panels"])
        for x in range(place["w"])
        for y in range(place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert all(panel["title"] for panel in panels())


@pytest.mark.parametrize("text", ["tradeul_nothing > 1", 'tradeul_trouble{list="x"}', "process_nothing"])
def test_a_stranger_is_seen(text: str) -> None:
    """The rule bites."""
    assert strangers(text)
