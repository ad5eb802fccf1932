"""A receiver of webhooks on the loopback, and couriers for it on a clock that is moved by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from tests.support.eventually import eventually, running
from tests.support.market import at
from tests.support.vendor import Vendor
from tradeul.clock import ManualClock
from tradeul.domain.alerts import Alert
from tradeul.domain.events import Symbol
from tradeul.webhooks import couriers, outbox
from tradeul.webhooks.couriers import COURIERS, Couriers, Target
from tradeul.webhooks.outbox import Outbox
from tradeul.webhooks.outbox_file import OutboxFile

TEN = at("10:00")


def alert(number: int, rule: str = "far", **data: Any) -> Alert:
    return Alert(number, TEN, rule, Symbol("ACME"), None, f"ACME: number {number}", "", {"price": 12.5, **data})


class Receiver:
    """Takes webhooks, or answers what a test wants; remembers what was asked and what it took."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.hold: asyncio.Event | None = None
        self.asked: list[tuple[dict[str, str], bytes]] = []
        self.taken: list[int] = []
        self.answer: Callable[[dict[str, Any]], int] = lambda _body: self.status

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append((dict(request.headers), body))
        if self.hold is not None:
            await self.hold.wait()
        content = orjson.loads(body)
        status = self.answer(content)
        if status == 200:
            self.taken.append(content["id"])
        return web.Response(status=status, headers=self.headers)


class Office:
    """An outbox with couriers. `rules` says where the letters of each go."""

    def __init__(self, clock: ManualClock, folder: Path | None) -> None:
        self.clock = clock
        self.rules: dict[str, Target] = {}
        self.outbox = Outbox(None if folder is None else OutboxFile(folder), clock)
        self.couriers = Couriers(self.outbox, self.rules.get, clock, lambda: 1.0)
        self.couriers.market = lambda: "simulated"

    async def let(self, seconds: float, step_s: float = 0.5) -> None:
        """Let time pass, step by step, and every request that is made in one come to its end."""
        for _ in range(round(seconds / step_s)):
            await self.clock.advance(step_s)
            await eventually(self._idle)

    def _idle(self) -> bool:
        return self.couriers.report()["in_flight"] == 0


@asynccontextmanager
async def office(
    receiver: Receiver | None = None,
    folder: Path | None = None,
    clock: ManualClock | None = None,
    look_s: float = 0.5,
) -> AsyncIterator[Office]:
    """Couriers at work, with the rule `far` for the receiver; for long times they look around less often."""
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(couriers, "LOOK_EVERY_S", look_s)
        patch.setattr(outbox, "KEPT_WITHIN_S", look_s)
        place = Office(clock or ManualClock(TEN), folder)
        if receiver is not None:
            server = await stack.enter_async_context(Vendor(receiver.handle))
            place.rules["far"] = Target(f"{server.url}/hook?token=canary", "")
        await place.outbox.restore()
        stack.push_async_callback(place.couriers.close)
        await stack.enter_async_context(running(place.outbox.run, *[place.couriers.deliver] * COURIERS))
        yield place
