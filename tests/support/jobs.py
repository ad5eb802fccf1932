"""Jobs as a server sees them, with progress that a test writes."""

from typing import Any

from tradeul.engine.ports import JobNews
from tradeul.errors import UsageError

RUN: dict[str, Any] = {
    "run": 7, "job": "slots", "days": None, "state": "running", "queued_at": 0, "started_at": 1_000,
    "finished_at": None, "error": "", "done": 0, "total": 0, "errors": 0, "rows": 0, "note": "", "rate": None,
    "eta_s": None,
}  # fmt: skip
"""A run that has just begun."""


class ScriptedJobs:
    """An engine's `Jobs` that tells one state of its run after the other, and the last one for ever."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self.states = [RUN | state for state in states]
        self.asked: list[tuple[str, int | None]] = []
        self.news: tuple[JobNews, ...] = ()

    async def submit(self, name: str, days: int | None = None) -> int:
        if name != "slots":
            raise UsageError(f"there is no job {name}: there are slots")
        self.asked.append((name, days))
        return 7

    def report(self) -> dict[str, object]:
        told = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"jobs": [{"name": "slots"}], "runs": [told]}

    def under_way(self) -> tuple[JobNews, ...]:
        return self.news
