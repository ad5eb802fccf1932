"""Known mistakes, each a small change to the real code: of the server, of the client for programs, or of the page.

They are what the oracle is measured by: it must find every one. What both clients can get wrong, is there for each.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.oracle.peers import STATIC
from tradeul.client import ListSync, OutOfStep, rankings
from tradeul.client.rankings import Rankings, Row
from tradeul.domain.deltas import ListState
from tradeul.engine.channels import Channel
from tradeul.web.frames import ListFrames
from tradeul.web.hub import Hub
from tradeul.web.viewer import Viewer

Patch = Callable[[pytest.MonkeyPatch], None]


def _server_without_epoch(patch: pytest.MonkeyPatch) -> None:
    recovery = ListFrames.recovery

    def any_epoch(self: ListFrames, epoch: str | None, sequence: int | None) -> Any:
        return recovery(self, None if epoch is None else self._epoch, sequence)

    patch.setattr(ListFrames, "recovery", any_epoch)


def _server_with_stale_snapshots(patch: pytest.MonkeyPatch) -> None:
    """A snapshot that was made is served on, as by the cache of 60 s that the old product had."""
    advance = ListFrames.advance

    def keep(self: ListFrames) -> None:
        made = self._snapshot
        advance(self)
        self._snapshot = made

    patch.setattr(ListFrames, "advance", keep)


def _server_without_heartbeats(patch: pytest.MonkeyPatch) -> None:
    beat = Hub._beat  # noqa: SLF001

    def only_answers(self: Hub, viewer: Viewer, request_id: Any) -> None:
        if request_id is not None:
            beat(self, viewer, request_id)

    patch.setattr(Hub, "_beat", only_answers)


def _ring_off_by_one(patch: pytest.MonkeyPatch) -> None:
    at = Channel.at

    def neighbour(self: Channel, sequence: int) -> ListState | None:
        return at(self, min(sequence + 1, self.state.sequence))

    patch.setattr(Channel, "at", neighbour)


def _client_without_epoch(patch: pytest.MonkeyPatch) -> None:
    step = ListSync.step

    def any_epoch(self: ListSync, message: dict[str, Any], now: float) -> Any:
        held = self.rankings.epoch
        return step(self, message if held is None else {**message, "epoch": held}, now)

    patch.setattr(ListSync, "step", any_epoch)


def _client_without_prev(patch: pytest.MonkeyPatch) -> None:
    apply = Rankings.apply
    patch.setattr(Rankings, "apply", lambda self, delta: apply(self, {**delta, "prev": self.sequence}))


def _client_that_splices(patch: pytest.MonkeyPatch) -> None:
    """Changes are carried out one after another where they say, as in a list box."""

    def spliced(rows: tuple[Row, ...], changes: list[dict[str, Any]]) -> tuple[Row, ...]:
        here = list(rows)
        for change in changes:
            at = next((n for n, row in enumerate(here) if row["symbol"] == change["symbol"]), None)
            row = {"symbol": change["symbol"]} if at is None else here.pop(at)
            if change["action"] == "add":
                here.insert(change["rank"] - 1, {**row, **change["data"]})
            elif change["action"] == "rerank":
                here.insert(change["new_rank"] - 1, row)
            elif change["action"] == "update":
                here.insert(at or 0, {**row, **change["data"]})
        return tuple({**row, "rank": rank} for rank, row in enumerate(here, 1))

    patch.setattr(rankings, "applied", spliced)


def _client_without_heartbeats(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ListSync, "_heartbeat", lambda *_: None)


def _client_that_takes_old_snapshots(patch: pytest.MonkeyPatch) -> None:
    def take(self: ListSync, message: dict[str, Any], _now: float) -> None:
        self.rankings.replace(message)
        self._settle()

    patch.setattr(ListSync, "_snapshot", take)


def _client_that_ignores_gaps(patch: pytest.MonkeyPatch) -> None:
    def drop(self: ListSync, message: dict[str, Any], _now: float) -> None:
        try:
            self.rankings.apply(message)
        except OutOfStep:
            return
        self._settle()

    patch.setattr(ListSync, "_delta", drop)


PYTHON: Final[Mapping[str, Patch]] = {
    "no epoch, server": _server_without_epoch,
    "stale snapshot": _server_with_stale_snapshots,
    "no heartbeat, server": _server_without_heartbeats,
    "ring off by one": _ring_off_by_one,
    "no epoch, client": _client_without_epoch,
    "no prev check, client": _client_without_prev,
    "splice in arrival order, client": _client_that_splices,
    "no heartbeat, client": _client_without_heartbeats,
    "old snapshot accepted, client": _client_that_takes_old_snapshots,
    "gap ignored, client": _client_that_ignores_gaps,
}

SPLICED: Final = """
  const here = [...rows];
  for (const { action, symbol, rank, new_rank, data } of delta.deltas) {
    const at = here.findIndex((row) => row.symbol === symbol);
    const row = at < 0 ? { symbol } : here.splice(at, 1)[0];
    if (action === "add") here.splice(rank - 1, 0, { ...row, ...data });
    else if (action === "rerank") here.splice(new_rank - 1, 0, row);
    else if (action === "update") here.splice(at, 0, { ...row, ...data });
  }
  return { rows: here.map((row, index) => ({ ...row, rank: index + 1 })), changes: null };
"""

STRANGER: Final = "if (socket !== this.socket || !this.open)"
LIVE_ONLY: Final = 'return this.state === "LIVE" ?'

PAGE: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "no epoch, page": (
        "list_sync.js",
        {
            "snapshot.epoch === this.epoch &&": "this.epoch !== null &&",
            "const ours = delta.epoch === this.epoch;": "const ours = this.epoch !== null;",
            "const ours = heartbeat.epoch === this.epoch;": "const ours = true;",
        },
    ),
    "no prev check, page": ("list_sync.js", {"if (!ours || delta.prev !== this.sequence)": "if (!ours)"}),
    "splice in arrival order, page": (
        "rankings.js",
        {"  const items = grouped(delta.deltas);": SPLICED + "  const items = grouped(delta.deltas);"},
    ),
    "no heartbeat, page": ("list_sync.js", {'if (this.state !== "LIVE") return {};': "if (true) return {};"}),
    "older socket heard, page": (
        "viewer.js",
        {f"{STRANGER} return;\n    this.heardAt": "if (!this.open) return;\n    this.heardAt"},
    ),
    "old snapshot accepted, page": ("list_sync.js", {"if (older) return {};": ""}),
    "gap ignored, page": (
        "list_sync.js",
        {f"prev !== this.sequence) {LIVE_ONLY} this.resync()": f"prev !== this.sequence) {LIVE_ONLY} {{}}"},
    ),
}  # fmt: skip


def mutated_page(name: str, folder: Path) -> Path:
    """The page's modules with one mistake."""
    file, changes = PAGE[name]
    modules = folder / "static"
    shutil.copytree(STATIC, modules)
    source = (modules / file).read_text()
    for right, wrong in changes.items():
        assert source.count(right) == 1, f"{file} does not say {right!r} once any more"
        source = source.replace(right, wrong)
    (modules / file).write_text(source)
    return modules
