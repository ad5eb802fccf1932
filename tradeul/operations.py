"""What tells how the program is, put together: the reports behind `/health`, the readings behind `/metrics`.

`app` makes one. Nothing is counted here: the parts count as they go, and are looked at when somebody asks, and once a
second, so that it is known since when something is wrong.
"""

from collections.abc import Callable, Mapping
from typing import Final

from tradeul import logs, readings
from tradeul.clock import Clock
from tradeul.domain.halving import Halving
from tradeul.domain.instruments import Reading
from tradeul.engine.pulse import Pulse
from tradeul.engine.scanner import Scanner
from tradeul.engine.view import EngineView, Report
from tradeul.loop_watch import LoopWatch
from tradeul.notify import Notifier
from tradeul.readings import Parts
from tradeul.supervisor import Stage, Supervisor
from tradeul.web.crowd import Crowd
from tradeul.web.hub import Hub
from tradeul.web.protocol import CloseCode
from tradeul.web.routes.metrics import MetricRoutes

LOOK_EVERY_S: Final = 1.0
UNREAD_AFTER_S: Final = 5.0
"""A viewer that took nothing for so long is told of; it has as long again."""
SENT_AWAY_FOR_S: Final = 30.0
"""How long it is told that viewers were sent away."""
LOG_TOLD_FOR_S: Final = 60.0
WHY: Final = {int(code): code.name.lower().replace("_", " ") for code in CloseCode}
NORMAL_CODES: Final = frozenset({1000, 1001, 1012})
"""Of viewers that went by themselves, or with us."""


class Operations:
    def __init__(self, clock: Clock, supervisor: Supervisor) -> None:
        self.loop = LoopWatch(clock)
        self._clock = clock
        self._supervisor = supervisor
        self._passing = Halving()
        self._hub: Hub | None = None
        self._crowd: Callable[[], Crowd | None] = lambda: None
        self._pulses: Mapping[str, Pulse] = {}
        self._missing = sum(logs.lines().get(name, 0) for name in ("folded", "lost"))
        self._missing_until = float("-inf")
        self._sent_away: dict[int, int] = {}
        self._sent_away_until: dict[int, float] = {}
        """By close code, as are those that went before."""

    def start(self, view: EngineView, pulses: Mapping[str, Pulse], environ: Mapping[str, str]) -> None:
        """Watch from now on, `pulses` too, and tell systemd where it asks; the page is served."""
        self._pulses = pulses

        def standing() -> str:
            reasons = view.health()["reasons"]
            why = f": {reasons[0]}" if isinstance(reasons, list) and reasons else ""
            return f"{view.market()}, {view.feed().state}, {len(self._hub or ())} viewers{why}"

        notifier = Notifier(environ, self._clock, standing, self._overdue)
        if notifier.wanted:
            self._supervisor.start("notify", notifier.run, stage=Stage.SERVING)
        self._supervisor.start("loop watch", self.loop.run, stage=Stage.SIMULATION)

        async def look() -> None:
            while True:
                await self._clock.pause(LOOK_EVERY_S)
                view.health()
                logs.tell_folded()

        self._supervisor.start("health", look, stage=Stage.ENGINE)

    def snapshot_taken(self, scanner: Scanner) -> None:
        """Look at what a snapshot has made of the lists."""
        counted = scanner.counted()
        known = sum(counted.rvol.values()) - counted.rvol["none"]
        self._passing.look(counted.stages["passed_filters"], known, scanner.session, scanner.as_of)

    def routes(self, parts: Parts, view: EngineView, hub: Hub, crowd: Callable[[], Crowd | None]) -> MetricRoutes:
        """What of the API is about it."""
        self._hub, self._crowd = hub, crowd

        def read() -> list[Reading]:
            served = readings.Served(view, hub, crowd())
            return list(readings.all_of(parts, served, self._supervisor, self.loop, self._clock))

        return MetricRoutes(read)

    def reports(self, parts: Parts) -> dict[str, Report]:
        """What each part says of itself for `/health`."""
        past, loading, minutes, recorder = parts.past, parts.loading, parts.minutes, parts.recorder
        return {
            "filters": lambda: {"trouble": self._passing.trouble},
            "stream": parts.reconciler.report,
            "intake": parts.intake.report,
            "vendor_hours": parts.hours.report,
            "today": parts.day.report,
            "database": lambda: {"enabled": False} if past is None else past.report(),
            "jobs": lambda: {"enabled": False} if loading is None else {"enabled": True, **loading.desk.health()},
            "rvol_audit": lambda: {"enabled": False} if loading is None else loading.audits.health(),
            "minutes": lambda: {} if minutes is None else minutes.report(),
            "alerts": parts.ringing.report,
            "recording": lambda: {"enabled": False} if recorder is None else recorder.state._asdict(),
            "viewers": self._of_viewers,
            "connections": self._of_connections,
            "loop": self._of_loop,
            "supervisor": self._of_tasks,
            "log": self._of_log,
        }

    def _overdue(self) -> str:
        """What has begun something and is not done with it in time, in words; nothing while all get on."""
        late = {name: pulse.overdue_s for name, pulse in self._pulses.items()}
        return ", ".join(f"{name} is overdue by {seconds:.0f} s" for name, seconds in late.items() if seconds)

    def _of_tasks(self) -> Mapping[str, object]:
        tasks = [task._asdict() for task in self._supervisor.states()]
        troubles = filter(None, (self._supervisor.trouble, self._overdue()))
        return {"tasks": tasks, "trouble": "; ".join(troubles)}

    def _of_loop(self) -> Mapping[str, object]:
        delay = self.loop.delay
        return {
            "delay_ms": None if delay is None else delay._asdict(),
            "stalls": self.loop.stalls,
            "clock_steps": self.loop.clock_steps,
            "trouble": self.loop.trouble,
        }

    def _of_log(self) -> Mapping[str, object]:
        """A log that is folded or lost is a reason for as long as it goes on."""
        now, lines = self._clock.monotonic(), dict(logs.lines())
        missing = lines.get("folded", 0) + lines.get("lost", 0)
        if missing > self._missing:
            self._missing, self._missing_until = missing, now + LOG_TOLD_FOR_S
        words = f"the log lacks {missing:,} lines: a storm was folded, or the disk is full"
        return {**lines, "trouble": words if now < self._missing_until else ""}

    def _of_viewers(self) -> Mapping[str, object]:
        hub = self._hub
        if hub is None:
            return {}
        now = self._clock.monotonic()
        stuck = readings.stuck(hub, now, UNREAD_AFTER_S)
        sent_away = {code: count for code, count in hub.sent_away.items() if code not in NORMAL_CODES}
        grown = [code for code, count in sent_away.items() if count > self._sent_away.get(code, 0)]
        self._sent_away = sent_away
        self._sent_away_until.update(dict.fromkeys(grown, now + SENT_AWAY_FOR_S))
        lately = [code for code, until in self._sent_away_until.items() if now < until]
        troubles = [f"{stuck} take nothing"] if stuck else []
        troubles += [f"some were sent away ({WHY[code]}), {sent_away[code]} since the start" for code in sorted(lately)]
        return {
            "connected": len(hub),
            "waiting": len(hub.waiting),
            "sent_away": {str(code): count for code, count in hub.sent_away.items()},
            "trouble": f"viewers: {', '.join(troubles)}" if troubles else "",
        }

    def _of_connections(self) -> Mapping[str, object]:
        crowd = self._crowd()
        if crowd is None:
            return {}
        full = f"all {len(crowd)} connections are taken: server.max_clients or the limit of files is too low"
        return {"open": len(crowd), "squeezed": len(crowd.squeezed), "trouble": full if crowd.squeezed else ""}
