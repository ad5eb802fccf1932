"""What a symbol's five-minute bars cost: CPU of the simulated exchange from request to bytes, and of our client.

Both talk over loopback as in the default run, one request at a time, each on a thread and loop of its own so that their
CPU can be told apart. Symbols are asked for in the order of the alphabet, as the job that fills history does.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
import uvloop

from tests.benchmarks.figure import Figure
from tests.support.market import CALENDAR, DAY, at
from tradeul.clock import ManualClock
from tradeul.domain.events import Symbol
from tradeul.polygon.rest import PolygonRest
from tradeul.simulation.exchange.server import Exchange
from tradeul.simulation.market import Market

SYMBOLS = 12_000
ASKED = 160
SLOT_MINUTES = 5
SESSIONS = (5, 30)

Question = Callable[[PolygonRest, Symbol], Awaitable[object]]


@dataclass
class Spent:
    """Milliseconds of CPU for each symbol, and of the server's longest step."""

    server: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)
    longest: list[float] = field(default_factory=list)


class Server:
    """An exchange on a thread of its own, which counts its CPU."""

    def __init__(self) -> None:
        self.market = Market(1, SYMBOLS, CALENDAR)
        self.url = ""
        self.longest = 0.0
        self._listening = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="exchange")

    def cpu(self) -> float:
        return time.clock_gettime(time.pthread_getcpuclockid(self._thread.ident or 0))

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        self._listening.wait()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        exchange = Exchange(self.market, ManualClock(at("09:29")))
        await exchange.start()
        self.url = exchange.rest_url
        self._listening.set()
        before = time.thread_time()
        while not self._over.is_set():
            # Wakes up between two steps of an answer, so what passed is about one step.
            await asyncio.sleep(0.0005)
            now = time.thread_time()
            self.longest, before = max(self.longest, now - before), now
        await exchange.close()


async def run() -> list[Figure]:
    """Measure both spans, and the details of a symbol."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    server = Server()
    with server.running():
        async with PolygonRest(server.url, "bench", ManualClock(at("09:29"))) as client:
            symbols = server.market.universe.symbols[4_000 : 4_000 + ASKED]
            spent = {
                f"bars of {count} sessions": await _spent(server, client, symbols, _bars(count)) for count in SESSIONS
            }
            spent["details"] = await _spent(server, client, symbols, PolygonRest.profile)
    return [figure for name, each in spent.items() for figure in _figures(name, each)]


def _bars(count: int) -> Question:
    days = CALENDAR.last_sessions(DAY, count)

    def ask(client: PolygonRest, symbol: Symbol) -> Awaitable[object]:
        return client.bars(symbol, SLOT_MINUTES, days[-1], days[0])

    return ask


async def _spent(server: Server, client: PolygonRest, symbols: Sequence[Symbol], ask: Question) -> Spent:
    spent = Spent()
    await ask(client, symbols[0])
    for symbol in symbols:
        server.longest = 0.0
        theirs, ours = server.cpu(), time.thread_time()
        await ask(client, symbol)
        spent.server.append((server.cpu() - theirs) * 1_000)
        spent.client.append((time.thread_time() - ours) * 1_000)
        spent.longest.append(server.longest * 1_000)
    return spent


def _figures(name: str, spent: Spent) -> list[Figure]:
    return [
        Figure(f"CPU of the exchange, a symbol's {name}", "ms", spent.server),
        Figure(f"longest step of it, {name}", "ms", spent.longest),
        Figure(f"CPU of our client, {name}", "ms", spent.client),
    ]
